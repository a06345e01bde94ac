"""Exported files answer recorded windows as the run's network does, or they are not written."""

from __future__ import annotations

import json

import onnx
import onnxruntime
import pytest
import torch
from rigs import document
from safetensors import safe_open
from safetensors.torch import load_file

from twostage import TwoStageRun, export_run
from twostage.engine.export import formats
from twostage.engine.export.trained import trained
from twostage.errors import OutputError, TransferError

ADAPTED = "stage_2/seed-0/system-3/pretrained"


@pytest.fixture(scope="module")
def run(rig, tmp_path_factory):
    written = document(rig, tmp_path_factory.mktemp("save") / "save")
    written["model"] = {
        "embedding": written["model"]["embedding"] | {"starts": "random"},
        "backbone": {"kind": "dlinear"},
    }
    written["stage_1"] |= {"epochs": 1}
    written["stage_2"] |= {"epochs": 1}
    return TwoStageRun(written).fit()


@pytest.fixture(scope="module")
def model(run):
    return trained(run.directory, ADAPTED, None)


def expected(model, count):
    with torch.no_grad():
        return model.module(*(tensor[:count] for tensor in model.inputs))


def test_safetensors_holds_the_weights_and_the_contract(run, tmp_path):
    report = export_run(run.directory, tmp_path / "model.safetensors")
    saved = load_file(run.stage(ADAPTED).checkpoint)
    weights = load_file(tmp_path / "model.safetensors")
    assert weights.keys() == saved.keys()
    assert all(torch.equal(weights[name], saved[name]) for name in saved)
    with safe_open(tmp_path / "model.safetensors", "pt") as file:
        contract = json.loads(file.metadata()["contract"])
    assert contract == json.loads(json.dumps(dict(report.contract)))
    assert (contract["stage"], contract["part"]) == (ADAPTED, "model")
    assert (contract["window_length"], contract["normalize"], contract["sampling_rates"]) == (
        256,
        "standardize",
        [2000.0],
    )
    assert contract["classes"] == {"3": [0, 1, 2]}
    assert [each["name"] for each in contract["inputs"]] == ["x", "sample_rate", "system"]
    assert contract["inputs"][0]["shape"] == ["batch", 256, 1]


def test_the_encoder_alone_has_no_head_and_asks_for_no_system(run, tmp_path):
    report = export_run(run.directory, tmp_path / "encoder.safetensors", stage="stage_1/seed-0")
    assert {name.partition(".")[0] for name in load_file(tmp_path / "encoder.safetensors")} == {"embedding", "backbone"}
    assert [each["name"] for each in report.contract["inputs"]] == ["x", "sample_rate"]
    assert report.contract["outputs"] == [{"name": "tokens", "shape": ["batch", 8, 16]}]


def test_torchscript_answers_any_number_of_windows(run, model, tmp_path):
    report = export_run(run.directory, tmp_path / "model.pt", form="torchscript")
    extra = {"contract.json": ""}
    loaded = torch.jit.load(tmp_path / "model.pt", _extra_files=extra)
    for count in (1, 3, 8):
        torch.testing.assert_close(loaded(*(tensor[:count] for tensor in model.inputs)), expected(model, count))
    assert json.loads(extra["contract.json"])["checkpoint_digest"] == run.stage(ADAPTED).digest
    assert report.largest_difference <= 1e-6


@pytest.mark.long  # the exporter takes its time
def test_onnx_answers_any_number_of_windows(run, model, tmp_path):
    export_run(run.directory, tmp_path / "model.onnx", form="onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    for count in (1, 3, 8):
        feed = {each.name: t[:count].numpy() for each, t in zip(session.get_inputs(), model.inputs, strict=True)}
        torch.testing.assert_close(torch.from_numpy(session.run(["logits"], feed)[0]), expected(model, count))
    (prop,) = [p for p in onnx.load(tmp_path / "model.onnx").metadata_props if p.key == "contract"]
    assert json.loads(prop.value)["window_length"] == 256


def test_onnx_without_its_packages_is_told(run, tmp_path, monkeypatch):
    monkeypatch.setattr(formats, "_ONNX", ("onnx", "no_such_package"))
    with pytest.raises(OutputError, match=r"onnx needs no_such_package: pip install 'twostage\[export\]'"):
        export_run(run.directory, tmp_path / "model.onnx", form="onnx")


def test_random_patches_are_settled_and_told(rig, tmp_path):
    written = document(rig, tmp_path / "save", stage_1=None)
    written["model"]["embedding"] |= {"starts": "random", "evaluation_starts": "as_training"}
    written["stage_2"] |= {"epochs": 1, "control": ["untrained"]}
    report = export_run(TwoStageRun(written).fit().directory, tmp_path / "model.pt", form="torchscript")
    assert report.contract["stage"] == "stage_2/seed-0/system-3/from_scratch"  # and not the control
    assert report.contract["notes"] == [
        "the run drew patch starts at random in evaluation; the file has them evenly spaced, as the check had"
    ]


@pytest.mark.parametrize(
    ("stage", "told"),
    [("stage_1/seed-1", "did you mean stage_1/seed-0?"), ("x", "it has stage_1/seed-0, stage_2/seed-0/system-3/pre")],
)
def test_an_unknown_stage_is_told(run, tmp_path, stage, told):
    with pytest.raises(OutputError) as caught:
        export_run(run.directory, tmp_path / "model.pt", stage=stage)
    assert told in str(caught.value)


def test_what_is_no_run_and_what_is_in_the_way(run, tmp_path):
    with pytest.raises(OutputError, match="is no folder of a run"):
        export_run(tmp_path, tmp_path / "model.safetensors")
    (tmp_path / "there").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match="exists already; --force replaces it"):
        export_run(run.directory, tmp_path / "there")


def test_weights_other_than_those_of_the_manifest_are_refused(run, tmp_path):
    manifest = run.directory / "manifest.json"
    before = manifest.read_text(encoding="utf-8")
    manifest.write_text(before.replace(run.stage(ADAPTED).digest, "0" * 64), encoding="utf-8")
    with pytest.raises(TransferError, match="does not hold the weights that the manifest of the run names"):
        export_run(run.directory, tmp_path / "model.safetensors")
    manifest.write_text(before, encoding="utf-8")
