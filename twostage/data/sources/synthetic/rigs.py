"""The seven rigs: geometry, rates, speeds and loads of real ones; modes, noise and sensors by design.

Sources of the facts: the documents of the data sets of CWRU, Paderborn (Lessmeier et al. 2016), XJTU-SY (Wang et al.
2020), MFPT, Ottawa (Huang & Baddour 2018) and IMS (Qiu et al. 2006). Three rates are lower than the originals' (S3 of
64 kHz, S5 of 97.656 kHz, S6 of 200 kHz) to keep files small. S3's second mode at 11 kHz would not survive its rate; a
mode at 2.4 kHz stands in. The gears of S6 and S7 are ours: the originals' recordings have none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from twostage.data.sources.synthetic.background import Background
from twostage.data.sources.synthetic.faults import BEARING_FAULTS, Fault
from twostage.data.sources.synthetic.gear import Gear
from twostage.data.sources.synthetic.kinematics import Geometry
from twostage.data.sources.synthetic.modes import Mode
from twostage.data.sources.synthetic.sensor import Sensor
from twostage.data.sources.synthetic.shaft import Speed, constant


@dataclass(frozen=True, slots=True)
class Condition:
    """How a rig runs: its speed, the size of blows under its load, and the extent of the load zone."""

    speed: Speed
    force: float = 1.0
    zone: float = 0.4


@dataclass(frozen=True, slots=True)
class Rig:
    """One rig. ``snr_db`` is the smallest outer-race fault's power against the noise's, in the first condition.

    ``sample_rate`` in Hz; ``noise_centre`` is where the coloured noise peaks, as a share of it.
    """

    system: int
    name: str
    geometry: Geometry
    sample_rate: float
    conditions: tuple[Condition, ...]
    modes: tuple[Mode, ...]
    snr_db: float
    background: Background
    noise_centre: float
    sensor: Sensor
    gear: Gear | None = None

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The classes of this rig, the healthy one first."""
        return (Fault.NORMAL, *BEARING_FAULTS, *((Fault.TOOTH,) if self.gear else ()))


_CWRU = (
    Condition(constant(1797), force=0.85, zone=0.30),
    Condition(constant(1772), force=0.95, zone=0.35),
    Condition(constant(1750), force=1.05, zone=0.40),
    Condition(constant(1730), force=1.15, zone=0.45),
)

DESIGNS: dict[int, Rig] = {
    rig.system: rig
    for rig in (
        Rig(
            system=1,
            name="S1_CWRU_DE",
            geometry=Geometry(balls=9, ball=0.3126, pitch=1.537),
            sample_rate=12_000.0,
            conditions=_CWRU,
            modes=(Mode(2800.0, 0.04, 1.0), Mode(3600.0, 0.04, 0.5)),
            snr_db=5.0,
            background=Background(imbalance=0.3, misalignment=0.3, looseness=0.2, hum=0.2, hum_hz=120.0),
            noise_centre=0.12,
            sensor=Sensor(gain=0.06, mount_hz=4600.0, mount_damping=0.35, bits=16),
        ),
        Rig(
            system=2,
            name="S2_CWRU_FE",
            geometry=Geometry(balls=8, ball=0.2656, pitch=1.122),
            sample_rate=12_000.0,
            conditions=_CWRU,
            modes=(Mode(1600.0, 0.06, 1.0), Mode(4300.0, 0.06, 0.5)),
            snr_db=0.0,
            background=Background(imbalance=0.5, misalignment=0.2, looseness=0.3, hum=0.3, hum_hz=120.0),
            noise_centre=0.22,
            sensor=Sensor(gain=0.08, mount_hz=4200.0, mount_damping=0.40, bits=16),
        ),
        Rig(
            system=3,
            name="S3_PADERBORN",
            geometry=Geometry(balls=8, ball=6.75, pitch=28.55),
            sample_rate=16_000.0,
            conditions=(
                Condition(constant(1500), force=1.0, zone=0.45),
                Condition(constant(900), force=0.9, zone=0.45),
                Condition(constant(1500), force=0.95, zone=0.45),
                Condition(constant(1500), force=0.6, zone=0.30),
            ),
            modes=(Mode(5200.0, 0.03, 1.0), Mode(2400.0, 0.03, 0.5)),
            snr_db=-5.0,
            background=Background(imbalance=0.2, misalignment=0.2, looseness=0.1, hum=0.1, hum_hz=100.0),
            noise_centre=0.28,
            sensor=Sensor(gain=0.25, mount_hz=6200.0, mount_damping=0.40, bits=16),
        ),
        Rig(
            system=4,
            name="S4_XJTU_SY",
            geometry=Geometry(balls=8, ball=7.92, pitch=34.55),
            sample_rate=25_600.0,
            conditions=(
                Condition(constant(2100), force=1.1, zone=0.50),
                Condition(constant(2250), force=1.0, zone=0.48),
                Condition(constant(2400), force=0.9, zone=0.45),
            ),
            modes=(Mode(2200.0, 0.05, 1.0), Mode(6500.0, 0.05, 0.5)),
            snr_db=0.0,
            background=Background(imbalance=0.6, misalignment=0.1, looseness=0.2, hum=0.1, hum_hz=100.0),
            noise_centre=0.16,
            sensor=Sensor(gain=0.5, mount_hz=9000.0, mount_damping=0.30, bits=16),
        ),
        Rig(
            system=5,
            name="S5_MFPT",
            geometry=Geometry(balls=8, ball=0.235, pitch=1.245),
            sample_rate=48_828.0,
            conditions=(
                Condition(constant(1500), force=0.7, zone=0.30),
                Condition(constant(1500), force=1.0, zone=0.40),
                Condition(constant(1500), force=1.3, zone=0.50),
            ),
            modes=(Mode(4000.0, 0.04, 1.0), Mode(9500.0, 0.04, 0.5)),
            snr_db=-3.0,
            background=Background(imbalance=0.2, misalignment=0.4, looseness=0.1, hum=0.2, hum_hz=120.0),
            noise_centre=0.10,
            sensor=Sensor(gain=1.0, mount_hz=16_000.0, mount_damping=0.30, bits=24),
        ),
        Rig(
            system=6,
            name="S6_OTTAWA",
            geometry=Geometry(balls=9, ball=7.94, pitch=38.52),
            sample_rate=20_000.0,
            conditions=(
                Condition(Speed((14.0, 28.0))),
                Condition(Speed((28.0, 14.0))),
                Condition(Speed((14.0, 28.0, 14.0))),
                Condition(Speed((28.0, 14.0, 28.0))),
            ),
            modes=(Mode(3000.0, 0.05, 1.0), Mode(7000.0, 0.05, 0.5)),
            snr_db=5.0,
            background=Background(imbalance=0.4, misalignment=0.2, looseness=0.2, hum=0.1, hum_hz=120.0),
            noise_centre=0.18,
            sensor=Sensor(gain=0.12, mount_hz=7600.0, mount_damping=0.35, bits=12),
            gear=Gear(teeth=32, mesh=0.5),
        ),
        Rig(
            system=7,
            name="S7_IMS",
            geometry=Geometry(balls=16, ball=0.331, pitch=2.815, contact_deg=15.17),
            sample_rate=20_000.0,
            conditions=(Condition(constant(2000), force=1.0, zone=0.45),),
            modes=(Mode(1000.0, 0.06, 1.0), Mode(4500.0, 0.06, 0.5)),
            snr_db=-5.0,
            background=Background(imbalance=0.3, misalignment=0.2, looseness=0.1, hum=0.1, hum_hz=120.0),
            noise_centre=0.14,
            sensor=Sensor(gain=0.1, mount_hz=7000.0, mount_damping=0.35, bits=16),
            gear=Gear(teeth=24, mesh=0.5),
        ),
    )
}


def rig_of(system: int) -> Rig:
    """The rig of a system: one of the designs, or a copy of one with parts of its own. Systems count from 1.

    Copied are the designs that run under several conditions, so that domains can be held out of every copy.
    """
    if system in DESIGNS:
        return DESIGNS[system]
    copied = [design for design in DESIGNS.values() if len(design.conditions) > 1]
    design = copied[(system - 1 - len(DESIGNS)) % len(copied)]
    return replace(design, system=system, name=f"{design.name}-{system}")
