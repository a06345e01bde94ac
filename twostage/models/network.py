"""The network: an encoder that both stages share, and a head that belongs to one stage.

Shape suffixes: B batch, L window length, C channels, P patches, D features.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from twostage.components import build
from twostage.config.model import ModelConfig
from twostage.models.embeddings.hse import PatchStarts

# The tensors that stage 1 hands to stage 2 are those whose names begin so.
ENCODER_PREFIXES = ("embedding.", "backbone.")


class Encoder(nn.Module):
    """Embedding, then backbone: windows become tokens."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        dim, patches = config.embedding.dim, config.embedding.patches
        self.embedding = build(config.embedding)
        self.backbone = build(config.backbone, dim=dim, patches=patches)

    def forward(self, x_BLC: Tensor, sample_rate_B: Tensor, starts: PatchStarts | None = None) -> Tensor:
        """Encode windows that were sampled at ``sample_rate_B`` Hz as tokens (B, P, D).

        ``starts`` says where the patches begin; without it the embedding chooses.
        """
        tokens_BPD: Tensor = self.backbone(self.embedding(x_BLC, sample_rate_B, starts))
        return tokens_BPD


class Network(nn.Module):
    """An encoder's two parts and a head; tensors are named ``embedding.*``, ``backbone.*`` and ``head.*``."""

    def __init__(self, encoder: Encoder, head: nn.Module) -> None:
        super().__init__()
        self.embedding = encoder.embedding
        self.backbone = encoder.backbone
        self.head = head

    def forward(self, x_BLC: Tensor, sample_rate_B: Tensor, system_B: Tensor | None = None) -> Tensor:
        """Answer windows by the head; ``system_B`` is for heads that tell systems apart."""
        tokens_BPD = self.encode(x_BLC, sample_rate_B)
        answer: Tensor = self.head(tokens_BPD) if system_B is None else self.head(tokens_BPD, system_B)
        return answer

    def encode(self, x_BLC: Tensor, sample_rate_B: Tensor, starts: PatchStarts | None = None) -> Tensor:
        """Encode windows as tokens (B, P, D), as the encoder does."""
        tokens_BPD: Tensor = self.backbone(self.embedding(x_BLC, sample_rate_B, starts))
        return tokens_BPD


def encoder_state(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Pick the encoder's tensors out of the state dict of an ``Encoder`` or a ``Network``."""
    return {name: tensor for name, tensor in tensors.items() if name.startswith(ENCODER_PREFIXES)}
