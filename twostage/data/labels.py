"""Which classes each system has, and at which output of the head each class stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twostage.data.recordings import Recording
from twostage.errors import DataError

UNLABELLED = -1


@dataclass(frozen=True)
class LabelSpace:
    """The labels of each system, sorted; the position of a label is its class index.

    Labels that never occur get no output, so gaps in a table's numbering cost nothing.
    """

    classes: Mapping[int, tuple[int, ...]]

    @classmethod
    def of(cls, recordings: Sequence[Recording], *, shared: bool) -> LabelSpace:
        """The label space of these recordings; ``shared`` gives every system the union. Raises DataError."""
        found: dict[int, set[int]] = {}
        for recording in recordings:
            found.setdefault(recording.system, set()).update(() if recording.label is None else (recording.label,))
        if shared:
            union = set().union(*found.values())
            found = dict.fromkeys(found, union)
        for system, labels in found.items():
            if len(labels) < 2:  # noqa: PLR2004 - one class is nothing to tell apart
                raise DataError(f"system {system} has {len(labels)} labelled class(es); a classification needs two")
        return cls({system: tuple(sorted(labels)) for system, labels in sorted(found.items())})

    @property
    def counts(self) -> dict[int, int]:
        """Number of classes per system."""
        return {system: len(labels) for system, labels in self.classes.items()}

    def indices(self, recordings: Sequence[Recording]) -> NDArray[np.int64]:
        """Class index of each recording; UNLABELLED where it has no label, or one that is not in this space."""
        tables = {system: {label: i for i, label in enumerate(labels)} for system, labels in self.classes.items()}
        return np.array(
            [UNLABELLED if r.label is None else tables.get(r.system, {}).get(r.label, UNLABELLED) for r in recordings],
            dtype=np.int64,
        )
