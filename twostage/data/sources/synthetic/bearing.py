"""A localised fault in a bearing: a train of blows, and the structure's answer to each.

Model: McFadden & Smith (1984) for load and path, Antoni & Randall (Mech. Syst. Signal Process. 17 (2003)) for the
slip, which adds up from blow to blow and so makes the train only nearly periodic. D'Elia et al. (2018) draw it in
shaft angle, as is done here, so that it holds at varying speed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twostage.data.sources.synthetic.faults import Fault
from twostage.data.sources.synthetic.kinematics import Orders
from twostage.data.sources.synthetic.load_zone import load_at
from twostage.data.sources.synthetic.modes import Mode, ring_down
from twostage.data.sources.synthetic.shaft import Floats, Turning

BLOW_SPREAD = 0.1
"""Standard deviation of a blow's size around its mean."""


@dataclass(frozen=True, slots=True)
class Spall:
    """A fault on one part. ``place`` is its angle at rest, in revolutions from the middle of the load zone.

    ``jitter`` is the standard deviation of the angle between two blows as a share of its mean. ``second`` is the
    size of a ball's blow on the inner race against that on the outer one.
    """

    fault: Fault
    place: float
    jitter: float
    second: float


@dataclass(frozen=True, slots=True)
class Blows:
    """Angle of each blow in revolutions of the shaft, and its size."""

    angle_K: Floats
    size_K: Floats


def blows(spall: Spall, orders: Orders, span: tuple[float, float], extent: float, rng: np.random.Generator) -> Blows:
    """The blows while the shaft turns from one angle to another; ``extent`` is that of the load zone."""
    angle_K = strikes(_order(spall.fault, orders), span, spall.jitter, rng)
    spread_K = 1.0 + BLOW_SPREAD * rng.standard_normal(len(angle_K))
    load_K = load_at(_from_load_zone(spall, orders, angle_K), extent)
    return Blows(angle_K, spread_K * load_K * _alternation(spall, len(angle_K)))


def strikes(order: float, span: tuple[float, float], jitter: float, rng: np.random.Generator) -> Floats:
    """Angles in revolutions between the ends of ``span``, 1 / order apart on average; deviations add up."""
    expected = (span[1] - span[0]) * order
    count = int(expected + 10.0 * jitter * np.sqrt(expected)) + 2
    step_K = 1.0 + jitter * rng.standard_normal(count)
    angle_K = span[0] + (rng.random() - 1.0 + np.cumsum(step_K)) / order
    return angle_K[(angle_K >= span[0]) & (angle_K <= span[1])]


def bearing_sound(turning: Turning, train: Blows, amplitude: float, modes: tuple[Mode, ...]) -> Floats:
    """What the structure makes of the blows, shape (L,). A blow's size grows with the speed relative to the mean."""
    when_K = turning.when(train.angle_K)
    speed_K = turning.speed_L[when_K.astype(np.int64)] / turning.speed_L.mean()
    return ring_down(when_K, amplitude * speed_K * train.size_K, modes, len(turning.speed_L), turning.rate)


def _order(fault: Fault, orders: Orders) -> float:
    return {Fault.INNER: orders.inner, Fault.BALL: orders.ball, Fault.OUTER: orders.outer}[fault]


def _from_load_zone(spall: Spall, orders: Orders, angle_K: Floats) -> Floats:
    """Where the fault stands: it turns with the shaft on the inner race, with the cage on a ball, else not at all."""
    turns = {Fault.INNER: 1.0, Fault.BALL: orders.cage, Fault.OUTER: 0.0}[spall.fault]
    return spall.place + turns * angle_K


def _alternation(spall: Spall, count: int) -> Floats:
    """A fault on a ball meets outer and inner race in turn."""
    size_K = np.ones(count)
    if spall.fault is Fault.BALL:
        size_K[1::2] = spall.second
    return size_K
