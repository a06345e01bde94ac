"""The one home of Hypothesis strategies."""

from __future__ import annotations

from hypothesis import strategies as st

from twostage.config.base import Section
from twostage.config.splits import BearingSplit, DomainSplit, RecordingSplit, Split, TimeSplit
from twostage.config.windows import EvenlySpaced, RandomlyPlaced, Sequential, Windows
from twostage.data.recordings import Recording

# Recordings and splits -------------------------------------------------------------------------------------------

SHARES = ((0.6, 0.2, 0.2), (0.8, 0.2, 0.0), (0.5, 0.25, 0.25), (0.7, 0.0, 0.3), (1.0, 0.0, 0.0))


def recording(id_: int = 1, **changes: object) -> Recording:
    """A recording of 1000 samples, one channel, class 0 of system 1; ``changes`` replace any of it."""
    usual = {"system": 1, "name": "RM_A", "label": 0, "domain": 0, "bearing": "b", "sample_rate": 1000.0}
    return Recording(**({"id": id_, "length": 1000, "channels": 1} | usual | changes))


@st.composite
def any_recordings(draw: st.DrawFn) -> list[Recording]:
    """Recordings of any kind, most of them unfit for most splits: few, short, without label, domain or bearing."""
    ids = draw(st.lists(st.integers(0, 10_000), min_size=1, max_size=25, unique=True))
    few = st.integers(0, 2)
    return [
        recording(
            id_,
            system=draw(st.integers(1, 2)),
            label=draw(st.none() | few if draw(st.booleans()) else few),
            domain=draw(few) if id_ % 17 else None,
            bearing=draw(st.sampled_from("abcde")) if id_ % 13 else None,
            length=draw(st.integers(1, 200)),
        )
        for id_ in ids
    ]


@st.composite
def fit_recordings(draw: st.DrawFn) -> list[Recording]:
    """Recordings that every split accepts: in each class 3 or 4 bearings, each of them in 2 or 3 domains."""
    domains = draw(st.integers(2, 3))
    made: list[Recording] = []
    for system in range(1, draw(st.integers(1, 2)) + 1):
        for label in (0, 4):
            for bearing in range(draw(st.integers(3, 4))):
                for domain in range(domains):
                    made.append(
                        recording(
                            7 * len(made) + 3,
                            system=system,
                            label=label,
                            domain=domain,
                            bearing=f"{label}-{bearing}",
                            length=draw(st.integers(100, 160)),
                        )
                    )
    return draw(st.permutations(made))


def windows(max_length: int = 10) -> st.SearchStrategy[Windows]:
    """Every placement of windows of 8 samples or a few more."""
    length, some = st.integers(8, max_length), st.integers(1, 200)
    return st.one_of(
        st.builds(EvenlySpaced, length=length, per_recording=some),
        st.builds(Sequential, length=length, stride=st.integers(1, 30), per_recording=st.none() | some),
        st.builds(RandomlyPlaced, length=length, per_recording=some, seed=st.integers(0, 5)),
    )


def _shared(config: type[Section], **fields: st.SearchStrategy[object]) -> st.SearchStrategy[Split]:
    def build(shares: tuple[float, float, float], **values: object) -> Split:
        return config(train=shares[0], validation=shares[1], test=shares[2], **values)

    return st.builds(build, st.sampled_from(SHARES), seed=st.integers(0, 9), **fields)


def splits() -> st.SearchStrategy[Split]:
    """Splits by every unit."""
    rest = {
        "validation": st.sampled_from([0.0, 0.2]),
        "validation_unit": st.sampled_from(["recording", "bearing", "time"]),
    }
    return st.one_of(
        _shared(RecordingSplit),
        _shared(BearingSplit, few_bearings=st.sampled_from(["error", "train_only", "exclude"])),
        _shared(TimeSplit, gap=st.sampled_from([None, 10])),
        st.builds(DomainSplit, last=st.integers(1, 3), seed=st.integers(0, 9), **rest),
        st.builds(DomainSplit, test_domains=st.just((1,)), seed=st.integers(0, 9), **rest),
    )
