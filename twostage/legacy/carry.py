"""The carrier: what a new document must remember so that its old files come back, and nothing more."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from twostage.config.carrier import Pipeline, Reading, Shape
from twostage.legacy.core.backward import Wishes
from twostage.legacy.core.forward import Draft, Source
from twostage.legacy.core.leaves import KeyPath, at, bars, dotted, leaves, put, same
from twostage.legacy.core.mounts import Key, Layout, Scope
from twostage.legacy.core.order import addresses, nested, order_of, rebuild
from twostage.legacy.core.rule import get
from twostage.legacy.detect import Detection, detect
from twostage.legacy.facts import layout_of
from twostage.legacy.names import names_of_ids
from twostage.legacy.outline import outlines
from twostage.legacy.rulebook import backward
from twostage.legacy.text.nodes import Shadowed


@dataclass(frozen=True)
class Rest:
    """What one old file says beyond the new document."""

    kept: Mapping[str, Any] = field(default_factory=dict)
    written: Mapping[str, Any] = field(default_factory=dict)
    absent: Mapping[str, Any] = field(default_factory=dict)
    order: Sequence[Any] = ()
    bases: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Rest:
        """The rest as a document carries it."""
        kept, written, absent = (data.get(key, {}) for key in ("kept", "written", "absent"))
        return cls(kept, written, absent, data.get("order", ()), data.get("bases", {}))

    def plain(self) -> dict[str, Any]:
        """As data, without what is empty."""
        parts = {"kept": self.kept, "written": self.written, "absent": self.absent, "order": list(self.order)}
        return {key: value for key, value in parts.items() if value}


@dataclass(frozen=True)
class Carried:
    """A carrier as it is used."""

    shape: Shape
    pipeline: Pipeline | None
    reading: Reading
    rests: tuple[Rest, ...]


def carry(
    files: Sequence[Mapping[str, Any]], source: Source, draft: Draft, *, explicit: Pipeline | None, reading: Reading
) -> dict[str, Any] | None:
    """The carrier of a conversion; None where going back needs none."""
    shape: Shape = source.facts["shape"]
    own = {(number, *path): value for number, file in enumerate(files) for path, value in leaves(file)}
    blank = Carried(shape, explicit, reading, ())
    found = _found(files, blank, draft.body)
    layout = layout_of(files, found, reading) if own.keys() != source.paths else source.layout
    rests = _rests(files, layout, source.facts, draft, own)
    carried = Carried(shape, explicit, reading, rests)
    again = rebuilt(draft.body, carried)
    if not all(same(left, right) for left, right in zip(files, again, strict=True)):
        raise AssertionError("a conversion did not lead back")
    if not draft.refused and explicit is None and reading == "meant" and not any(rest.plain() for rest in rests):
        return None
    refused = [_refusal(key, reason, draft) for key, reason in draft.refused.items()]
    return {
        "shape": shape,
        **({"pipeline": explicit} if explicit else {}),
        **({"reading": reading} if reading != "meant" else {}),
        **({"refused": refused} if refused else {}),
        "files": [rest.plain() for rest in rests],
    }


def _refusal(key: str, reason: str, draft: Draft) -> dict[str, Any]:
    write = draft.settled_by.get(key)
    return {"key": key, "reason": reason, **({"write": list(write)} if write else {})}


def _rests(
    files: Sequence[Mapping[str, Any]],
    layout: Layout,
    facts: Mapping[str, Any],
    draft: Draft,
    values: Mapping[KeyPath, Any],
) -> tuple[Rest, ...]:
    """Kept leaves, odd spellings, missing keys and the order, for each file. ``values`` are the files' own leaves."""
    mapped = {path for path in values if draft.uses.get(path)}
    mapped, given = _settled(draft.body, layout, facts, values, mapped)
    kept = {path: value for path, value in values.items() if path not in mapped or path not in given}
    written = {
        path: {"value": values[path], "for": given[path]}
        for path in given
        if path in values and not same(values[path], given[path])
    }
    written = {path: entry for path, entry in written.items() if path not in kept}
    absent = {path: value for path, value in given.items() if path not in values or path in kept}
    return tuple(
        Rest(
            nested(_of_file(number, kept)),
            nested(_of_file(number, written)),
            nested(_of_file(number, absent)),
            order_of(file, _of_file(number, kept)),
        )
        for number, file in enumerate(files)
    )


def _settled(
    body: Mapping[str, Any],
    layout: Layout,
    facts: Mapping[str, Any],
    values: Mapping[KeyPath, Any],
    mapped: set[KeyPath],
) -> tuple[set[KeyPath], dict[KeyPath, Any]]:
    """Which mapped leaves going back asks for, and what it asks for: what it leaves alone is kept, and it must know."""
    while True:
        given = placed(body, layout, mapped, facts, {path for path, value in values.items() if value != {}})
        asked = mapped & given.keys()
        if asked == mapped:
            return mapped, given
        mapped = asked


def _of_file(number: int, paths: Mapping[KeyPath, Any]) -> dict[KeyPath, Any]:
    return {path[1:]: value for path, value in paths.items() if path[0] == number}


def placed(
    body: Mapping[str, Any],
    layout: Layout,
    mapped: Collection[KeyPath],
    facts: Mapping[str, Any],
    taken: Collection[KeyPath],
) -> dict[KeyPath, Any]:
    """What the rules put into the old files for a new document, by path. ``taken`` are the leaves in the way."""
    used: dict[tuple[Scope, Key], KeyPath] = {}
    for path in mapped:
        leaf = layout.leaf(path, None)
        if leaf.key is not None:
            used[leaf.scope, leaf.key] = path
    wishes = Wishes(layout, used, facts, frozenset(taken))
    backward(body, wishes)
    return wishes.placed()


def rebuilt(body: Mapping[str, Any], carried: Carried) -> list[dict[str, Any]]:
    """The old files of a new document."""
    skeletons = [_skeleton(rest) for rest in carried.rests]
    found = _found(skeletons, carried, body)
    layout = layout_of(skeletons, found, carried.reading)
    mapped = {(number, *path) for number, rest in enumerate(carried.rests) for path in addresses(rest.order, rest.kept)}
    facts = {"shape": carried.shape, "reading": carried.reading, "names_of_ids": _names(skeletons, body)}
    kept = {
        (number, *path) for number, rest in enumerate(carried.rests) for path, value in leaves(rest.kept) if value != {}
    }
    values = _spelled(placed(body, layout, mapped, facts, mapped | kept), carried.rests)
    return [_file(rest, _of_file(number, values)) for number, rest in enumerate(carried.rests)]


def outspoken(carried: Carried) -> Carried:
    """The same, but a value that the old files did not have is written, unless a kept one stands in its place.

    An edit elsewhere may have changed what goes without saying.
    """
    return replace(carried, rests=tuple(replace(rest, absent=_in_place(rest)) for rest in carried.rests))


def _in_place(rest: Rest) -> dict[str, Any]:
    kept = {path for path, _ in leaves(rest.kept)}
    return nested({path: value for path, value in leaves(rest.absent) if path in kept})


def _skeleton(rest: Rest) -> dict[str, Any]:
    """The old file with nothing in the place of mapped values: enough to know its layout."""
    paths = dict.fromkeys(addresses(rest.order, rest.kept))
    return rebuild(rest.order, rest.kept, paths)[0]


def _found(skeletons: Sequence[Mapping[str, Any]], carried: Carried, body: Mapping[str, Any]) -> Detection:
    single = "pretrain" if "stage_1" in body else "train"
    detail = detect(skeletons[0]).detail if skeletons else ""
    return Detection(
        carried.shape, "carried", detail, carried.pipeline, "pretrain" if single == "pretrain" else "train"
    )


def _names(skeletons: Sequence[Mapping[str, Any]], body: Mapping[str, Any]) -> dict[Any, Any]:
    """Names of data sets by id; the ids may have become the systems of stage 1."""
    data = skeletons[0].get("data") if skeletons else None
    if not isinstance(data, Mapping):
        return {}
    ids = data.get("dataset_ids")
    return names_of_ids(data.get("unified_datasets"), ids if isinstance(ids, list) else get(body, "stage_1.systems")[1])


def _spelled(values: Mapping[KeyPath, Any], rests: Sequence[Rest]) -> dict[KeyPath, Any]:
    """Values as the old file spelled them, and without those that it did not have, as long as they are unchanged."""
    found: dict[KeyPath, Any] = {}
    for path, value in values.items():
        rest = rests[int(path[0])]
        spelling, nothing = _at(rest.written, path[1:]), _at(rest.absent, path[1:])
        if nothing is not _NOTHING and same(nothing, value):
            continue
        unchanged = isinstance(spelling, Mapping) and same(spelling.get("for"), value)
        found[path] = spelling["value"] if unchanged else value
    return found


_NOTHING = object()


def _at(data: Mapping[str, Any], path: KeyPath) -> Any:
    try:
        return at(data, path)
    except KeyError:
        return _NOTHING


def _file(rest: Rest, values: Mapping[KeyPath, Any]) -> dict[str, Any]:
    """The order first, then what is new, at the end of its section; nothing is put over more than a leaf."""
    result, placed_paths = rebuild(rest.order, rest.kept, values)
    for path, value in values.items():
        if path not in placed_paths and not bars(result, path):
            put(result, path, value)
    return result


def carrier_of(data: Any, body: Mapping[str, Any], to: str | None) -> Carried:
    """The carrier that a document has, or the empty one of a shape."""
    if isinstance(data, Mapping):
        rests = tuple(Rest.of(file) for file in data.get("files", ()))
        return Carried(data["shape"], data.get("pipeline"), data.get("reading", "meant"), rests)
    shape, pipeline = _chosen(body, to)
    return Carried(shape, pipeline, "meant", tuple(Rest(file, order=list(file)) for file in outlines(shape, body)))


def _chosen(body: Mapping[str, Any], to: str | None) -> tuple[Shape, Pipeline | None]:
    """The shape that is asked for; without a word, one file for one stage and a list for two."""
    both = "stage_1" in body and "stage_2" in body
    shapes: dict[str, Shape] = {"02": "pair", "03": "p03", "04": "p04", "stages": "stages", "01": "single"}
    if to is None:
        return ("stages" if both else "single"), None
    shape = shapes[to]
    if shape in {"pair", "p03", "p04"} and not both:
        return "single", "04" if to == "04" and "stage_1" in body else None
    return shape, None


def with_extras(
    carried: dict[str, Any] | None,
    shadowed: Sequence[Sequence[Shadowed]],
    bases: Sequence[Mapping[str, Any]],
    shape: str,
) -> dict[str, Any] | None:
    """The carrier with the values that later lines of the files replaced, and with what their bases say."""
    if not any(shadowed) and not any(bases):
        return carried
    result = carried or {"shape": shape, "files": [{} for _ in shadowed or bases]}
    for number, base in enumerate(bases):
        if base:
            result["files"][number]["bases"] = dict(base)
    for number, of_file in enumerate(shadowed):
        if of_file:
            result["files"][number]["shadowed"] = [
                {"key": dotted(each.path), "value": each.value, "line": each.line} for each in of_file
            ]
    return result
