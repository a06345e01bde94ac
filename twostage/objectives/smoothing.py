"""Cross entropy with label smoothing where windows differ in the number of their classes.

Szegedy et al. 2016, "Rethinking the inception architecture for computer vision", section 7.

Shape suffixes: B batch, K classes.
"""

from __future__ import annotations

from math import inf

from torch import Tensor, ones_like
from torch.nn.functional import cross_entropy


def smoothed_cross_entropy(
    logits_BK: Tensor, label_B: Tensor, smoothing: float, weight_B: Tensor | None = None
) -> Tensor:
    """Mean cross entropy, a share ``smoothing`` of whose target is spread evenly over the classes of each window.

    A class whose logit is -inf does not exist for that window, and gets no part of the share. Unlike
    ``torch.nn.functional.cross_entropy``, which would give it one and be infinite. ``weight_B`` is how much each window
    counts; what is divided by stays the number of windows.
    """
    if weight_B is None and smoothing == 0.0:
        return cross_entropy(logits_BK, label_B)
    hard_B = cross_entropy(logits_BK, label_B, reduction="none")
    weight_B = ones_like(hard_B) if weight_B is None else weight_B
    if smoothing == 0.0:
        return (weight_B * hard_B).mean()
    absent_BK = logits_BK == -inf
    present_B = (~absent_BK).sum(dim=1)
    surprise_BK = -logits_BK.log_softmax(dim=1).masked_fill(absent_BK, 0.0)
    even_B = surprise_BK.sum(dim=1) / present_B
    return (weight_B * ((1.0 - smoothing) * hard_B + smoothing * even_B)).mean()
