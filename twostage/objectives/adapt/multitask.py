"""Several tasks in one model: one encoder, a head for each task, and the weighted sum of their losses.

Legend: B batch, L length, C channels, P patches, D features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from twostage.components import build, implementation_of
from twostage.config.model import ModelConfig
from twostage.config.stage_2 import MultitaskConfig
from twostage.config.stage_2.multitask import GradientBalance as Balanced
from twostage.data.recordings import Notice, Part, Recording
from twostage.data.targets import Targets
from twostage.data.windowed import Batch, WindowDataset
from twostage.data.windows import WindowIndex
from twostage.errors import TrainingError
from twostage.models.heads.multitask import WITHOUT_TRUNK, MultitaskHead
from twostage.models.network import Network
from twostage.objectives.adapt.balance import GradientBalance, gradient_norms, last_shared
from twostage.objectives.adapt.encoder import EncoderObjective
from twostage.objectives.adapt.monitors import refuse_blind_monitor
from twostage.objectives.adapt.tasks.base import Task
from twostage.objectives.class_weights import refuse_misfit_weights


class Multitask(EncoderObjective):
    """Trains the tasks of ``targets``. ``classes`` maps a system to its number of classes, where any are asked for.

    The loss of a batch is the sum over tasks of weight times mean over the windows that have the task's target. Losses
    of validation and test have the means over all windows of the epoch in their place, whatever batches they came in.
    """

    def __init__(
        self, config: MultitaskConfig, network: Network, *, targets: Targets, classes: Mapping[int, int] | None = None
    ) -> None:
        super().__init__(config, network)
        written = config.tasks.written
        made: dict[str, nn.Module] = {
            name: build(written[name], targets=targets, classes=classes or {}) for name in targets.tasks
        }
        self._tasks = nn.ModuleDict(made)
        learnt = targets.tasks if config.weighting == "uncertainty" else ()
        self.log_variance = nn.ParameterDict({name: nn.Parameter(torch.zeros(1)) for name in learnt})
        self.balance = _balance(config, self.tasks)

    @staticmethod
    def head(
        config: MultitaskConfig, model: ModelConfig, *, targets: Targets, classes: Mapping[int, int] | None = None
    ) -> MultitaskHead:
        """The heads of the tasks that train."""
        written = {name: config.tasks.written[name] for name in targets.tasks}
        trunk = None if config.trunk is None else build(config.trunk, dim=model.dim)
        above = model.dim if config.trunk is None else config.trunk.hidden
        about: dict[str, Any] = {"targets": targets, "classes": classes or {}}
        heads: dict[str, nn.Module] = {
            name: implementation_of(task).head(task, model, dim=model.dim if name in WITHOUT_TRUNK else above, **about)
            for name, task in written.items()
        }
        return MultitaskHead(heads, trunk)

    @staticmethod
    def examine(
        config: MultitaskConfig, recordings: Sequence[Recording], windows: Mapping[Part, WindowIndex]
    ) -> tuple[Notice, ...]:
        """Nothing to say. Raises DataError where class weights do not fit, or the monitor would be undefined."""
        if (task := config.tasks.classification) is not None:
            refuse_misfit_weights(task.class_weights, recordings, shared=task.head.share == "shared")
        refuse_blind_monitor(config.checkpoint.monitor, recordings, windows["validation"])
        return ()

    @property
    def tasks(self) -> dict[str, Task]:
        """The tasks that train, by name."""
        return {name: cast("Task", task) for name, task in self._tasks.items()}

    def meet(self, windows: WindowDataset) -> None:
        """Let each task see what it will be trained with."""
        for task in self.tasks.values():
            task.meet(windows)

    def logged(self) -> frozenset[str]:
        """Losses in all and of each task, and each task's metrics overall and per system."""
        names = {f"validation/{name}" for task in self.tasks.values() for name in task.logged()}
        return super().logged() | names | {f"train/{name}/loss" for name in self.tasks}

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Those of the network, and the learnt weights of the tasks, which no decay pulls back."""
        learnt = list(self.log_variance.values())
        group = {"params": learnt, "lr": self.config.optimizer.lr, "weight_decay": 0.0, "name": "weighting"}
        return super().parameter_groups() + ([group] if learnt else [])

    def loss(self, batch: Batch, part: Part) -> Tensor:
        """Weighted sum of the tasks' losses. Raises TrainingError where no window has a target of any task."""
        batch, seen = self.spoiled(batch, part)
        answers = self.answers(seen)
        costs = {
            name: cost for name, task in self.tasks.items() if (cost := task(answers[name], batch, part)) is not None
        }
        if part == "test":
            told = {"recording": batch.recording_B, "system": batch.system_B}
            for name, task in self.tasks.items():
                told |= task.told(answers[name], batch)
            self.told.add(told)
        if not costs:
            raise TrainingError(
                f"no window of a {part} batch has a target of any task ({', '.join(self.tasks)}), so it has no loss"
            )
        if part == "train" and self.balance is not None:
            self._keep_pace(self.balance, costs)
        return torch.stack([self._weighed(name, cost, part) for name, cost in costs.items()]).sum()

    def answers(self, batch: Batch) -> dict[str, Tensor]:
        """The answer of each task.

        A task that forecasts must not see what it forecasts, so the encoder gets such windows twice, in one pass: their
        statistics are then the same in training and in evaluation.
        """
        hidden = sorted({task.hidden for task in self.tasks.values()})
        x_BLC = torch.cat([_without_end(batch.x_BLC, samples) for samples in hidden])
        rate_B, system_B = (column.repeat(len(hidden)) for column in (batch.sample_rate_B, batch.system_B))
        domain_B = None if batch.domain_B is None else batch.domain_B.repeat(len(hidden))
        tokens_BPD = self.network.encode(x_BLC, rate_B, system_B=system_B, domain_B=domain_B)
        seen = dict(zip(hidden, tokens_BPD.chunk(len(hidden)), strict=True))
        head = cast("MultitaskHead", self.network.head)
        return {name: head.answer(name, seen[task.hidden], batch.system_B) for name, task in self.tasks.items()}

    def metrics(self, part: Part) -> Mapping[str, Any]:
        """The metrics of every task."""
        return {name: value for task in self.tasks.values() for name, value in task.metrics(part).items()}

    def on_train_epoch_start(self) -> None:
        """Each epoch counts its own windows alone."""
        super().on_train_epoch_start()
        self._begin("train")

    def on_train_epoch_end(self) -> None:
        """Log what each task has cost."""
        self.log_dict({f"train/{name}/loss": task.epochs["train"].cost for name, task in self._asked("train").items()})
        if self.balance is not None:
            self.log_dict({f"train/{name}/weight": self.balance.weight(name) for name in self.tasks})

    def on_validation_epoch_start(self) -> None:
        """As in training."""
        super().on_validation_epoch_start()
        self._begin("validation")

    def on_validation_epoch_end(self) -> None:
        """Log the losses and every scalar metric, overall and per system."""
        super().on_validation_epoch_end()
        self._log_epoch("validation")

    def on_test_epoch_start(self) -> None:
        """As in training."""
        super().on_test_epoch_start()
        self._begin("test")

    def on_test_epoch_end(self) -> None:
        """Log the loss."""
        super().on_test_epoch_end()
        self._log_epoch("test")

    def _logged_loss(self, batch: Batch, part: Part) -> Tensor:
        """Where nothing trains, the epoch's loss is logged at its end, over all windows."""
        return super()._logged_loss(batch, part) if part == "train" else self.loss(batch, part)

    def _begin(self, part: Part) -> None:
        for task in self.tasks.values():
            task.begin(part)

    def _asked(self, part: Part) -> dict[str, Task]:
        """The tasks of which some window of the epoch has had a target."""
        return {name: task for name, task in self.tasks.items() if task.epochs[part].windows}

    def _log_epoch(self, part: Part) -> None:
        total = sum(task.weight * task.epochs[part].cost for task in self._asked(part).values())
        chosen = frozenset().union(*(task.logged() for task in self.tasks.values()))
        scalars = {f"{part}/{name}": value for name, value in self.metrics(part).items() if name in chosen}
        self.log_dict({f"{part}/loss": total, **scalars})

    def _keep_pace(self, balance: GradientBalance, costs: Mapping[str, Tensor]) -> None:
        """Move the weights by the gradients of the last layer of the encoder that trains."""
        shared = last_shared([self.network.backbone, self.network.embedding])
        if shared:  # none where the whole encoder waits
            balance.step({name: float(cost.detach()) for name, cost in costs.items()}, gradient_norms(costs, shared))

    def _weighed(self, name: str, cost: Tensor, part: Part) -> Tensor:
        """The written weight times the loss; in training also the learnt one (Kendall, Gal and Cipolla 2018)."""
        task = self.tasks[name]
        if part == "train" and self.balance is not None:
            return self.balance.weight(name) * cost
        if part != "train" or name not in self.log_variance:
            return task.weight * cost
        log_variance: Tensor = self.log_variance[name][0]  # one place: a tensor without any has no pieces
        return task.weight * (task.likelihood * (-log_variance).exp() * cost + log_variance / 2)


def _balance(config: MultitaskConfig, tasks: Mapping[str, Task]) -> GradientBalance | None:
    """Weights that move; None where they stay, or where there is nothing to keep pace with."""
    if config.weighting != "gradient_balanced" or len(tasks) == 1:
        return None
    written = config.gradient_balance or Balanced()
    weights = {name: task.weight for name, task in tasks.items()}
    return GradientBalance(weights, asymmetry=written.asymmetry, lr=written.lr)


def _without_end(x_BLC: Tensor, samples: int) -> Tensor:
    """Windows whose last samples are 0, in every channel."""
    if samples == 0:
        return x_BLC
    ending_L = torch.arange(x_BLC.shape[1], device=x_BLC.device) >= x_BLC.shape[1] - samples
    return x_BLC.masked_fill(ending_L[:, None], 0.0)
