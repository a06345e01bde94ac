"""The first step of a training is looked at: what should train has changed, what is frozen has not."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from twostage.engine.training.pieces import whole
from twostage.errors import TrainingError

NETWORK = "network."
NAMED = 6
ROUNDING = 1e-6
# Parts that only answer for some windows, such as the head of one system: a batch may hold none of them.
_SELECTIVE = re.compile(r"^network\.(head|embedding\.prompt)\.|^(?!network\.)")


class ParameterCheck(pl.Callback):
    """Stops a training in which a tensor that should train does not, or a frozen one does.

    After the first optimiser step each trained tensor must have had a gradient and another value, and each frozen one,
    running statistics included, the same value. Until the end of the first epoch there is time for what a batch may
    leave out (heads, prompts, tensors of the objective), and for steps that are too small to be seen alone. What is
    unfrozen later is looked at then. A step whose gradient is not finite does not count: mixed precision skips it.
    Rounding may swallow the steps of a few tensors; where it does so with most of them, the rate is too small.
    """

    def __init__(self, stage: str) -> None:
        self.stage = stage
        self._looked_at: frozenset[str] | None = None
        self._before: dict[str, Tensor] = {}
        self._unreached: set[str] = set()
        self._unmoved: dict[str, Tensor] = {}
        self._gradients: dict[str, float] | None = None
        self._visible: frozenset[str] = frozenset()

    def on_train_batch_start(
        self,
        trainer: pl.Trainer,  # noqa: ARG002 - Lightning's signature
        pl_module: pl.LightningModule,
        batch: Any,  # noqa: ARG002
        batch_idx: int,
    ) -> None:
        """Remember all tensors, where others train than those that were looked at."""
        trained = frozenset(_trained(pl_module))
        if batch_idx == 0 and trained != self._looked_at and not self._before:
            self._before = {name: _now(tensor).clone() for name, tensor in _watched(pl_module).items()}

    def on_before_optimizer_step(
        self,
        trainer: pl.Trainer,  # noqa: ARG002
        pl_module: pl.LightningModule,
        optimizer: Optimizer,
    ) -> None:
        """Note the largest gradient of each tensor that the step should change."""
        if not self._before and not self._unreached and not self._unmoved:
            return
        trained = _trained(pl_module)
        found = {name: whole(p.grad) for name, p in trained.items() if p.grad is not None}
        if not all(bool(gradient.isfinite().all()) for gradient in found.values()):
            return
        rates = {id(p): float(group["lr"]) for group in optimizer.param_groups for p in group["params"]}
        self._refuse([name for name, p in trained.items() if id(p) not in rates], "were not given to the optimiser")
        if self._before:
            self._visible = frozenset(
                name for name, gradient in found.items() if _changes(trained[name], gradient, rates[id(trained[name])])
            )
        chosen = trained if self._before else self._unreached
        largest = {name: float(gradient.abs().max()) for name, gradient in found.items() if name in chosen}
        self._gradients = {name: gradient for name, gradient in largest.items() if gradient > 0.0}

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,  # noqa: ARG002
        pl_module: pl.LightningModule,
        outputs: Tensor | Mapping[str, Any] | None,  # noqa: ARG002
        batch: Any,  # noqa: ARG002
        batch_idx: int,  # noqa: ARG002
    ) -> None:
        """After a step, compare."""
        if self._gradients is None:
            return
        if self._before:
            self._compare(pl_module, self._gradients)
        now = dict(pl_module.named_parameters())
        self._unmoved = {
            name: old for name, old in self._unmoved.items() if torch.equal(old, whole(now[name].detach()))
        }
        self._unreached -= self._gradients.keys()
        self._gradients = None

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """By now a batch must have needed each tensor, and some step must have changed it."""
        if not self._before:
            self._refuse(self._unreached, "should train, but no gradient reached them in the first epoch")
            most = 2 * len(self._unmoved) > len(_trained(pl_module))
            lost = self._unmoved.keys() if most else self._unmoved.keys() & self._visible
            self._refuse(lost, "should train, but the first epoch has not changed them")

    def _compare(self, module: pl.LightningModule, gradients: Mapping[str, float]) -> None:
        now: dict[str, Tensor] = {**dict(module.named_parameters()), **dict(module.named_buffers())}
        before, trained = self._before, _trained(module)
        same = {name for name, tensor in before.items() if torch.equal(tensor, _now(now[name]))}
        frozen = [name for name in before if name not in trained and name not in same]
        self._refuse(frozen, "are frozen, but the first step has changed them")
        still = gradients.keys() & same
        self._refuse(
            still if still == gradients.keys() else (), "should train, but the first step has not changed them"
        )
        self._unreached = set(trained) - gradients.keys()
        lost = [name for name in self._unreached if not _SELECTIVE.match(name) and trained[name].grad is None]
        self._refuse(lost, "should train, but no gradient reached them in the first step")
        # A gradient that is zero but for rounding, as of a bias before a norm, need not change anything.
        least = ROUNDING * max(gradients.values(), default=0.0)
        self._unmoved = {name: before[name] for name in still if gradients[name] > least}
        self._looked_at, self._before = frozenset(trained), {}

    def _refuse(self, names: Collection[str], what: str) -> None:
        if not names:
            return
        listed = sorted(name.removeprefix(NETWORK) for name in names)
        more = f" and {len(listed) - NAMED} more" if len(listed) > NAMED else ""
        raise TrainingError(
            f"{self.stage}: {', '.join(listed[:NAMED])}{more} {what}. If the objective is one of yours, see that its "
            "loss depends on them and that nothing cuts their gradients off; otherwise this is a mistake of twostage"
        )


def _now(tensor: Tensor) -> Tensor:
    """All of a tensor as it is now, also where other processes have pieces of it."""
    return whole(tensor.detach())


def _trained(module: nn.Module) -> dict[str, nn.Parameter]:
    return {name: parameter for name, parameter in module.named_parameters() if parameter.requires_grad}


def _changes(parameter: nn.Parameter, gradient: Tensor, rate: float) -> bool:
    """Whether a plain step along the gradient is larger than what rounding swallows."""
    least = torch.finfo(parameter.dtype).eps * _now(parameter).abs()
    return bool((rate * gradient.abs() > least).any())


def _watched(module: nn.Module) -> dict[str, Tensor]:
    """What trains; and of the network what is frozen, with the running statistics of parts that stand still."""
    found: dict[str, Tensor] = {
        name: p for name, p in module.named_parameters() if p.requires_grad or name.startswith(NETWORK)
    }
    for place, part in module.named_modules():
        if not part.training and f"{place}.".startswith(NETWORK):
            found |= {f"{place}.{name}": buffer for name, buffer in part.named_buffers(recurse=False)}
    return found
