"""Classes that a document names are code of somebody: a run imports them only when its user has agreed."""

from __future__ import annotations

from twostage.config.stage_1 import CustomConfig
from twostage.engine.planning.plan import Plan, PretrainStage
from twostage.errors import TwoStageError


class ConsentError(TwoStageError):
    """A document wants a class imported, and nobody has agreed."""


def foreign_classes(plan: Plan) -> tuple[str, ...]:
    """The classes that running ``plan`` would import, as ``package.module:Class``."""
    pretrainings = (stage.config.stage_1 for stage in plan.stages if isinstance(stage, PretrainStage))
    return tuple(sorted({each.target for each in pretrainings if isinstance(each, CustomConfig) and each.imports}))


def require_consent(plan: Plan, *, allowed: bool) -> None:
    """Raise ConsentError when ``plan`` would import a class and that is not ``allowed``. Imports nothing itself."""
    classes = foreign_classes(plan)
    if classes and not allowed:
        raise ConsentError(
            f"stage_1.target is {' and '.join(classes)}, and importing it runs code that is not part of twostage; if "
            "you trust it, say so: twostage run --allow-custom, or TwoStageRun(..., allow_custom=True)"
        )
