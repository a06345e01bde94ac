"""Recordings that share an encoder are sampled alike, or the document says what is to be done."""

from __future__ import annotations

from collections.abc import Iterable

from twostage.config.band import Band
from twostage.data.band.source import BandedSource
from twostage.data.recordings import Notice, Recording
from twostage.data.sources.base import Source
from twostage.data.splits.result import listed
from twostage.data.survey import survey
from twostage.errors import DataError


def in_band(source: Source, band: Band | None, digests: dict[int, str]) -> Source:
    """The source, or its recordings at one rate and in one band."""
    return BandedSource(source, band, digests) if band is not None and band.kind == "common" else source


def digests_of(source: Source, recordings: list[Recording]) -> dict[int, str]:
    """Digests of recordings as they were taken, by id; reads every sample. Raises DataError."""
    if isinstance(source, BandedSource):
        return source.survey(recordings)
    return survey(source.open(recordings), recordings)


def mixed_rates(recordings: Iterable[Recording], band: Band | None) -> tuple[Notice, ...]:
    """The notice of an encoder that meets several sampling rates. Raises DataError where nobody has asked for that.

    An embedding that is told the time of each sample is no way out: a patch of so many samples is then another stretch
    of time, and what lies above half of the lower rate is known of some systems only.
    """
    systems: dict[float, set[int]] = {}
    for recording in recordings:
        systems.setdefault(recording.sample_rate, set()).add(recording.system)
    if len(systems) < 2:  # noqa: PLR2004 - one rate
        return ()
    found = ", ".join(f"{rate:g} Hz ({_named(systems[rate])})" for rate in sorted(systems))
    if band is None:
        raise DataError(
            f"recordings that share an encoder are sampled at different rates: {found}. Write data.band: {{kind: "
            f"common, rate: {min(systems):g}}} to bring them to one rate and band, or data.band: {{kind: as_recorded}} "
            "to take them as they are, which every report then says"
        )
    return (Notice("mixed-rates", f"recordings that share the encoder are sampled at different rates: {found}"),)


def _named(systems: set[int]) -> str:
    return f"system{'s' * (len(systems) > 1)} {listed(sorted(systems))}"
