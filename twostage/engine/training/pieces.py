"""The weights of one training in pieces, one on each of its processes (fsdp)."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from lightning.pytorch.core.optimizer import LightningOptimizer
from lightning.pytorch.strategies import DDPStrategy
from torch import Tensor, distributed
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.optim import Optimizer

from twostage.objectives.base import Objective


class InPieces(DDPStrategy):
    """Lightning's data parallel training, with ``fully_shard`` of torch in the place of the wrapper.

    Weights, gradients and the state of the optimiser lie in pieces; for a step each process gathers the weights whole.
    While it validates they stay whole, because processes may have different numbers of batches. Checkpoints are those
    of a training in one process. Lightning's own strategies for this are not taken: FSDPStrategy needs GPUs, and
    ModelParallelStrategy keeps statistics over batches apart and leaves the weights in pieces for the evaluation.
    """

    def configure_ddp(self) -> None:
        """Spread the weights; whoever fits a module has made a copy for it, see ``apart``."""
        assert self.model is not None  # noqa: S101 - Lightning has connected it
        mesh = init_device_mesh(self.root_device.type, (self.world_size,))
        fully_shard(self.model, mesh=mesh, reshard_after_forward=False)

    def training_step(self, *args: Any, **kwargs: Any) -> Any:
        """A step through ``forward``, which gathers the weights."""
        module = self.lightning_module
        assert module is not None  # noqa: S101 - as above
        with self.precision_plugin.train_step_context():
            loss = self._forward_redirection(module, module, "training_step", *args, **kwargs)
        assert isinstance(loss, Tensor)  # noqa: S101 - what objectives answer
        return touched(loss, [p for p in module.parameters() if p.requires_grad])

    @contextmanager
    def block_backward_sync(self) -> Iterator[None]:
        """Of several batches of one step the gradients are summed here, and over processes with the last of them."""
        spread = _spread(self.model)
        assert spread is not None  # noqa: S101 - it is asked for in a fit
        spread.set_requires_gradient_sync(requires_gradient_sync=False)
        yield
        spread.set_requires_gradient_sync(requires_gradient_sync=True)

    def on_validation_start(self) -> None:
        """Gather the weights once."""
        if (spread := _spread(self.model)) is not None:
            spread.unshard()

    def on_validation_end(self) -> None:
        """Let go of what belongs to others."""
        if (spread := _spread(self.model)) is not None:
            spread.reshard()

    def lightning_module_state_dict(self) -> dict[str, Any]:
        """The weights whole, on every process."""
        return {name: whole(tensor) for name, tensor in super().lightning_module_state_dict().items()}

    def optimizer_state(self, optimizer: Optimizer) -> dict[str, Any]:
        """The state whole, as it is in one process."""
        inner = optimizer._optimizer if isinstance(optimizer, LightningOptimizer) else optimizer  # noqa: SLF001
        written = inner.state_dict()
        return written | {"state": {place: _mapped(each) for place, each in written["state"].items()}}

    def load_optimizer_state_dict(self, checkpoint: Mapping[str, Any]) -> None:
        """Each process takes its pieces."""
        for optimizer, written in zip(self.optimizers, checkpoint["optimizer_states"], strict=True):
            weights = [p for group in optimizer.param_groups for p in group["params"]]
            state = {place: _in_pieces(each, weights[place]) for place, each in written["state"].items()}
            optimizer.load_state_dict(written | {"state": state})

    def teardown(self) -> None:
        """Pieces stay where they are; the whole weights are taken from them later."""
        if _spread(self.model) is None:
            super().teardown()
            return
        for part in (self.cluster_environment, self.precision_plugin, self.accelerator):
            assert part is not None  # noqa: S101 - Lightning has set them
            part.teardown()


def apart(objective: Objective) -> Objective:
    """A copy to be trained in pieces, from which ``put_together`` takes the weights back."""
    return copy.deepcopy(objective)


def put_together(objective: Objective, trained: Objective) -> None:
    """Give an objective the weights of the copy that was trained; every process must ask."""
    objective.load_state_dict({name: whole(tensor) for name, tensor in trained.state_dict().items()})


def whole(tensor: Tensor) -> Tensor:
    """All of a tensor of which each process may have a piece; every process must ask."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def touched(loss: Tensor, weights: Sequence[Tensor]) -> Tensor:
    """The loss, with a gradient of 0 for what only other processes have used: gradients are summed all together.

    What no process has used, such as the head of a system that is in no batch, keeps no gradient at all.
    """
    mine = {id(leaf) for leaf in _leaves(loss)}
    used = torch.tensor([id(weight) in mine for weight in weights], dtype=torch.int32, device=loss.device)
    everywhere = used.clone()
    distributed.all_reduce(everywhere, distributed.ReduceOp.MAX)
    for place in (everywhere > used).nonzero().flatten().tolist():
        loss = loss + weights[place].flatten()[:0].sum()
    return loss


def _spread(model: Any) -> FSDPModule | None:
    """The model, where its weights are in pieces."""
    return model if isinstance(model, FSDPModule) else None


def _leaves(loss: Tensor) -> Iterator[Tensor]:
    """The tensors that a loss was computed from, and that take a gradient."""
    open_ends, seen = [loss.grad_fn], {loss.grad_fn}
    while open_ends:
        node = open_ends.pop()
        if node is None:
            continue
        if hasattr(node, "variable"):
            yield node.variable
        fresh = {above for above, _ in node.next_functions} - seen
        seen |= fresh
        open_ends += fresh


def _mapped(state: Mapping[str, Any]) -> dict[str, Any]:
    return {name: whole(value) if isinstance(value, Tensor) else value for name, value in state.items()}


def _in_pieces(state: Mapping[str, Any], weight: Tensor) -> dict[str, Any]:
    """What the optimiser keeps of a weight, in the pieces of that weight."""
    if not isinstance(weight, DTensor):
        return dict(state)
    mesh, placements = weight.device_mesh, weight.placements
    return {
        name: distribute_tensor(value.to(weight.device), mesh, placements)
        if isinstance(value, Tensor) and value.shape == weight.shape
        else value
        for name, value in state.items()
    }
