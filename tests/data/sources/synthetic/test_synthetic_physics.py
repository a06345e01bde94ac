"""What an analyst finds in the recordings: lines, sidebands, impulsiveness, and no back door."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kurtosis
from synthetic_spectra import band_of, envelope, height, peak, spectrum

from twostage.data.sources.synthetic.faults import Fault
from twostage.data.sources.synthetic.kinematics import orders_of
from twostage.data.sources.synthetic.rigs import DESIGNS

CONSTANT = (1, 2, 3, 4, 5, 7)
BEARING = (Fault.INNER, Fault.BALL, Fault.OUTER)


def lines(rig):
    """Frequency in Hz of each bearing fault in the first condition, by the formula."""
    orders, hertz = orders_of(rig.geometry), rig.conditions[0].speed.mean
    return {Fault.INNER: orders.inner * hertz, Fault.BALL: orders.ball * hertz, Fault.OUTER: orders.outer * hertz}


def envelope_spectrum(rig, signal):
    return spectrum(envelope(signal, rig.sample_rate, band_of(rig.modes[0], rig.sample_rate)), rig.sample_rate)


@pytest.mark.parametrize("fault", BEARING)
@pytest.mark.parametrize("system", CONSTANT)
def test_the_envelope_has_its_line_within_one_percent_of_theory(signals, system, fault):
    expected = lines(DESIGNS[system])[fault]
    for signal in signals(system)[fault, 3]:
        found, prominence = peak(*envelope_spectrum(DESIGNS[system], signal), expected)
        assert found == pytest.approx(expected, rel=0.01)
        assert prominence > 6


@pytest.mark.parametrize("system", CONSTANT)
def test_healthy_recordings_have_none_of_these_lines(signals, system):
    found = [
        peak(*envelope_spectrum(DESIGNS[system], signal), expected, within=0.01)[1]
        for signal in signals(system)[Fault.NORMAL, 0][:4]
        for expected in lines(DESIGNS[system]).values()
    ]
    assert np.median(found) < 3


@pytest.mark.parametrize("system", [1, 2, 4, 7])
def test_inner_race_has_sidebands_of_the_shaft_and_outer_race_has_not(signals, system):
    rig = DESIGNS[system]
    hertz = rig.conditions[0].speed.mean

    def sidebands(fault):
        ratios = []
        for signal in signals(system)[fault, 3]:
            frequencies, amplitude = envelope_spectrum(rig, signal)
            line = peak(frequencies, amplitude, lines(rig)[fault])[0]
            pair = [height(frequencies, amplitude, line + side * hertz) for side in (-1, 1)]
            ratios.append(min(pair) / height(frequencies, amplitude, line))
        return ratios

    assert min(sidebands(Fault.INNER)) > 0.2
    assert max(sidebands(Fault.OUTER)) < 0.1


@pytest.mark.parametrize("system", [1, 4])
def test_ball_has_sidebands_of_the_cage(signals, system):
    rig = DESIGNS[system]
    cage = orders_of(rig.geometry).cage * rig.conditions[0].speed.mean
    for signal in signals(system)[Fault.BALL, 3]:
        frequencies, amplitude = envelope_spectrum(rig, signal)
        line = peak(frequencies, amplitude, lines(rig)[Fault.BALL])[0]
        pair = [height(frequencies, amplitude, line + side * cage) for side in (-1, 1)]
        assert min(pair) > 0.2 * height(frequencies, amplitude, line)


@pytest.mark.parametrize("system", [1, 2, 3, 4, 5, 6])
def test_kurtosis_grows_with_severity(signals, system):
    for fault in DESIGNS[system].faults[1:]:
        healthy = np.median(kurtosis(signals(system)[Fault.NORMAL, 0], axis=1))
        grades = [np.median(kurtosis(signals(system)[fault, severity], axis=1)) for severity in (1, 2, 3)]
        assert healthy < grades[0] < grades[1] < grades[2]


@pytest.mark.parametrize("system", [6, 7])
def test_a_cracked_tooth_speaks_once_per_revolution(signals, system):
    """Envelope over the shaft's angle: all harmonics of one revolution stand out, and no bearing line does."""
    rig = DESIGNS[system]
    share = np.arange(len(signals(system)[0, 0][0])) / len(signals(system)[0, 0][0])
    angle = np.cumsum(rig.conditions[0].speed.at(share)) / rig.sample_rate
    even = np.linspace(angle[0], angle[-1], len(angle))

    def lines_of(signal):
        squared = envelope(signal, rig.sample_rate, band_of(rig.modes[0], rig.sample_rate))
        orders, amplitude = spectrum(np.interp(even, angle, squared), len(even) / (angle[-1] - angle[0]))
        return np.mean([peak(orders, amplitude, k, within=0.02)[1] for k in (1, 2, 3)])

    cracked = [lines_of(signal) for signal in signals(system)[Fault.TOOTH, 3]]
    healthy = [lines_of(signal) for signal in signals(system)[Fault.NORMAL, 0]]
    assert min(cracked) > 1.5 * max(healthy)


@pytest.mark.parametrize("fault", BEARING)
def test_on_the_ramp_the_line_lies_in_orders_and_not_in_hertz(signals, fault):
    rig = DESIGNS[6]
    order = {Fault.INNER: "inner", Fault.BALL: "ball", Fault.OUTER: "outer"}[fault]
    expected = getattr(orders_of(rig.geometry), order)
    signal = signals(6)[fault, 3][0]
    squared = envelope(signal, rig.sample_rate, band_of(rig.modes[0], rig.sample_rate))
    angle = np.cumsum(rig.conditions[0].speed.at(np.arange(len(signal)) / len(signal))) / rig.sample_rate
    even = np.linspace(angle[0], angle[-1], len(angle))
    over_angle = spectrum(np.interp(even, angle, squared), len(even) / (angle[-1] - angle[0]))
    found, prominence = peak(*over_angle, expected)
    _, in_hertz = peak(*spectrum(squared, rig.sample_rate), expected * 21.0)
    assert found == pytest.approx(expected, rel=0.01)
    assert prominence > 6
    assert in_hertz < prominence / 2


@pytest.mark.parametrize("system", DESIGNS)
def test_energy_above_the_filter_does_not_tell_healthy_from_faulty(signals, system):
    """Area under the ROC curve of that energy, for the worst faults."""

    def energy(signal):
        power = np.abs(np.fft.rfft(signal * np.hanning(len(signal)))) ** 2
        return power[int(0.42 * len(signal)) + 1 :].sum()

    healthy = np.array([energy(signal) for signal in signals(system)[Fault.NORMAL, 0]])
    for fault in DESIGNS[system].faults[1:]:
        faulty = np.array([energy(signal) for signal in signals(system)[fault, 3]])
        assert 0.1 < (faulty[:, None] > healthy).mean() < 0.9


@pytest.mark.parametrize("system", [1, 2, 4, 5])
def test_the_class_can_be_told_without_having_seen_the_bearing(signals, system):
    rig = DESIGNS[system]
    right = []
    for fault in BEARING:
        for severity in (2, 3):
            for signal in signals(system)[fault, severity]:
                found = envelope_spectrum(rig, signal)
                score = {other: peak(*found, at, within=0.01)[1] for other, at in lines(rig).items()}
                right.append(max(score, key=score.get) is fault)
    assert np.mean(right) > 0.9


def test_bearings_of_one_class_differ(signals):
    """Levels and resonances are the bearing's own, so that a split by bearing asks for more than one by recording."""
    levels = [signal.std() for signal in signals(1)[Fault.OUTER, 3]]
    assert np.ptp(levels) > 0.03 * np.mean(levels)
    frequencies, power = zip(*(spectrum(signal, 12_000.0) for signal in signals(1)[Fault.OUTER, 3]), strict=True)
    tops = [f[np.argmax(np.convolve(p**2, np.ones(400), "same"))] for f, p in zip(frequencies, power, strict=True)]
    assert np.ptp(tops) > 20
