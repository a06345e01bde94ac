"""Logistic regression on frozen features (Tian et al. 2020, "Rethinking Few-Shot Image Classification").

Legend: S support, Q query, N classes, D features.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

from twostage.config.stage_2 import fewshot_methods as configs
from twostage.objectives.adapt.episodes.tasks import FeatureMethod

_STEPS = 500
_GRADIENT = 1e-7


class LinearProbe(FeatureMethod):
    """Multinomial regression with an L2 penalty on features of length 1; the bias is not penalised.

    Solved on the processor in double precision by L-BFGS until no gradient is above 1e-7.
    """

    def __init__(self, config: configs.LinearProbe) -> None:
        self.config = config

    def answer(self, support_SD: Tensor, class_S: Tensor, query_QD: Tensor, ways: int) -> Tensor:
        """Log-probabilities (Q, N)."""
        with torch.inference_mode(mode=False), torch.enable_grad():
            x_SD, x_QD = (normalize(x.detach().clone().cpu().double(), dim=1) for x in (support_SD, query_QD))
            weight_ND, bias_N = self._solve(x_SD, class_S.clone().cpu(), ways)
        log_QN = (x_QD @ weight_ND.T + bias_N).log_softmax(dim=1)
        return log_QN.detach().to(query_QD)

    def _solve(self, x_SD: Tensor, class_S: Tensor, ways: int) -> tuple[Tensor, Tensor]:
        weight_ND = torch.zeros(ways, x_SD.shape[1], dtype=x_SD.dtype, requires_grad=True)
        bias_N = torch.zeros(ways, dtype=x_SD.dtype, requires_grad=True)
        search = torch.optim.LBFGS(
            [weight_ND, bias_N],
            max_iter=_STEPS,
            tolerance_grad=_GRADIENT,
            tolerance_change=0.0,
            line_search_fn="strong_wolfe",
        )

        def cost() -> float:
            search.zero_grad()
            loss = cross_entropy(x_SD @ weight_ND.T + bias_N, class_S, reduction="sum")
            loss = loss + 0.5 * self.config.l2 * weight_ND.square().sum()
            torch.autograd.backward(loss)
            return float(loss.detach())

        search.step(cost)  # type: ignore[no-untyped-call]
        return weight_ND.detach(), bias_N.detach()
