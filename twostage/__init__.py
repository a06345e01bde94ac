"""Two-stage training for machine-vibration signals: pretrain on many machines, adapt to the one that matters."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from twostage._version import __version__

if TYPE_CHECKING:
    from twostage.api import (
        TwoStageRun,
        import_checkpoint,
        resume,
        run_adapt,
        run_complete,
        run_pipeline,
        run_pretrain,
        run_stage,
    )
    from twostage.config.document import TwoStageConfig
    from twostage.config.load import load_config
    from twostage.config.stage_1 import Stage1Config
    from twostage.config.stage_2 import Stage2Config
    from twostage.engine.export.export import export_run
    from twostage.engine.outcome.results import RunSummary, StageResult
    from twostage.engine.planning.plan import make_plan
    from twostage.errors import TwoStageError
    from twostage.legacy.convert import to_new as convert
    from twostage.legacy.convert import to_old as convert_back

# Imported on first use, so that reading a document never waits for the numeric stack.
_HOME = {
    "RunSummary": "twostage.engine.outcome.results",
    "Stage1Config": "twostage.config.stage_1",
    "Stage2Config": "twostage.config.stage_2",
    "StageResult": "twostage.engine.outcome.results",
    "TwoStageConfig": "twostage.config.document",
    "TwoStageError": "twostage.errors",
    "TwoStageRun": "twostage.api",
    "export_run": "twostage.engine.export.export",
    "import_checkpoint": "twostage.api",
    "load_config": "twostage.config.load",
    "make_plan": "twostage.engine.planning.plan",
    "resume": "twostage.api",
    "run_adapt": "twostage.api",
    "run_complete": "twostage.api",
    "run_pipeline": "twostage.api",
    "run_pretrain": "twostage.api",
    "run_stage": "twostage.api",
}
_UNDER_ANOTHER_NAME = {
    "convert": ("twostage.legacy.convert", "to_new"),
    "convert_back": ("twostage.legacy.convert", "to_old"),
}

__all__ = [
    "RunSummary",
    "Stage1Config",
    "Stage2Config",
    "StageResult",
    "TwoStageConfig",
    "TwoStageError",
    "TwoStageRun",
    "__version__",
    "convert",
    "convert_back",
    "export_run",
    "import_checkpoint",
    "load_config",
    "make_plan",
    "resume",
    "run_adapt",
    "run_complete",
    "run_pipeline",
    "run_pretrain",
    "run_stage",
]


def __getattr__(name: str) -> Any:
    if name in _UNDER_ANOTHER_NAME:
        home, other = _UNDER_ANOTHER_NAME[name]
        return getattr(import_module(home), other)
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
