"""Scaling of a window by itself: per window and per channel, so that no statistic crosses a split.

Legend: B batch, L length, C channels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor

EPSILON = 1e-8


def standardize(x_BLC: Tensor) -> Tensor:
    """Zero mean and unit population standard deviation over time; a constant channel becomes zero."""
    centred_BLC = x_BLC - x_BLC.mean(dim=1, keepdim=True)
    return centred_BLC / (centred_BLC.square().mean(dim=1, keepdim=True).sqrt() + EPSILON)


def minmax(x_BLC: Tensor) -> Tensor:
    """Scale to 0..1 over time; a constant channel becomes zero."""
    low_B1C, high_B1C = x_BLC.amin(dim=1, keepdim=True), x_BLC.amax(dim=1, keepdim=True)
    span_B1C = high_B1C - low_B1C
    return (x_BLC - low_B1C) / span_B1C.where(span_B1C > 0, 1.0)


def unchanged(x_BLC: Tensor) -> Tensor:
    """The window in the sensor's unit."""
    return x_BLC


NORMALIZERS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "standardize": standardize,
    "minmax": minmax,
    "none": unchanged,
}
