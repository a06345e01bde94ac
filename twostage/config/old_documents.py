"""Documents of the old project, as far as the config must know of them: which they are, and who adapts them.

The converter lives above this room and is imported only when an old document is met.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from twostage.config.problems import DocumentError, Problem

if TYPE_CHECKING:
    from twostage.config.reading.tree import Layer, Node

_CONVERTER = "twostage.legacy.adapt"
_STAGES = ("stage_1", "stage_2")
_BLOCKS = ("stage_1_pretraining", "stage_2_finetuning")
_SECTIONS = {"data": ("data", "dataset"), "model": ("model",), "task": ("task",)}
# Keys that choose what a stage of a new document does, or what it is for. No old stage has them.
_NEW_KEYS = {"pretrain_mode", "adapt_mode", "targets"}
FRAGMENT = "fragment"
_BARE_TRAINER = {"num_epochs", "max_epochs"}
_OLD_SECTIONS = {"environment", "task"}
_OLD_KEYS = {
    "data": {"data_dir", "metadata_file", "window_size"},
    "model": {"name", "type"},
    "trainer": {"name", "num_epochs", "max_epochs", "gpus"},
}


def looks_old(written: Any) -> bool:
    """Whether a mapping is laid out as the documents of the old project are.

    One foreign key makes nothing old: it is more likely a mistake in a new document. What has a stage of ours is new,
    and old are a list of stages, stage blocks, bases by label, or the sections data, model and task together.
    """
    if not isinstance(written, Mapping) or "legacy" in written:
        return False
    listed, blocks = _listed(written), _blocks(written)
    stages = [each for each in _mappings(written, _STAGES) if each]  # an empty one says nothing
    if any(_NEW_KEYS & set(stage) for stage in (*listed, *blocks, *stages)):
        return False
    if stages:
        return any("task" in found or len(found) > 1 for found in map(_sections, stages))
    return bool(listed or blocks or _mappings(written, ("base_configs",))) or _whole(written)


def _mappings(written: Mapping[str, Any], names: Iterable[str]) -> list[Mapping[str, Any]]:
    """The mappings that stand under some keys."""
    return [each for name in names if isinstance(each := written.get(name), Mapping)]


def _sections(written: Mapping[str, Any]) -> set[str]:
    """Which of data, model and task stand there as old sections."""
    return {name for name, spellings in _SECTIONS.items() if _mappings(written, spellings)}


def _whole(written: Mapping[str, Any]) -> bool:
    """Whether all three sections are there, of which some may be no mappings where another one is surely old."""
    if _sections(written) == set(_SECTIONS):
        return True
    present = {name for name, spellings in _SECTIONS.items() if any(each in written for each in spellings)}
    return present == set(_SECTIONS) and (_told(written) or bool(_mappings(written, ("task",))))


def _told(written: Mapping[str, Any]) -> bool:
    """Whether a section holds a key that only old ones have."""
    return any(isinstance(written.get(name), Mapping) and keys & set(written[name]) for name, keys in _OLD_KEYS.items())


def _listed(written: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    stages = written.get("stages")
    return [each for each in stages if isinstance(each, Mapping)] if isinstance(stages, list | tuple) else []


def _blocks(written: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    holders = _mappings(written, ("training", "pipeline_03"))
    inner = [block for holder in holders for block in _mappings(holder, (*_STAGES, *_BLOCKS))]
    return [*inner, *_mappings(written, _BLOCKS)]


def adapted(written: Any) -> Any:
    """An old document, or a part of one, as a new one; anything else as it is.

    Raises ValueError for one that cannot be converted.
    """
    old = looks_old(written) or old_part(written)
    return import_module(_CONVERTER).adapted(written) if old else written


def old_tree(text: str, layer: Layer, written: Any) -> tuple[Node, list[str]] | None:
    """The tree of a new document that an old file means, with notes for the user; None where it is no old file.

    Raises DocumentError, with one problem of the code ``fragment``, for a part of an old document.
    """
    if sections := old_part(written):
        told = f"this is a part of an old document ({', '.join(sections)}) and has no stage"
        message = f"{told}; name it under base_configs of an old file, or lay it over one as its --local_config"
        raise DocumentError([Problem(layer.name, 1, 1, "", message, code=FRAGMENT)])
    return import_module(_CONVERTER).old_tree(text, layer) if looks_old(written) else None


def old_part(written: Any) -> tuple[str, ...]:
    """The sections of a part of an old document, such as a base file; empty for anything else."""
    if not isinstance(written, Mapping) or not written:
        return ()
    if "name" in written and _BARE_TRAINER & set(written) and not any(isinstance(v, Mapping) for v in written.values()):
        return ("trainer",)
    whole = all(isinstance(value, Mapping | None) for value in written.values())
    parts = whole and set(written) <= {"data", "model", "trainer", *_OLD_SECTIONS}
    old = _told(written) or bool(_OLD_SECTIONS & set(written))
    return tuple(written) if parts and old and not looks_old(written) else ()
