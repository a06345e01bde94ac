"""Law 4: the folder of a run; what is in it appears whole or not at all."""

from __future__ import annotations

import errno
from datetime import UTC, datetime

import pytest

from twostage.config.document import TwoStageConfig
from twostage.engine.outcome.artifacts import RunFolders, json_text, told_plainly
from twostage.engine.store.store import Store
from twostage.errors import OutputError

CONFIG = TwoStageConfig.model_validate({"stage_1": {"pretrain_mode": "contrastive"}})
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


def directory(store, key="a"):
    return RunFolders(store).open(CONFIG, key=key, source="rig", started=NOW)


def finished(store, key, text="whole"):
    folder = store.scratch.fresh()
    (folder / "log").mkdir()
    (folder / "log" / "whole.txt").write_text(text)
    return store.commit(key, folder, {})


def test_a_stage_of_the_store_stands_under_its_name(store, tmp_path):
    place = directory(store).place("stage_1/seed-0", finished(store, "aa"))
    assert place == tmp_path / "rig" / "hse_patchtst" / "contrastive_20260102T030405" / "stage_1" / "seed-0"
    assert (place / "log" / "whole.txt").read_text() == "whole"
    assert (place / "log" / "whole.txt").stat().st_nlink == 2


def test_it_stays_when_the_store_forgets(store):
    place = directory(store).place("stage_1/seed-0", finished(store, "aa"))
    store.forget("aa")
    assert store.find("aa") is None
    assert (place / "log" / "whole.txt").read_text() == "whole"


def test_it_is_copied_where_there_are_no_links(store, monkeypatch):
    record = finished(store, "aa")

    def refused(*_):
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr("pathlib.Path.hardlink_to", refused)
    place = directory(store).place("stage_1/seed-0", record)
    assert (place / "log" / "whole.txt").read_text() == "whole"


def test_a_stage_whose_key_has_changed_is_replaced(store):
    run = directory(store)
    run.place("stage_1/seed-0", finished(store, "aa", "old"))
    place = run.place("stage_1/seed-0", finished(store, "bb", "new"))
    assert (place / "log" / "whole.txt").read_text() == "new"


def test_another_run_of_the_same_second_gets_a_folder_of_its_own_and_the_same_run_the_same(store):
    first, second, again = directory(store), directory(store, "b"), directory(store)
    assert second.path.name == f"{first.path.name}-2"
    assert again.path == first.path


def test_a_run_whose_folder_was_removed_gets_a_new_one(store):
    path = directory(store).path
    path.rmdir()
    assert directory(store).path.is_dir()


def test_a_file_is_replaced_as_a_whole(store):
    run = directory(store)
    run.write("manifest.json", "old")
    run.write("manifest.json", "new")
    assert (run.path / "manifest.json").read_text() == "new"
    assert [path.name for path in run.path.iterdir()] == ["manifest.json"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT])
def test_what_the_disk_refuses_is_told_plainly(tmp_path, code):
    with pytest.raises(OutputError), told_plainly(tmp_path):
        raise OSError(code, "refused", "some/file")


def test_other_errors_keep_their_traceback(tmp_path):
    with pytest.raises(OSError, match="broken pipe"), told_plainly(tmp_path):
        raise OSError(errno.EPIPE, "broken pipe")
    with pytest.raises(RuntimeError), told_plainly(tmp_path):
        raise RuntimeError("ours")


def test_json_holds_numbers_only():
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text({"loss": float("nan")})
