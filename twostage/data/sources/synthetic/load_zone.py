"""How much of the load a rolling element carries, by its place around the shaft."""

from __future__ import annotations

from math import pi

import numpy as np

from twostage.data.sources.synthetic.shaft import Floats

FLOOR = 0.15
"""Share of the full load that remains everywhere: no real bearing unloads fully."""
BALL_EXPONENT = 1.5
"""Hertzian point contact."""


def load_at(turn_K: Floats, extent: float) -> Floats:
    """Load from 0.15 to 1 at an angle in revolutions from the middle of the load zone.

    ``extent`` is Stribeck's load distribution factor: 0.3 to 0.5 with clearance, 0.5 to 1 with preload. See Harris &
    Kotzalas, Rolling Bearing Analysis.
    """
    depth_K = (1.0 - np.cos(2.0 * pi * turn_K)) / (2.0 * extent)
    loaded_K = np.maximum(0.0, 1.0 - depth_K) ** BALL_EXPONENT
    return FLOOR + (1.0 - FLOOR) * loaded_K
