"""What pretraining is worth: the adaptation beside each of its controls, paired over seeds.

Every number comes from stages that met the same windows with the same seed, so differences are taken pair by pair.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, stdev
from typing import Any

from scipy.stats import t as student

from twostage.engine.planning.plan import AdaptStage, Variant

CONFIDENCE = 0.95
MAINS: tuple[Variant, ...] = ("pretrained", "from_scratch")
WORDS: Mapping[Variant, str] = {
    "pretrained": "the pretrained encoder",
    "from_scratch": "training from scratch",
    "untrained": "an untrained encoder that stays frozen",
    "trivial": "band energies with linear models",
}


@dataclass(frozen=True)
class _Metric:
    """What is compared: one number for each task."""

    name: str
    error: bool = False
    share: bool = True


METRICS = (
    _Metric("macro_f1"),
    _Metric("anomaly_detection/auroc"),
    _Metric("rul_prediction/rmse", error=True, share=False),
    _Metric("signal_prediction/mse", error=True, share=False),
)


@dataclass(frozen=True)
class Comparison:
    """An adaptation beside one control, on the test of one system.

    ``variant``, ``backbone`` and ``shots`` are None where the document does not choose. ``difference`` is the mean over
    ``pairs`` seeds, or over repeats of the only seed (``over``), and above 0 where the adaptation is better;
    ``interval`` is its 95 % interval by Student's t, None for one pair. ``code`` names what a reader must know, with
    ``message`` in words; both are None where the adaptation is better beyond doubt.
    """

    system: int
    systems: tuple[int, ...]
    tasks: tuple[str, ...]
    variant: str | None
    backbone: str | None
    shots: int | None
    metric: str
    adaptation: Variant
    control: Variant
    over: str
    pairs: int
    result: float
    control_result: float
    difference: float
    interval: tuple[float, float] | None
    code: str | None
    message: str | None

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Audit:
    """All comparisons of a run, in the order of its stages."""

    comparisons: tuple[Comparison, ...] = ()

    @property
    def warnings(self) -> tuple[Comparison, ...]:
        """Those with a code, such as ``negative-transfer`` or ``trivial-as-good``."""
        return tuple(each for each in self.comparisons if each.code is not None)


Tested = tuple[AdaptStage, Mapping[str, float]]
_Key = tuple[int, int | None]


def audit(tested: Iterable[Tested]) -> Audit:
    """Compare adaptations with their controls, as far as both are among the stages that were tested."""
    families: dict[tuple[Any, ...], list[Tested]] = {}
    for stage, metrics in tested:
        branch = stage.branch
        family = (stage.target, branch.variant, branch.backbone, branch.shots)
        families.setdefault(family, []).append((stage, metrics))
    return Audit(tuple(found for family in families.values() for found in _family(family)))


def _family(tested: Sequence[Tested]) -> Iterator[Comparison]:
    """Comparisons of stages that differ by seed, repeat and start alone."""
    starts = dict.fromkeys(stage.variant for stage, _ in tested)
    main = next((start for start in MAINS if start in starts), None)
    if main is None:
        return
    for system in sorted({int(name.rsplit("/", 1)[1]) for _, found in tested for name in found if _counts(name)}):
        for metric in METRICS:
            name = f"test/{metric.name}/{system}"
            values = {start: _values(tested, start, name) for start in starts}
            for control in starts:
                shared = [key for key in values[main] if key in values[control]]
                if control != main and shared:
                    yield _comparison(tested[0][0], system, metric, main, control, values, shared)


def _counts(name: str) -> bool:
    """Whether a metric counts the test windows of a system."""
    return name.startswith("test/") and name.split("/")[-2] == "windows"


def _values(tested: Sequence[Tested], start: Variant, name: str) -> dict[_Key, float]:
    return {
        (stage.branch.seed, stage.branch.repeat): metrics[name]
        for stage, metrics in tested
        if stage.variant == start and name in metrics
    }


def _comparison(  # noqa: PLR0917 - what is compared
    stage: AdaptStage,
    system: int,
    metric: _Metric,
    main: Variant,
    control: Variant,
    values: Mapping[Variant, Mapping[_Key, float]],
    shared: Sequence[_Key],
) -> Comparison:
    sign = -1.0 if metric.error else 1.0
    differences = {key: sign * (values[main][key] - values[control][key]) for key in shared}
    over, paired = _paired(differences)
    interval = interval_of(paired)
    difference = fmean(paired)
    code = _code(main, control, difference, interval)
    found = _sentence(metric, main, control, difference, interval, f"{len(paired)} {over}")
    return Comparison(
        system=system,
        systems=tuple(stage.target.ids),
        tasks=tuple(stage.target.tasks or ()),
        variant=stage.branch.variant,
        backbone=stage.branch.backbone,
        shots=stage.branch.shots,
        metric=metric.name,
        adaptation=main,
        control=control,
        over=over,
        pairs=len(paired),
        result=fmean(values[main][key] for key in shared),
        control_result=fmean(values[control][key] for key in shared),
        difference=difference,
        interval=interval,
        code=code,
        message=None if code is None else f"{_place(stage, system)}{found}",
    )


def _paired(differences: Mapping[_Key, float]) -> tuple[str, list[float]]:
    """One difference for each seed, its repeats averaged: they share a pretraining. Repeats where there is one seed."""
    by_seed: dict[int, list[float]] = {}
    for (seed, _), value in differences.items():
        by_seed.setdefault(seed, []).append(value)
    if len(by_seed) == 1 and len(differences) > 1:
        return "repeats", list(differences.values())
    return "seeds", [fmean(mine) for mine in by_seed.values()]


def interval_of(paired: Sequence[float]) -> tuple[float, float] | None:
    """The 95 % interval of the mean of paired differences by Student's t; None for a single one."""
    if len(paired) < 2:  # noqa: PLR2004 - one difference has no spread
        return None
    half = float(student.ppf((1 + CONFIDENCE) / 2, len(paired) - 1)) * stdev(paired) / math.sqrt(len(paired))
    return fmean(paired) - half, fmean(paired) + half


def _code(main: Variant, control: Variant, difference: float, interval: tuple[float, float] | None) -> str | None:
    """What must be said of a comparison, as a stable word."""
    unproven = interval is None or interval[0] <= 0.0
    if control == "from_scratch" and main == "pretrained":
        if difference < 0.0:
            return "negative-transfer"
        return "gain-unproven" if unproven else None
    beaten = difference > 0.0 and (interval is None or interval[0] > 0.0)
    return None if beaten else f"{control}-as-good"


def _sentence(  # noqa: PLR0917 - as above
    metric: _Metric,
    main: Variant,
    control: Variant,
    difference: float,
    interval: tuple[float, float] | None,
    pairs: str,
) -> str:
    """Such as ``macro_f1 is 3.1 points worse than that of training from scratch (95 % interval ... over 3 seeds)``."""
    size = f"{100 * abs(difference):.1f} points" if metric.share else f"{abs(difference):.3g}"
    better = "the same as" if difference == 0.0 else f"{size} {'better' if difference > 0.0 else 'worse'} than"
    if interval is None:
        doubt = "one seed, so no interval: a difference between two trainings shows little"
    else:
        low, high = (f"{100 * end:+.1f}" if metric.share else f"{end:+.3g}" for end in interval)
        doubt = f"95 % interval of the difference {low} to {high} over {pairs}"
    return f"{metric.name} of {WORDS[main]} is {better} that of {WORDS[control]} ({doubt})"


def _place(stage: AdaptStage, system: int) -> str:
    branch = stage.branch
    beside = f" of {' '.join(map(str, stage.target.ids))}" if len(stage.target.ids) > 1 else ""
    parts = [branch.variant, branch.backbone, None if branch.shots is None else f"shots {branch.shots}"]
    return ", ".join([*(part for part in parts if part), f"system {system}{beside}"]) + ": "
