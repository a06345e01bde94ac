"""The fate of every leaf, and every remark at its place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from twostage.legacy.beneath import Beneath
from twostage.legacy.command.outcome import Fate, Notice, Row
from twostage.legacy.command.rooted import is_folder
from twostage.legacy.convert import Conversion
from twostage.legacy.core.leaves import KeyPath, dotted
from twostage.legacy.core.mounts import Leaf
from twostage.legacy.effects import effect_of
from twostage.legacy.paths import machine_paths
from twostage.legacy.why import why_kept

IDLE = {"never", "past", "overwritten"}

_REFUSED = ("refused", "crash", "not-reproduced")


def fates(conversion: Conversion, files: Sequence[Beneath]) -> tuple[Row, ...]:
    """One row for each leaf, in the order of the files."""
    mapped = {".".join(map(str, leaf.key)) for leaf in conversion.leaves if leaf.key and conversion.uses.get(leaf.path)}
    told = {remark.path: remark for remark in conversion.remarks if remark.code in {"kept-value", "differs", *_REFUSED}}
    rows: list[Row] = []
    for leaf in conversion.leaves:
        name, line = _place(leaf.path, files)
        to = tuple(dotted(target) for target in conversion.uses.get(leaf.path, ()))
        if to:
            rows.append(Row(name, line, dotted(leaf.path[1:]), "mapped", to, "", ""))
            continue
        remark = told.get(leaf.path)
        code, reason = (remark.code, remark.text) if remark else why_kept(_key(leaf), leaf.value, mapped)
        fate: Fate = "refused" if code in _REFUSED else "kept"
        rows.append(Row(name, line, dotted(leaf.path[1:]), fate, (), code, reason))
    return tuple(rows)


def _key(leaf: Leaf) -> str | None:
    return None if leaf.key is None else ".".join(map(str, leaf.key))


def notices(conversion: Conversion, files: Sequence[Beneath], root: str | None = None) -> tuple[Notice, ...]:
    """Remarks of the rules, and oddities of the files. ``root`` is the data folder that the user gave instead."""
    found: list[Notice] = []
    for text in (file.text for file in files):
        found += [Notice(each.code, text.name, each.line, each.key, each.message) for each in text.notices]
        found += [
            Notice(
                "duplicate-key",
                text.name,
                each.line,
                dotted(each.path),
                f"{each.value!r} has no effect: line {each.winner_line} writes the key again, and the last one counts",
            )
            for each in text.shadowed
        ]
    replaced = {leaf.path for leaf in conversion.leaves if is_folder(leaf.key, root)}
    for remark in (*conversion.remarks, *machine_paths(conversion.leaves)):
        if remark.code in {"machine-path", "refused", "differs"} and remark.path in replaced:
            continue
        name, line = (files[0].text.name, None) if remark.path is None else _place(remark.path, files)
        key = "" if remark.path is None else dotted(remark.path[1:])
        found.append(Notice(remark.code, name, line, key, remark.text))
    return (*found, *_now_counting(conversion, files))


def _now_counting(conversion: Conversion, files: Sequence[Beneath]) -> Iterator[Notice]:
    """Mapped keys that the old code did not read: here they have an effect."""
    for leaf in conversion.leaves:
        key = _key(leaf)
        if key is None or not conversion.uses.get(leaf.path) or effect_of(key).status not in IDLE:
            continue
        name, line = _place(leaf.path, files)
        text = "the old code paid no attention to this key; here it counts"
        yield Notice("now-counts", name, line, dotted(leaf.path[1:]), text)


def _place(path: KeyPath, files: Sequence[Beneath]) -> tuple[str, int]:
    place = files[int(path[0])].place(path[1:])
    return place.layer.name, place.line or 1
