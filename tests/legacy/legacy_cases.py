"""One key at a time beside a known document: what changes in the conversion, as one line of text.

``cases.txt`` lists the lines; ``make_cases.py`` finds them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml
from legacy_every_word import plain
from legacy_new_documents import WORDS_OF_SHAPE

from twostage.config.carrier import Pipeline, Reading
from twostage.legacy.convert import Conversion, to_new, to_old
from twostage.legacy.core.forward import key_of
from twostage.legacy.core.leaves import KeyPath, bars, leaves, put

ENCODER = "{name: M_01_ISFM, type: ISFM, embedding: E_01_HSE, backbone: B_08_PatchTST, output_dim: 64}"
PROMPTED = "{name: M_02_ISFM_Prompt, type: ISFM_Prompt, embedding: HSE_prompt, backbone: B_01_basic_transformer}"
FUSED = PROMPTED.replace("HSE_prompt", "E_01_HSE_v2").replace("B_01_basic_transformer", "B_06_TimesNet")
PATCHED = ENCODER.replace("E_01_HSE", "E_03_Patch").replace("B_08_PatchTST", "B_09_FNO")
VIBT = ENCODER.replace("B_08_PatchTST", "B_10_VIBT")


def _flat(task: str, model: str = ENCODER, more: str = "") -> str:
    return f"""
environment: {{seed: 5}}
data: {{data_dir: data, metadata_file: metadata.xlsx, train_ratio: 0.8}}
model: {model}
task: {{target_system_id: [1, 2], lr: 0.001, {task}}}
trainer: {{num_epochs: 3}}
{more}
"""


_TRAIN = "type: DG, name: classification"
_CONTRAST = "type: pretrain, name: hse_contrastive"
_BLOCKS = """
training:
  stage_1_pretraining: {epochs: 4, masking_ratio: 0.5}
  stage_2_finetuning: {epochs: 4}
"""
_MULTITASK = _BLOCKS.replace("4}", "4, individual_systems: [3], multitask_system: 4}")
_PIPELINE = """
pipeline_03:
  stage_1: {epochs: 4, config_overrides: {task: {name: hse_contrastive}}}
  stage_2: {epochs: 4, config_overrides: {trainer: {num_epochs: 2}}}
"""
_P04 = """
stage_1_pretraining: {type: unified_pretraining, task: {name: hse_contrastive}}
stage_2_finetuning: {type: dataset_finetuning, finetune_targets: [{dataset_id: 7}]}
"""
_LIST = f"""
stages:
  - overrides: {{task: {{{_CONTRAST}}}}}
  - overrides: {{trainer: {{num_epochs: 2}}}}
"""


@dataclass(frozen=True)
class Setting:
    """Files, where in them a key is written (a path that starts with the number of the file), and which keys are."""

    texts: tuple[str, ...]
    place: KeyPath = (0,)
    keys: str = "task"
    reading: Reading = "meant"
    pipeline: Pipeline | None = None

    @property
    def of_stage(self) -> bool:
        """Whether keys of a stage's own block belong there."""
        return self.place[-1] in {"stage_1_pretraining", "stage_2_finetuning"}

    def files(self) -> list[Any]:
        """The files without the key."""
        return [yaml.safe_load(text) for text in self.texts]

    def path(self, key: str) -> KeyPath:
        """Where a key is written."""
        own = key.removeprefix("stage.") if self.of_stage else key
        return (*self.place, *key_of(own))


def _one(task: str, model: str = ENCODER, more: str = "", **how: Any) -> Setting:
    return Setting((_flat(task, model, more),), **how)


_PAIR = (_flat(_CONTRAST), _flat("type: FS, name: classification"))
SETTINGS: dict[str, Setting] = {
    "train": _one(_TRAIN, keys=""),
    "train with options": _one(
        f"{_TRAIN}, scheduler: true, scheduler_type: step, use_momentum: true",
        more="finetune: {gradual_unfreezing: true}",
        keys="task|finetune|model.freeze",
    ),
    "bare": Setting((_flat(_TRAIN).replace(", lr: 0.001", "").replace("num_epochs: 3", ""),)),
    "plateau": _one(f"{_TRAIN}, scheduler: true, scheduler_type: plateau", keys="task.(patience|min_lr|scheduler)"),
    "cosine": _one(f"{_TRAIN}, scheduler: {{name: cosine}}", keys="task.(warmup|min_lr|scheduler)"),
    "args": Setting(
        (_flat(_TRAIN).replace("task: {", "task: {args: {").replace("0.001", "0.001}"),), keys="task.(lr|type|name)"
    ),
    "contrast": _one(_CONTRAST, keys="task|model.(use|proj|mom)"),
    "contrast by class": _one(
        f"{_CONTRAST}, contrast_loss: SUPCON", FUSED, keys="task.(contr|temp|class|use|hard|prompt)|model"
    ),
    "contrast of files": _one(
        "type: pretrain, name: contrastive_id, contrast_loss: BARLOWTWINS",
        PROMPTED,
        keys="task.(contr|barlow|use|hard|prompt)|model",
    ),
    "triplet": _one(f"{_CONTRAST}, contrast_loss: TRIPLET", keys="task.(margin|use|hard|contr)"),
    "momentum": _one(
        f"{_CONTRAST}, use_momentum: true, prompt_weight: 0.5",
        PROMPTED,
        keys="task.(mom|queue|prompt|opt|use|target)|model.mom",
    ),
    "ensemble": _one(
        f"{_CONTRAST}, contrastive_strategy: {{type: ensemble, losses: [{{name: INFONCE}}, {{name: SUPCON}}]}}",
        keys="task.contr",
    ),
    "single loss": _one(f"{_CONTRAST}, contrastive_strategy: {{type: single, loss_type: SUPCON}}", keys="task.contr"),
    "masked": _one("type: pretrain, name: masked_reconstruction", keys="task.(mask|fore|loss|name|type|train)"),
    "metric": _one(_CONTRAST, keys="task|model.(task|class|proj|use)", pipeline="04"),
    "plain metric": _one(
        "type: CDDG, name: classification", keys="task.(contr|class|name|type|target)|trainer.monitor", pipeline="04"
    ),
    "flow": _one("type: pretrain, name: flow_pretrain, use_contrastive: true", keys="task.(contr|proj|use)"),
    "both": _one(
        "type: pretrain, name: classification_prediction", keys="task.(alpha|mask|fore|task)|model.(task|class)"
    ),
    "supervised": _one("type: pretrain, name: classification", keys="task.(task|name|alpha)|model.(task|class)"),
    "episodes": _one("type: FS, name: prototypical_network"),
    "wide episodes": _one("type: GFS, name: matching"),
    "neighbours": _one(
        "type: FS, name: knn_feature", keys="task.(lr|opt|n_|num|k_|q_|ep|sch)|trainer.(num|mon|ear|pat|sav|val)"
    ),
    "several tasks": _one("type: In_distribution, name: multi_task_phm"),
    "from a checkpoint": _one(
        _TRAIN, ENCODER.replace("}", ", weights_path: x.ckpt}"), keys="model.(w|pre|load)|task.type|pipeline_03|stage"
    ),
    "patches": _one(_TRAIN, PATCHED, keys="model.(patch|num|n_|in|out|d_|act|mod|wid|backbone|embedding)"),
    "vibt": _one(_TRAIN, VIBT, keys="model.(num|n_|nh|fac)"),
    "protonet": _one(_TRAIN, "{name: ProtoNet, type: FewShot}", keys="model.(ch|in|emb|name|back)"),
    "resnet": _one(_TRAIN, "{name: ResNet1D, type: CNN}", keys="model.(in|bl|la)"),
    "tspn": _one(
        _TRAIN, "{name: TSPN, type: X_model, signal_processing_configs: {layer1: [I, HT]}, scale: 2}", keys="model"
    ),
    "flow model": _one(
        _TRAIN, "{name: M_04_ISFM_Flow, use_conditional: true}", keys="model.(seq|hid|time|cond|use|ch|in)"
    ),
    "first of a pair": Setting(_PAIR, (0,), "env|data|trainer|model|task.(target|lr)|seed|output"),
    "second of a pair": Setting(_PAIR, (1,), "env|data|trainer|model|task.(target|lr)|seed|output"),
    "03": _one(_TRAIN, more=_BLOCKS, keys="env|pipeline_03|data|task.(name|type|target|mask)"),
    "03 stage 1": _one(_TRAIN, more=_BLOCKS, place=(0, "training", "stage_1_pretraining"), keys="stage"),
    "03 stage 2": _one(_TRAIN, more=_BLOCKS, place=(0, "training", "stage_2_finetuning"), keys="stage"),
    "03 stage 2, several tasks": _one(
        _TRAIN, more=_MULTITASK, place=(0, "training", "stage_2_finetuning"), keys="stage"
    ),
    "03 without shared systems": Setting(
        (_flat(_TRAIN, more=_BLOCKS).replace("target_system_id: [1, 2], ", ""),),
        (0, "training", "stage_2_finetuning"),
        "stage",
    ),
    "03 overrides of stage 1": _one(
        "loss: CE",
        more=_PIPELINE,
        place=(0, "pipeline_03", "stage_1", "config_overrides"),
        keys="task|trainer|data.(batch|window|stride)",
    ),
    "03 overrides of stage 2": _one(
        _TRAIN,
        more=_PIPELINE,
        place=(0, "pipeline_03", "stage_2", "config_overrides"),
        keys="task|trainer|data.(batch|window|stride)",
    ),
    "04": _one(_TRAIN, more=_P04, keys="env|data|task.(name|type|target|source|es)"),
    "04 stage 1": _one(_TRAIN, more=_P04, place=(0, "stage_1_pretraining"), keys="stage"),
    "04 stage 2": _one(_TRAIN, more=_P04, place=(0, "stage_2_finetuning"), keys="stage"),
    "list": _one(_TRAIN, more=_LIST, keys="env|data|task.(name|type|target|source)|model"),
    "list, stage 1": _one(
        _TRAIN,
        more=_LIST,
        place=(0, "stages", 0, "overrides"),
        keys="env|data|model|task.(name|type|target)|seed|output",
    ),
    "list, stage 2": _one(
        _TRAIN,
        more=_LIST,
        place=(0, "stages", 1, "overrides"),
        keys="env|data|model|task.(name|type|target)|seed|output",
    ),
    "train as executed": _one(f"{_TRAIN}, target_domain_num: 1", keys="", reading="as_executed"),
    "transformer as executed": _one(f"{_TRAIN}, target_domain_num: 1", PROMPTED, keys="model", reading="as_executed"),
    "contrast as executed": _one(f"{_CONTRAST}, contrast_loss: SUPCON", PROMPTED, reading="as_executed"),
    "infonce as executed": _one(f"{_CONTRAST}, classification_weight: 0.5", FUSED, reading="as_executed"),
    "checkpoint as executed": _one(
        f"{_TRAIN}, target_domain_num: 1",
        ENCODER.replace("}", ", weights_path: x.ckpt, freeze_backbone: true}"),
        keys="model.w|task.freeze|task.type",
        reading="as_executed",
    ),
    "masked as executed": _one(
        "type: pretrain, name: masked_reconstruction", keys="task.mask|trainer.mon", reading="as_executed"
    ),
    "episodes as executed": _one("type: GFS, name: classification", reading="as_executed"),
    "pair as executed": Setting(_PAIR, (1,), "env|model.w|task.type", "as_executed"),
    "list as executed": _one(
        _TRAIN, more=_LIST, place=(0, "stages", 1, "overrides"), keys="env|task.type|model.w", reading="as_executed"
    ),
}


# Sections with keys of their own, names of the new document, and keys beside which others are needed: other tests.
ELSEWHERE = {
    *(
        "data.band",
        "model.embedding.dim",
        "model.embedding.kind",
        "model.embedding.prompt",
        "task.contrastive_strategy",
    ),
    *("model.signal_processing_configs", "stage.finetune_targets", "stage.progressive_unfreezing"),
    *("stage.scheduler.options", "task.scheduler.options", "stage.target_datasets", "stage.pretrained_path"),
}


def written(setting: Setting, more: dict[str, Any]) -> list[Any] | None:
    """The files with some keys more; None where something is in the way."""
    files = setting.files()
    for key, value in more.items():
        number, *path = setting.path(key)
        if bars(files[int(number)], tuple(path)):
            return None
        put(files[int(number)], tuple(path), deepcopy(value))
    return files


def outcome(setting: Setting, more: dict[str, Any]) -> str | None:
    """What the keys change in a conversion: keys of the new document, what is kept, and what is told."""
    files = written(setting, more)
    if files is None:
        return None
    before = _told(_plain(setting))
    after = _told(to_new(files, pipeline=setting.pipeline, reading=setting.reading))
    gone = [
        f"-{entry}" for entry in before if entry.partition(": ")[0] not in {key.partition(": ")[0] for key in after}
    ]
    return "; ".join([entry for entry in after if entry not in before] + gone)


@cache
def _plain(setting: Setting) -> Conversion:
    return to_new(setting.files(), pipeline=setting.pipeline, reading=setting.reading)


def _told(conversion: Conversion) -> list[str]:
    """A conversion as entries."""
    carrier = conversion.document.get("legacy", {})
    body = {key: value for key, value in conversion.document.items() if key != "legacy"}
    return [
        *(f"{_name(path)}: {_short(value)}" for path, value in leaves(body)),
        *(f"{kind} {_name(path)}" for kind, path in _remembered(carrier)),
        *(f"refused {entry['key']}" for entry in carrier.get("refused", ())),
        *sorted({f"!{remark.code}" for remark in conversion.remarks}),
    ]


def put_back(shape: str, body: dict[str, Any]) -> str:
    """What a document says beyond a plain one, and what its old files say beyond those of the plain one."""
    to = WORDS_OF_SHAPE[shape]
    usual = plain(*({} if stage in body else None for stage in ("stage_1", "stage_2")))
    return f"{_beyond([body], [usual])} => {_beyond(to_old(body, to=to), to_old(usual, to=to))}"


def _beyond(files: list[Any], usual: list[Any]) -> str:
    before = {f"{_name(path)}: {_short(value)}" for file in usual for path, value in leaves(file)}
    after = [f"{_name(path)}: {_short(value)}" for file in files for path, value in leaves(file)]
    return "; ".join(entry for entry in after if entry not in before)


def _remembered(carrier: dict[str, Any]) -> Iterator[tuple[str, KeyPath]]:
    for file in carrier.get("files", ()):
        for kind in ("kept", "absent"):
            yield from ((kind, path) for path, _ in leaves(file.get(kind, {})) if path)


def _name(path: KeyPath) -> str:
    return ".".join(map(str, path))


def _short(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
