"""Prompts in whole runs: trained in stage 1, handed over, frozen where that is written, and refused before training."""

from __future__ import annotations

import pandas as pd
import pytest
from pydantic import ValidationError
from rigs import document
from safetensors.torch import load_file

from twostage import TwoStageRun
from twostage.config.document import TwoStageConfig
from twostage.config.model import HSEPrompt, HSEv2, Patch
from twostage.engine.transfer.digest import tensors_digest
from twostage.errors import DataError, TwoStageError

CUT = {"patch_length": 32, "patches": 8, "dim": 16}
ADD = {"kind": "hse_prompt", **CUT, "prompt": {"dim": 12, "max_systems": 5}}
CONCAT = {"kind": "hse_prompt", **CUT, "prompt": {"dim": 12, "combination": "concat", "max_systems": 5}}
RIG = {"kind": "hse_v2", **CUT, "prompt": {"dim": 12, "fusion": "gating", "max_systems": 5, "max_domains": 2}}
PATCH = {"kind": "patch", "patch_length": 32, "patches": 8, "dim": 16}
BACKBONE = {"kind": "patchtst", "layers": 1, "heads": 2, "feedforward": 16}
RECONSTRUCTION = {"pretrain_mode": "reconstruction", "systems": [1, 2], "epochs": 1}


def changed(root, output, embedding, *, freeze=None, **changes):
    base = document(root, output, model={"embedding": embedding, "backbone": BACKBONE})
    base["stage_1"]["epochs"] = base["stage_2"]["epochs"] = 1
    base["stage_2"] |= {"freeze": freeze or {}, "control": "none"}
    return base | changes


def weights(summary, beginning):
    """Tensors after stage 1 and after stage 2 whose names begin so."""
    found = [load_file(stage.checkpoint) for stage in summary.stages]
    return [{name: tensor for name, tensor in each.items() if name.startswith(beginning)} for each in found]


@pytest.mark.parametrize("embedding", [ADD, CONCAT, RIG], ids=["add", "concat", "rig"])
def test_frozen_prompts_stay_bit_for_bit_while_the_rest_trains(rig, tmp_path, embedding):
    summary = TwoStageRun(changed(rig, tmp_path, embedding, freeze={"prompt": True})).fit()
    before, after = weights(summary, "embedding.prompt.")
    assert tensors_digest(before) == tensors_digest(after)
    assert set(before) <= set(summary.stages[1].transfer.frozen)
    before, after = weights(summary, "embedding.signal.")
    assert before
    assert not any(before[name].equal(after[name]) for name in before)


def test_prompts_that_are_not_frozen_train(rig, tmp_path):
    before, after = weights(TwoStageRun(changed(rig, tmp_path, ADD)).fit(), "embedding.prompt.")
    moved = (before["embedding.prompt.table.weight"] - after["embedding.prompt.table.weight"]).abs().amax(1)
    # Weight decay shrinks every row a little; training moves the target's, which is system 3.
    assert moved.argmax() == 3
    assert not before["embedding.prompt.projection.weight"].equal(after["embedding.prompt.projection.weight"])


def test_a_frozen_embedding_holds_its_prompt(rig, tmp_path):
    both = {"embedding": True, "prompt": True}
    before, after = weights(TwoStageRun(changed(rig, tmp_path, ADD, freeze=both)).fit(), "embedding.")
    assert tensors_digest(before) == tensors_digest(after)


@pytest.mark.parametrize("embedding", [RIG, PATCH], ids=["rig", "patch"])
def test_reconstruction_restores_the_patches_of_any_embedding(rig, tmp_path, embedding):
    summary = TwoStageRun(changed(rig, tmp_path, embedding, stage_1=RECONSTRUCTION)).fit()
    assert [stage.name.split("/")[0] for stage in summary.stages] == ["stage_1", "stage_2"]
    assert summary.stages[1].transfer.encoder_share == 1.0


@pytest.mark.parametrize(
    ("embedding", "freeze", "message"),
    [
        ({"kind": "hse", **CUT}, True, "freeze.prompt is true, but the embedding hse has no prompt"),
        ({**ADD, "prompt": None}, True, "freeze.prompt is true, but the embedding hse_prompt has no prompt"),
        ({**ADD, "prompt": {"max_systems": 3}}, False, "max_systems is 3, but system 3 .* max_systems: 4 or more"),
        ({**RIG, "prompt": {"max_systems": 2}}, False, "max_systems is 2, but system 2 lies outside 0 to 1"),
        ({**RIG, "prompt": {"dim": 10}}, False, "10 is no multiple of 4"),
        ({**RIG, "dim": 18, "prompt": {}}, False, "dim is 18, but prompt.fusion: attention has 4 heads"),
        ({**PATCH, "patches": 9}, False, "patches is 9, but a window of 256 samples holds 8 .* write patches: 8"),
    ],
)
def test_a_document_that_cannot_work_is_refused(embedding, freeze, message):
    written = changed("data", "save", embedding, freeze={"prompt": freeze})
    with pytest.raises(ValidationError, match=message):
        TwoStageConfig(**written)


def test_systems_that_the_document_does_not_name_are_checked_with_the_data(rig, tmp_path):
    stage_1 = {"pretrain_mode": "contrastive", "epochs": 1}
    embedding = {**ADD, "prompt": {"max_systems": 2}}
    written = changed(rig, tmp_path, embedding, stage_1=stage_1)
    written["stage_2"]["targets"] = [{"system": 1}]
    with pytest.raises(DataError, match=r"recording 2000 of RIG_2 cannot be .*max_systems is 2, but system 2"):
        TwoStageRun(written).fit()


@pytest.mark.parametrize(
    ("embedding", "message"),
    [
        ({**RIG, "prompt": {"max_domains": 1}}, "max_domains is 1, but domain 1 lies outside 0 to 0"),
        ({**PATCH, "channels": 2}, "embedding.channels is 2, but windows have 1 channel"),
    ],
)
def test_conditions_and_channels_are_checked_with_the_data(rig, tmp_path, embedding, message):
    with pytest.raises(DataError, match=message):
        TwoStageRun(changed(rig, tmp_path, embedding)).fit()
    assert list(tmp_path.iterdir()) == []


def test_a_recording_without_its_condition_is_refused(rig_copy, tmp_path):
    table = pd.read_csv(rig_copy / "metadata.csv").astype({"Domain_id": "Int64"})
    table.loc[table.Id == 1011, "Domain_id"] = pd.NA
    table.to_csv(rig_copy / "metadata.csv", index=False)
    with pytest.raises(TwoStageError, match=r"recording 1011 of RIG_1 .* has no Domain_id"):
        TwoStageRun(changed(rig_copy, tmp_path / "save", RIG)).fit()


def test_each_embedding_names_its_legacy_module():
    assert [kind.legacy for kind in (HSEPrompt, HSEv2, Patch)] == ["HSE_prompt", "E_01_HSE_v2", "E_03_Patch"]
