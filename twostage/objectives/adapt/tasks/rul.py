"""How much life remains.

Legend: B batch, N windows of the batch whose remaining life is known.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn
from torch.nn.functional import mse_loss

from twostage.components import build
from twostage.config.model import ModelConfig
from twostage.config.stage_2 import tasks as configs
from twostage.config.stage_2.measures import TASKS
from twostage.data.targets import Targets
from twostage.data.windowed import Batch
from twostage.objectives.adapt.tasks.base import Columns, Task
from twostage.objectives.adapt.tasks.life_scores import nasa_score, phm2012_score, r2


class RulPrediction(Task):
    """Squared error of the remaining life in multiples of the scale; metrics are in the table's unit."""

    name = "rul_prediction"
    scalars = TASKS["rul_prediction"]
    likelihood = 0.5

    def __init__(self, config: configs.RulPrediction, *, targets: Targets, classes: Mapping[int, int]) -> None:
        super().__init__(config, targets=targets, classes=classes)
        self.scale = targets.rul_scale

    @staticmethod
    def head(
        config: configs.RulPrediction,
        model: ModelConfig,  # noqa: ARG004 - the interface
        *,
        dim: int,
        targets: Targets,  # noqa: ARG004
        classes: Mapping[int, int],  # noqa: ARG004
    ) -> nn.Module:
        """One number for each window."""
        head: nn.Module = build(config.head, dim=dim)
        return head

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
        """What remains and how much more is predicted, in the table's unit."""
        return {"life": target * self.scale, "late": (answer - target) * self.scale}

    def told(self, answer: Tensor, batch: Batch) -> Columns:
        """Remaining life in the table's unit."""
        return {"life": self.target(batch) * self.scale, "life_answered": answer.float() * self.scale}

    def scores(self, columns: Columns) -> dict[str, float]:
        """Errors and scores over windows; those that are undefined are left out."""
        life_N, late_N = columns["life"], columns["late"]
        found = {
            "rmse": late_N.square().mean().sqrt(),
            "mae": late_N.abs().mean(),
            "r2": r2(life_N, late_N),
            "nasa_score": nasa_score(late_N),
            "nasa_score_mean": nasa_score(late_N) / len(late_N),
            "phm2012_score": phm2012_score(life_N, late_N),
        }
        return {name: float(value) for name, value in found.items() if not value.isnan()}
