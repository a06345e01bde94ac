"""Law 4: artifacts appear whole or not at all."""

from __future__ import annotations

import errno
from datetime import UTC, datetime

import pytest

from twostage.config.document import TwoStageConfig
from twostage.engine.artifacts import RunDirectory, json_text, told_plainly
from twostage.errors import OutputError

CONFIG = TwoStageConfig.model_validate({"stage_1": {"pretrain_mode": "contrastive"}})
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def directory(root):
    return RunDirectory(root, CONFIG, source="rig", started=NOW)


def test_a_run_without_a_finished_stage_leaves_nothing(tmp_path):
    run = directory(tmp_path)
    (run.aside("stage_1/seed-0") / "half.txt").write_text("half")
    run.close()
    assert list(tmp_path.rglob("*")) == []


def test_a_committed_stage_stays_and_the_rest_goes(tmp_path):
    run = directory(tmp_path)
    (run.aside("stage_1/seed-0") / "whole.txt").write_text("whole")
    place = run.commit("stage_1/seed-0")
    run.aside("stage_2/seed-0")
    run.close()
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["whole.txt"]
    assert place == tmp_path / "rig" / "hse_patchtst" / "contrastive_20260102T030405" / "stage_1" / "seed-0"


def test_two_runs_of_the_same_second_get_folders_of_their_own(tmp_path):
    first, second = directory(tmp_path), directory(tmp_path)
    assert first.path != second.path
    assert second.path.name == f"{first.path.name}-2"


def test_a_file_is_replaced_as_a_whole(tmp_path):
    run = directory(tmp_path)
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
