"""Statistics over time that describe a signal, as machine diagnosis knows them.

Shape suffixes: B batch, L length, C channels.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

Measure = Callable[[Tensor], Tensor]


def _moment(x_BLC: Tensor, order: int) -> Tensor:
    return (x_BLC - x_BLC.mean(dim=1, keepdim=True)).pow(order).mean(dim=1)


def _rms(x_BLC: Tensor) -> Tensor:
    return x_BLC.square().mean(dim=1).sqrt()


def _abs_mean(x_BLC: Tensor) -> Tensor:
    return x_BLC.abs().mean(dim=1)


# Each maps (B, L, C) to (B, C). Spreads are unbiased; maxima are those of the signal, not of its magnitude.
STATISTICS: dict[str, Measure] = {
    "mean": lambda x: x.mean(dim=1),
    "std": lambda x: x.std(dim=1),
    "var": lambda x: x.var(dim=1),
    "entropy": lambda x: (x * x.log_softmax(dim=1)).mean(dim=1),
    "max": lambda x: x.amax(dim=1),
    "min": lambda x: x.amin(dim=1),
    "abs_mean": _abs_mean,
    "kurtosis": lambda x: _moment(x, 4) / x.var(dim=1).square(),
    "rms": _rms,
    "crest_factor": lambda x: x.amax(dim=1) / _rms(x),
    "skewness": lambda x: _moment(x, 3) / x.std(dim=1).pow(3),
    "clearance_factor": lambda x: x.amax(dim=1) / _abs_mean(x),
    "shape_factor": lambda x: _rms(x) / _abs_mean(x),
}
