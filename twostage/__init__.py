"""Two-stage training for machine-vibration signals."""

from twostage._version import __version__

__all__ = ["__version__"]
