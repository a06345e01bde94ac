"""``experiment_matrix.variations`` of pipeline 03 as variants.

A variation sets old keys. What that means for the new document is found by converting the file once with them and once
without: the keys that differ are the variant's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from twostage.legacy.core.backward import Want, Wishes
from twostage.legacy.core.forward import Draft, Source, key_of
from twostage.legacy.core.leaves import leaves, put, same
from twostage.legacy.core.mounts import Key, Leaf, Stage
from twostage.legacy.core.rule import Body

HOLDER: Key = ("pipeline_03", "experiment_matrix", "variations")
OVERRIDES = "overrides"


def read_variants(source: Source, draft: Draft, convert: Callable[[Source], Draft]) -> None:
    """Write ``variants`` where the old file has variations."""
    found: list[dict[str, Any]] = []
    for index, entries in sorted(_entries(source).items()):
        name = entries.get(("name",))
        if name is None or not isinstance(name.value, str):
            return
        changes = {key[1:]: leaf for key, leaf in entries.items() if key[0] == OVERRIDES and len(key) > 1}
        keys = _effect(source, draft, changes, convert)
        found.append({"name": name.value, "set": {key: value for key, (value, _) in keys.items()}})
        draft.use(("variants", index, "name"), name)
        empty = entries.get((OVERRIDES,))
        draft.use(("variants", index, "set"), empty)
        for key, (_, leaf) in keys.items():
            draft.use(("variants", index, "set", key), leaf)
    if found:
        draft.set("variants", found)


def _entries(source: Source) -> dict[int, dict[Key, Leaf]]:
    found: dict[int, dict[Key, Leaf]] = {}
    for leaf in source.leaves:
        key = leaf.key or ()
        if key[: len(HOLDER)] == HOLDER and len(key) > len(HOLDER) + 1:
            found.setdefault(int(key[len(HOLDER)]), {})[key[len(HOLDER) + 1 :]] = leaf
    return found


def _effect(
    source: Source, draft: Draft, changes: Mapping[Key, Leaf], convert: Callable[[Source], Draft]
) -> dict[str, tuple[Any, Leaf | None]]:
    """The keys of the new document that the changes set, and the leaf that each came from.

    Every scope that has such a key obeys.
    """
    by_key = dict(source.by_key)
    for scope in source.layout.scopes():
        for key, leaf in changes.items():
            if scope == "shared" or (scope, key) in by_key:
                by_key[scope, key] = replace(leaf, scope=scope, key=key)
    other = convert(replace_leaves(source, by_key))
    before, after = _flat(draft.body), _flat(other.body)
    came_from = {target: path for path, targets in other.uses.items() for target in targets}
    by_path = {leaf.path: leaf for leaf in changes.values()}
    return {
        key: (value, by_path.get(came_from.get(key_of(key), ())))
        for key, value in after.items()
        if key not in before or not same(before[key], value)
    }


def replace_leaves(source: Source, by_key: Mapping[Any, Leaf]) -> Source:
    """The same document with other deciding leaves."""
    other = Source(source.layout, source.leaves, source.facts)
    object.__setattr__(other, "by_key", by_key)
    return other


def _flat(body: Mapping[str, Any]) -> dict[str, Any]:
    return {
        ".".join(map(str, path)): value for path, value in leaves({k: v for k, v in body.items() if k != "variants"})
    }


def ask_variants(body: Body, wishes: Wishes, ask: Callable[[Body, Wishes], None]) -> None:
    """Ask for the variations of a document's variants."""
    variants = body.get("variants") or ()
    plain = {key: value for key, value in body.items() if key != "variants"}
    base = _wants(plain, wishes, ask)
    for index, variant in enumerate(variants):
        holder = ".".join(map(str, (*HOLDER, index)))
        wishes.want("stage_1", f"{holder}.name", variant.get("name"), scopes=_shared(wishes))
        changed = _wants(_with(plain, variant.get("set", {})), wishes, ask)
        asked = False
        for (_, names), want in changed.items():
            before = base.get((want.stage, names))
            if before is not None and same(before.value, want.value):
                continue
            spelled = tuple(f"{holder}.{OVERRIDES}.{name}" for name in names)
            wishes.want("stage_1", spelled, want.value, scopes=_shared(wishes))
            asked = True
        if not asked:
            wishes.want("stage_1", f"{holder}.{OVERRIDES}", {}, scopes=_shared(wishes))


def _shared(wishes: Wishes) -> Any:
    return wishes.layout.scopes()[:1]


def _wants(
    body: Body, wishes: Wishes, ask: Callable[[Body, Wishes], None]
) -> dict[tuple[Stage | None, tuple[str, ...]], Want]:
    own = Wishes(wishes.layout, wishes.used, wishes.facts)
    ask(body, own)
    return {(want.stage, want.names): want for want in own.wants}


def _with(body: Body, values: Mapping[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for path, value in leaves(body):
        put(result, path, value)
    for key, value in values.items():
        put(result, key_of(key), value)
    return result
