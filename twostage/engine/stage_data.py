"""What one stage trains, validates and tests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twostage.config.data import DataConfig
from twostage.data.labels import LabelSpace
from twostage.data.recordings import Notice, Part, Recording
from twostage.data.sources.base import Source
from twostage.data.splits.report import split_report
from twostage.data.splits.result import SplitResult
from twostage.data.windows import WindowIndex


@dataclass(frozen=True)
class StageData:
    """What one stage trains, validates and tests on. ``labels`` is None where no label is read.

    ``pretraining`` data must not hold what some adaptation is tested on.
    """

    source: Source
    config: DataConfig
    recordings: tuple[Recording, ...]
    split: SplitResult
    windows: Mapping[Part, WindowIndex]
    channels: tuple[int, ...]
    labels: LabelSpace | None
    notices: tuple[Notice, ...]
    pretraining: bool = False

    @property
    def used(self) -> tuple[Recording, ...]:
        """Recordings that lie in some part of the split."""
        ids = {segment.recording for segments in self.split.parts.values() for segment in segments}
        return tuple(recording for recording in self.recordings if recording.id in ids)

    def report(self) -> dict[str, Any]:
        """The split as plain values: who is where, intervals, counts, notices."""
        return split_report(self.split, self.recordings, self.windows) | {
            "notices": [{"code": notice.code, "message": notice.message} for notice in self.notices]
        }
