"""Parts of the encoder that begin to train later than the head.

Howard and Ruder 2018, "Universal language model fine-tuning for text classification", section 3.3.
"""

from __future__ import annotations

from torch import nn

from twostage.config.stage_2 import Unfreeze
from twostage.models.network import Network


class Unfreezing:
    """Which layers of the encoder still wait. What is frozen for good is none of its business."""

    def __init__(self, network: Network, written: Unfreeze | None) -> None:
        self.written = written
        waiting = {} if written is None else written.waiting
        self._parts: dict[str, nn.Module] = {name: getattr(network, name) for name in waiting}
        self._layers = {name: _layers(part) for name, part in self._parts.items()}

    def at(self, epoch: int) -> list[nn.Module]:
        """Let the layers train that have their turn in this epoch, counted from 0; the modules that wait."""
        found: list[nn.Module] = []
        for name, layers in self._layers.items():
            begun = self._begun(name, epoch)
            for place, layer in enumerate(reversed(layers)):
                for parameter in layer.parameters(recurse=False):
                    parameter.requires_grad_(place < begun)
            found += [self._parts[name]] if begun == 0 else layers[: len(layers) - begun]
        return found

    def _begun(self, name: str, epoch: int) -> int:
        """How many layers of a part train."""
        assert self.written is not None  # noqa: S101 - there are parts that wait
        layers, epochs = len(self._layers[name]), self.written.waiting[name]
        if epoch >= epochs:
            return layers
        return layers * epoch // epochs if self.written.schedule == "linear" else 0


def _layers(part: nn.Module) -> list[nn.Module]:
    """The modules that hold parameters of their own which are to train, in the order in which they are defined."""
    return [m for m in part.modules() if any(p.requires_grad for p in m.parameters(recurse=False))]
