"""How good estimates of remaining life are. ``late`` is the estimate minus the truth, ``life`` the truth.

Legend: N windows.
"""

from __future__ import annotations

from math import log

import torch
from torch import Tensor

# Saxena et al. 2008: an early estimate is punished less than a late one.
EARLY, LATE = 13.0, 10.0
# Beyond it the score says nothing more, and its exponential would leave the numbers that a computer has.
MOST_EXPONENT = 600.0
# Nectoux et al. 2012: an error of so many percent of the remaining life halves the score.
EARLY_PERCENT, LATE_PERCENT = 20.0, 5.0


def nasa_score(late_N: Tensor) -> Tensor:
    """The summed asymmetric score of C-MAPSS; 0 is perfect.

    ``exp(-d / 13) - 1`` for an early estimate, ``exp(d / 10) - 1`` for a late one, summed (Saxena et al. 2008, "Damage
    propagation modeling for aircraft engine run-to-failure simulation", eq. 11). Exponents end at 600.
    """
    exponent_N = torch.where(late_N < 0, -late_N / EARLY, late_N / LATE).clamp(max=MOST_EXPONENT)
    return exponent_N.expm1().sum()


def phm2012_score(life_N: Tensor, late_N: Tensor) -> Tensor:
    """The mean score of the IEEE PHM 2012 challenge; 1 is perfect, 0 is the worst.

    With the error in percent of the remaining life, ``E = 100 (truth - estimate) / truth``, a score is
    ``exp(-ln(0.5) E / 5)`` for ``E <= 0``, a late estimate, and ``exp(ln(0.5) E / 20)`` for an early one (Nectoux et
    al. 2012, "PRONOSTIA: an experimental platform for bearings accelerated degradation tests"). Windows without any
    life left have no percentage and are left out; NaN where no other is there.
    """
    alive_N = life_N > 0
    percent_N = -100.0 * late_N[alive_N] / life_N[alive_N]
    halvings_N = torch.where(percent_N > 0, percent_N / EARLY_PERCENT, -percent_N / LATE_PERCENT)
    return (-log(2.0) * halvings_N).exp().mean()


def r2(life_N: Tensor, late_N: Tensor) -> Tensor:
    """Coefficient of determination, at most 1; NaN where all lives are the same."""
    spread = (life_N - life_N.mean()).square().sum()
    return torch.where(spread > 0, 1.0 - late_N.square().sum() / spread, torch.nan)
