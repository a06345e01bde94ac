"""Errors that a user can cause; everything else is our mistake and keeps its traceback."""

from __future__ import annotations


class TwoStageError(Exception):
    """A user's mistake, told in full sentences. The command line prints it without a traceback and exits with 1."""


class DataError(TwoStageError):
    """Recordings, metadata or signals are not what the document promises."""


class SplitError(TwoStageError):
    """A split is empty, lacks a class, or would share samples between its parts."""


class TransferError(TwoStageError):
    """Weights cannot be handed from stage 1 to stage 2 as the document says."""


class TrainingError(TwoStageError):
    """A training cannot start or go on."""


class OutputError(TwoStageError):
    """Results cannot be written."""
