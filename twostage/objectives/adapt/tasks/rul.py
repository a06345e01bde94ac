"""How much life remains.

Legend: B batch, N windows of the batch whose remaining life is known.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import mse_loss

from twostage.config.model import ModelConfig
from twostage.config.stage_2 import tasks as configs
from twostage.data.targets import Targets
from twostage.data.windowed import Batch
from twostage.models.heads.rul import RulHead
from twostage.objectives.adapt.tasks.base import Columns, Task

# Saxena et al. 2008: an early estimate is punished less than a late one.
EARLY, LATE = 13.0, 10.0
# Beyond it the score says nothing more, and its exponential would leave the numbers that a computer has.
MOST_EXPONENT = 600.0


class RulPrediction(Task):
    """Squared error of the remaining life in multiples of the scale; metrics are in the table's unit."""

    name = "rul_prediction"
    scalars = ("rmse", "mae", "phm_score")
    likelihood = 0.5

    def __init__(self, config: configs.RulPrediction, *, targets: Targets, classes: Mapping[int, int]) -> None:
        super().__init__(config, targets=targets, classes=classes)
        self.scale = targets.rul_scale

    @staticmethod
    def head(
        config: configs.RulPrediction,  # noqa: ARG004 - the interface
        model: ModelConfig,
        *,
        targets: Targets,  # noqa: ARG004
        classes: Mapping[int, int],  # noqa: ARG004
    ) -> RulHead:
        """One number for each window."""
        return RulHead(dim=model.dim)

    def target(self, batch: Batch) -> Tensor:
        """Remaining life in multiples of the scale (B,)."""
        assert batch.rul_B is not None  # noqa: S101 - the data of this objective have it
        return batch.rul_B / self.scale

    def known(self, batch: Batch) -> Tensor:
        """Windows of recordings whose remaining life is known."""
        return ~self.target(batch).isnan()

    def cost(self, answer: Tensor, target: Tensor) -> Tensor:
        """Mean squared error."""
        return mse_loss(answer, target)

    def columns(self, answer: Tensor, target: Tensor) -> Columns:
        """How much more life is predicted than remains, in the table's unit."""
        return {"late": (answer - target) * self.scale}

    def scores(self, columns: Columns) -> dict[str, float]:
        """Root mean square and mean of the absolute error, and the asymmetric score, all over windows."""
        late_N = columns["late"]
        return {
            "rmse": float(late_N.square().mean().sqrt()),
            "mae": float(late_N.abs().mean()),
            "phm_score": float(phm_score(late_N)),
        }


def phm_score(late_N: Tensor) -> Tensor:
    """Mean asymmetric score of errors ``estimate - truth``; 0 is perfect.

    ``exp(-d / 13) - 1`` for an early estimate, ``exp(d / 10) - 1`` for a late one (Saxena et al. 2008, "Damage
    propagation modeling for aircraft engine run-to-failure simulation"). There it is the sum over units; the mean does
    not grow with the number of windows. Exponents end at 600.
    """
    exponent_N = torch.where(late_N < 0, -late_N / EARLY, late_N / LATE).clamp(max=MOST_EXPONENT)
    return exponent_N.expm1().mean()
