"""From a document with variants or a sweep to one document for each, and how many trainings they are."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from weakref import ref

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from twostage.config.base import Section
from twostage.config.checking.shapes import Shape, root_shape
from twostage.config.checking.suggest import nearest_name
from twostage.config.checking.validation import validate
from twostage.config.document import TwoStageConfig
from twostage.config.fan_out import backbones_of, shots_of, starts_of, with_backbone
from twostage.config.garbage import no_garbage
from twostage.config.points import Point, points_of
from twostage.config.problems import DocumentError, Problem
from twostage.config.reading.mapping import mapping_tree
from twostage.config.reading.merge import DISCRIMINATORS
from twostage.config.reading.overrides import put_values
from twostage.config.reading.tree import KeyPath, Layer, Node, Place, child, dotted, plain
from twostage.config.sharing import Texts, pretraining_inputs

_PART = re.compile(r"\w+")
_LAYER = Layer("mapping", "the document", "")


@dataclass(frozen=True)
class Expansion:
    """The document of one point, or what is wrong with it; ``notes`` tell what falls away."""

    point: Point
    document: TwoStageConfig | None
    notes: tuple[str, ...]
    problems: tuple[Problem, ...] = ()


# The last document that was expanded: it is when it is checked, and again when it is planned.
_LAST: list[tuple[ref[TwoStageConfig], tuple[Expansion, ...]]] = []


def variants_of(config: TwoStageConfig) -> list[tuple[str | None, TwoStageConfig]]:
    """The documents that ``config`` stands for as they run, by name; one without a name where it has no variants.

    Raises DocumentError, with problems that name the variant and the key.
    """
    return [(point.name if point and point.parts else None, document) for point, document in expanded(config)]


def expanded(config: TwoStageConfig) -> list[tuple[Point | None, TwoStageConfig]]:
    """The same, with the point that each stands for; None for a document without variants and sweep."""
    found: list[tuple[Point | None, TwoStageConfig]] = []
    for each in expansions(config):
        if each.document is None:
            raise DocumentError(list(each.problems))
        found.append((each.point, each.document.active))
    return found or [(None, config.active)]


def expansions(config: TwoStageConfig) -> tuple[Expansion, ...]:
    """Every point of a document as a document of its own; remembered for the document that was asked for last."""
    if _LAST and _LAST[0][0]() is config:
        return _LAST[0][1]
    with no_garbage():
        found = tuple(_expand(config, point) for point in points_of(config))
    _LAST[:] = [(ref(config), found)]
    return found


def variant_errors(config: TwoStageConfig) -> list[InitErrorDetails]:
    """What is wrong with the documents of the points, as pydantic tells it.

    One entry for each variant; for a sweep one for each mistake, however many points share it.
    """
    found: dict[tuple[tuple[str | int, ...], str], InitErrorDetails] = {}
    for each in (each for each in expansions(config) if each.problems):
        for place, problems in _by_place(each).items():
            told = "; ".join(map(_told, problems))
            text = f"{each.point.title}: {told}"
            kind = PydanticCustomError("value_error", "{text}", {"text": text})
            found.setdefault((place, told), InitErrorDetails(type=kind, loc=place, input=dict(each.point.set)))
    return list(found.values())


def variant_notes(config: TwoStageConfig) -> list[str]:
    """What falls away where a point chooses another kind of a section, to be told to the user."""
    return [note for each in expansions(config) for note in each.notes]


def _by_place(failed: Expansion) -> dict[tuple[str | int, ...], list[Problem]]:
    """Problems by the place in the document that brought them about; the point's own where no key did alone."""
    found: dict[tuple[str | int, ...], list[Problem]] = {}
    for problem in failed.problems:
        key = _cause(failed.point, problem)
        place = failed.point.place if key is None else failed.point.places[key]
        found.setdefault(place, []).append(problem)
    return found


def _expand(config: TwoStageConfig, point: Point) -> Expansion:
    return _expand_changed(config, point) or _expand_whole(config, point)


def _expand_changed(config: TwoStageConfig, point: Point) -> Expansion | None:
    """The same, where nothing is wrong: parts that the point leaves alone are those of the document, read once.

    None where something is wrong or may depend on the others, to be told by reading the whole.
    """
    changed = {str(_path(key)[0]) for key in point.set}
    if "stage_1" in changed and getattr(config.stage_1, "backbones", None):
        return None
    notes: list[str] = []
    base = {name: getattr(config, name) for name in config.model_fields_set - {"variants", "sweep"}}
    paths, place = [_path(key) for key in point.set], Place(_LAYER)
    opened = {name: _opened(value, _below(paths, name), place) for name, value in base.items() if name in changed}
    tree, problems = _put(point, Node(opened, place), notes)
    if problems:
        return None
    try:
        document = TwoStageConfig.model_validate(base | plain(tree))
    except ValidationError:
        return None
    return Expansion(point, document, tuple(notes))


def _expand_whole(config: TwoStageConfig, point: Point) -> Expansion:
    notes: list[str] = []
    tree, problems = _put(point, mapping_tree(_base(config, point), _LAYER), notes)
    document = None
    if not problems:
        try:
            document = validate(tree).model_copy(update={"legacy": config.legacy})
        except DocumentError as error:
            problems += error.problems
    return Expansion(point, document, tuple(notes), tuple(_of(point, problem) for problem in problems))


def _opened(value: Any, paths: Sequence[KeyPath], place: Place) -> Node:
    """A part of a document as a tree along these paths; what none of them leads into stays the object that it is."""
    if () in paths:
        return child(mapping_tree({"": _written(value)}, _LAYER), "") or Node(None, place)
    if paths and isinstance(value, Section):
        return Node({name: _opened(getattr(value, name), _below(paths, name), place) for name in _names(value)}, place)
    if paths and isinstance(value, list | tuple):
        return Node([_opened(item, _below(paths, index), place) for index, item in enumerate(value)], place)
    return Node(value, place)


def _below(paths: Sequence[KeyPath], key: str | int) -> list[KeyPath]:
    """What is left of the paths that lead into ``key``."""
    return [path[1:] for path in paths if path[0] == key]


def _put(point: Point, tree: Node, notes: list[str]) -> tuple[Node, list[Problem]]:
    """The tree of what is written, with the values of the point in it."""
    values = mapping_tree(dict(point.set), Layer("mapping", point.title, "")).value
    assert isinstance(values, dict)  # noqa: S101 - the tree of a mapping
    return put_values(tree, [(_path(key), value) for key, value in values.items()], notes.append)


def count_stages(config: TwoStageConfig) -> Mapping[str, int]:
    """Trainings of a document: ``pretrainings`` and ``adaptations``, controls among the latter."""
    documents, texts = [document for _, document in variants_of(config)], Texts()
    pretrainings = {
        (pretraining_inputs(with_backbone(document, backbone), texts), seed)
        for document in documents
        if document.stage_1 is not None
        for _, backbone in backbones_of(document)
        for seed in document.seeds
    }
    return {
        "pretrainings": len(pretrainings),
        "adaptations": sum(_families(document) * _adaptations(document) for document in documents),
    }


def _families(config: TwoStageConfig) -> int:
    return len(config.seeds) * len(list(backbones_of(config)))


def _adaptations(config: TwoStageConfig) -> int:
    stage_2 = config.stage_2
    if stage_2 is None:
        return 0
    return stage_2.repeats * len(stage_2.targets) * len(shots_of(config)) * len(starts_of(config))


def _base(config: TwoStageConfig, point: Point) -> dict[str, Any]:
    """What the document says for all of its variants; what it leaves to defaults stays open."""
    written: dict[str, Any] = _written(config)
    for name in ("variants", "sweep"):
        written.pop(name, None)
    if written.get("legacy"):  # what it keeps of an old file may be what no document can hold
        written["legacy"] = {key: written["legacy"][key] for key in ("shape", "reading") if key in written["legacy"]}
    backbones = getattr(config.stage_1, "backbones", None)
    touches = any(key.startswith("stage_1") for key in point.set)
    if backbones and touches and config.model.backbone == backbones[0]:
        written["model"] = {key: value for key, value in written["model"].items() if key != "backbone"}
    return written


def _written(value: Any) -> Any:
    """Plain data with the keys that were written, and with those that choose a kind."""
    if isinstance(value, Section):
        return {name: _written(getattr(value, name)) for name in _names(value)}
    if isinstance(value, list | tuple):
        return [_written(item) for item in value]
    return value


def _names(value: Section) -> list[str]:
    """The keys of a section that were written, and those that choose a kind."""
    names = value.model_fields_set | (set(DISCRIMINATORS) & type(value).model_fields.keys())
    return [name for name in type(value).model_fields if name in names]


def _path(key: str) -> KeyPath:
    return tuple(int(part) if part.isdecimal() else part for part in _PART.findall(key))


def _of(point: Point, problem: Problem) -> Problem:
    """The problem, with the key of the point that brought it about, and the key that was meant."""
    key = _cause(point, problem)
    if key is None:
        return problem
    if problem.code == "unknown_key":
        problem = replace(problem, suggestion=_meant(_path(problem.key)) or problem.suggestion)
    return problem if key == problem.key else replace(problem, message=f"{problem.message} (set by {key})")


def _cause(point: Point, problem: Problem) -> str | None:
    return next((key for key in point.set if _meets(dotted(_path(key)), problem.key)), None)


def _meant(path: KeyPath) -> str:
    """The nearest key beside an unknown one, also where the document has it: a variant sets what is there."""
    shape: Shape | None = root_shape()
    for part in path[:-1]:
        if shape is not None:
            shape = shape.item(part) if isinstance(part, int) else shape.properties.get(part)
    near = nearest_name(str(path[-1]), shape.properties) if shape is not None else None
    return f"did you mean {near}?" if near else ""


def _meets(key: str, told: str) -> bool:
    """Whether a problem at ``told`` lies at, above or below ``key``."""
    return key == told or key.startswith(f"{told}.") or told.startswith((f"{key}.", f"{key}["))


def _told(problem: Problem) -> str:
    return ": ".join(part for part in (problem.key, problem.message) if part) + (
        f" ({problem.suggestion})" if problem.suggestion else ""
    )
