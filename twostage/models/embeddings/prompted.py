"""What the embeddings with prompts share: timed patches below, a layer norm above.

Shape suffixes: B batch, L window length, C channels, P patches, D features, l samples and c channels of a patch.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from twostage.config.model import embeddings as configs
from twostage.models.embeddings.hse import HSE
from twostage.models.embeddings.patching import PatchEmbedding, PatchStarts

PROMPT_SPREAD = 0.1


class PromptedEmbedding(PatchEmbedding):
    """Tokens of the signal, which a subclass joins with a prompt, then layer norm and dropout.

    A subclass keeps in ``prompt`` what it learns of systems.
    """

    def __init__(self, config: configs.HSEPrompt | configs.HSEv2) -> None:
        super().__init__()
        self.config = config
        self.signal = HSE(config)

    def starts(self, x_BLC: Tensor) -> PatchStarts:
        """Choose where the patches of each window begin, as ``HSE`` does."""
        return self.signal.starts(x_BLC)

    def patches(self, x_BLC: Tensor, starts: PatchStarts) -> Tensor:
        """The samples (B, P, l, c) of the patches that begin at ``starts``."""
        return self.signal.patches(x_BLC, starts)

    def _finish(self) -> None:
        """Build what follows the prompt, and draw the initial weights in the order that recorded runs have."""
        self.norm = nn.LayerNorm(self.config.dim)
        self.dropout = nn.Dropout(self.config.dropout)
        self.apply(initialise)


def ids_of(name: str, given: Mapping[str, Tensor | None]) -> list[Tensor]:
    """The ids that a prompt needs. Raises ValueError when the caller has left one out."""
    missing = [key for key, ids in given.items() if ids is None]
    if missing:
        raise ValueError(f"the prompt of {name} needs the ids {' and '.join(missing)} of the windows")
    return [ids for ids in given.values() if ids is not None]


def prompt_table(rows: int, dim: int) -> nn.Embedding:
    """A table of small random vectors, one row for each id below ``rows``."""
    table = nn.Embedding(rows, dim)
    nn.init.normal_(table.weight, std=PROMPT_SPREAD)
    return table


def initialise(module: nn.Module) -> None:
    """Draw the initial weights of a linear layer as recorded runs do."""
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)
