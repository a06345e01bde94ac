"""What makes two stages the same: their config, their inputs, their data, the code and the versions."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from twostage._version import __version__
from twostage.config.stage_1 import CustomConfig
from twostage.engine.digest import content_key
from twostage.engine.packages import package_digests
from twostage.engine.plan import AdaptStage, PretrainStage, Stage, section_of
from twostage.objectives.pretrain.custom import source_digest

_MATTERS = ("torch", "lightning", "torchmetrics", "pytorch-metric-learning", "numpy")
# A stage's own split, windows and batch size count as its data.
_IN_DATA = {"split", "window", "batch_size"}


def versions() -> dict[str, str]:
    """Versions on which the numbers may depend."""
    return {"twostage": __version__, "python": platform.python_version()} | {name: version(name) for name in _MATTERS}


@cache
def code_digest() -> str:
    """Digest of the package's source files."""
    digest = hashlib.sha256()
    root = Path(__file__).parent.parent
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def stage_key(stage: Stage, *, data_digest: str, split: Any, start_digest: str | None) -> str:
    """Content key of a stage: equal keys promise equal results on one machine.

    ``split`` is the resolved split, since stage 1 also depends on what stage 2 tests on. The number of threads and the
    device count, because they change the order of sums.
    """
    return content_key(
        {
            "stage": _written(stage),
            "seed": stage.seed,
            "data": data_digest,
            "split": split,
            "threads": torch.get_num_threads(),
            "device": torch.cuda.get_device_name() if torch.cuda.is_available() else platform.machine(),
            "start": start_digest,
            "code": code_digest(),
            "packages": package_digests(stage.config),
            "versions": versions(),
        }
    )


def _written(stage: Stage) -> dict[str, Any]:
    config = stage.config
    section = section_of(stage)
    shared = {
        "data": config.data_of(section).model_dump(mode="json", exclude={"source", "workers"}),
        "model": config.model.model_dump(mode="json"),
        "trainer": config.trainer.model_dump(mode="json"),
    }
    match stage:
        case PretrainStage():
            custom = {"custom": source_digest(config.stage_1)} if isinstance(config.stage_1, CustomConfig) else {}
            return shared | {"stage_1": section.model_dump(mode="json", exclude=_IN_DATA)} | custom
        case AdaptStage():
            stage_2 = section.model_dump(mode="json", exclude=_IN_DATA | {"targets", "init", "control", "repeats"})
            systems = stage.target.systems if stage.target.everything else sorted(stage.target.ids)
            target = {"target": systems, "tasks": stage.target.tasks}
            measured = {} if config.stage_1 is None else config.stage_1.model_dump(mode="json", include={"zero_shot"})
            return shared | measured | target | {"stage_2": stage_2, "variant": stage.variant}
