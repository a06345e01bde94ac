"""Weights of tasks that keep the gradients of a shared layer in balance.

Chen et al. 2018, "GradNorm: Gradient normalization for adaptive loss balancing in deep multitask networks".

Legend: T tasks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

LEAST = 1e-3  # of the mean weight, so that no task is switched off for good


class GradientBalance(nn.Module):
    """A weight for each task, in the order of ``tasks``; their sum stays that of the written ones.

    After a step the weighted gradient of task i has the norm ``weight_i * norm_i``. It should be the mean of these over
    tasks times ``pace_i ** asymmetry``: the loss of i in multiples of its first one, in multiples of the mean over
    tasks (eqs. 1 and 2, with that target held constant). Weights go against the gradient of the summed differences.
    """

    weight_T: Tensor
    first_T: Tensor

    def __init__(self, tasks: Mapping[str, float], *, asymmetry: float, lr: float) -> None:
        super().__init__()
        self.tasks = tuple(tasks)
        self.asymmetry, self.lr = asymmetry, lr
        self.register_buffer("weight_T", torch.tensor(list(tasks.values()), dtype=torch.float64))
        self.register_buffer("first_T", torch.full((len(tasks),), torch.nan, dtype=torch.float64))

    def weight(self, task: str) -> float:
        """The weight of a task now."""
        return float(self.weight_T[self.tasks.index(task)])

    @torch.no_grad()
    def step(self, losses: Mapping[str, float], norms: Mapping[str, float]) -> None:
        """Move the weights of the tasks that have a loss in a batch; one task alone has nothing to keep pace with."""
        at = [self.tasks.index(name) for name in losses]
        loss_T = torch.tensor(list(losses.values()), dtype=torch.float64)
        norm_T = torch.tensor([norms[name] for name in losses], dtype=torch.float64)
        places = torch.tensor(at)
        first_T, weight_T = self.first_T.cpu(), self.weight_T.cpu()
        first_T[places] = torch.where(first_T[places].isnan(), loss_T, first_T[places])
        if len(at) > 1:
            held, total = weight_T[places], weight_T.sum()
            ratio_T = loss_T / first_T[places].clamp(min=torch.finfo(torch.float64).tiny)
            pace_T = (ratio_T / ratio_T.mean()) ** self.asymmetry
            difference_T = held * norm_T - (held * norm_T).mean() * pace_T
            moved_T = held - self.lr * difference_T.sign() * norm_T
            weight_T[places] = moved_T.clamp(min=LEAST * float(total) / len(self.tasks))
            weight_T *= total / weight_T.sum()
        self.first_T.copy_(first_T)
        self.weight_T.copy_(weight_T)


def gradient_norms(losses: Mapping[str, Tensor], shared: Sequence[nn.Parameter]) -> dict[str, float]:
    """The norm of each loss's gradient with respect to the shared parameters; graphs stay."""
    found: dict[str, float] = {}
    for name, loss in losses.items():
        gradients = torch.autograd.grad(loss, shared, retain_graph=True, allow_unused=True)
        squares = [gradient.double().square().sum() for gradient in gradients if gradient is not None]
        found[name] = float(torch.stack(squares).sum().sqrt()) if squares else 0.0
    return found


def last_shared(encoder_parts: Sequence[nn.Module]) -> list[nn.Parameter]:
    """The trained parameters of the last layer that all tasks share: of the last module that has some."""
    for part in encoder_parts:
        for module in reversed(list(part.modules())):
            trained = [p for p in module.parameters(recurse=False) if p.requires_grad]
            if trained:
                return trained
    return []
