"""Head for the detection of anomalies."""

from __future__ import annotations

from twostage.models.heads.scalar import ScalarHead


class AnomalyHead(ScalarHead):
    """The log-odds that something is wrong with the machine of each window."""
