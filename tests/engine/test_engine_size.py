"""A network that explodes is refused before it takes memory, with the sum and the option to change."""

from __future__ import annotations

import pytest
from rigs import document

from twostage import TwoStageRun
from twostage.errors import TrainingError

EMBEDDING = {"kind": "hse", "patch_length": 32, "patches": 8, "dim": 8192}
# Sixty-five gigabytes of weights: nobody would survive building it.
GIANT = {
    "embedding": EMBEDDING,
    "backbone": {"kind": "transformer", "layers": 12, "heads": 8, "feedforward": 65536},
}


@pytest.mark.parametrize("way", ["fit", "preview"])
def test_a_giant_is_refused_before_anything_is_allocated(rig, tmp_path, way):
    run = TwoStageRun(document(rig, tmp_path / "save", model=GIANT))
    with pytest.raises(TrainingError) as caught:
        getattr(run, way)()
    assert str(caught.value) == (
        "stage_1/seed-0 would have 16,175,974,496 parameters, more than model.max_parameters (1,000,000,000); training "
        "them takes about 258.8 GB. The largest tensor is backbone.encoder_layers.0.linear1.weight: 65536 x 8192 = "
        "536,870,912. Make model.embedding.dim smaller: 4096 leaves 7,266,297,952, or raise model.max_parameters"
    )


def test_the_option_that_helps_most_is_named_also_in_the_head(rig, tmp_path):
    model = {"embedding": EMBEDDING | {"dim": 16}, "backbone": {"kind": "dlinear"}, "max_parameters": 20_000}
    stage_1 = {"pretrain_mode": "contrastive", "systems": [1, 2], "epochs": 1, "projection": {"hidden": 1_000_000}}
    with pytest.raises(
        TrainingError, match=r"perceptron\.2\.weight: 32 x 1000000 = 32,000,000\. Make projection\.hidden"
    ):
        TwoStageRun(document(rig, tmp_path / "save", model=model, stage_1=stage_1)).preview()


def test_the_old_forecasting_head_is_told_by_its_factors(rig, tmp_path):
    """The old project's documents asked for 3.2 billion weights in this one place."""
    head = {"kind": "prediction", "hidden": 8192}
    stage_2 = {"adapt_mode": "multitask", "targets": [{"system": 3}], "tasks": {"signal_prediction": {"head": head}}}
    with pytest.raises(TrainingError) as caught:
        TwoStageRun(document(rig, tmp_path / "save", stage_1=None, stage_2=stage_2)).preview()
    assert "signal_prediction.weight: 67108864 x " in str(caught.value)
    assert "Make tasks.signal_prediction.head.hidden smaller: 4096 leaves" in str(caught.value)


def test_the_limit_is_the_users(rig, tmp_path):
    run = TwoStageRun(document(rig, tmp_path / "save"))
    parameters = max(stage.parameters for stage in run.preview())
    TwoStageRun(run.config, overrides=[f"model.max_parameters={parameters}"]).preview()
    with pytest.raises(TrainingError, match=f"more than model.max_parameters \\({parameters - 1:,}\\)"):
        TwoStageRun(run.config, overrides=[f"model.max_parameters={parameters - 1}"]).preview()
