"""Accuracy and macro-F1 over episodes, with confidence intervals.

Legend: Q query, N classes, E episodes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import torch
from scipy.stats import t as student
from torch import Tensor

from twostage.config.stage_2.measures import EPISODES
from twostage.objectives.adapt.episodes.tasks import Task
from twostage.objectives.ranks import everywhere

SCALARS = EPISODES
_CONFIDENCE = 0.95


@dataclass(frozen=True)
class TaskScore:
    """How one task was answered; ``values`` are accuracy and macro-F1."""

    system: int
    ways: int
    queries: int
    values: Tensor


def score(task: Task, log_probability_QN: Tensor) -> TaskScore:
    """Accuracy, and the mean over the classes of the task of their F1."""
    answer_Q = log_probability_QN.argmax(dim=1)
    ways = task.ways
    confusion = torch.bincount(task.class_Q * ways + answer_Q, minlength=ways * ways).reshape(ways, ways).double()
    right_N = confusion.diag()
    f1_N = 2 * right_N / (confusion.sum(dim=0) + confusion.sum(dim=1))
    values = torch.stack([right_N.sum() / confusion.sum(), f1_N.mean()])
    return TaskScore(task.system, ways, len(answer_Q), values)


def half_width(values: Sequence[float]) -> float:
    """Half the 95 % confidence interval of the mean of at least two values, by Student's t."""
    values_E = torch.tensor(values, dtype=torch.float64)
    quantile = float(student.ppf((1 + _CONFIDENCE) / 2, len(values) - 1))
    return quantile * float(values_E.std()) / math.sqrt(len(values))


class EpisodeScores:
    """The scores of the episodes of one validation or test."""

    def __init__(self) -> None:
        self._episodes: list[list[TaskScore]] = []

    def reset(self) -> None:
        """Forget all episodes."""
        self._episodes.clear()

    def update(self, episode: list[TaskScore]) -> None:
        """Add an episode."""
        self._episodes.append(episode)

    def compute(self) -> dict[str, float]:
        """Each scalar by ``name`` (mean over tasks, then over episodes) and ``name/system``; see ``docs/fewshot.md``.

        ``name_ci95`` is half the width of the interval, where there are two episodes. ``windows`` counts answers.
        """
        episodes = everywhere(self._episodes)
        found = _summary(episodes)
        for system in sorted({task.system for episode in episodes for task in episode}):
            mine = [[task for task in episode if task.system == system] for episode in episodes]
            tasks = [task for episode in mine for task in episode]
            found |= {f"{name}/{system}": value for name, value in _summary([m for m in mine if m]).items()}
            found[f"windows/{system}"] = sum(task.queries for task in tasks)
            found[f"majority/{system}"] = fmean(1 / task.ways for task in tasks)
        return found


def _summary(episodes: Sequence[list[TaskScore]]) -> dict[str, float]:
    means = [torch.stack([task.values for task in episode]).mean(dim=0) for episode in episodes]
    columns = torch.stack(means).T.tolist()
    found: dict[str, float] = {"episodes": len(episodes)}
    for name, values in zip(SCALARS, columns, strict=True):
        found[name] = fmean(values)
        if len(values) > 1:
            found[f"{name}_ci95"] = half_width(values)
    return found
