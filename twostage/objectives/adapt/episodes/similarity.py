"""How alike two features are.

Legend: Q queries, S what they are compared with, D features.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import normalize


def squared_distance(query_QD: Tensor, support_SD: Tensor) -> Tensor:
    """Squared Euclidean distances (Q, S); by differences, because squares alone would cancel."""
    return (query_QD[:, None, :] - support_SD[None, :, :]).square().sum(dim=2)


def similarity(kind: str, query_QD: Tensor, support_SD: Tensor) -> Tensor:
    """Similarities (Q, S): ``cosine``, ``dot``, or ``euclidean``, the negative squared distance."""
    if kind == "euclidean":
        return -squared_distance(query_QD, support_SD)
    if kind == "cosine":
        query_QD, support_SD = normalize(query_QD, dim=1), normalize(support_SD, dim=1)
    return query_QD @ support_SD.T
