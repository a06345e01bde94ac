"""Which parts exist, and which recordings are made of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from twostage.config.source import SyntheticSource as SyntheticConfig
from twostage.data.recordings import Recording
from twostage.data.sources.synthetic.faults import SEVERITY_SCALES, Fault
from twostage.data.sources.synthetic.recipe import Recipe, draw_recipe
from twostage.data.sources.synthetic.rigs import Condition, Rig
from twostage.errors import DataError

MOST_PARTS = 10_000


@dataclass(frozen=True, slots=True)
class Specimen:
    """One bearing, or one gear for a cracked tooth. ``severity`` counts from 1; healthy parts have 0."""

    rig: Rig
    fault: Fault
    severity: int
    instance: int

    @property
    def name(self) -> str:
        """Unique over all rigs, such as S1-inner-2-0, or S1-normal-7 for a healthy part."""
        severity = (str(self.severity),) if self.severity else ()
        return "-".join((f"S{self.rig.system}", self.fault.name.lower(), *severity, str(self.instance)))

    def id_in(self, domain: int) -> int:
        """Id of its recording, digits: system, fault, severity, instance (four), domain."""
        head = (self.rig.system * 10 + self.fault) * 10 + self.severity
        return (head * MOST_PARTS + self.instance) * 10 + domain

    def recipe(self, seed: int) -> Recipe:
        """The part's own draws."""
        scale = SEVERITY_SCALES[self.severity - 1] if self.severity else 0.0
        return draw_recipe(self.rig, self.fault, scale, self._generator(seed, 0))

    def generator(self, seed: int, domain: int) -> np.random.Generator:
        """Generator of what differs between two recordings of the part."""
        return self._generator(seed, 1 + domain)

    def _generator(self, seed: int, last: int) -> np.random.Generator:
        # Keyed by what is made and by nothing else, so that no recording depends on which others are made.
        key = [seed, self.rig.system, int(self.fault), self.severity, self.instance, last]
        return np.random.default_rng(key)


def specimens(rig: Rig, config: SyntheticConfig) -> Iterator[Specimen]:
    """The parts of a rig in the order of their ids; as many healthy ones as there are of each fault."""
    if config.bearings_per_class * config.severities > MOST_PARTS:
        raise DataError(
            f"bearings_per_class {config.bearings_per_class} with {config.severities} severities makes more than "
            f"{MOST_PARTS} healthy bearings in a rig; the ids have no room for them"
        )
    for fault in rig.faults:
        levels = range(1, config.severities + 1) if fault else range(1)
        per_level = config.bearings_per_class * (1 if fault else config.severities)
        for severity in levels:
            yield from (Specimen(rig, fault, severity, instance) for instance in range(per_level))


def conditions(rig: Rig, config: SyntheticConfig) -> tuple[Condition, ...]:
    """The operating conditions to record; position is domain. Raises DataError when the rig has fewer."""
    if config.domains is not None and config.domains > len(rig.conditions):
        raise DataError(
            f"the synthetic rig {rig.name} has {len(rig.conditions)} operating condition(s), but domains asks for "
            f"{config.domains}; ask for fewer, leave domains out, or leave system {rig.system} out"
        )
    return rig.conditions[: config.domains]


def length_of(rig: Rig, config: SyntheticConfig) -> int:
    """Samples of one recording, at least one."""
    return max(1, round(config.seconds * rig.sample_rate))


def recordings_of(rig: Rig, config: SyntheticConfig) -> tuple[Recording, ...]:
    """The recordings of a rig, sorted by id: every part once in every condition."""
    domains = range(len(conditions(rig, config)))
    return tuple(
        Recording(
            id=specimen.id_in(domain),
            system=rig.system,
            name=rig.name,
            label=int(specimen.fault),
            domain=domain,
            bearing=specimen.name,
            sample_rate=rig.sample_rate,
            length=length_of(rig, config),
            channels=1,
        )
        for specimen in specimens(rig, config)
        for domain in domains
    )
