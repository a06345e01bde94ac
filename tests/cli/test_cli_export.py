"""Import and export from the command line."""

from __future__ import annotations

import json

import torch
from rigs import document

from twostage import TwoStageRun
from twostage.models.network import Encoder
from twostage.models.renaming import to_legacy


def test_export_tells_the_contract(command, rig, tmp_path):
    written = document(rig, tmp_path / "save", stage_2=None)
    written["stage_1"] |= {"epochs": 1}
    folder = TwoStageRun(written).fit().directory

    code, out, _ = command("export", folder, "--format", "torchscript", "-o", tmp_path / "encoder.pt")
    assert code == 0
    assert "encoder of stage_1/seed-0 as torchscript" in out
    assert "windows of 256 samples, normalize standardize, at 2000 Hz" in out
    assert "checked on 8 recorded windows (test): the largest difference is" in out
    code, out, err = command("export", folder, "-o", tmp_path / "encoder.pt")
    assert (code, out) == (1, "")
    assert err == f"error: {tmp_path / 'encoder.pt'} exists already; --force replaces it\n"
    code, out, _ = command("export", folder, "-o", tmp_path / "encoder.pt", "--force", "--json")
    assert json.loads(out)["largest_difference"] == 0.0


def test_import_tells_every_tensor(command, written, tmp_path):
    file, old = written(), tmp_path / "old.ckpt"
    state = to_legacy(Encoder(TwoStageRun(file).config.model).state_dict())
    torch.save({"state_dict": {f"network.{name}": tensor for name, tensor in state.items()}}, old)

    code, out, _ = command("import-checkpoint", old, "--config", file, "-o", tmp_path / "new.safetensors")
    assert code == 0
    assert "  network.embedding.linear1.bias (16) -> embedding.linear1.bias\n" in out
    assert f"{len(state)} of {len(state)} tensors loaded, 0 left out, none missing" in out
    code, _, err = command("import-checkpoint", old, "--config", file, "-o", tmp_path / "new.safetensors")
    assert (code, err) == (1, f"error: {tmp_path / 'new.safetensors'} exists already; --force replaces it\n")
    arguments = ("--config", file, "-o", tmp_path / "b", "--override", "model.embedding.dim=32")
    code, _, err = command("import-checkpoint", old, *arguments)
    assert code == 1
    assert "embedding.linear1.weight is (16, 64), expected (32, 64)" in err
