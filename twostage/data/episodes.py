"""Episodes: a few windows of each class to learn from, and others, from other units, to answer.

Legend: B windows of an episode, W windows of a cell, U units of a part.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset, Sampler

from twostage.config.stage_2.fewshot import FewshotConfig
from twostage.data.episode_cells import Cell, Ints, Place, cells_of, overlaps, refusal
from twostage.data.recordings import Notice, Part, Recording
from twostage.data.windowed import Batch, WindowDataset
from twostage.data.windows import WindowIndex
from twostage.errors import DataError

Thing = TypeVar("Thing")

ATTEMPTS = 50
PROBES = 100


@dataclass(frozen=True)
class Episode:
    """Positions in a window index. Cell after cell: its support, then its query.

    ``task_B`` counts the tasks of the episode: a query is told apart from the support of its own task alone.
    """

    positions_B: Ints
    task_B: Ints
    support_B: NDArray[np.bool_]


@dataclass
class Episodes:
    """All episodes of one part; number k is a function of (seed, k) and of nothing that was drawn before.

    A task is one system or, with ``domains_per_episode``, one domain of it; its classes are ``ways`` of those that the
    part holds there. Each class gives ``shots`` windows to the support and ``queries`` to the query. No unit that gives
    to a support of an episode gives to a query of it. Raises DataError where that cannot be had.
    """

    recordings: Sequence[Recording]
    index: WindowIndex
    written: FewshotConfig
    shots: int
    part: Part
    seed: int = 0
    notices: list[Notice] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        cells = cells_of(self.recordings, self.index, self.written, self.shots)
        self._units = 1 + max(int(cell.units_W.max()) for cell in cells)
        self._tasks = self._usable(cells)
        self._systems: dict[int, list[Place]] = {}
        for place in self._tasks:
            self._systems.setdefault(place[0], []).append(place)
        self._require_enough(cells)
        if _entangled(cells):
            for number in range(PROBES):
                self.draw(number)

    def draw(self, number: int) -> Episode:
        """Episode ``number``."""
        for attempt in range(ATTEMPTS):
            random = np.random.default_rng([self.seed, number, attempt])
            episode = self._attempt(random)
            if episode is not None:
                return episode
        raise DataError(
            f"the {self.written.support_unit}s of the {self.part} part hold several classes each, and no draw of them "
            "leaves every class a support and a query; lower stage_2.ways, stage_2.shots or stage_2.queries"
        )

    def _attempt(self, random: np.random.Generator) -> Episode | None:
        """An episode, or None where units that hold several classes leave some class without a query."""
        tasks = [(task, cell) for task, cells in enumerate(self._choose(random)) for cell in cells]
        rank_U = random.permutation(self._units)
        supports = [_first_units(cell, rank_U) for _, cell in tasks]
        held_U = np.zeros(self._units, dtype=bool)
        for (_, cell), mine_W in zip(tasks, supports, strict=True):
            held_U[cell.units_W[mine_W]] = True
        pieces: list[Ints] = []
        for (_, cell), mine_W in zip(tasks, supports, strict=True):
            support = _spread(cell, mine_W, self.shots, random)
            free_W = ~held_U[cell.units_W]
            if self.written.support_unit == "window":
                free_W &= ~overlaps(self.index, cell.windows_W, support)
            query = _spread(cell, free_W, self.written.queries, random)
            if len(query) < self.written.queries:
                return None
            pieces += [support, query]
        return self._laid_out(pieces, [task for task, _ in tasks])

    def _laid_out(self, pieces: Sequence[Ints], tasks: Sequence[int]) -> Episode:
        support_B = np.tile(np.repeat([True, False], [self.shots, self.written.queries]), len(tasks))
        task_B = np.repeat(np.array(tasks, dtype=np.int64), self.shots + self.written.queries)
        return Episode(np.concatenate(pieces), task_B, support_B)

    def _choose(self, random: np.random.Generator) -> list[list[Cell]]:
        """The cells of each task."""
        written = self.written
        places = [
            place
            for system in _some(list(self._systems), written.systems_per_episode, random)
            for place in _some(self._systems[system], written.domains_per_episode, random)
        ]
        return [_some(self._tasks[place], written.ways, random) for place in places]

    def _usable(self, cells: Sequence[Cell]) -> dict[Place, list[Cell]]:
        """The cells of each place that has enough classes for a task."""
        usable: dict[Place, list[Cell]] = {}
        for place in dict.fromkeys(cell.place for cell in cells):
            mine = [cell for cell in cells if cell.place == place]
            fit = [cell for cell in mine if cell.held is not None]
            classes = {cell.label for cell in cells if cell.place[0] == place[0]}
            needed = len(classes) if self.written.ways is None else self.written.ways
            if len(fit) >= max(needed, 2):
                usable[place] = fit
                self._tell_left_out([cell for cell in mine if cell.held is None])
            elif self.written.domains_per_episode is None:
                self._refuse(mine, needed)
            else:
                self._tell(f"domain {place[1]} of system {place[0]} has too few classes for an episode in the part")
        return usable

    def _tell_left_out(self, cells: Sequence[Cell]) -> None:
        if cells:
            why = refusal(cells, self.part, self.written, self.shots).partition(". ")[0]
            self._tell(f"not every class is drawn: {why}")

    def _tell(self, text: str) -> None:
        self.notices.append(Notice("episodes-leave-out", f"{text} ({self.part})"))

    def _refuse(self, cells: Sequence[Cell], needed: int) -> None:
        lacking = [cell for cell in cells if cell.held is None]
        if lacking:
            raise DataError(refusal(lacking, self.part, self.written, self.shots))
        raise DataError(
            f"the {self.part} part has {len(cells)} class(es) of system {cells[0].place[0]}, but an episode tells "
            f"{max(needed, 2)} apart; lower stage_2.ways, or split so that the part holds more classes"
        )

    def _require_enough(self, cells: Sequence[Cell]) -> None:
        """Raise DataError where the part holds fewer systems, or a system fewer domains, than an episode draws."""
        domains, systems = self.written.domains_per_episode, self.written.systems_per_episode
        for system in dict.fromkeys(cell.place[0] for cell in cells):
            usable = len(self._systems.get(system, ()))
            if domains is not None and usable < domains:
                lacking = [cell for cell in cells if cell.place[0] == system and cell.held is None]
                why = f". {refusal(lacking, self.part, self.written, self.shots)}" if lacking else "; lower it"
                raise DataError(
                    f"stage_2.domains_per_episode is {domains}, but system {system} has {usable} domain(s) with enough "
                    f"classes in the {self.part} part{why}"
                )
        if systems is not None and len(self._systems) < systems:
            raise DataError(
                f"stage_2.systems_per_episode is {systems}, but the {self.part} part holds {len(self._systems)} "
                "system(s); lower it, or name more systems in one target"
            )


def _some(things: list[Thing], count: int | None, random: np.random.Generator) -> list[Thing]:
    """All things, or so many of them, in their order."""
    if count is None:
        return things
    return [things[i] for i in np.sort(random.choice(len(things), size=count, replace=False)).tolist()]


def _first_units(cell: Cell, rank_U: Ints) -> NDArray[np.bool_]:
    """Which windows belong to the units of the cell that come first in the episode's order."""
    ranks_W = rank_U[cell.units_W]
    last = np.unique(ranks_W)[(cell.held or 0) - 1]
    first_W: NDArray[np.bool_] = ranks_W <= last
    return first_W


def _spread(cell: Cell, among_W: NDArray[np.bool_], count: int, random: np.random.Generator) -> Ints:
    """Up to ``count`` windows, at random and evenly from the units."""
    units, windows = cell.units_W[among_W], cell.windows_W[among_W]
    ticket = random.random(len(units))
    order = np.lexsort((ticket, units))
    _, first, sizes = np.unique(units[order], return_index=True, return_counts=True)
    turn = np.empty(len(units), dtype=np.int64)
    turn[order] = np.arange(len(units)) - np.repeat(first, sizes)
    chosen: Ints = windows[np.lexsort((ticket, turn))[:count]]
    return chosen


def _entangled(cells: Sequence[Cell]) -> bool:
    """Whether some unit lies in several cells, so that what fits into each may not fit into all."""
    units = [unit for cell in cells for unit in np.unique(cell.units_W).tolist()]
    return len(set(units)) < len(units)


class EpisodeDataset(Dataset[Batch]):
    """Item k is episode k as one batch, with ``task_B`` and ``support_B``."""

    def __init__(self, windows: WindowDataset, episodes: Episodes) -> None:
        self.windows, self.episodes = windows, episodes

    def __getitem__(self, number: int) -> Batch:
        episode = self.episodes.draw(number)
        batch = self.windows[episode.positions_B.tolist()]
        return batch._replace(
            task_B=torch.from_numpy(episode.task_B),
            support_B=torch.from_numpy(episode.support_B),
        )


class EpisodeNumbers(Sampler[int]):
    """Numbers of the episodes of an epoch: the next ones in each, or with ``again`` always the first."""

    def __init__(self, count: int, *, again: bool) -> None:
        self.count, self.again = count, again
        self.epoch = 0
        self.rank, self.world_size = 0, 1

    def share(self, rank: int, world_size: int) -> None:
        """Give one of several processes its own episodes: equally many in training, each once in evaluation."""
        self.rank, self.world_size = rank, world_size

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose episodes come next."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self._mine())

    def __iter__(self) -> Iterator[int]:
        return iter(self._mine())

    def _mine(self) -> range:
        if self.again:
            return range(self.count * self.rank // self.world_size, self.count * (self.rank + 1) // self.world_size)
        each = math.ceil(self.count / self.world_size)
        first = (self.epoch * self.world_size + self.rank) * each
        return range(first, first + each)
