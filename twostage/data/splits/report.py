"""A split as plain values for a JSON file: who is where, how many windows, and what the parts still share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from twostage.data.recordings import Part, Recording, Segment
from twostage.data.splits.as_executed import shared_samples
from twostage.data.splits.result import SplitResult
from twostage.data.windows import WindowIndex


def split_report(
    result: SplitResult, recordings: Sequence[Recording], windows: Mapping[Part, WindowIndex]
) -> dict[str, Any]:
    """Describe a split. ``recordings[row]`` is the recording of a window's row."""
    by_id = {r.id: r for r in recordings}
    counts = shared_samples(result.parts)
    used = {part: [by_id[s.recording] for s in segments] for part, segments in result.parts.items()}
    return {
        "parts": {
            part: {
                "segments": [_segment(segment, by_id[segment.recording]) for segment in segments],
                "windows": _windows(recordings, windows.get(part)),
            }
            for part, segments in result.parts.items()
        },
        "shared_with_train": {
            part: {"samples": counts["train", part]} | _shared(used["train"], used[part])
            for part in used
            if part != "train"
        },
        "shared_samples": [{"parts": list(pair), "samples": count} for pair, count in counts.items()],
        "notices": [{"code": notice.code, "message": notice.message} for notice in result.notices],
    }


def _segment(segment: Segment, recording: Recording) -> dict[str, Any]:
    return {
        "recording": recording.id,
        "name": recording.name,
        "system": recording.system,
        "label": recording.label,
        "domain": recording.domain,
        "bearing": recording.bearing,
        "start": segment.start,
        "stop": segment.stop,
    }


def _windows(recordings: Sequence[Recording], index: WindowIndex | None) -> dict[str, Any]:
    """Windows in total, per system, and per class of each system."""
    if index is None:
        return {"total": 0, "by_system": [], "by_class": []}
    per_row = np.bincount(index.rows, minlength=len(recordings)).tolist()
    systems: dict[int, int] = {}
    classes: dict[tuple[int, int | None], int] = {}
    for recording, count in zip(recordings, per_row, strict=True):
        if count:
            key = (recording.system, recording.label)
            systems[recording.system] = systems.get(recording.system, 0) + count
            classes[key] = classes.get(key, 0) + count
    ordered = sorted(classes.items(), key=lambda item: (item[0][0], item[0][1] is None, item[0][1] or 0))
    return {
        "total": len(index.rows),
        "by_system": [{"system": system, "windows": count} for system, count in sorted(systems.items())],
        "by_class": [{"system": s, "label": label, "windows": count} for (s, label), count in ordered],
    }


def _shared(train: Sequence[Recording], part: Sequence[Recording]) -> dict[str, float | None]:
    """Units of a part that training holds too, as shares of the part's units; None where units are unknown."""
    return {
        "recordings": _share({r.id for r in train}, {r.id for r in part}),
        "bearings": _share(_bearings(train), _bearings(part)),
    }


def _bearings(recordings: Sequence[Recording]) -> set[tuple[int, str]] | None:
    known = {(r.system, r.bearing) for r in recordings if r.bearing is not None}
    return known if all(r.bearing is not None for r in recordings) else None


def _share(train: set[Any] | None, part: set[Any] | None) -> float | None:
    return len(train & part) / len(part) if train and part else None
