"""What may enter a split, and what must be true of it afterwards."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from twostage.data.recordings import PARTS, Part, Recording
from twostage.data.splits.result import Draft, class_word, listed
from twostage.errors import SplitError


def admit(recordings: Sequence[Recording], window_length: int, draft: Draft, *, labelled: bool) -> list[Recording]:
    """The recordings that can be used, sorted by id; those left out are told. Raises SplitError."""
    ordered = sorted(recordings, key=lambda r: r.id)
    if len({r.id for r in ordered}) < len(ordered):
        raise SplitError("a recording stands twice in the list to be split")
    if labelled:
        ordered = _labelled(ordered, draft)
    if not ordered:
        raise SplitError("there are no recordings to split")
    return _long_enough(ordered, window_length, draft, labelled=labelled)


def _labelled(recordings: Sequence[Recording], draft: Draft) -> list[Recording]:
    usable = [r for r in recordings if r.label is not None]
    without = len(recordings) - len(usable)
    if without and not usable:
        raise SplitError(f"none of the {without} recordings has a label, and this task needs labels")
    if without:
        draft.tell("unlabelled-excluded", f"{without} of {len(recordings)} recordings have no label and are left out")
    return usable


def _long_enough(
    recordings: Sequence[Recording], window_length: int, draft: Draft, *, labelled: bool
) -> list[Recording]:
    """Leave out recordings shorter than a window, unless a whole system or class would vanish with them."""
    usable = [r for r in recordings if r.length >= window_length]
    short = [r for r in recordings if r.length < window_length]
    if not short:
        return usable
    kept = {_class(r, labelled=labelled) for r in usable}
    lost = sorted({_class(r, labelled=labelled) for r in short} - kept)
    what = (
        f"{len(short)} of {len(recordings)} recordings are shorter than a window of {window_length} samples (Id "
        f"{listed([r.id for r in short])}; the shortest has {min(r.length for r in short)})"
    )
    if lost:
        gone = listed([f"system {system} {word}".strip() for system, word in lost])
        raise SplitError(f"{what}, and nothing else is left of {gone}; use shorter windows or leave it out")
    draft.tell("recording-too-short", f"{what}; they are left out")
    return usable


def _class(recording: Recording, *, labelled: bool) -> tuple[int, str]:
    return recording.system, class_word(recording.label) if labelled else ""


def check_parts(draft: Draft, wanted: Collection[Part]) -> None:
    """Raise SplitError if a part that should hold something is empty."""
    for part in PARTS:
        if part in wanted and not draft.parts[part]:
            raise SplitError(f"the {part} part of the split is empty; choose other shares, units or systems")


def check_classes(draft: Draft, recordings: Sequence[Recording], *, pooled: bool) -> None:
    """Every class that is evaluated must be trained; classes that are never evaluated are told.

    ``pooled`` compares classes across systems, as a split by system needs it. Raises SplitError.
    """
    classes = _classes_of_parts(draft, {r.id: r for r in recordings}, pooled=pooled)
    for part in ("validation", "test"):
        unknown = sorted(classes[part] - classes["train"])
        if unknown:
            raise SplitError(f"the {part} part holds classes that training does not: {listed(unknown)}")
        absent = sorted(classes["train"] - classes[part])
        if classes[part] and absent:
            draft.tell("class-missing", f"classes that are trained but not in the {part} part: {listed(absent)}")


def _classes_of_parts(draft: Draft, by_id: Mapping[int, Recording], *, pooled: bool) -> dict[Part, set[str]]:
    def word(recording: Recording) -> str:
        return class_word(recording.label) if pooled else f"system {recording.system} {class_word(recording.label)}"

    return {part: {word(by_id[s.recording]) for s in segments} for part, segments in draft.parts.items()}
