"""From old documents to a new one, and back, as plain data.

Going back is checked: the old document that is made must convert to the new one that was given. What the old project
has no words for is told, and nothing is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from twostage.config.carrier import Pipeline, Reading
from twostage.config.checking.shapes import locate
from twostage.config.document import TwoStageConfig
from twostage.config.problems import reason_of
from twostage.errors import TwoStageError
from twostage.legacy.carry import Carried, carrier_of, carry, outspoken, rebuilt, with_extras
from twostage.legacy.core.forward import Source
from twostage.legacy.core.leaves import KeyPath, dotted, leaves, over, same
from twostage.legacy.core.mounts import Leaf
from twostage.legacy.core.remarks import Remark
from twostage.legacy.detect import Detection, detect
from twostage.legacy.facts import facts_of, layout_of
from twostage.legacy.rulebook import forward
from twostage.legacy.settle import settle
from twostage.legacy.size import tell_size
from twostage.legacy.text.nodes import Shadowed

CARRIER = "legacy"
VERSION = "version"  # of our own format: no old document has it, and none needs it
UNTYPED = {"missing", "value_error"}  # mistakes that an old file may have made, and its converted one with it


class ConversionError(TwoStageError):
    """A document that cannot be converted; the text says why."""


@dataclass(frozen=True)
class Conversion:
    """A new document and how it came about.

    ``uses`` gives, for each old leaf that was mapped, the keys that it went to; the others are kept in the carrier.
    Paths of leaves start with the number of their file.
    """

    document: dict[str, Any]
    detection: Detection
    leaves: tuple[Leaf, ...]
    uses: Mapping[KeyPath, tuple[KeyPath, ...]]
    remarks: tuple[Remark, ...]
    refused: Mapping[str, str]

    def cause(self, key: str) -> KeyPath | None:
        """The old leaf for which something is refused; None where an old file lacks it."""
        reason = self.refused[key]
        return next((each.path for each in self.remarks if each.path is not None and each.text == reason), None)


def to_new(
    files: Sequence[Mapping[str, Any]],
    *,
    pipeline: Pipeline | None = None,
    reading: Reading = "meant",
    shadowed: Sequence[Sequence[Shadowed]] = (),
    bases: Sequence[Mapping[str, Any]] = (),
) -> Conversion:
    """Convert one old document, or the two of pipeline 02. Raises ConversionError for what is none.

    ``shadowed`` are the values that later lines of each file replaced, ``bases`` what its base files say beneath it;
    the carrier remembers both.
    """
    whole = [over(base, file) for base, file in zip(bases, files, strict=True)] if bases else list(files)
    found = _detected(whole, pipeline)
    layout = layout_of(whole, found, reading)
    old = tuple(layout.read(whole))
    source = Source(layout, old, facts_of(layout, old, found, reading))
    draft = forward(source)
    settle(draft, source)
    tell_size(draft, source)
    if not bases and any("base_configs" in file for file in files):
        draft.refuse("base_configs", "the files that it names were not read, so what they say is missing here")
    carried = carry(files, source, draft, explicit=pipeline, reading=reading)
    document = dict(draft.body)
    carried = with_extras(carried, shadowed, bases, str(found.shape))
    if carried is not None:
        document[CARRIER] = carried
    uses = {path: tuple(targets) for path, targets in draft.uses.items()}
    return Conversion(document, found, old, uses, tuple(draft.remarks.found), draft.refused)


def to_old(document: Mapping[str, Any], *, to: str | None = None) -> list[dict[str, Any]]:
    """The old document, or the two of a pair. ``to`` names the shape where the document does not carry one.

    Raises ConversionError with every key that the shape has no words for.
    """
    _check_types(document)
    body = {key: value for key, value in document.items() if key not in {CARRIER, VERSION}}
    carried = carrier_of(document.get(CARRIER), body, to)
    files = rebuilt(body, carried)
    if not (reasons := _reasons(body, files, carried)):
        return files
    files = rebuilt(body, outspoken(carried))
    if _reasons(body, files, carried):
        raise ConversionError("; ".join([*_invalid(document), *reasons]))
    return files


def _invalid(document: Mapping[str, Any]) -> list[str]:
    """Why a document could not run, which may be why it does not come back."""
    try:
        TwoStageConfig.model_validate(document)
    except ValidationError as error:
        return [f"the document is not valid: {reason_of(each)}" for each in error.errors()]
    return []


def _reasons(body: Mapping[str, Any], files: Sequence[Mapping[str, Any]], carried: Carried) -> list[str]:
    """Why old files are not those of a document; none where they convert to it."""
    bases = [rest.bases for rest in carried.rests]
    try:
        again = to_new(files, pipeline=carried.pipeline, reading=carried.reading, bases=bases if any(bases) else ())
    except ConversionError as error:
        return [str(error)]
    return _differences(body, {key: value for key, value in again.document.items() if key != CARRIER}, carried.shape)


def _differences(wanted: Mapping[str, Any], got: Mapping[str, Any], shape: str) -> list[str]:
    """What does not come back, and what would come back though nobody wrote it."""
    left, right = _flat(wanted), _flat(got)
    lost = [key for key, value in left.items() if key not in right or not same(value, right[key])]
    added = [f"{key}: {value}" for key, value in right.items() if key not in left]
    return [
        *([f"documents of shape {shape} have no words for {', '.join(lost)}; leave these keys out"] if lost else []),
        *([f"the old project takes for granted what is not written here; write {', '.join(added)}"] if added else []),
    ]


def _flat(document: Mapping[str, Any]) -> dict[str, Any]:
    return {".".join(map(str, path)): value for path, value in leaves(document)}


def _check_types(document: Mapping[str, Any]) -> None:
    """Rules count on the types of the document; whether it could run is another question."""
    try:
        TwoStageConfig.model_validate(document)
    except ValidationError as error:
        typed = [each for each in error.errors() if each["type"] not in UNTYPED and not _of_items(each, error)]
        wrong = [f"{dotted(locate(each['loc'])[0])}: {reason_of(each)}" for each in typed]
        if wrong:
            raise ConversionError("; ".join(wrong)) from error


def _of_items(one: ErrorDetails, error: ValidationError) -> bool:
    """Whether a list counts as too short because of a mistake in one of its items."""
    place = one["loc"]
    return one["type"] == "too_short" and any(
        len(each["loc"]) > len(place) and each["loc"][: len(place)] == place for each in error.errors()
    )


def _detected(files: Sequence[Mapping[str, Any]], pipeline: Pipeline | None) -> Detection:
    if len(files) == len(("pretraining", "adaptation")):
        parts = [detect(file, pipeline) for file in files]
        if any(part.shape != "single" for part in parts):
            shapes = " and ".join(str(part.shape) for part in parts)
            raise ConversionError(f"a pair is two files with one stage each, but these are of shape {shapes}")
        return Detection("pair", "two files", pipeline=pipeline or "02")
    (file,) = files
    found = detect(file, pipeline)
    if found.shape is None:
        raise ConversionError(f"this is no configuration of the old project ({found.rule}: {found.detail})")
    return found
