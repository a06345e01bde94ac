"""From a document with variants to one document for each, and how many trainings they are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic_core import InitErrorDetails, PydanticCustomError

from twostage.config.base import Section
from twostage.config.checking.shapes import Shape, root_shape
from twostage.config.checking.suggest import nearest_name
from twostage.config.checking.validation import validate
from twostage.config.document import TwoStageConfig
from twostage.config.fan_out import backbones_of, shots_of, starts_of
from twostage.config.problems import DocumentError, Problem
from twostage.config.reading.mapping import mapping_tree
from twostage.config.reading.merge import DISCRIMINATORS
from twostage.config.reading.overrides import put_values
from twostage.config.reading.tree import KeyPath, Layer, dotted
from twostage.config.variant import Variant

_PART = re.compile(r"\w+")


def variants_of(config: TwoStageConfig) -> list[tuple[str | None, TwoStageConfig]]:
    """The documents that ``config`` stands for, by name: itself, without a name, where it has no variants.

    Raises DocumentError, with problems that name the variant and the key.
    """
    if config.variants is None:
        return [(None, config)]
    return [(variant.name, expand(config, variant)[0]) for variant in config.variants]


def variant_errors(config: TwoStageConfig) -> list[InitErrorDetails]:
    """What is wrong with the documents of the variants, as pydantic tells it; one entry for each such variant."""
    found: list[InitErrorDetails] = []
    for position, variant in enumerate(config.variants or ()):
        try:
            expand(config, variant)
        except DocumentError as error:
            text = f"variant {variant.name}: {'; '.join(map(_told, error.problems))}"
            kind = PydanticCustomError("value_error", "{text}", {"text": text})
            found.append(InitErrorDetails(type=kind, loc=("variants", position, "set"), input=variant.set))
    return found


def variant_notes(config: TwoStageConfig) -> list[str]:
    """What falls away where a variant chooses another kind of a section, to be told to the user."""
    return [note for variant in config.variants or () for note in expand(config, variant)[1]]


def expand(config: TwoStageConfig, variant: Variant) -> tuple[TwoStageConfig, list[str]]:
    """The document of one variant, and notes. Raises DocumentError."""
    notes: list[str] = []
    layer = Layer("mapping", f"variant {variant.name}", "")
    tree = mapping_tree(_base(config, variant), Layer("mapping", "the document", ""))
    values = mapping_tree(variant.set, layer).value
    assert isinstance(values, dict)  # noqa: S101 - the tree of a mapping
    tree, problems = put_values(tree, [(_path(key), value) for key, value in values.items()], notes.append)
    if problems:
        raise DocumentError([_of(variant, problem) for problem in problems])
    try:
        return validate(tree), notes
    except DocumentError as error:
        raise DocumentError([_of(variant, problem) for problem in error.problems]) from error


def count_stages(config: TwoStageConfig) -> Mapping[str, int]:
    """Trainings of a document: ``pretrainings`` and ``adaptations``, controls among the latter."""
    documents = [document for _, document in variants_of(config)]
    return {
        "pretrainings": sum(_families(document) for document in documents if document.stage_1 is not None),
        "adaptations": sum(_families(document) * _adaptations(document) for document in documents),
    }


def _families(config: TwoStageConfig) -> int:
    return len(config.seeds) * len(list(backbones_of(config)))


def _adaptations(config: TwoStageConfig) -> int:
    stage_2 = config.stage_2
    if stage_2 is None:
        return 0
    return stage_2.repeats * len(stage_2.targets) * len(shots_of(config)) * starts_of(config)


def _base(config: TwoStageConfig, variant: Variant) -> dict[str, Any]:
    """What the document says for all of its variants; what it leaves to defaults stays open."""
    written: dict[str, Any] = _written(config)
    del written["variants"]
    backbones = getattr(config.stage_1, "backbones", None)
    touches = any(key.startswith("stage_1") for key in variant.set)
    if backbones and touches and config.model.backbone == backbones[0]:
        written["model"] = {key: value for key, value in written["model"].items() if key != "backbone"}
    return written


def _written(value: Any) -> Any:
    """Plain data with the keys that were written, and with those that choose a kind."""
    if isinstance(value, Section):
        names = value.model_fields_set | (set(DISCRIMINATORS) & type(value).model_fields.keys())
        return {name: _written(getattr(value, name)) for name in type(value).model_fields if name in names}
    if isinstance(value, list | tuple):
        return [_written(item) for item in value]
    return value


def _path(key: str) -> KeyPath:
    return tuple(int(part) if part.isdecimal() else part for part in _PART.findall(key))


def _of(variant: Variant, problem: Problem) -> Problem:
    """The problem, with the key of the variant that brought it about, and the key that was meant."""
    key = next((key for key in variant.set if _meets(dotted(_path(key)), problem.key)), None)
    if key is None:
        return problem
    if problem.code == "unknown_key":
        problem = replace(problem, suggestion=_meant(_path(problem.key)) or problem.suggestion)
    return problem if key == problem.key else replace(problem, message=f"{problem.message} (set by {key})")


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
