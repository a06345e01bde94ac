"""Head for the remaining useful life."""

from __future__ import annotations

from twostage.models.heads.scalar import ScalarHead


class RulHead(ScalarHead):
    """The remaining life of each window, as a multiple of the scale of the targets; nothing keeps it above 0."""
