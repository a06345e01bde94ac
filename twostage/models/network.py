"""The network: an encoder that both stages share, and a head that belongs to one stage.

A complete network stands where the backbone does, behind an embedding that hands it the windows as they are.

Shape suffixes: B batch, L window length, C channels, P patches, D features.
"""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature

from torch import Tensor, nn

from twostage.components import build
from twostage.config.model import ISFMPrompt, ModelConfig
from twostage.models.embeddings.patching import PatchEmbedding, PatchStarts
from twostage.models.embeddings.whole import WholeWindows

# The tensors that stage 1 hands to stage 2 are those whose names begin so.
ENCODER_PREFIXES = ("embedding.", "backbone.")
# What is known of a window beside its samples.
_KNOWN = ("sample_rate_B", "starts", "system_B", "domain_B")


class Encoding(nn.Module):
    """Embedding and backbone, under names that an encoder and a network share."""

    def __init__(self, embedding: PatchEmbedding, backbone: nn.Module) -> None:
        super().__init__()
        self.embedding = embedding
        self.backbone = backbone
        self._asked, self._backbone_asked = (_asked_by(part) for part in (embedding, backbone))

    @property
    def asked(self) -> frozenset[str]:
        """What must be known of a window beside its samples, by the names of ``encode``; ``starts`` can be left out."""
        return frozenset({*self._asked, *self._backbone_asked})

    def encode(
        self,
        x_BLC: Tensor,
        sample_rate_B: Tensor,
        starts: PatchStarts | None = None,
        *,
        system_B: Tensor | None = None,
        domain_B: Tensor | None = None,
    ) -> Tensor:
        """Encode windows that were sampled at ``sample_rate_B`` Hz as tokens (B, P, D).

        ``starts`` says where the patches begin; without it the embedding chooses. ``system_B`` and ``domain_B`` are
        ids of the metadata table, for embeddings with prompts.
        """
        known = {"sample_rate_B": sample_rate_B, "starts": starts, "system_B": system_B, "domain_B": domain_B}
        embedded = self.embedding(x_BLC, **{name: known[name] for name in self._asked})
        tokens_BPD: Tensor = self.backbone(embedded, **{name: known[name] for name in self._backbone_asked})
        return tokens_BPD


class Encoder(Encoding):
    """Embedding, then backbone: windows become tokens."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(*_parts(config))

    def forward(
        self,
        x_BLC: Tensor,
        sample_rate_B: Tensor,
        starts: PatchStarts | None = None,
        *,
        system_B: Tensor | None = None,
        domain_B: Tensor | None = None,
    ) -> Tensor:
        """Encode windows, as ``encode`` does."""
        return self.encode(x_BLC, sample_rate_B, starts, system_B=system_B, domain_B=domain_B)


class Network(Encoding):
    """An encoder's two parts and a head; tensors are named ``embedding.*``, ``backbone.*`` and ``head.*``."""

    def __init__(self, encoder: Encoding, head: nn.Module) -> None:
        super().__init__(encoder.embedding, encoder.backbone)
        self.head = head
        self._head_asks = "system_B" in signature(head.forward).parameters

    @property
    def head_asked(self) -> frozenset[str]:
        """What the head must know of a window beside its tokens."""
        return frozenset({"system_B"} if self._head_asks else ())

    def forward(
        self,
        x_BLC: Tensor,
        sample_rate_B: Tensor,
        system_B: Tensor | None = None,
        domain_B: Tensor | None = None,
    ) -> Tensor:
        """Answer windows by the head; ``system_B`` is for heads and embeddings that tell systems apart."""
        tokens_BPD = self.encode(x_BLC, sample_rate_B, system_B=system_B, domain_B=domain_B)
        told = self._head_asks and system_B is not None
        answer: Tensor = self.head(tokens_BPD, system_B) if told else self.head(tokens_BPD)
        return answer


def _parts(config: ModelConfig) -> tuple[PatchEmbedding, nn.Module]:
    """Embedding and backbone, drawn in this order."""
    if config.complete is not None:
        return WholeWindows(), build(config.complete)
    embedding: PatchEmbedding = build(config.patched)
    assert config.backbone is not None  # noqa: S101 - the document has both or a complete network
    if isinstance(config.network, ISFMPrompt):
        embedding = build(config.network, embedding, dim=config.dim)
    return embedding, build(config.backbone, dim=config.dim, patches=config.patches)


def _asked_by(part: nn.Module) -> tuple[str, ...]:
    return tuple(name for name in _KNOWN if name in signature(part.forward).parameters)


def encoder_state(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Pick the encoder's tensors out of the state dict of an ``Encoder`` or a ``Network``."""
    return {name: tensor for name, tensor in tensors.items() if name.startswith(ENCODER_PREFIXES)}
