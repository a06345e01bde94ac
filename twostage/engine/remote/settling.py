"""From what a worker has written down to an outcome here."""

from __future__ import annotations

from pathlib import Path

from twostage.engine.outcome.results import Failure
from twostage.engine.planning.plan import Stage
from twostage.engine.remote.events import Event
from twostage.engine.work import Busy, Outcome, Work


def settled(work: Work, stage: Stage, event: Event) -> Outcome | None:
    """The outcome that an event tells of; None for one on the way. Results are read from the store alone."""
    match event["event"]:
        case "finished":
            found = work.find(stage)
            return Failure(stage, "its worker has finished it, and it is not in the store") if found is None else found
        case "failed":
            log = event.get("log")
            return Failure(stage, event["message"], None if log is None else Path(log))
        case "busy":
            return Busy(stage)
    return None
