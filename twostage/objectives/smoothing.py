"""Cross entropy with label smoothing where windows differ in the number of their classes.

Szegedy et al. 2016, "Rethinking the inception architecture for computer vision", section 7.

Shape suffixes: B batch, K classes.
"""

from __future__ import annotations

from math import inf

from torch import Tensor
from torch.nn.functional import cross_entropy


def smoothed_cross_entropy(logits_BK: Tensor, label_B: Tensor, smoothing: float) -> Tensor:
    """Mean cross entropy, a share ``smoothing`` of whose target is spread evenly over the classes of each window.

    A class whose logit is -inf does not exist for that window, and gets no part of the share. Unlike
    ``torch.nn.functional.cross_entropy``, which would give it one and be infinite.
    """
    hard = cross_entropy(logits_BK, label_B)
    if smoothing == 0.0:
        return hard
    absent_BK = logits_BK == -inf
    present_B = (~absent_BK).sum(dim=1)
    surprise_BK = -logits_BK.log_softmax(dim=1).masked_fill(absent_BK, 0.0)
    even = (surprise_BK.sum(dim=1) / present_B).mean()
    return (1.0 - smoothing) * hard + smoothing * even
