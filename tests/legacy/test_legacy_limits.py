"""Limits and names of the rules against the document: what a rule takes is what the key takes, no more and no less."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from legacy_strategies import OLD_KEYS
from test_legacy_forms import FLAT, STAGES_IN_FULL, changed, converted, flat, read

from twostage.config.checking.shapes import Shape, root_shape
from twostage.legacy.convert import to_new, to_old
from twostage.legacy.core.codecs import Codec, Number, Whole
from twostage.legacy.core.leaves import same
from twostage.legacy.core.rule import Scalar
from twostage.legacy.rules import (
    data,
    environment,
    episodes,
    model_tables,
    multitask,
    networks,
    optimization,
    pretraining,
    scheduler,
    strategy,
    trainer,
    unfreezing,
)
from twostage.legacy.synonyms import KNOWN


def below(shape: Shape, dotted: str) -> Shape:
    for part in dotted.split("."):
        shape = shape.properties[part]
    return shape


def stage(mode: str) -> Shape:
    return root_shape().properties["stage_2"].tags[mode]


def limited() -> Iterator[tuple[str, Codec, Shape]]:
    """Each option that a table knows, with its codec and what the document takes."""
    tables = {
        "embedding": model_tables.EMBEDDINGS,
        "backbone": model_tables.BACKBONES,
        "network": networks.NETWORKS,
    }
    for part, table in tables.items():
        for kind, options in table.items():
            shape = root_shape().properties["model"].properties[part].tags[kind]
            yield from ((f"{part} {kind} {new}", codec, below(shape, new)) for new, _, codec in options)
    for kind, options in scheduler.OPTIONS.items():
        shape = stage("finetune").properties["scheduler"].tags[kind]
        yield from ((f"scheduler {kind} {new}", codec, below(shape, new)) for new, _, codec in options)
    for new, _, codec in episodes.KEYS:
        yield new, codec, below(stage("fewshot"), new)
    for task, options in multitask.OPTIONS.items():
        shape = below(stage("multitask"), f"tasks.{task}")
        yield from ((f"{task} {new}", codec, below(shape, new)) for new, _, codec in options)
    for rule in (*environment.DOCUMENT, *data.DOCUMENT, *trainer.DOCUMENT):
        if isinstance(rule, Scalar):
            yield rule.new, rule.codec, below(root_shape(), rule.new)


LIMITED = {name: (codec, shape) for name, codec, shape in limited() if isinstance(codec, Number | Whole)}


@pytest.mark.parametrize("name", LIMITED)
def test_a_rule_takes_the_numbers_that_the_document_takes(name):
    codec, shape = LIMITED[name]
    stated = {key: value for each in shape.schemas for key, value in each.items() if "imum" in key}
    wanted = {
        "minimum": codec.least,
        "exclusiveMinimum": getattr(codec, "above", None),
        "exclusiveMaximum": codec.below,
    }
    assert stated == {key: value for key, value in wanted.items() if value is not None}


def test_every_name_that_decides_is_one_that_a_rule_spells_out():
    """Names of options below a schedule or a task are made of parts; the others stand in the rules as they are."""
    made = ("scheduler.", "progressive_unfreezing.", "loss_weight", "pipeline_03.")
    parts = {"data_dir", "output_dir", "seed", "iterations", "num_runs", "save.save_dir"}
    plain = {name for name in KNOWN - parts if not any(each in name for each in made)}
    assert plain - set(OLD_KEYS) == {"data.window_sampling_strategy", "data.window_size"}  # as data.window is new


@pytest.mark.parametrize(("value", "taken"), [(0.0, 0.0), (0.9, 0.9), (1.0, None), (1.5, None), (-0.1, None)])
def test_label_smoothing_is_below_one(value, taken):
    written = converted(flat(task=f"label_smoothing: {value}")).stage_2
    assert written.label_smoothing == (taken or 0.0)


@pytest.mark.parametrize(("value", "weight"), [(0.0, None), (0.5, 0.5), (2, 2.0)])
def test_a_classification_beside_the_comparison_leaves_out_what_has_no_label(value, weight):
    text = changed(FLAT, "task", type="pretrain", name="hse_contrastive", classification_weight=value)
    first = converted(text).stage_1
    assert (first.classification and first.classification.weight) == weight
    assert first.unlabelled == ("error" if weight is None else "exclude")


def test_a_list_of_one_adaptation_is_an_adaptation():
    document = read(STAGES_IN_FULL)
    document["stages"] = document["stages"][1:]
    conversion = to_new([document])
    assert "stage_1" not in conversion.document
    assert conversion.document["stage_2"]["adapt_mode"] == "finetune"
    assert same(to_old(conversion.document), [document])


@pytest.mark.parametrize("loss", ["CE", "NLL", "INFONCE", "SUPCON", "TRIPLET", "PROTOTYPICAL", "MSE"])
def test_losses_of_a_classifier_as_executed(loss):
    conversion = to_new([read(flat(task=f"loss: {loss}"))], reading="as_executed")
    codes = [each.code for each in conversion.remarks if each.path == (0, "task", "loss")]
    wanted = {"CE": [], "MSE": ["crash"]}.get(loss, ["not-reproduced"])
    assert [code for code in codes if code in {"crash", "not-reproduced"}] == wanted


@pytest.mark.parametrize("number", [0, 1])
def test_of_two_files_a_window_goes_back_into_the_one_that_speaks_of_it(number):
    first = changed(FLAT, "task", type="pretrain", name="hse_contrastive")
    files = [read(first), read(FLAT)]
    files[number]["data"]["window_size"] = 512
    document = to_new(files).document
    document["data" if "window" in document["data"] else "stage_2"]["window"]["length"] = 256
    back = to_old(document)
    assert [file["data"].get("window_size") for file in back] == [256 if place == number else None for place in (0, 1)]


# Every spelling of the field, and what it is here; written down again without the tables of the rules.
SPELLINGS = [
    (scheduler.KINDS, "plateau", ["plateau", "ReduceOnPlateau", "ReduceLROnPlateau"]),
    (scheduler.KINDS, "step", ["step", "StepLR"]),
    (scheduler.KINDS, "cosine", ["cosine", "CosineAnnealingLR", "warmup_cosine"]),
    (scheduler.KINDS, "constant", ["none", "constant"]),
    (data.PLACEMENTS, "evenly_spaced", ["evenly_spaced"]),
    (data.PLACEMENTS, "sequential", ["sequential"]),
    (data.PLACEMENTS, "random", ["random"]),
    (data.NORMALIZATIONS, "standardize", ["standardization", True, "True"]),
    (data.NORMALIZATIONS, "minmax", ["minmax"]),
    (data.NORMALIZATIONS, "none", ["none", False, "false"]),
    (episodes.METRICS, "cosine", ["cosine"]),
    (episodes.METRICS, "euclidean", ["euclidean", "l2"]),
    (episodes.METRICS, "dot", ["dot"]),
    (model_tables.BACKBONE_NAMES, "dlinear", ["B_04_Dlinear"]),
    (model_tables.BACKBONE_NAMES, "patchtst", ["B_08_PatchTST"]),
    (model_tables.BACKBONE_NAMES, "transformer", ["B_01_basic_transformer"]),
    (model_tables.BACKBONE_NAMES, "timesnet", ["B_06_TimesNet"]),
    (model_tables.BACKBONE_NAMES, "fno", ["B_09_FNO"]),
    (model_tables.BACKBONE_NAMES, "vibt", ["B_10_VIBT"]),
    (model_tables.EMBEDDING_NAMES, "hse", ["E_01_HSE"]),
    (model_tables.EMBEDDING_NAMES, "hse_prompt", ["HSE_prompt"]),
    (model_tables.EMBEDDING_NAMES, "hse_v2", ["E_01_HSE_v2", "E_01_HSE_Prompt"]),
    (model_tables.EMBEDDING_NAMES, "patch", ["E_03_Patch", "E_03_Patch_DPOT"]),
    (model_tables.HEAD_NAMES, "linear", ["H_01_Linear_cla"]),
    (model_tables.HEAD_NAMES, "distance", ["H_02_distance_cla"]),
    (optimization.OPTIMIZERS, "adam", ["adam", "Adam"]),
    (optimization.OPTIMIZERS, "adamw", ["adamw", "AdamW"]),
    (optimization.OPTIMIZERS, "sgd", ["sgd", "SGD"]),
    (pretraining.SELF_SUPERVISED, "nt_xent", ["INFONCE"]),
    (pretraining.SELF_SUPERVISED, "supcon", ["SUPCON"]),
    (pretraining.SELF_SUPERVISED, "triplet", ["TRIPLET"]),
    (pretraining.SELF_SUPERVISED, "prototypical", ["PROTOTYPICAL"]),
    (pretraining.SELF_SUPERVISED, "barlow_twins", ["BARLOWTWINS"]),
    (pretraining.SELF_SUPERVISED, "vicreg", ["VICREG"]),
    (pretraining.SUPERVISED, "supcon", ["INFONCE", "SUPCON"]),
    (pretraining.SUPERVISED, "triplet", ["TRIPLET"]),
    (pretraining.SUPERVISED, "prototypical", ["PROTOTYPICAL"]),
    (strategy.TYPES, "ensemble", ["ensemble", "weighted_ensemble"]),
    (strategy.TYPES, "single", ["single"]),
    (trainer.ACCELERATORS, "auto", ["cuda", "gpu", "auto"]),
    (trainer.ACCELERATORS, "cpu", ["cpu"]),
    (unfreezing.SCHEDULES, "at_once", ["step", "at_once", "immediate"]),
    (unfreezing.SCHEDULES, "linear", ["linear"]),
]


@pytest.mark.parametrize(("table", "new", "old"), SPELLINGS)
def test_every_spelling_of_the_field_is_known_and_the_first_is_the_usual_one(table, new, old):
    assert {table.decode(each) for each in old} == {new}
    assert str(table.encode(new)).lower() == str(old[0]).lower() or table is scheduler.KINDS


def test_the_tables_have_no_other_words():
    for table, new, old in SPELLINGS:
        assert len(table.spellings[new]) == len({(type(each), str(each).lower()) for each in old})
    for table in {id(each): each for each, _, _ in SPELLINGS}.values():
        assert set(table.spellings) == {new for each, new, _ in SPELLINGS if each is table}


def test_an_embedding_that_is_not_here_says_why():
    file = {
        "data": {"data_dir": "data"},
        "model": {"name": "M_02_ISFM", "embedding": "E_02_HSE_v2", "backbone": "B_10_VIBT"},
        "task": {"type": "DG", "name": "classification", "target_system_id": [1]},
    }
    text = to_new([file]).refused["model.embedding"]
    assert text.startswith("there is no embedding 'E_02_HSE_v2' here, because it had a layer for each data set")
    assert text.endswith("choose another model.embedding.kind")
