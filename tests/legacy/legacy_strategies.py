"""Hypothesis strategies for documents of the old project, beside ``tests/strategies.py``.

Keys come from the converter's own rule tables, so that a new rule is met without a change here. Values are mostly such
as the real files have, and now and then something else: text for numbers, mappings for scalars, nulls, empty mappings.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

import twostage.legacy.rules as rules_package
from twostage.legacy.rules import multitask

Entry = tuple[str, Any]
File = dict[str, Any]

# Keys ------------------------------------------------------------------------------------------------------------

SECTIONS = ("environment", "data", "model", "task", "trainer")
_ROOM = Path(rules_package.__path__[0])
_OLD_KEY = re.compile(rf"({'|'.join(SECTIONS)}|stage|reproducibility|output|finetune)(\.\w+)+")
_NEW_KEYS = {"data.source", "data.window", "data.workers", "output.root", "model.network", "trainer.accumulate_batches"}


def _written_in_rules() -> set[str]:
    """Every old key that a rule spells out."""
    files = [*_ROOM.glob("*.py"), _ROOM.parent / "identity.py"]
    constants = (node for file in files for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    texts = {node.value for node in constants if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {text for text in texts if _OLD_KEY.fullmatch(text)}


def _of_tables() -> set[str]:
    """Those that tables make out of parts."""
    blocks = (name for options in multitask.OPTIONS.values() for _, names, _ in options for name in names)
    weights = (f"{holder}.{task}" for task in multitask.TASKS for holder in ("task.task_weights", "stage.task_weights"))
    schedules = (
        f"{holder}.scheduler.options.{name}"
        for holder in ("task", "stage")
        for name in ("T_max", "eta_min", "step_size", "gamma", "patience", "factor", "min_lr", "warmup_epochs")
    )
    return {*blocks, *weights, *schedules}


OLD_KEYS = tuple(sorted(name for name in _written_in_rules() | _of_tables() if not name.startswith(tuple(_NEW_KEYS))))
UNKNOWN_KEYS = (
    *(f"{section}.surely_unknown" for section in SECTIONS),
    "task.备注",
    "task.regularization.method.l1",
    "task.list_of_blocks",
    "model.0",
    "trainer.extensions.trackio.mode",
    "data.augmentation.noise",
)

# Values ----------------------------------------------------------------------------------------------------------

TASKS = (
    ("CDDG", "hse_contrastive"),
    ("pretrain", "hse_contrastive"),
    ("pretrain", "contrastive_id"),
    ("pretrain", "masked_reconstruction"),
    ("pretrain", "prediction"),
    ("pretrain", "multitask"),
    ("pretrain", "flow_pretrain"),
    ("Pretrain", "classification"),
    ("DG", "classification"),
    ("CDDG", "classification"),
    ("FS", "classification"),
    ("FS", "matching_network"),
    ("FS", "knn_feature"),
    ("GFS", "matching"),
    ("GFS", "classification"),
    ("In_distribution", "multi_task_phm"),
    ("MT", "multitask"),
    ("Default_task", "无名"),
)
EMBEDDINGS = ("E_01_HSE", "HSE_prompt", "E_01_HSE_v2", "E_03_Patch", "E_02_HSE_random")
BACKBONES = (
    "B_04_Dlinear", "B_08_PatchTST", "B_01_basic_transformer", "B_06_TimesNet", "B_09_FNO", "B_10_VIBT", "B_99_new",
)  # fmt: skip
MODELS = ("M_01_ISFM", "M_02_ISFM", "M_02_ISFM_Prompt", "ISFM", "ProtoNet", "TSPN", "M_04_ISFM_Flow")
NUMBERS = (0, 1, 2, 3, 5, 10, 64, 100, 0.0, 0.1, 0.2, 0.5, 0.8, 1.0, 1e-3, "5e-4", "1e-6", "10")
WHOLE = (0, 1, 2, 3, 5, 20, 50, 64.0, "8")
RATES = (1e-3, 5e-4, "1e-4", "5e-4", 0.0, -1.0, 1)
SHARES = (0.0, 0.1, 0.15, 0.2, 0.5, 0.6, 0.7, 0.8, 1.0, 1, 0)
IDS = ([1], [1, 5, 6], [13, 19], [2, 2], 5, [0])
WORDS: Mapping[str, tuple[Any, ...]] = {
    "lr|learning_rate|flow_lr|eta_min|min_lr|weight_decay|min_delta|es_min_delta": RATES,
    ".*ratio|val_rate|.*_rate|dropout|forecast_part|label_smoothing|threshold": SHARES,
    ".*system_id|.*systems?|.*dataset_id|dataset_ids|.*domain_id|seed_list|random_seeds": IDS,
    "target_datasets|unified_datasets": (["CWRU", "XJTU", "THU"], ["CWRU"], ["XJTU", "CWRU"]),
    "optimizer|type|name": ("adam", "AdamW", "sgd", "cosine", "step", "lion"),
    "scheduler|scheduler_type|lr_scheduler": ("cosine", "step", "plateau", "StepLR", "none", True, False),
    "monitor|es_monitor|monitor_metric": ("val_loss", "val_total_loss", "val_acc", "val_accuracy", "val_f1", "acc"),
    "early_stopping|enabled|enable_.*|deterministic|freeze_.*|use_.*|hard_negative_mining|normalize_targets|"
    "cross_system_contrast": (True, False),
    "contrast_loss|metric_loss": ("INFONCE", "SUPCON", "triplet", "VICREG", "BARLOWTWINS", "PROTOTYPICAL", "ARC"),
    "loss|loss_type": ("mse", "MAE", "rel_l2", "CE"),
    "matching_metric": ("cosine", "l2", "dot", "manhattan"),
    "embedding": EMBEDDINGS,
    "backbone": BACKBONES,
    "backbones_to_compare|backbone_comparison": (list(BACKBONES[:2]), [BACKBONES[1]], [BACKBONES[2], BACKBONES[6]]),
    "task_head|classification_head": ("H_01_Linear_cla", "H_02_distance_cla", "H_09_multiple_task", "H_03"),
    "activation": ("relu", "gelu", "tanh"),
    "fusion_.*|prompt_combination": ("attention", "concat", "gating", "add"),
    "normalization|normalize": ("standardization", "minmax", "none", True, False),
    "window_sampling_strategy": ("evenly_spaced", "sequential", "random", "other"),
    "precision": (16, 32, "16-mixed", "bf16", 64),
    "device|accelerator": ("cuda", "gpu", "cpu", "mps"),
    "gpus|devices": (1, 2, [0], "auto"),
    "data_dir|metadata_file|output_dir|base_dir|save_dir|project": ("数据/根", "metadata.xlsx", "results/x"),
    "weights?_path|.*checkpoint|pretrained_path": ("save/last.ckpt", False, None, ""),
    "enabled_tasks": (["classification"], ["classification", "rul_prediction"], ["unknown_task"], []),
    "task_list": (["classification", "prediction"], ["classification"], ["prediction"]),
    "class_weights": ([1.0, 2.0], [1, 10], [1.0]),
    "training_mode|training_stage": ("unified_pretraining", "pretrain", "finetune", "multi_stage_pretrain_finetune"),
    "epochs|.*_epochs|patience|es_patience|iterations|step_size|T_max": WHOLE,
}
ODD: tuple[Any, ...] = (
    None, True, False, 0, -3, 10**30, 2.5, -0.0,
    float("inf"), float("nan"), "", " ", "5e-4", "无", "a.b", {}, [], [[]], [{}],
    [1, 2], [1, "x", {"y": 2}], [{"a": 1}, {"b": {"c": []}}], {"name": "cosine", "options": {"T_max": "10"}},
    {"args": {"lr": 1}}, {"deep": {"er": None}}, ["CWRU"], [True],
)  # fmt: skip


def plausible(key: str) -> tuple[Any, ...]:
    """Values that a key may well have."""
    last = key.rsplit(".", 1)[-1]
    return next((values for pattern, values in WORDS.items() if re.fullmatch(pattern, last)), NUMBERS)


def _pairs(keys: tuple[str, ...]) -> list[Entry]:
    """As flat pairs, since one draw is faster than two."""
    return [(key, value) for key in keys for value in plausible(key)]


def _entries(*rooms: str, most: int) -> st.SearchStrategy[list[Entry]]:
    """Keys below some sections with values; of four values one is odd."""
    known = tuple(key for key in OLD_KEYS if key.startswith(rooms))
    unknown = tuple(key for key in UNKNOWN_KEYS if key.startswith(rooms))
    usual = st.sampled_from(_pairs(known))
    odd = st.tuples(st.sampled_from((*known, *unknown)), st.sampled_from(ODD))
    return st.lists(st.one_of(usual, usual, usual, odd), max_size=most)


COMMON = _entries("environment", "data", "model", "task", "trainer", "reproducibility", "output", "finetune", most=18)
OF_STAGE = _entries("task", "trainer", "data", "model", "environment", most=10)
OF_BLOCK = _entries("stage", most=10)
TASK_OF_STAGE = _entries("task", "trainer", most=10)


def tree(entries: list[Entry]) -> File:
    """Dotted keys as a nested mapping; an entry that another one bars is left out."""
    result: File = {}
    for key, value in entries:
        *path, last = key.split(".")
        holder: Any = result
        for part in path:
            holder = holder.setdefault(part, {}) if isinstance(holder, dict) else None
        if isinstance(holder, dict):
            holder[last] = _copy(value)
    return result


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(child) for key, child in value.items()}
    return [_copy(child) for child in value] if isinstance(value, list) else value


def _identity(task: tuple[str, str] | None) -> list[Entry]:
    return [] if task is None else [("task.type", task[0]), ("task.name", task[1])]


@st.composite
def sections(draw: st.DrawFn, tasks: tuple[tuple[str, str], ...] = TASKS, *, whole: bool = True) -> File:
    """The common sections in any order; whole ones have data, model and task."""
    task = draw(st.sampled_from(tasks))
    entries = draw(COMMON)
    given: list[Entry] = [*_identity(task), ("data.data_dir", draw(st.sampled_from(("data", "/mnt/数据"))))]
    model = draw(st.sampled_from(MODELS))
    given += [("model.name", model), ("model.embedding", draw(st.sampled_from(EMBEDDINGS)))]
    given += [("model.backbone", draw(st.sampled_from(BACKBONES)))]
    split = draw(st.integers(0, len(entries)))
    made = tree([*entries[:split], *given, *entries[split:]])
    if whole:
        for name in ("data", "model", "task"):
            made[name] = made[name] if isinstance(made.get(name), dict) else {}
    return draw(_shuffled(made))


@st.composite
def _shuffled(draw: st.DrawFn, mapping: File) -> File:
    keys = draw(st.permutations(list(mapping)))
    extra = draw(
        st.sampled_from((None, None, ("notes", "记"), ("ablation", {"type": "x", "on": [{"k": 1}]}), ("seed", 3)))
    )
    made = {key: mapping[key] for key in keys}
    if extra:
        made[extra[0]] = _copy(extra[1])
    return made


# Documents by shape ----------------------------------------------------------------------------------------------


def flat() -> st.SearchStrategy[list[File]]:
    """One file of flat sections."""
    return sections().map(lambda file: [file])


@st.composite
def with_args(draw: st.DrawFn) -> list[File]:
    """Sections with their keys below ``args``, some beside it; ``dataset`` in place of ``data`` at times."""
    file = draw(sections())
    beside = draw(st.sampled_from(("name", "type", "lr", "")))
    for name in draw(st.sampled_from((("model", "task", "trainer"), ("data", "model", "task"), ("task",)))):
        section = file.get(name)
        if isinstance(section, dict) and section:
            outside = {key: value for key, value in section.items() if key == beside}
            file[name] = {**outside, "args": {key: value for key, value in section.items() if key not in outside}}
    if draw(st.booleans()):
        file = {("dataset" if key == "data" else key): value for key, value in file.items()}
    return [file]


@st.composite
def composed(draw: st.DrawFn) -> list[File]:
    """Sections that name base files."""
    file = draw(sections(whole=False))
    for name in draw(st.sampled_from(((), ("model",), ("data", "model")))):
        file.pop(name, None)
    return [{"base_configs": {"model": "configs/base/model.yaml", "data": "configs/base/data.yaml"}, **file}]


PAIRED = {
    "stage_1": tuple(task for task in TASKS if task[0].lower() == "pretrain"),
    "stage_2": tuple(task for task in TASKS if task[0] in {"FS", "GFS", "DG", "CDDG", "In_distribution"}),
}


def pair() -> st.SearchStrategy[list[File]]:
    """The two files of pipeline 02; of the second only some say the same as the first."""
    return st.tuples(sections(PAIRED["stage_1"]), sections(PAIRED["stage_2"])).map(list)


@st.composite
def _block(draw: st.DrawFn, stage: str, *, nested: bool) -> File:
    """A stage of pipelines 03 and 04."""
    inner = draw(OF_BLOCK)
    made = tree(inner).get("stage", {})
    made = made if isinstance(made, dict) else {}
    made.pop("type", None)
    if stage == "stage_2" and nested and draw(st.booleans()):
        ids = draw(st.lists(st.integers(1, 31), min_size=1, max_size=3))
        made["finetune_targets"] = [{"dataset": f"D{each}", "dataset_id": each} for each in ids]
    if nested:
        made |= {key: value for key, value in tree(draw(TASK_OF_STAGE)).items() if isinstance(value, dict)}
        made["type"] = "unified_pretraining" if stage == "stage_1" else "dataset_finetuning"
    made.setdefault("epochs", 1)  # an empty block is none
    return draw(_reordered(made))


def _reordered(mapping: File) -> st.SearchStrategy[File]:
    return st.permutations(list(mapping)).map(lambda keys: {key: mapping[key] for key in keys})


BLOCKS = (("stage_1_pretraining", "stage_1"), ("stage_2_finetuning", "stage_2"))


@st.composite
def p03_training(draw: st.DrawFn) -> list[File]:
    """``training`` with flat keys in its stages."""
    chosen = draw(st.sampled_from((BLOCKS, BLOCKS, BLOCKS[:1], BLOCKS[1:])))
    blocks = {name: draw(_block(stage, nested=False)) for name, stage in chosen}
    return [draw(_shuffled({**draw(sections()), "training": blocks}))]


@st.composite
def _overrides(draw: st.DrawFn) -> File:
    """Sections of a stage, nested or with dotted keys, or both."""
    entries = draw(OF_STAGE)
    dotted = draw(st.sampled_from((0, 0, len(entries) // 2, len(entries))))
    return {**tree(entries[dotted:]), **{key: _copy(value) for key, value in entries[:dotted]}}


@st.composite
def p03_pipeline(draw: st.DrawFn) -> list[File]:
    """``pipeline_03`` with overrides, repeats, variations and an evaluation between the stages."""
    names = draw(st.sampled_from((("stage_1", "stage_2"), ("stage_1_pretraining", "stage_2_finetuning"))))
    inner: File = {}
    for name, stage in zip(names, ("stage_1", "stage_2"), strict=True):
        inner[name] = {**draw(_block(stage, nested=False)), "config_overrides": draw(_overrides())}
    if draw(st.booleans()):
        inner["zero_shot_evaluation"] = {"enabled": draw(st.sampled_from((True, False, "yes"))), "datasets": ["CWRU"]}
    if draw(st.booleans()):
        inner["experiment_matrix"] = draw(_matrix())
    return [draw(_shuffled({**draw(sections()), "pipeline_03": draw(_reordered(inner))}))]


@st.composite
def _matrix(draw: st.DrawFn) -> File:
    count = draw(st.integers(1, 3))
    variations = [{"name": f"v{number}", "overrides": draw(_overrides())} for number in range(count)]
    return {"total_runs": 30, "random_seeds": draw(st.sampled_from(IDS)), "variations": variations}


@st.composite
def p04(draw: st.DrawFn, place: str) -> list[File]:
    """Stage blocks with sections of their own, at the top or below ``training``."""
    blocks = {name: draw(_block(stage, nested=True)) for name, stage in BLOCKS}
    common = draw(sections(whole=draw(st.booleans())))
    if draw(st.booleans()):
        common.pop("task", None)
    return [draw(_shuffled({**common, **(blocks if place == "toplevel" else {"training": blocks})}))]


@st.composite
def stage_list(draw: st.DrawFn, kind: str) -> list[File]:
    """A ``stages`` list: every stage with overrides, none, or one of two; sometimes a list of one."""
    items: list[File] = []
    for number in range(draw(st.sampled_from((2, 2, 2, 1)))):
        stage = ("stage_1", "stage_2")[number]
        own = {
            **draw(_overrides()),
            "task": dict(zip(("type", "name"), draw(st.sampled_from(PAIRED[stage])), strict=True)),
        }
        bare = kind == "full" or (kind == "mixed" and number == 1)
        body: File = own if bare else {draw(st.sampled_from(("overrides", "config"))): own}
        items.append({"name": ("pretraining", "finetuning")[number], **body})
    return [draw(_shuffled({**draw(sections()), "stages": items}))]


@st.composite
def stage_mappings(draw: st.DrawFn) -> list[File]:
    """``stage_1`` and ``stage_2`` as mappings of sections."""
    return [draw(_reordered({stage: draw(sections(PAIRED[stage])) for stage in draw(st.sampled_from(_EITHER))}))]


_EITHER = (("stage_1", "stage_2"), ("stage_1", "stage_2"), ("stage_1",), ("stage_2",))


@st.composite
def fragment(draw: st.DrawFn) -> list[File]:
    """One to three sections, or a trainer without its section."""
    if draw(st.integers(0, 4)) == 0:
        return [{"name": "Default_trainer", "num_epochs": draw(st.sampled_from(WHOLE)), "gpus": 1, "device": "cuda"}]
    file = draw(sections(whole=False))
    names = [name for name in ("environment", "data", "task", "trainer") if isinstance(file.get(name), dict)]
    return [{name: file[name] for name in names}]


SHAPES: Mapping[str, tuple[str, st.SearchStrategy[list[File]]]] = {
    "single_flat": ("single", flat()),
    "single_args": ("single", with_args()),
    "single_composed": ("single", composed()),
    "pair": ("pair", pair()),
    "p03_training": ("p03", p03_training()),
    "p03_pipeline": ("p03", p03_pipeline()),
    "p04_toplevel": ("p04", p04("toplevel")),
    "p04_training": ("p04", p04("training")),
    "stages_overrides": ("stages", stage_list("overrides")),
    "stages_full": ("stages", stage_list("full")),
    "stages_mixed": ("stages", stage_list("mixed")),
    "stages_mappings": ("stages", stage_mappings()),
    "fragment": ("fragment", fragment()),
}


def old_documents(shape: str) -> st.SearchStrategy[list[File]]:
    """The files of one document of a shape, in any of its layouts."""
    return st.one_of([strategy for each, strategy in SHAPES.values() if each == shape])
