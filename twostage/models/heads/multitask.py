"""One head for each task, on tokens of one encoder.

Shape suffixes: B batch, P patches, D features.
"""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature

from torch import Tensor, nn

from twostage.models.heads.narrowing import xavier

# A forecast needs the order of the tokens, which their mean has lost.
WITHOUT_TRUNK = {"signal_prediction"}


class MultitaskHead(nn.Module):
    """The heads of several tasks by name; each answers for itself, above the trunk where there is one.

    With a trunk all linear maps start from Xavier weights and zero biases, those of heads beside it too.
    """

    def __init__(self, heads: Mapping[str, nn.Module], trunk: nn.Module | None = None) -> None:
        super().__init__()
        self.trunk = trunk
        self.heads = nn.ModuleDict(heads)
        if trunk is not None:
            self.apply(xavier)
        self._ask_system = {name for name, head in heads.items() if "system_B" in signature(head.forward).parameters}

    def forward(self, tokens_BPD: Tensor, system_B: Tensor) -> dict[str, Tensor]:
        """Return the answer of every head to the same tokens (B, P, D)."""
        return {name: self.answer(name, tokens_BPD, system_B) for name in self.heads}

    def answer(self, name: str, tokens_BPD: Tensor, system_B: Tensor) -> Tensor:
        """Return the answer of one head; ``system_B`` is for heads that tell systems apart."""
        if self.trunk is not None and name not in WITHOUT_TRUNK:
            tokens_BPD = self.trunk(tokens_BPD)
        found: Tensor = self.heads[name](*((tokens_BPD, system_B) if name in self._ask_system else (tokens_BPD,)))
        return found
