"""Keys that cannot stand together are told by the document alone, each in a sentence that names them."""

from __future__ import annotations

import pytest

from twostage.config.load import load_config
from twostage.config.problems import DocumentError

STAGE_1 = {"pretrain_mode": "contrastive", "systems": [1, 2], "epochs": 2}
UNIFIED = {"pretrain_mode": "unified_metric", "systems": [1, 2, 3]}
TUNED = {"adapt_mode": "finetune", "targets": [{"system": 3}], "epochs": 2}
FEW = {"adapt_mode": "fewshot", "targets": [{"system": 3}], "support_unit": "recording"}
MANY = {"adapt_mode": "multitask", "targets": [{"system": 3}]}
FORECAST = {"signal_prediction": {"length": 1000}}
WHOLE = {"embedding": True, "backbone": True}
ALONE = {"unit": "recording", "train": 0.8, "validation": 0.2, "test": 0.0}

TABLE = {
    "more shots than windows": ({"stage_2": FEW | {"shots": [5000]}}, "a part of the split holds at most"),
    "more queries than windows": ({"stage_2": FEW | {"queries": 5000}}, "a part of the split holds at most"),
    "more ways than classes": ({"stage_2": FEW | {"ways": 9}}, "the simulated rig 3 has 4 classes"),
    "more voters than shots": (
        {"stage_2": FEW | {"method": {"kind": "neighbours", "neighbours": 5}}},
        "method.neighbours (5) is more than shots (1)",
    ),
    "systems of an episode": ({"stage_2": FEW | {"systems_per_episode": 2}}, "but a target names 1 system(s)"),
    "an idle training of episodes": (
        {"stage_2": FEW | {"method": {"kind": "linear_probe"}, "epochs": 3}},
        "epochs would have no effect",
    ),
    "no task": ({"stage_2": MANY | {"tasks": {}}}, "tasks names none"),
    "a forecast of all": ({"stage_2": MANY | {"tasks": FORECAST}}, "leaves less than a patch"),
    "smoothing of anomalies": (
        {"stage_2": MANY | {"tasks": {"anomaly_detection": {"label_smoothing": 0.1}}}},
        "label_smoothing: unknown key",
    ),
    "one task to balance": (
        {"stage_2": MANY | {"tasks": {"classification": {}}, "weighting": "gradient_balanced"}},
        "nothing to balance",
    ),
    "one task to be uncertain of": (
        {"stage_2": MANY | {"tasks": {"classification": {}}, "weighting": "uncertainty"}},
        "weighting: uncertainty has nothing to balance",
    ),
    "a temperature of 0": ({"stage_1": STAGE_1 | {"loss": {"kind": "nt_xent", "temperature": 0.0}}}, "more than 0"),
    "weights of 0": (
        {"stage_1": UNIFIED | {"metric_weight": 0.0, "classification_weight": 0.0}},
        "metric_weight and classification_weight are both 0",
    ),
    "a batch of 1": ({"stage_1": STAGE_1, "data": {"batch_size": 1}}, "compares windows of one batch"),
    "one window of each system": (
        {"stage_1": UNIFIED, "data": {"batch_size": 3}},
        "data.batch_size is 3, and 3 systems share it evenly, so no two windows of a batch are of one class",
    ),
    "pairs of signs": (
        {"stage_1": STAGE_1 | {"loss": {"kind": "barlow_twins"}, "batch_size": 2}},
        "stage_1.batch_size is 2, and barlow_twins standardises",
    ),
    "momentum without rivals": (
        {"stage_1": STAGE_1 | {"loss": {"kind": "triplet"}, "momentum_encoder": {}}},
        "which loss triplet cannot",
    ),
    "prompts of nothing": ({"stage_1": STAGE_1 | {"prompt": {}}}, "stage_1.prompt compares prompts"),
    "a frozen part that waits": (
        {"stage_2": TUNED | {"freeze": {"backbone": True}, "unfreeze": {"backbone": 1}}},
        "unfreeze.backbone has no effect",
    ),
    "a part that waits for ever": ({"stage_2": TUNED | {"unfreeze": {"backbone": 2}}}, "or it never trains"),
    "a frozen part's rate": (
        {"stage_2": TUNED | {"freeze": {"backbone": True}, "lr_multipliers": {"backbone": 0.1}}},
        "lr_multipliers.backbone has no effect",
    ),
    "a band above half the rate": (
        {"stage_1": STAGE_1, "data": {"band": {"kind": "common", "rate": 12000, "high": 7000}}},
        "high (7000) must be at most 0.45 of rate",
    ),
    "nothing to test": ({"stage_2": TUNED | {"split": ALONE}}, "the split of stage_2 has no test part"),
    "half precision of a processor": (
        {"stage_1": STAGE_1, "trainer": {"accelerator": "cpu", "precision": "16-mixed"}},
        "precision 16-mixed is not to be had with accelerator cpu",
    ),
    "a test that selects": ({"stage_2": TUNED | {"checkpoint": {"monitor": "test/accuracy"}}}, "checkpoint.monitor"),
    "a control twice": (
        {
            "stage_2": TUNED
            | {"freeze": {"embedding": True, "backbone": True}, "control": ["from_scratch", "untrained"]}
        },
        "control: untrained has no effect",
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_the_document_alone_tells_it(name):
    written, message = TABLE[name]
    with pytest.raises(DocumentError) as caught:
        load_config(written)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "stage_1",
    [
        UNIFIED | {"batch_size": 4},
        UNIFIED | {"batch_size": 3, "momentum_encoder": {}},
        UNIFIED | {"batch_size": 3, "metric_weight": 0.0},
        UNIFIED | {"batch_size": 3, "sampler": {"kind": "shuffled"}},
        STAGE_1 | {"batch_size": 2},
        STAGE_1 | {"batch_size": 3, "loss": {"kind": "barlow_twins"}},
    ],
)
def test_the_smallest_batches_that_may_do_are_taken(stage_1):
    assert load_config({"stage_1": stage_1}).stage_1.batch_size == stage_1["batch_size"]
