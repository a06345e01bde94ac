"""The size of a network, without the memory for it."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from twostage.config import model as configs
from twostage.models.heads.linear import LinearHead
from twostage.models.network import Encoder, Network


def count_parameters(config: configs.ModelConfig, classes: Mapping[int, int]) -> dict[str, int]:
    """Count the trainable numbers of each part of a classifier, and in total, for ``classes`` per system id."""
    with torch.device("meta"):
        head = LinearHead(configs.LinearHead(), dim=config.embedding.dim, classes=classes)
        network = Network(Encoder(config), head)
    counts = {name: sum(p.numel() for p in part.parameters()) for name, part in network.named_children()}
    return {**counts, "total": sum(counts.values())}
