"""The points of a document: what its variants and the axes of its sweep set, each with each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from twostage.config.sweep import Axis, SeedsAxis, overlapping
from twostage.config.variant import Variant

if TYPE_CHECKING:
    from twostage.config.document import TwoStageConfig

Place = tuple[str | int, ...]
LONGEST_NAME = 200  # of a folder; file systems end at 255 bytes


@dataclass(frozen=True)
class Point:
    """One way to run a document: ``parts`` of its name, and values by dotted key.

    ``place`` is where the document asks for it, and ``places`` where it sets each of the keys.
    """

    parts: tuple[str, ...]
    set: Mapping[str, Any]
    place: Place
    places: Mapping[str, Place]

    @property
    def name(self) -> str:
        """Also the name of its folder."""
        return "_".join(self.parts)

    @property
    def title(self) -> str:
        """What to call it in a message."""
        return f"{'variant' if self.of_variant else 'point'} {self.name}" if self.parts else "the sweep"

    @property
    def of_variant(self) -> bool:
        """Whether it is a variant as it was written."""
        return self.place[0] == "variants"


def points_of(config: TwoStageConfig) -> tuple[Point, ...]:
    """Every variant with every combination of the settings of all axes; none for a document without either."""
    if config.variants is None and config.sweep is None:
        return ()
    choices = [] if config.variants is None else [[_of_variant(*each) for each in enumerate(config.variants)]]
    choices += [list(_of_axis(*each)) for each in enumerate(config.sweep or ())]
    return tuple(_joined(combination) for combination in product(*choices))


def misfit(config: TwoStageConfig) -> str | None:
    """Why variants and sweep of a document do not go together; None where they do."""
    axes = config.sweep or ()
    if any(isinstance(axis, SeedsAxis) for axis in axes) and config.seeds != type(config).model_fields["seeds"].default:
        return "seeds has no effect beside an axis of seeds in sweep: leave one of them out"
    for variant in config.variants or ():
        for axis in axes:
            for _, values in axis.settings:
                if key := overlapping(variant.set, values):
                    return f"variant {variant.name} and axis {axis.name} of sweep both set {key}"
    names = [point.name.casefold() for point in points_of(config)] if axes else []
    if longest := max(names, key=len, default=""):
        if len(longest) > LONGEST_NAME:
            return f"the name of a point of sweep is {len(longest)} letters long ({longest[:40]}...); use shorter names"
        if len(set(names)) < len(names):
            return "two points of sweep have one name; give axes and entries names without _"
    return None


def _of_variant(place: int, variant: Variant) -> Point:
    path: Place = ("variants", place, "set")
    return Point((variant.name,), variant.set, path, dict.fromkeys(variant.set, path))


def _of_axis(place: int, axis: Axis) -> Iterator[Point]:
    where = {"grid": "values", "list": "entries"}.get(axis.kind, "count")
    for number, (label, values) in enumerate(axis.settings):
        parts = () if isinstance(axis, SeedsAxis) else (f"{axis.name}-{label}",)
        inner = ("set",) if axis.kind == "list" else ()
        path: Place = ("sweep", place, where, *((number, *inner) if parts else ()))
        yield Point(parts, values, path, dict.fromkeys(values, path))


def _joined(points: tuple[Point, ...]) -> Point:
    parts = tuple(part for point in points for part in point.parts)
    values = {key: value for point in points for key, value in point.set.items()}
    places = {key: place for point in points for key, place in point.places.items()}
    return Point(parts, values, points[-1].place, places)
