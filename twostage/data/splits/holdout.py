"""Whole operating conditions or whole systems held out for the test; validation comes from the training recordings."""

from __future__ import annotations

from collections.abc import Sequence

from twostage.config.splits import DomainSplit, SystemSplit
from twostage.data.recordings import Recording
from twostage.data.splits.blocks import cut_blocks
from twostage.data.splits.groups import Draw, Shares, draw_groups
from twostage.data.splits.result import Draft, by_system, listed
from twostage.errors import SplitError


def hold_out_domains(
    recordings: Sequence[Recording], config: DomainSplit, window_length: int, *, labelled: bool
) -> Draft:
    """Domains are numbered inside each system, so each system is split by itself. Raises SplitError."""
    _require_domains(recordings, config)
    draft = Draft()
    training: list[Recording] = []
    for system, members in by_system(recordings).items():
        tested = _test_domains(system, members, config, draft)
        trained = None if config.train_domains is None else set(config.train_domains)
        draft.add("test", (r for r in members if r.domain in tested))
        training += [r for r in members if r.domain not in tested and (trained is None or r.domain in trained)]
    draft.take(_validation(training, config, window_length, labelled=labelled))
    return draft


def hold_out_systems(
    recordings: Sequence[Recording], config: SystemSplit, window_length: int, *, labelled: bool
) -> Draft:
    """The named systems are tested, all others trained on. Raises SplitError."""
    systems = {r.system for r in recordings}
    absent = sorted(set(config.test_systems) - systems)
    if absent:
        raise SplitError(f"test_systems names {absent}, but there are recordings of systems {sorted(systems)} only")
    draft = Draft()
    draft.add("test", (r for r in recordings if r.system in config.test_systems))
    training = [r for r in recordings if r.system not in config.test_systems]
    draft.take(_validation(training, config, window_length, labelled=labelled))
    return draft


def _test_domains(system: int, members: Sequence[Recording], config: DomainSplit, draft: Draft) -> set[int]:
    domains = sorted({r.domain for r in members if r.domain is not None})
    if config.last is not None:
        tested = set(domains[len(domains) - min(config.last, len(domains) - 1) :])
    else:
        tested = set(config.test_domains or ()) & set(domains)
    if not tested:
        only = f"has only domain {domains[0]}" if len(domains) == 1 else f"has only domains {listed(domains)}"
        draft.tell("system-not-tested", f"system {system} {only}; it is used for training and not tested")
    return tested


def _require_domains(recordings: Sequence[Recording], config: DomainSplit) -> None:
    unknown = [r for r in recordings if r.domain is None]
    if unknown:
        raise SplitError(
            f"{len(unknown)} recordings of systems {sorted({r.system for r in unknown})} have no domain (Id "
            f"{listed([r.id for r in unknown])}); fill the column Domain_id of the metadata table, leave those systems "
            "out, or split by another unit"
        )
    domains = {r.domain for r in recordings}
    absent = sorted({*(config.test_domains or ()), *(config.train_domains or ())} - domains)
    if absent:
        raise SplitError(
            f"no recording has domain {absent}; the domains are {sorted(d for d in domains if d is not None)}"
        )


def _validation(
    training: Sequence[Recording], config: DomainSplit | SystemSplit, window_length: int, *, labelled: bool
) -> Draft:
    """Take the validation share from the training recordings."""
    shares: Shares = {"train": 1.0 - config.validation, "validation": config.validation}
    shares = {part: share for part, share in shares.items() if share > 0.0}
    if config.validation_unit == "time":
        return cut_blocks(training, shares, window_length, gap=None)
    remedy = "; choose another validation_unit or validation: 0"
    return draw_groups(training, Draw(config.validation_unit, shares, config.seed, labelled=labelled, remedy=remedy))
