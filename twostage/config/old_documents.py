"""Documents of the old project, as far as the config must know of them: which they are, and who adapts them.

The converter lives above this room and is imported only when an old document is met.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twostage.config.reading.tree import Layer, Node

_CONVERTER = "twostage.legacy.adapt"
# Keys that only the old project has at the top of a document.
_OLD_KEYS = {
    "task",
    "environment",
    "dataset",
    "stages",
    "base_configs",
    "training",
    "pipeline_03",
    "stage_1_pretraining",
    "stage_2_finetuning",
}
_STAGES = ("stage_1", "stage_2")


def looks_old(written: Any) -> bool:
    """Whether a mapping has keys that only documents of the old project have."""
    if not isinstance(written, Mapping) or "legacy" in written:
        return False
    if _OLD_KEYS & set(written):
        return True
    stages = [written.get(name) for name in _STAGES]
    return any(isinstance(stage, Mapping) and "task" in stage for stage in stages)


def adapted(written: Any) -> Any:
    """An old document as a new one; anything else as it is. Raises ValueError for one that cannot be converted."""
    if not looks_old(written):
        return written
    return import_module(_CONVERTER).adapted(written)


def old_tree(text: str, layer: Layer, written: Any) -> tuple[Node, list[str]] | None:
    """The tree of a new document that an old file means, with notes for the user; None where it is no old file."""
    return import_module(_CONVERTER).old_tree(text, layer) if looks_old(written) else None
