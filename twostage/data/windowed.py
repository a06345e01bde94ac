"""Windows as batches: gathered from memory maps in one step, normalised in torch.

Legend: B batch, L length, C channels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from twostage.data.labels import UNLABELLED
from twostage.data.noise import with_noise
from twostage.data.normalize import NORMALIZERS
from twostage.data.recordings import Recording
from twostage.data.signals import SignalBank
from twostage.data.windows import WindowIndex

NO_DOMAIN = -1


class Batch(NamedTuple):
    """Windows and what is known of them.

    ``label_B`` is a class index of the window's system, or UNLABELLED. ``domain_B`` is the operating condition's id in
    the metadata table, or NO_DOMAIN. A batch that is an episode counts its tasks in ``task_B``, and ``support_B`` says
    which windows are the support. ``anomaly_B`` is 1 where something is wrong and else 0, ``rul_B`` the remaining life
    in the table's unit; both are NaN where unknown, and absent where no task asks for them.
    """

    x_BLC: Tensor
    sample_rate_B: Tensor
    system_B: Tensor
    recording_B: Tensor
    label_B: Tensor
    domain_B: Tensor | None = None
    task_B: Tensor | None = None
    support_B: Tensor | None = None
    anomaly_B: Tensor | None = None
    rul_B: Tensor | None = None

    def repeated(self, times: int) -> Batch:
        """All windows, then all of them again, and so on."""
        return Batch(*(None if each is None else torch.cat([each] * times) for each in self))  # type: ignore[arg-type]

    def halves(self) -> tuple[Batch, Batch]:
        """The first half of the windows, and the second."""
        middle = len(self.x_BLC) // 2
        first = (None if each is None else each[:middle] for each in self)
        second = (None if each is None else each[middle:] for each in self)
        return Batch(*first), Batch(*second)  # type: ignore[arg-type]


class WindowDataset(Dataset[Batch]):
    """Batches of windows by a list of positions in ``index``; ``sample_rate_B`` is in Hz."""

    def __init__(
        self,
        bank: SignalBank,
        recordings: Sequence[Recording],
        index: WindowIndex,
        *,
        channels: Sequence[int],
        normalize: str,
        classes: NDArray[np.int64] | None = None,
        anomaly: NDArray[np.float32] | None = None,
        rul: NDArray[np.float32] | None = None,
        noise_snr: float | None = None,
    ) -> None:
        self.bank, self.index, self.channels = bank, index, tuple(channels)
        self.normalize, self.noise_snr = normalize, noise_snr
        self.systems = np.array([r.system for r in recordings], dtype=np.int64)
        self.ids = np.array([r.id for r in recordings], dtype=np.int64)
        self.domains = np.array([NO_DOMAIN if r.domain is None else r.domain for r in recordings], dtype=np.int64)
        self.rates = np.array([r.sample_rate for r in recordings], dtype=np.float32)
        self.classes = np.full(len(recordings), UNLABELLED) if classes is None else classes
        self.anomaly, self.rul = anomaly, rul

    def __len__(self) -> int:
        return len(self.index.rows)

    def described(self, positions: Sequence[int]) -> Batch:
        """What is known of windows, without their samples: ``x_BLC`` is (B, 0, 0)."""
        rows = self.index.rows[np.asarray(positions, dtype=np.int64)]
        return Batch(
            x_BLC=torch.zeros(len(rows), 0, 0),
            sample_rate_B=torch.from_numpy(self.rates[rows]),
            system_B=torch.from_numpy(self.systems[rows]),
            recording_B=torch.from_numpy(self.ids[rows]),
            label_B=torch.from_numpy(self.classes[rows]),
            domain_B=torch.from_numpy(self.domains[rows]),
        )

    def __getitem__(self, positions: Sequence[int]) -> Batch:
        where = np.asarray(positions, dtype=np.int64)
        rows = self.index.rows[where]
        starts = self.index.starts[where]
        windows = self.bank.gather(rows, starts, self.index.length, self.channels)
        x_BLC = NORMALIZERS[self.normalize](torch.from_numpy(windows))
        return Batch(
            x_BLC=x_BLC if self.noise_snr is None else with_noise(x_BLC, self.noise_snr, self.ids[rows], starts),
            sample_rate_B=torch.from_numpy(self.rates[rows]),
            system_B=torch.from_numpy(self.systems[rows]),
            recording_B=torch.from_numpy(self.ids[rows]),
            label_B=torch.from_numpy(self.classes[rows]),
            domain_B=torch.from_numpy(self.domains[rows]),
            anomaly_B=None if self.anomaly is None else torch.from_numpy(self.anomaly[rows]),
            rul_B=None if self.rul is None else torch.from_numpy(self.rul[rows]),
        )
