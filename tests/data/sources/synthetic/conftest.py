"""Each test has its own cache folder; recordings that many tests look at are made once."""

from __future__ import annotations

from functools import lru_cache

import pytest

from twostage.config.source import SyntheticSource as SyntheticConfig
from twostage.data.sources.synthetic.source import SyntheticSource


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    folder = tmp_path / "cache"
    monkeypatch.setenv("TWOSTAGE_CACHE", str(folder))
    return folder


@pytest.fixture(scope="session")
def signals(tmp_path_factory):
    """Function: signals of a rig in its first condition, by (label, severity); each of shape (bearings, length)."""
    folder = tmp_path_factory.mktemp("rigs")

    @lru_cache
    def of(system):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TWOSTAGE_CACHE", str(folder))
            return _signals(system)

    return of


def _signals(system):
    source = SyntheticSource(SyntheticConfig(bearings_per_class=4, domains=1))
    rows = source.catalogue([system])
    bank = source.open(rows)
    by_state = {}
    for i, row in enumerate(rows):
        severity = int(row.bearing.split("-")[2]) if row.label else 0
        by_state.setdefault((row.label, severity), []).append(bank.read(i, 0, row.length)[:, 0].astype(float))
    return by_state
