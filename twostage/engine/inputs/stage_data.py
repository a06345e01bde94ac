"""What one stage trains, validates and tests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twostage.config.data import DataConfig
from twostage.data.band.origin import original_segments
from twostage.data.labels import UNLABELLED, LabelSpace
from twostage.data.recordings import Notice, Part, Recording
from twostage.data.sources.base import Source
from twostage.data.splits.report import split_report
from twostage.data.splits.result import SplitResult
from twostage.data.targets import Targets
from twostage.data.windows import WindowIndex


@dataclass(frozen=True)
class StageData:
    """What one stage trains, validates and tests on. ``labels`` is None where no label is read.

    ``pretraining`` data must not hold what some adaptation is tested on. ``targets`` are those of several tasks, None
    where a stage has no tasks.
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
    targets: Targets | None = None

    @property
    def class_indices(self) -> NDArray[np.int64] | None:
        """Class index of each recording, UNLABELLED where it has none; None where no label is read."""
        if self.labels is None:
            return None
        indices = self.labels.indices(self.recordings)
        return indices if self.targets is None else np.where(self.targets.classed, indices, UNLABELLED)

    @property
    def used(self) -> tuple[Recording, ...]:
        """Recordings that lie in some part of the split."""
        ids = {segment.recording for segments in self.split.parts.values() for segment in segments}
        return tuple(recording for recording in self.recordings if recording.id in ids)

    def report(self) -> dict[str, Any]:
        """The split as plain values: who is where, intervals in samples as they were taken, counts, notices."""
        split = replace(self.split, parts=original_segments(self.source, self.split.parts))
        return split_report(split, self.recordings, self.windows) | {
            "notices": [{"code": notice.code, "message": notice.message} for notice in self.notices]
        }
