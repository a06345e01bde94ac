"""Filters that bring a recording to another rate and band, and which of its samples each result is made of.

Legend: L length, C channels, T taps.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.signal import firwin, kaiserord, oaconvolve, upfirdn

from twostage.config.band import CommonBand

ATTENUATION = 70.0  # dB in the stop band; the ripple of the pass band is then far below a thousandth
FALL = 1.1  # the band ends at its top, and nothing is left at 1.1 times that, which lies below half of either rate
LARGEST_RATIO = 20_000
BLOCK = 1 << 18

Signal = NDArray[np.float64]


@dataclass(frozen=True)
class Resampling:
    """From one rate to another by ``up / down`` with linear-phase filters, so that no sample moves in time.

    ``taps_T`` filters at ``up`` times the old rate and has ``2 half + 1`` taps, ``high_pass_T`` at the new rate and has
    ``2 margin + 1``. Only results that are made of samples alone are kept: nothing is invented beyond the ends.
    """

    up: int
    down: int
    half: int
    taps_T: Signal
    margin: int
    high_pass_T: Signal | None

    @classmethod
    def of(cls, rate: float, band: CommonBand) -> Resampling:
        """The filters for recordings that were sampled at ``rate`` Hz, which must hold the band."""
        ratio = (Fraction(band.rate) / Fraction(rate)).limit_denominator(LARGEST_RATIO)
        up, down = ratio.numerator, ratio.denominator
        fine = rate * up
        stop = FALL * band.top
        count, beta = kaiserord(ATTENUATION, (stop - band.top) / (fine / 2))
        half = math.ceil(count / 2 / down) * down
        low_pass_T = firwin(2 * half + 1, (band.top + stop) / 2, window=("kaiser", beta), fs=fine)
        high_pass_T = None if band.low is None else _high_pass(band.low, band.rate)
        margin = 0 if high_pass_T is None else len(high_pass_T) // 2
        return cls(up, down, half, up * np.asarray(low_pass_T, dtype=np.float64), margin, high_pass_T)

    @property
    def first(self) -> int:
        """Number of the first result that is kept; result j stands at sample ``j down / up`` of the recording."""
        return self.half // self.down + self.margin

    def length(self, samples: int) -> int:
        """How many results a recording of so many samples gives."""
        last = ((samples - 1) * self.up - self.half) // self.down - self.margin
        return max(0, last - self.first + 1)

    @property
    def shortest(self) -> int:
        """Samples of the shortest recording that gives a result."""
        return -(-(2 * self.half + 2 * self.margin * self.down) // self.up) + 1

    def origin(self, start: NDArray[np.int64], stop: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The samples of which results ``start <= i < stop`` are made: the first, and the one behind the last."""
        reach = self.half + self.margin * self.down
        earliest = -((reach - (self.first + start) * self.down) // self.up)
        latest = ((self.first + stop - 1) * self.down + reach) // self.up
        return earliest, latest + 1

    def apply(self, read: Callable[[int, int], NDArray[np.float32]], samples: int) -> NDArray[np.float32]:
        """The results (L, C) of a recording whose samples ``read(start, stop)`` gives, piece by piece."""
        first, count = self.half // self.down, self.length(samples) + 2 * self.margin
        pieces = [
            self._piece(read, samples, start, min(start + BLOCK, first + count))
            for start in range(first, first + count, BLOCK)
        ]
        found_LC = np.concatenate(pieces)
        if self.high_pass_T is not None:
            found_LC = oaconvolve(found_LC, self.high_pass_T[:, None], mode="valid", axes=0)
        return found_LC.astype(np.float32)

    def _piece(self, read: Callable[[int, int], NDArray[np.float32]], samples: int, start: int, stop: int) -> Signal:
        """Results ``start <= j < stop`` of the low-pass alone."""
        begin = max(0, (start * self.down - self.half) // self.up // self.down * self.down)
        end = min(samples, ((stop - 1) * self.down + self.half) // self.up + 1)
        found_LC = upfirdn(self.taps_T, read(begin, end).astype(np.float64), self.up, self.down, axis=0)
        offset = (begin * self.up - self.half) // self.down
        piece_LC: Signal = found_LC[start - offset : stop - offset]
        return piece_LC


def _high_pass(low: float, rate: float) -> Signal:
    """Taps that pass from ``low`` on and stop below half of it."""
    count, beta = kaiserord(ATTENUATION, (low / 2) / (rate / 2))
    taps_T = firwin(count | 1, 0.75 * low, window=("kaiser", beta), fs=rate, pass_zero=False)
    return np.asarray(taps_T, dtype=np.float64)
