"""Recordings that share an encoder are sampled alike, or the document says what is to be done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from twostage.config.band import AsRecorded, Band, CommonBand
from twostage.data.band.source import BandedSource
from twostage.data.recordings import Notice, Recording
from twostage.data.sources.base import Source
from twostage.data.splits.result import listed
from twostage.data.survey import survey
from twostage.engine.inputs.stage_data import StageData
from twostage.errors import DataError, TransferError


def in_band(source: Source, band: Band | None, digests: dict[int, str]) -> Source:
    """The source, or its recordings at one rate and in one band."""
    return BandedSource(source, band, digests) if band is not None and band.kind == "common" else source


def digests_of(source: Source, recordings: list[Recording]) -> dict[int, str]:
    """Digests of recordings as they were taken, by id; reads every sample. Raises DataError."""
    if isinstance(source, BandedSource):
        return source.survey(recordings)
    return survey(source.open(recordings), recordings)


MIXED = "mixed-rates"


@dataclass(frozen=True)
class Sampling:
    """At which rates a training has met its recordings, and in which common band; ``band`` is None without one."""

    rates: tuple[float, ...]
    band: Mapping[str, Any] | None

    @classmethod
    def of(cls, data: StageData) -> Sampling:
        """That of the data of a stage."""
        rates = sorted({recording.sample_rate for recording in data.used})
        band = data.config.band
        return cls(tuple(rates), band.model_dump(mode="json") if isinstance(band, CommonBand) else None)


def refuse_other_sampling(origin: str, before: Sampling | None, data: StageData) -> None:
    """Raise TransferError for weights that were trained at other rates, or in another band, than they now meet.

    ``before`` is None where nobody has written it down. A document that takes recordings as they are has asked for it.
    """
    if isinstance(data.config.band, AsRecorded) or not (difference := _difference(before, data)):
        return
    raise TransferError(
        f"{origin} was trained {difference}; write the same data.band, or data.band: {{kind: as_recorded}} to start "
        "from it all the same, which every report then says"
    )


def other_sampling(before: Sampling | None, data: StageData) -> tuple[Notice, ...]:
    """The notice of weights that meet other rates, or another band, than they were trained with."""
    known = any(notice.code == MIXED for notice in data.notices)
    difference = "" if known else _difference(before, data)
    return (Notice(MIXED, f"the encoder was trained {difference}"),) if difference else ()


def _difference(before: Sampling | None, data: StageData) -> str:
    """How they differ, in words; "" where they do not, or where it is not known."""
    now = Sampling.of(data)
    if before is None or before == now:
        return ""
    told = [f"{_rates(each)} {'without' if each.band is None else 'in'} a common band" for each in (before, now)]
    if len({*before.rates, *now.rates}) == 1:
        told = [f"the band {each.band}" if each.band else "no common band" for each in (before, now)]
    return f"with {told[0]}, but this adaptation has {told[1]}"


def _rates(sampling: Sampling) -> str:
    return " and ".join(f"{rate:g} Hz" for rate in sampling.rates)


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
    return (Notice(MIXED, f"recordings that share the encoder are sampled at different rates: {found}"),)


def _named(systems: set[int]) -> str:
    return f"system{'s' * (len(systems) > 1)} {listed(sorted(systems))}"
