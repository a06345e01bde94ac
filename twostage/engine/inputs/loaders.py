"""Batches of a stage. The test loader does not exist before it is asked for, after the last fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import lightning.pytorch as pl
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from twostage.components import build
from twostage.config.sampler import Balanced, SamplerConfig
from twostage.data.episodes import EpisodeNumbers
from twostage.data.recordings import Part
from twostage.data.samplers import MixedBatches, PairedBatches, SameEachEpoch, SequentialBatches
from twostage.data.sampling import TrainingWindows
from twostage.data.windowed import Batch, WindowDataset
from twostage.engine.inputs.stage_data import StageData
from twostage.errors import DataError

# What an objective puts in the place of the windows of a part: see ``Objective.items``.
Items = Callable[..., tuple[Dataset[Batch], Sampler[int]] | None]


class StageLoaders(pl.LightningDataModule):
    """The sampler's batches for training, every window exactly once for validation and test."""

    def __init__(
        self,
        data: StageData,
        *,
        seed: int,
        pairs: bool,
        mixed: bool = False,
        items: Items | None = None,
        sampler: SamplerConfig | None = None,
    ) -> None:
        super().__init__()
        self.sampler = sampler or Balanced()
        self.data, self.seed, self.pairs, self.mixed, self._items = data, seed, pairs, mixed, items
        self.bank = data.source.open(data.recordings)
        self.first_epoch = 0

    def train_dataloader(self) -> DataLoader[Batch]:
        """The sampler's batches, drawn anew in each epoch; those of ``first_epoch`` first.

        Lightning announces an epoch to the sampler too late for the workers of a training that is continued.
        """
        loader = self._replaced("train") or self._loader("train", self._drawn("train"))
        if hasattr(loader.sampler, "set_epoch"):
            loader.sampler.set_epoch(self.first_epoch)
        return loader

    def val_dataloader(self) -> DataLoader[Batch] | list[DataLoader[Batch]]:
        """Every validation window once; the same pairs in each epoch where the objective compares pairs."""
        if not len(self.data.windows["validation"].rows):
            return []
        if (replaced := self._replaced("validation")) is not None:
            return replaced
        if self.mixed:
            return self._loader("validation", self._mixed("validation"))
        batches = SameEachEpoch(self._drawn("validation")) if self.pairs else self._in_order("validation")
        return self._loader("validation", batches)

    def test_dataloader(self) -> DataLoader[Batch]:
        """Every test window once."""
        return self._replaced("test") or self._loader("test", self._in_order("test"))

    def every(self, part: Part) -> DataLoader[Batch]:
        """Every window of a part once, in order; of several processes in each of them."""
        size = self.data.config.batch_size
        return self._loader(part, SequentialBatches(len(self.data.windows[part].rows), size))

    def dataset(self, part: Part) -> WindowDataset:
        """The windows of a part."""
        targets = self.data.targets
        return WindowDataset(
            self.bank,
            self.data.recordings,
            self.data.windows[part],
            channels=self.data.channels,
            normalize=self.data.config.normalize,
            classes=self.data.class_indices,
            anomaly=None if targets is None else targets.anomaly,
            rul=None if targets is None else targets.rul,
            noise_snr=self.data.config.noise_snr,
        )

    def _replaced(self, part: Part) -> DataLoader[Batch] | None:
        """Batches that the objective makes itself, where it does."""
        dataset = self.dataset(part)
        found = None if self._items is None else self._items(part, dataset, self.data.recordings, seed=self.seed)
        if found is None:
            return None
        episodes, order = found
        if isinstance(order, EpisodeNumbers):
            order.share(self._rank, self._world_size)
        return self._of(episodes, order)

    def _loader(self, part: Part, batches: Sampler[list[int]]) -> DataLoader[Batch]:
        return self._of(self.dataset(part), batches)

    def _of(self, dataset: Dataset[Batch], order: Sampler[Any]) -> DataLoader[Batch]:
        workers = self.data.config.workers
        return DataLoader(
            dataset,
            sampler=order,
            batch_size=None,
            num_workers=workers,
            persistent_workers=workers > 0,
            # Its own generator: or the number of workers would shift the draws of the training.
            generator=torch.Generator().manual_seed(self.seed),
        )

    def _drawn(self, part: Part) -> Any:
        dataset = self.dataset(part)
        rows = dataset.index.rows
        batches = build(
            self.sampler if part == "train" else Balanced(),
            windows=TrainingWindows(dataset.systems[rows], dataset.ids[rows], dataset.classes[rows]),
            batch_size=self.data.config.batch_size,
            seed=self.seed,
            rank=self._rank,
            world_size=self._world_size,
        )
        if not self.pairs:
            return batches
        recordings = dataset.ids[dataset.index.rows]
        if len(set(recordings.tolist())) == 1:
            raise DataError(
                f"the {part} part of stage 1 has recording {recordings[0]} alone, so pairing: recording has nothing to "
                "tell it apart from; give the part more recordings"
            )
        return PairedBatches(batches, recordings, seed=self.seed)

    def _in_order(self, part: Part) -> Sampler[list[int]]:
        size, n = self.data.config.batch_size, len(self.data.windows[part].rows)
        if n < self._world_size:
            raise DataError(f"the {part} part has {n} windows, fewer than trainer.devices ({self._world_size})")
        return SequentialBatches(n, size, rank=self._rank, world_size=self._world_size)

    def _mixed(self, part: Part) -> Sampler[list[int]]:
        n, size = len(self.data.windows[part].rows), self.data.config.batch_size
        return MixedBatches(n, size, seed=self.seed, rank=self._rank, world_size=self._world_size)

    @property
    def _rank(self) -> int:
        return 0 if self.trainer is None else self.trainer.global_rank

    @property
    def _world_size(self) -> int:
        return 1 if self.trainer is None else self.trainer.world_size
