"""Few-shot adaptation: episodes of a support and a query that share no bearing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import nll_loss
from torch.utils.data import Dataset, Sampler

from twostage.components import build
from twostage.config.model import ModelConfig
from twostage.config.stage_2.fewshot import FewshotConfig
from twostage.config.stage_2.fewshot_methods import EpisodeFinetune
from twostage.data.episodes import EpisodeDataset, EpisodeNumbers, Episodes
from twostage.data.recordings import PARTS, Notice, Part, Recording
from twostage.data.windowed import Batch, WindowDataset
from twostage.data.windows import WindowIndex
from twostage.models.network import Network
from twostage.objectives.adapt.episodes.scores import SCALARS, EpisodeScores, score
from twostage.objectives.adapt.episodes.tasks import Answer, MeanTokens, Task, tasks_of
from twostage.objectives.base import Objective, freeze, frozen_parts

_SHARED = {
    "recording": "recordings of the same bearing",
    "window": "windows of the same recording",
}


class Fewshot(Objective):
    """Negative log-likelihood of the queries of an episode. ``classes`` maps a system to its number of classes."""

    def __init__(self, config: FewshotConfig, network: Network, *, classes: Mapping[int, int]) -> None:
        super().__init__(config, network)
        self.adaptation = config
        self.systems = tuple(classes)
        self.method: Answer = build(config.method)
        self.scores = {"validation": EpisodeScores(), "test": EpisodeScores()}
        for part in self.frozen:
            freeze(part)

    @staticmethod
    def head(config: FewshotConfig, model: ModelConfig, *, classes: Mapping[int, int]) -> nn.Module:  # noqa: ARG004
        """Classes change with each episode, so no head stays: only the mean over tokens."""
        return MeanTokens()

    @staticmethod
    def examine(
        config: FewshotConfig, recordings: Sequence[Recording], windows: Mapping[Part, WindowIndex]
    ) -> tuple[Notice, ...]:
        """Notices on the episodes of each part. Raises DataError where some cannot be drawn."""
        notices = [*_shared_units(config), *_idle_training(config, windows)]
        for part in PARTS:
            if len(windows[part]) and (part != "train" or config.trains):
                notices += Episodes(recordings, windows[part], config, max(config.shots), part).notices
        return tuple(notices)

    @property
    def frozen(self) -> list[nn.Module]:
        """Parts of the encoder that keep their weights and running statistics."""
        if self.adaptation.trains or isinstance(self.adaptation.method, EpisodeFinetune):
            return frozen_parts(self.network, self.adaptation.freeze)
        return [self.network.embedding, self.network.backbone]

    def train(self, mode: bool = True) -> Self:  # noqa: FBT001, FBT002 - the signature of torch
        """Train mode for all but the frozen parts."""
        super().train(mode)
        for part in self.frozen:
            part.eval()
        return self

    def items(
        self, part: Part, windows: WindowDataset, recordings: Sequence[Recording], *, seed: int
    ) -> tuple[Dataset[Batch], Sampler[int]]:
        """Fresh episodes in each training epoch; the same ones in each validation, and in the test of each variant."""
        config = self.adaptation
        episodes = Episodes(recordings, windows.index, config, config.shots_of_stage, part, seed)
        training = part == "train"
        count = config.episodes_per_epoch if training else config.episodes
        return EpisodeDataset(windows, episodes), EpisodeNumbers(count, again=not training)

    def logged(self) -> frozenset[str]:
        """Losses, and each metric overall and per system."""
        scalars = {f"validation/{name}" for name in SCALARS}
        return super().logged() | scalars | {f"{name}/{system}" for name in scalars for system in self.systems}

    def loss(self, batch: Batch, part: Part) -> Tensor:
        """Mean over the tasks of an episode of the mean over their queries; 0-dimensional."""
        tasks, answers = tasks_of(batch), self.method(self.network, batch)
        if part != "train":
            pairs = zip(tasks, answers, strict=True)
            self.scores[part].update([score(task, answer_QN.detach()) for task, answer_QN in pairs])
        if part == "test":
            self._tell(batch, tasks, answers)
        return torch.stack([nll_loss(a_QN, task.class_Q) for a_QN, task in zip(answers, tasks, strict=True)]).mean()

    def _tell(self, batch: Batch, tasks: Sequence[Task], answers: Sequence[Tensor]) -> None:
        """The queries of an episode, with labels of classes as the system counts them."""
        query_Q = torch.cat([task.query_Q for task in tasks])
        labels = [torch.unique(batch.label_B[task.support_S]) for task in tasks]
        answered_Q = torch.cat([mine_N[each.argmax(dim=1)] for mine_N, each in zip(labels, answers, strict=True)])
        assert batch.task_B is not None  # noqa: S101 - every batch of this objective is an episode
        columns = {
            "task": batch.task_B,
            "recording": batch.recording_B,
            "system": batch.system_B,
            "class": batch.label_B,
        }
        self.told.add({name: column_B[query_Q] for name, column_B in columns.items()} | {"answered": answered_Q})

    def metrics(self, part: Part) -> Mapping[str, Any]:
        """Accuracy and macro-F1 with confidence intervals, overall and per system."""
        return self.scores[part].compute()

    def on_validation_epoch_start(self) -> None:
        """Each epoch counts its own episodes alone."""
        super().on_validation_epoch_start()
        self.scores["validation"].reset()

    def on_validation_epoch_end(self) -> None:
        """Log the metrics, overall and per system."""
        super().on_validation_epoch_end()
        scalars = {name: value for name, value in self.metrics("validation").items() if name.split("/")[0] in SCALARS}
        self.log_dict({f"validation/{name}": value for name, value in scalars.items()})

    def on_test_epoch_start(self) -> None:
        """The test counts its own episodes alone."""
        super().on_test_epoch_start()
        self.scores["test"].reset()


def _shared_units(config: FewshotConfig) -> list[Notice]:
    if config.support_unit == "bearing":
        return []
    text = (
        f"support and query of an episode may be {_SHARED[config.support_unit]} (support_unit: {config.support_unit}): "
        "the results tell how well a bearing is recognised again, and not how well a fault is found in another one"
    )
    return [Notice("same-bearings", text)]


def _idle_training(config: FewshotConfig, windows: Mapping[Part, WindowIndex]) -> list[Notice]:
    if config.trains:
        return []
    idle = f"{len(windows['train'])} windows lie in the training part of stage 2, which nothing reads: no episode "
    return [Notice("train-idle", f"{idle}trains the encoder; a stage_2.split may use them for the test")]
