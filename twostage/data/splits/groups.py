"""Whole units, recordings or bearings, drawn per class.

The draw orders the units of a class by a digest of seed, system, class and unit. So it depends on nothing else: not on
the order of the recordings, not on other systems, and not on the version of a random generator. Units that lie in one
operating condition each take turns by condition, so that every part that is large enough has all of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from twostage.data.recordings import PARTS, Part, Recording
from twostage.data.splits.result import Draft, class_word, listed
from twostage.errors import SplitError

Unit: TypeAlias = Literal["recording", "bearing"]
Few: TypeAlias = Literal["error", "train_only", "exclude"]
Shares: TypeAlias = Mapping[Part, float]
Group: TypeAlias = tuple[Recording, ...]
Stratum: TypeAlias = tuple[int, str]  # system and kind of units


@dataclass(frozen=True)
class Draw:
    """How units are drawn; ``shares`` are positive and add up to 1, train first."""

    unit: Unit
    shares: Shares
    seed: int
    few: Few = "error"
    labelled: bool = True
    remedy: str = ""


def draw_groups(recordings: Sequence[Recording], draw: Draw) -> Draft:
    """Give every unit to one part. Raises SplitError for a class with fewer units than parts.

    Without labels no class can be too small: small groups of a system are drawn together.
    """
    strata = _strata(_units(recordings, draw.unit))
    if not draw.labelled:
        strata = _merge_small(strata, len(draw.shares))
    draft = Draft()
    for stratum, groups in strata.items():
        if draw.labelled and len(groups) < len(draw.shares):
            _few(stratum, groups, draw, draft)
            continue
        ordered = _by_turns(sorted(groups, key=lambda group: _ticket(draw, stratum, group)))
        for part, count in allocate(len(ordered), draw.shares).items():
            draft.add(part, (r for group in ordered[:count] for r in group))
            del ordered[:count]
    return draft


def _by_turns(groups: Sequence[Group]) -> list[Group]:
    """The first of each operating condition, then the second of each, and so on; conditions in a fixed order."""
    turns: dict[int | None, int] = {}
    places: list[tuple[int, int]] = []
    for group in groups:
        domains = {r.domain for r in group}
        domain = next(iter(domains)) if len(domains) == 1 else None
        turns[domain] = turns.get(domain, -1) + 1
        places.append((turns[domain], -1 if domain is None else domain))
    return [groups[i] for i in sorted(range(len(groups)), key=lambda i: (places[i], i))]


def allocate(count: int, shares: Shares) -> dict[Part, int]:
    """Units per part by largest remainder; at least one each where there are enough."""
    quotas = {part: count * share for part, share in shares.items()}
    counts = {part: int(quota + 1e-9) for part, quota in quotas.items()}
    by_remainder = sorted(shares, key=lambda part: counts[part] - quotas[part])
    for part in by_remainder[: count - sum(counts.values())]:
        counts[part] += 1
    while count >= len(counts) and 0 in counts.values():
        empty = next(part for part in PARTS if counts.get(part) == 0)
        rich = max(counts, key=lambda part: counts[part])
        counts[empty] += 1
        counts[rich] -= 1
    return counts


def _units(recordings: Sequence[Recording], unit: Unit) -> list[Group]:
    if unit == "recording":
        return [(r,) for r in recordings]
    unknown = [r for r in recordings if r.bearing is None]
    if unknown:
        raise SplitError(
            f"{len(unknown)} recordings of {listed(sorted({r.name for r in unknown}))} have no bearing (Id "
            f"{listed([r.id for r in unknown])}); fill the column Bearing_id of the metadata table or split by "
            "another unit"
        )
    groups: dict[tuple[int, str | None], list[Recording]] = {}
    for recording in recordings:
        groups.setdefault((recording.system, recording.bearing), []).append(recording)
    return [tuple(group) for group in groups.values()]


def _strata(groups: Sequence[Group]) -> dict[Stratum, list[Group]]:
    """Groups by system and class; bearings that carry several classes in their life are drawn together."""
    strata: dict[Stratum, list[Group]] = {}
    for group in groups:
        labels = {r.label for r in group if r.label is not None}
        kind = "several classes" if len(labels) > 1 else class_word(next(iter(labels), None))
        strata.setdefault((group[0].system, kind), []).append(group)
    return strata


def _merge_small(strata: Mapping[Stratum, list[Group]], parts: int) -> dict[Stratum, list[Group]]:
    merged: dict[Stratum, list[Group]] = {}
    for (system, kind), groups in strata.items():
        merged.setdefault((system, kind if len(groups) >= parts else "small classes"), []).extend(groups)
    return merged


def _few(stratum: Stratum, groups: Sequence[Group], draw: Draw, draft: Draft) -> None:
    """A class with fewer units than parts: refuse, train on it, or leave it out, as the document says."""
    system, kind = stratum
    what = f"system {system}, {kind}: {len(groups)} {draw.unit}(s), fewer than the {len(draw.shares)} parts"
    if draw.few == "error":
        raise SplitError(f"{what} {listed(list(draw.shares))}{draw.remedy}")
    if draw.few == "train_only":
        draft.add("train", (r for group in groups for r in group))
        draft.tell("few-bearings", f"{what}; all of them are used for training and the class is not tested")
    else:
        draft.tell("few-bearings", f"{what}; the class is left out")


def _ticket(draw: Draw, stratum: Stratum, group: Group) -> tuple[str, int]:
    unit = group[0].id if draw.unit == "recording" else group[0].bearing
    return hashlib.sha256(repr((draw.seed, *stratum, unit)).encode()).hexdigest(), group[0].id
