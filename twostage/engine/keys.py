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
from twostage.engine.digest import content_key
from twostage.engine.plan import AdaptStage, PretrainStage, Stage

_MATTERS = ("torch", "lightning", "torchmetrics", "pytorch-metric-learning", "numpy")


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
            "versions": versions(),
        }
    )


def _written(stage: Stage) -> dict[str, Any]:
    config = stage.config
    shared = {
        "data": config.data.model_dump(mode="json", exclude={"source", "workers"}),
        "model": config.model.model_dump(mode="json"),
        "trainer": config.trainer.model_dump(mode="json"),
    }
    match stage:
        case PretrainStage():
            return shared | {"stage_1": config.model_dump(mode="json")["stage_1"]}
        case AdaptStage():
            stage_2 = config.model_dump(mode="json", exclude={"stage_2": {"targets", "init", "control"}})["stage_2"]
            measured = {} if config.stage_1 is None else config.stage_1.model_dump(mode="json", include={"zero_shot"})
            return (
                shared | measured | {"stage_2": stage_2, "target": sorted(stage.target.ids), "variant": stage.variant}
            )
