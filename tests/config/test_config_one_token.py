"""Parts that compare tokens are refused where an encoder gives one token for a window."""

from __future__ import annotations

import pytest

from twostage.config.document import TwoStageConfig

RESNET = {"network": {"kind": "resnet1d", "width": 8}}
ONE = {"kind": "hse", "patches": 1, "dim": 16}
DISTANCE = {"head": {"kind": "distance", "heads": 4}}


def document(model, **stage_2):
    return TwoStageConfig.model_validate({"model": model, "stage_2": {"targets": [{"system": 2}], **stage_2}})


@pytest.mark.parametrize(
    ("model", "stage_2", "told"),
    [
        (
            {"embedding": ONE, "backbone": {"kind": "dlinear"}},
            {},
            "backbone dlinear mixes tokens, but model.embedding.patches",
        ),
        ({"embedding": ONE, "backbone": {"kind": "vibt", "heads": 4}}, {}, "write at least 2 patches"),
        (RESNET, DISTANCE, "stage_2.head: a distance head looks at several tokens, but network resnet1d gives it one"),
        (
            {"embedding": ONE, "backbone": {"kind": "transformer"}},
            DISTANCE,
            "but model.embedding.patches: 1 gives it one",
        ),
    ],
)
def test_what_would_stand_still_is_refused(model, stage_2, told):
    with pytest.raises(ValueError, match=told):
        document(model, adapt_mode="finetune", **stage_2)


def test_a_trunk_gives_its_heads_one_token():
    tasks, trunk = {"classification": DISTANCE}, {"kind": "multitask", "hidden": 16}
    with pytest.raises(
        ValueError, match=r"tasks.classification.head: a distance head .* but stage_2.trunk gives it one"
    ):
        document({}, adapt_mode="multitask", tasks=tasks, trunk=trunk)


def test_other_parts_do_with_one_token():
    document({"embedding": ONE, "backbone": {"kind": "transformer"}}, adapt_mode="finetune")
    document(RESNET, adapt_mode="finetune", head={"kind": "perceptron"})
