"""What every objective shares: a network, optimisation as written, and losses that are logged once per epoch."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset, Sampler

from twostage.config.stage import StageConfig
from twostage.config.stage_2 import Freeze
from twostage.data.recordings import Notice, Part, Recording
from twostage.data.windowed import Batch, WindowDataset
from twostage.data.windows import WindowIndex
from twostage.models.network import Network
from twostage.objectives.answers import Answers
from twostage.objectives.optimization import make_optimizer, make_scheduler, penalty

VALIDATION_SEED = 0


class Objective(pl.LightningModule):
    """A training of ``network`` for one stage.

    A subclass says what a batch costs (``loss``). ``train/loss`` and ``validation/loss`` are means over the windows
    of an epoch.
    """

    def __init__(self, config: StageConfig, network: Network) -> None:
        super().__init__()
        self.config = config
        self.network = network
        self.told = Answers()

    @abstractmethod
    def loss(self, batch: Batch, part: Part) -> Tensor:
        """Scalar mean loss of a batch; also feeds the metrics of ``part``."""

    @property
    def pairs(self) -> bool:
        """Whether a batch holds anchors and then, for each, another window of its recording."""
        return False

    @property
    def mixed(self) -> bool:
        """Whether the loss compares classes, so that batches of the validation must mix them as in training."""
        return False

    def items(
        self,
        part: Part,  # noqa: ARG002 - the interface
        windows: WindowDataset,  # noqa: ARG002
        recordings: Sequence[Recording],  # noqa: ARG002
        *,
        seed: int,  # noqa: ARG002
    ) -> tuple[Dataset[Batch], Sampler[int]] | None:
        """What stands for the windows of a part, one item a batch, and in which order; None keeps the windows."""
        return None

    @staticmethod
    def examine(
        config: Any,  # noqa: ARG004 - the interface
        recordings: Sequence[Recording],  # noqa: ARG004
        windows: Mapping[Part, WindowIndex],  # noqa: ARG004
    ) -> tuple[Notice, ...]:
        """What is worth saying of an adaptation's windows before it trains. Raises DataError if they do not do."""
        return ()

    def rehearse(self, batch: Batch) -> None:
        """Look at a batch before it trains; its windows have no samples. Raises TrainingError if it would not do."""

    def meet(self, windows: WindowDataset) -> None:
        """See what it will be trained with, before it is."""

    def logged(self) -> frozenset[str]:
        """Names that can select a checkpoint: all that is logged in training and validation."""
        return frozenset({"train/loss", "validation/loss"})

    def metrics(self, part: Part) -> Mapping[str, Any]:  # noqa: ARG002 - the interface
        """Metrics of the epoch that just ended, by name; nested lists where a metric is a table."""
        return {}

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Parameter groups of the optimiser: all that trains, at the written learning rate."""
        return [{"params": [p for p in self.parameters() if p.requires_grad], "name": "all"}]

    def configure_optimizers(self) -> Any:
        """Optimiser and schedule as the document writes them."""
        optimizer = make_optimizer(self.parameter_groups(), self.config.optimizer)
        scheduler = make_scheduler(
            optimizer,
            self.config.scheduler,
            self.config.checkpoint,
            steps=int(self.trainer.estimated_stepping_batches),
            epochs=self.config.epochs,
            every=self.config.epochs_between,
        )
        return {"optimizer": optimizer} | ({} if scheduler is None else {"lr_scheduler": scheduler})

    def on_test_epoch_start(self) -> None:
        """Random draws of a test are the same for every variant."""
        Objective.on_validation_epoch_start(self)
        self.told.clear()

    def on_test_epoch_end(self) -> None:
        """Go on with the draws of before."""
        Objective.on_validation_epoch_end(self)

    def on_validation_epoch_start(self) -> None:
        """Random draws of a validation are the same in every epoch, and leave those of the training as they are."""
        self._draws = torch.random.fork_rng(enabled=True)
        self._draws.__enter__()
        torch.manual_seed(VALIDATION_SEED)

    def on_validation_epoch_end(self) -> None:
        """Go on with the draws of the training."""
        self._draws.__exit__(None, None, None)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:  # noqa: ARG002 - Lightning's signature
        """Loss of a training batch, and the penalties on what trains."""
        loss, written = self._logged_loss(batch, "train"), self.config.regularization
        if not written.acts:
            return loss
        extra = penalty([p for p in self.parameters() if p.requires_grad], written)
        size = len(batch.x_BLC)
        self.log("train/regularization", extra.detach(), on_step=False, on_epoch=True, batch_size=size, sync_dist=True)
        return loss + extra

    def validation_step(self, batch: Batch, batch_idx: int) -> None:  # noqa: ARG002
        """Loss and metrics of a validation batch."""
        self._logged_loss(batch, "validation")

    def test_step(self, batch: Batch, batch_idx: int) -> None:  # noqa: ARG002
        """Loss and metrics of a test batch."""
        self._logged_loss(batch, "test")

    def _logged_loss(self, batch: Batch, part: Part) -> Tensor:
        loss = self.loss(batch, part)
        self.log(f"{part}/loss", loss, on_step=False, on_epoch=True, batch_size=len(batch.x_BLC), sync_dist=True)
        return loss


def freeze(module: nn.Module) -> None:
    """Keep a part as it is: no gradients, no dropout, and running statistics that stand still."""
    module.requires_grad_(requires_grad=False)
    module.eval()


def frozen_parts(network: Network, written: Freeze) -> list[nn.Module]:
    """Parts of the encoder that the document keeps as they are: embedding, backbone, or the prompts alone.

    A frozen prompt stays what stage 1 has made of it. The prompt of a system that stage 1 has not seen stays the small
    random vector that it was initialised as, so that tokens of that system are all shifted alike, and nothing is known
    of it.
    """
    chosen = (
        (network.embedding, written.embedding),
        (network.embedding.prompt, written.prompt and not written.embedding),
        (network.backbone, written.backbone),
    )
    return [part for part, kept in chosen if kept and part is not None]
