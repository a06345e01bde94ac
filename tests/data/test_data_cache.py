"""Files in the cache appear whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from twostage.data.cache import cache_root, write_aside


def test_the_variable_chooses_the_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("TWOSTAGE_CACHE", str(tmp_path))
    assert cache_root() == tmp_path
    monkeypatch.delenv("TWOSTAGE_CACHE")
    assert isinstance(cache_root(), Path)
    assert cache_root() != tmp_path


def test_the_target_changes_only_at_the_end(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")
    with write_aside(target) as aside:
        aside.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


def test_a_failure_leaves_nothing(tmp_path):
    with pytest.raises(UnicodeEncodeError), write_aside(tmp_path / "a.txt") as aside:
        aside.write_text("half, then 轴", encoding="ascii")
    assert list(tmp_path.iterdir()) == []
