"""Words of old documents for what stands beside a comparison of windows, and for several losses at once."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from twostage.config.document import TwoStageConfig
from twostage.legacy.convert import to_new, to_old
from twostage.legacy.core.leaves import same

FOLDER = Path(__file__).parents[2] / "legacy_configs"
CONTRASTIVE = """
data: {data_dir: data, metadata_file: metadata.xlsx}
model: {name: M_02_ISFM_Prompt, type: ISFM_Prompt, embedding: E_01_HSE_v2, backbone: B_08_PatchTST}
task: {type: pretrain, name: hse_contrastive, target_system_id: [1, 5], contrast_loss: INFONCE}
trainer: {num_epochs: 2}
"""


def converted(task):
    """Stage 1 of what the document with these words becomes; it must come back."""
    old = yaml.safe_load(CONTRASTIVE)
    old["task"] |= task
    conversion = to_new([old])
    assert same(to_old(conversion.document), [old])
    assert not conversion.refused
    return TwoStageConfig.model_validate(conversion.document).stage_1


def test_words_beside_a_contrastive_loss_are_used():
    said = {"use_momentum": True, "momentum": 0.99, "use_hard_negatives": True, "prompt_weight": 0.6}
    said |= {"contrast_weight": 0.4, "classification_weight": 0.1, "queue_size": 128}
    stage = converted(said)
    assert (stage.momentum_encoder.momentum, stage.momentum_encoder.queue) == (0.99, 128)
    assert (stage.loss.hardness, stage.prompt.weight) == (1.0, 0.6)
    assert (stage.contrast_weight, stage.classification.weight) == (0.4, 0.1)
    off = dict.fromkeys(("use_momentum", "use_hard_negatives"), False) | {
        "prompt_weight": 0,
        "classification_weight": 0,
    }
    stage = converted(off)
    assert (stage.momentum_encoder, stage.prompt, stage.classification) == (None, None, None)


def test_with_sgd_the_momentum_of_the_task_is_the_optimisers():
    said = {"use_momentum": True, "momentum": 0.9, "optimizer": "sgd", "lr": 0.1}
    stage = converted(said)
    assert (stage.optimizer.momentum, stage.momentum_encoder.momentum) == (0.9, 0.999)


@pytest.mark.parametrize("losses", [["INFONCE", "VICREG"], ["SUPCON", "TRIPLET"]])
def test_a_strategy_of_several_losses_is_an_ensemble(losses):
    terms = [{"loss_type": name, "weight": 0.5 + place} for place, name in enumerate(losses)]
    stage = converted({"contrastive_strategy": {"type": "ensemble", "losses": terms}})
    assert [term.weight for term in stage.loss.terms] == [0.5, 1.5]
    assert stage.pairing == ("views" if losses[0] == "INFONCE" else "class")


def test_a_strategy_of_one_loss_counts_before_the_tasks_own():
    strategy = {"type": "single", "loss_type": "TRIPLET", "margin": 0.5}
    stage = converted({"contrastive_strategy": strategy})
    assert (stage.loss.kind, stage.loss.margin, stage.pairing) == ("triplet", 0.5, "class")


def test_a_contrast_beside_a_flow_is_used_where_it_is_switched_on():
    flow = {"name": "flow_pretrain", "contrastive_weight": 0.3, "contrastive_temperature": 0.07}
    assert converted(flow).params.contrast is None
    contrast = converted({**flow, "use_contrastive": True}).params.contrast
    assert (contrast.weight, contrast.temperature) == (0.3, 0.07)


def test_systems_are_mixed_and_compared_as_is_written():
    """A pair of windows has no class; where the loss goes by class, one label belongs together in all systems."""
    across = {"use_system_sampling": False, "cross_system_contrast": True}
    stage = converted(across)
    assert (stage.sampler.kind, stage.pairing) == ("shuffled", "views")
    stage = converted(across | {"contrast_loss": "SUPCON"})
    assert (stage.pairing, stage.loss.kind) == ("class_across_systems", "supcon")


@pytest.mark.parametrize(
    ("switch", "positives", "share"),
    [(True, "class_across_systems", "shared"), (False, "class_in_system", "per_system")],
)
def test_a_unified_metric_compares_across_systems_as_is_written(switch, positives, share):
    """Labels that are compared across systems mean the same, so that one head answers for all of them."""
    old = yaml.safe_load((FOLDER / "p04_blocks.yaml").read_text(encoding="utf-8"))
    old["stage_1_pretraining"]["task"] |= {"cross_system_contrast": switch, "use_system_sampling": True}
    conversion = to_new([old])
    assert same(to_old(conversion.document), [old])
    stage = TwoStageConfig.model_validate(conversion.document).stage_1
    assert (stage.positives, stage.head.share, stage.sampler.kind) == (positives, share, "balanced")
