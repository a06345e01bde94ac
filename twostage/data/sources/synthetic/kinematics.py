"""How often the parts of a rolling bearing meet, from its geometry: outer race fixed, inner race turning."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians


@dataclass(frozen=True, slots=True)
class Geometry:
    """A bearing with ``balls`` rolling elements of diameter ``ball`` on the circle of diameter ``pitch``.

    Both diameters are in the same unit, whichever it is; the contact angle is in degrees.
    """

    balls: int
    ball: float
    pitch: float
    contact_deg: float = 0.0


@dataclass(frozen=True, slots=True)
class Orders:
    """Events per revolution of the shaft.

    ``outer`` (BPFO) and ``inner`` (BPFI) count balls that pass a spot on that race. ``ball`` counts how often a spot
    on a ball meets a race: twice per spin (2 BSF), because it meets both. ``cage`` (FTF) is the cage's own turn.
    """

    outer: float
    inner: float
    ball: float
    cage: float


def orders_of(geometry: Geometry, slip: float = 0.0) -> Orders:
    """Orders under pure rolling, or with the cage faster by the share ``slip`` (negative: slower).

    Slip acts on the cage, so that the lines of the races move apart or together: real BPFO lies above the formula
    where real BPFI lies below it. Formulas: McFadden & Smith, J. Sound Vib. 96 (1984) 69-82.
    """
    q = geometry.ball / geometry.pitch * cos(radians(geometry.contact_deg))
    cage = (1.0 - q) / 2.0 * (1.0 + slip)
    return Orders(
        outer=geometry.balls * cage,
        inner=geometry.balls * (1.0 - cage),
        ball=geometry.pitch / geometry.ball * (1.0 - q * q) * (1.0 + slip),
        cage=cage,
    )
