"""Splits whose parts provably share no sample."""

from twostage.data.splits.disjoint import check_disjoint, check_windows_disjoint
from twostage.data.splits.make import make_split
from twostage.data.splits.report import split_report
from twostage.data.splits.result import SplitResult

__all__ = ["SplitResult", "check_disjoint", "check_windows_disjoint", "make_split", "split_report"]
