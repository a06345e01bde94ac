"""The fan-out of a document: backbones, repeats and their seeds, stages' own windows, and the number of trainings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from twostage.config.document import TwoStageConfig
from twostage.config.fan_out import SEED_RANGE, backbone_names, repeat_seed
from twostage.config.load import load_config
from twostage.config.model import DLinear, PatchTST
from twostage.config.problems import DocumentError
from twostage.config.stage_2.controls import AUDIT
from twostage.config.variants import count_stages
from twostage.engine.planning.plan import AdaptStage, make_plan

DLINEAR, PATCHTST = {"kind": "dlinear"}, {"kind": "patchtst"}


def document(**changes):
    base = {
        "stage_1": {"pretrain_mode": "contrastive", "systems": [1]},
        "stage_2": {"adapt_mode": "finetune", "targets": [{"system": 2}]},
    }
    for key, value in changes.items():
        base[key] = base[key] | value if isinstance(value, dict) and key in base else value
    return TwoStageConfig.model_validate(base)


def test_the_first_backbone_is_the_models():
    config = document(stage_1={"backbones": [DLINEAR, PATCHTST]}, model={"embedding": {"kind": "hse", "dim": 32}})
    assert config.model.backbone == DLinear()
    assert config.model.embedding.dim == 32
    assert TwoStageConfig.model_validate(config.model_dump(mode="json")) == config


def test_a_model_made_in_python_takes_the_first_backbone_too():
    config = document()
    again = TwoStageConfig.model_validate(
        {"model": config.model, "stage_1": config.stage_1.model_copy(update={"backbones": (DLinear(),)})}
    )
    assert again.model.backbone == DLinear()


def test_a_model_beside_the_compared_ones_has_no_effect():
    with pytest.raises(ValidationError, match=r"model\.backbone \(patchtst\) has no effect"):
        document(stage_1={"backbones": [DLINEAR]}, model={"backbone": PATCHTST})


def test_every_compared_backbone_fits_the_tokens():
    with pytest.raises(ValidationError, match=r"stage_1\.backbones\[1\] \(patchtst\): .* backbone\.heads is 5"):
        document(stage_1={"backbones": [DLINEAR, PATCHTST | {"heads": 5}]})


def test_compared_backbones_are_distinct():
    with pytest.raises(ValidationError, match="backbones names one dlinear twice"):
        document(stage_1={"backbones": [DLINEAR, DLINEAR | {"window": 65}]})


def test_a_bad_backbone_is_told_once():
    stage_1 = {"pretrain_mode": "contrastive", "backbones": [DLINEAR | {"window": 4}]}
    with pytest.raises(DocumentError) as caught:
        load_config({"stage_1": stage_1})
    assert [problem.key for problem in caught.value.problems] == ["stage_1.backbones[0]"]


def test_backbones_of_one_kind_have_names_of_their_own():
    names = backbone_names([PatchTST(), DLinear(), PatchTST(layers=4)])
    assert names == ["patchtst-1", "dlinear", "patchtst-2"]


@given(st.integers(0, SEED_RANGE - 1), st.integers(0, 10**6), st.integers(1, 10**6))
def test_repeats_of_a_seed_draw_differently(seed, repeat, further):
    assert repeat_seed(seed, 0) == seed
    assert 0 <= repeat_seed(seed, repeat) < SEED_RANGE
    assert repeat_seed(seed, repeat) != repeat_seed(seed, repeat + further)


def test_repeats_of_usual_seeds_never_meet():
    found = [repeat_seed(seed, repeat) for seed in range(200) for repeat in range(500)]
    assert len(set(found)) == len(found)


def test_seeds_whose_repeats_meet_are_refused():
    other = repeat_seed(0, 3)
    with pytest.raises(ValidationError, match=f"seeds 0 and {other} have a repeat in common"):
        document(seeds=[0, other], stage_2={"repeats": 4})
    assert document(seeds=[0, other], stage_2={"repeats": 3}).stage_2.repeats == 3


def test_rules_look_at_the_stages_own_windows():
    short = {"placement": "evenly_spaced", "length": 32}
    with pytest.raises(ValidationError, match=r"stage_2\.window\.length \(32\) is shorter than model"):
        document(stage_2={"window": short}, model={"embedding": {"kind": "patch", "patch_length": 64}})
    with pytest.raises(
        ValidationError, match=r"stage_1\.mask\.block \(64\) is more than half of stage_1\.window\.length"
    ):
        document(
            stage_1={"pretrain_mode": "reconstruction", "window": short | {"length": 100}, "mask": {"block": 64}},
        )
    with pytest.raises(ValidationError, match=r"stage_1\.batch_size is 1"):
        document(stage_1={"batch_size": 1})
    own = {"placement": "evenly_spaced", "length": 64}
    config = document(data={"window": short}, stage_1={"window": own}, stage_2={"window": own, "batch_size": 3})
    assert config.data_of(config.stage_2).window.length == 64
    assert [config.data_of(stage).batch_size for stage in config.stages.values()] == [64, 3]


FANS = st.fixed_dictionaries(
    {
        "seeds": st.integers(1, 3),
        "backbones": st.sampled_from([None, [DLINEAR], [DLINEAR, PATCHTST]]),
        "repeats": st.integers(1, 3),
        "targets": st.integers(1, 3),
        "shots": st.none() | st.integers(1, 3),
        "control": st.sampled_from(["audit", "from_scratch", "none", ["trivial"], ["trivial", "untrained"]]),
        "method": st.sampled_from(["prototypical", "neighbours"]),
        "variants": st.integers(0, 3),
        "pretrains": st.booleans(),
    }
)


def fanned(fan):
    stage_2 = {
        "adapt_mode": "finetune" if fan["shots"] is None else "fewshot",
        "targets": [{"system": 2 + number} for number in range(fan["targets"])],
        "repeats": fan["repeats"],
        "control": fan["control"],
    }
    stage_1 = {"pretrain_mode": "contrastive", "systems": [1], "backbones": fan["backbones"]}
    variants = [{"name": f"v{number}", "set": {"data.batch_size": 8 + number}} for number in range(fan["variants"])]
    shots = {}
    if fan["shots"] is not None:
        shots = {"shots": list(range(1, fan["shots"] + 1)), "method": {"kind": fan["method"]}}
    data = {"seeds": list(range(fan["seeds"])), "stage_2": stage_2 | shots, "variants": variants or None}
    return TwoStageConfig.model_validate(data | ({"stage_1": stage_1} if fan["pretrains"] else {}))


@given(FANS)
def test_the_count_is_that_of_the_plan(fan):
    config = fanned(fan)
    backbones = len(fan["backbones"] or [1]) if fan["pretrains"] else 1
    families = max(fan["variants"], 1) * fan["seeds"] * backbones
    controls = {"audit": AUDIT, "from_scratch": AUDIT[:1], "none": ()}.get(str(fan["control"]), fan["control"])
    if "from_scratch" in controls and fan["shots"] is not None and fan["method"] == "neighbours":
        controls = [control for control in controls if control != "untrained"]  # the same training
    starts = len({"pretrained" if fan["pretrains"] else "from_scratch", *controls})
    expected = {
        "pretrainings": families if fan["pretrains"] else 0,
        "adaptations": families * fan["repeats"] * fan["targets"] * (fan["shots"] or 1) * starts,
    }
    assert count_stages(config) == expected

    stages = make_plan(config).stages
    adaptations = sum(isinstance(stage, AdaptStage) for stage in stages)
    assert {"pretrainings": len(stages) - adaptations, "adaptations": adaptations} == expected
    assert len({stage.name for stage in stages}) == len(stages)
