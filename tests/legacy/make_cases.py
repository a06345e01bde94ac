"""Write ``cases.txt`` and ``words.txt`` anew: ``.venv/bin/python tests/legacy/make_cases.py``, from the root.

For keys that no case tries it looks for some; with ``--search`` for all of them, which takes minutes. Of all keys that
rules name, with values that they may have, those are kept that change a conversion in a way of their own. Of two names
of one quantity it is also tried which of them decides.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from legacy_cases import ELSEWHERE, SETTINGS, Setting, outcome, put_back  # noqa: E402 - the script may be run from anywhere
from legacy_every_word import every_word  # noqa: E402 - the same
from legacy_strategies import OLD_KEYS, plausible  # noqa: E402 - the same

from twostage.legacy.synonyms import GROUPS  # noqa: E402 - the same

ODD: tuple[Any, ...] = ("x", True)
MOST = 3

# Keys that change what another one means.
TOGETHER: tuple[dict[str, Any], ...] = (
    {"trainer.check_val_every_n_epoch": 1, "trainer.val_check_interval": 1.0},
    {"trainer.check_val_every_n_epoch": 1, "trainer.val_check_interval": 0.5},
    {"trainer.check_val_every_n_epoch": 2, "trainer.val_check_interval": 0.5},
    {"trainer.early_stopping": True, "trainer.patience": 3, "trainer.min_delta": 0.1},
    {"trainer.early_stopping": False, "trainer.patience": 3},
    {"trainer.early_stopping.enabled": False, "trainer.early_stopping.patience": 3},
    {"data.val_ratio": 0.1, "data.test_ratio": 0.1},
    {"data.val_ratio": 0.3, "data.test_ratio": 0.3},
    {"data.val_ratio": 0.0, "data.test_ratio": 0.2},
    {"data.window_sampling_strategy": "sequential", "data.stride": 9, "data.window_size": 64},
    {"task.target_domain_id": [2], "task.source_domain_id": [1]},
    {"task.target_domain_id": [2], "task.source_domain_id": [1, 2]},
    {"task.target_domain_num": 1, "task.target_domain_id": [2], "task.source_domain_id": [1]},
    {"task.target_domain_num": 0, "task.target_domain_id": [2], "task.source_domain_id": [1]},
    {"task.regularization.flag": True, "task.regularization.l1": 0.1},
    {"task.regularization.flag": False, "task.regularization.l1": 0.1},
    {"task.freeze_backbone": True, "task.backbone_lr_multiplier": 0.5},
    {"task.freeze_backbone": False, "task.backbone_lr_multiplier": 0.5},
    {"task.optimizer": "sgd", "task.momentum": 0.5},
    {"task.optimizer": "sgd", "task.momentum": 0.5, "task.use_momentum": True},
    {"task.optimizer": "adam", "task.momentum": 0.5, "task.use_momentum": True, "task.queue_size": 8},
    {"task.prompt_weight": 0.5, "task.prompt_contrastive_temperature": 0.2},
    {"task.prompt_weight": 0.5, "model.use_prompt": False},
    {"task.prompt_weight": 0.5, "task.target_system_id": [3]},
    {"task.scheduler": False, "task.scheduler_type": "step"},
    {"task.scheduler": True, "task.scheduler_type": "cosine", "task.warmup_epochs": 2, "task.min_lr": 1e-6},
    {"task.scheduler": True, "task.scheduler_type": "cosine", "task.warmup_epochs": 3, "task.min_lr": 0.001},
    {"task.scheduler": True, "task.scheduler_type": "cosine", "task.warmup_epochs": 4},
    {"task.scheduler": True, "task.scheduler_type": "none"},
    {"stage.scheduler": "none"},
    {"task.task_list": ["prediction", "classification"], "task.name": "multitask"},
    {"task.rul_prediction.normalize_targets": False, "task.rul_prediction.max_rul_value": 9},
    {"task.rul_prediction.normalize_targets": True, "task.rul_prediction.max_rul_value": 9},
    {"model.task_head": "H_09_multiple_task", "model.classification_head": "H_02_distance_cla"},
    {"model.task_head": "H_01_Linear_cla", "model.classification_head": "H_02_distance_cla"},
    {"model.use_prompt": False, "model.prompt_dim": 8},
    {"model.use_prompt": True, "model.prompt_dim": 8},
    {"model.use_conditional": False, "model.condition_dim": 8},
    {"model.use_projection_head": False, "model.projection_dim": 8},
    {"model.use_projection_head": True, "task.projection_dim": 8},
    {"model.out_channels": 3, "model.scale": 4},
    {"model.num_heads": 5, "model.output_dim": 64},
    {"environment.wandb": "dryrun"},
    {"environment.wandb": True, "environment.WANDB_MODE": "online"},
    {"environment.wandb": True, "environment.WANDB_MODE": "disabled"},
    {"environment.swanlab": True, "environment.SWANLAB_MODE": "cloud"},
    {"environment.seed": 3, "environment.iterations": 3},
    {"data.unified_datasets": ["A", "B"], "data.dataset_ids": [4, 5]},
    {"stage.progressive_unfreezing.enabled": True, "stage.progressive_unfreezing.freeze_backbone_epochs": 3},
    {"stage.progressive_unfreezing.enabled": True, "stage.progressive_unfreezing.freeze_embedding_epochs": 4},
    {"stage.progressive_unfreezing.enabled": False, "stage.progressive_unfreezing.freeze_backbone_epochs": 2},
    {
        "stage.progressive_unfreezing.freeze_backbone_epochs": 2,
        "stage.progressive_unfreezing.unfreeze_schedule": "linear",
    },
    {"stage.individual_systems": [3], "stage.multitask_system": 4},
    {"stage.individual_systems": [3], "stage.multitask_system": [4, 5], "task.enabled_tasks": ["classification"]},
    {"stage.backbones_to_compare": ["B_08_PatchTST", "B_01_basic_transformer"], "stage.enabled": True},
    {"stage.backbones_to_compare": ["B_99"]},
    {"stage.patience": 4, "stage.min_delta": 0.1},
    {"stage.task_weights.classification": 0.5, "stage.individual_systems": [3]},
)


def cases(listed: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    """The lines of the file: those that are listed with what they change now, and those of keys that none tries."""
    tried = {key for every in listed.values() for more in every for key in more}
    fresh = {key for key in OLD_KEYS if key not in tried and key not in ELSEWHERE}
    seen: set[tuple[str, str]] = set()
    for name, setting in SETTINGS.items():
        there = [f"{json.dumps(more, ensure_ascii=False)} => {outcome(setting, more)}" for more in listed.get(name, ())]
        found = [line for more in _tried(setting, fresh) for line in _line(setting, more, seen)] if fresh else []
        yield from ("", f"== {name}", *there, *found)


def read(text: str) -> dict[str, list[dict[str, Any]]]:
    """The cases of each setting."""
    found: dict[str, list[dict[str, Any]]] = {}
    for line in text.splitlines():
        if line.startswith("== "):
            here = found.setdefault(line.removeprefix("== "), [])
        elif line:
            here.append(json.loads(line.partition(" => ")[0]))
    return found


def _tried(setting: Setting, fresh: set[str]) -> Iterator[dict[str, Any]]:
    """Each key with some values, and two or more that belong together."""
    keys = [key for key in OLD_KEYS if re.match(setting.keys, key) and setting.of_stage >= key.startswith("stage.")]
    for key in (key for key in keys if key in fresh):
        yield from ({key: value} for value in (*plausible(key)[:MOST], *ODD))
    yield from (more for more in TOGETHER if any(key in keys for key in more) and any(key in fresh for key in more))
    for group in GROUPS:
        pairs = pairwise([name for name in group if name in keys])
        yield from ({one: _value(one, 0), other: _value(other, 1)} for one, other in pairs if {one, other} & fresh)


def _value(key: str, place: int) -> Any:
    """Two different values that make sense."""
    sensible = [value for value in plausible(key) if not isinstance(value, str | int) or value not in {0, "10"}]
    return sensible[(place + 1) % len(sensible)]


def _line(setting: Setting, more: dict[str, Any], seen: set[tuple[str, str]]) -> Iterator[str]:
    """The case, unless another one has shown the same, but for its numbers and its place."""
    told = outcome(setting, more)
    if told is None or (not told.strip() and more):
        return
    alike = re.sub(r"-?\d+(\.\d+)?([eE]-?\d+)?", "0", re.sub(r"stage_[12]", "stage", told))
    alike = re.sub(r'"[^" ]*[./][^" ]*"', '"path"', alike)
    same = (" ".join(more), alike + setting.reading)
    if same in seen or _only_kept(told):
        return
    seen.add(same)
    yield f"{json.dumps(more, ensure_ascii=False)} => {told}"


def _only_kept(told: str) -> bool:
    return all(entry.startswith("kept ") for entry in told.split("; "))


def words() -> Iterator[str]:
    """The lines of the other file: what every word of a new document is in old ones."""
    yield from sorted({f"{shape} {said}" for shape, body in every_word() for said in [put_back(shape, body)] if said})


if __name__ == "__main__":
    file = HERE / "cases.txt"
    listed = {} if "--search" in sys.argv else read(file.read_text(encoding="utf-8"))
    file.write_text("\n".join(cases(listed)).lstrip() + "\n", encoding="utf-8")
    (HERE / "words.txt").write_text("\n".join(words()) + "\n", encoding="utf-8")
