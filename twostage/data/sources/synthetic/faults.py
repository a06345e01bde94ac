"""What can be wrong with a simulated machine."""

from __future__ import annotations

from enum import IntEnum


class Fault(IntEnum):
    """The class of a recording. Codes 0 to 3 are those that the field uses for CWRU; 4 exists on rigs with gears."""

    NORMAL = 0
    INNER = 1
    BALL = 2
    OUTER = 3
    TOOTH = 4


BEARING_FAULTS = (Fault.INNER, Fault.BALL, Fault.OUTER)
SEVERITY_SCALES = (1.0, 2.0, 4.0)
"""Amplitude of a fault of severity 1, 2 and 3, in units of the smallest one."""
