"""An old document with everything that its loader laid under and over it, each value at its place."""

from __future__ import annotations

from twostage.legacy.compose.whole import Composed, compose_files, compose_legacy, compose_text

__all__ = ["Composed", "compose_files", "compose_legacy", "compose_text"]
