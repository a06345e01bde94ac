"""The fate of every leaf, and every remark at its place."""

from __future__ import annotations

from collections.abc import Sequence

from twostage.legacy.command.outcome import Fate, Notice, Row
from twostage.legacy.convert import Conversion
from twostage.legacy.core.leaves import KeyPath, dotted
from twostage.legacy.core.mounts import Leaf
from twostage.legacy.text.nodes import LegacyText, find
from twostage.legacy.why import why_kept


def fates(conversion: Conversion, texts: Sequence[LegacyText]) -> tuple[Row, ...]:
    """One row for each leaf, in the order of the files."""
    mapped = {".".join(map(str, leaf.key)) for leaf in conversion.leaves if leaf.key and conversion.uses.get(leaf.path)}
    told = {remark.path: remark for remark in conversion.remarks if remark.code in {"kept-value", "differs", "refused"}}
    rows: list[Row] = []
    for leaf in conversion.leaves:
        name, line = _place(leaf.path, texts)
        to = tuple(dotted(target) for target in conversion.uses.get(leaf.path, ()))
        if to:
            rows.append(Row(name, line, dotted(leaf.path[1:]), "mapped", to, "", ""))
            continue
        remark = told.get(leaf.path)
        code, reason = (remark.code, remark.text) if remark else why_kept(_key(leaf), leaf.value, mapped)
        fate: Fate = "refused" if code == "refused" else "kept"
        rows.append(Row(name, line, dotted(leaf.path[1:]), fate, (), code, reason))
    return tuple(rows)


def _key(leaf: Leaf) -> str | None:
    return None if leaf.key is None else ".".join(map(str, leaf.key))


def notices(conversion: Conversion, texts: Sequence[LegacyText]) -> tuple[Notice, ...]:
    """Remarks of the rules, and oddities of the files."""
    found: list[Notice] = []
    for text in texts:
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
    for remark in conversion.remarks:
        name, line = (texts[0].name, None) if remark.path is None else _place(remark.path, texts)
        key = "" if remark.path is None else dotted(remark.path[1:])
        found.append(Notice(remark.code, name, line, key, remark.text))
    return tuple(found)


def _place(path: KeyPath, texts: Sequence[LegacyText]) -> tuple[str, int]:
    text = texts[int(path[0])]
    node = find(text.root, path[1:])
    return text.name, 1 if node is None else node.start[0]
