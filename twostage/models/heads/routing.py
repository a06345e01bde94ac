"""Each window is answered by its own system.

Shape suffixes: B batch, D features, K classes (the largest count of all systems), k classes of one system.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf, nan

import torch
from torch import Tensor
from torch.nn import functional


def by_system(
    features_BD: Tensor, system_B: Tensor, layers: Mapping[str, Callable[[Tensor], Tensor]], *, width: int
) -> Tensor:
    """Return logits (B, K) with K = ``width``; ``layers`` gives the map (B, D) to (B, k) of each system id.

    A class that a window's system does not have is -inf. A window of a system without a layer is NaN throughout.
    """
    logits_BK = features_BD.new_full((features_BD.shape[0], width), nan)
    for id_, layer in layers.items():
        logits_Bk = layer(features_BD)
        answer_BK = functional.pad(logits_Bk, (0, width - logits_Bk.shape[1]), value=-inf)
        logits_BK = torch.where((system_B == int(id_))[:, None], answer_BK, logits_BK)
    return logits_BK
