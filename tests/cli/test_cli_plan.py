"""``twostage plan``, and what ``run`` and ``resume`` do with what is done already; exit codes."""

from __future__ import annotations

import json

import pytest

from twostage.engine.observer import Silent

DIVERGES = ("-o", "stage_2.optimizer.kind=sgd", "-o", "stage_2.optimizer.lr=1e30")
PLAIN = {"adapt_mode": "finetune", "targets": [{"system": 3}], "epochs": 2, "control": "from_scratch"}


class SecondEpoch(Silent):
    """Stops a run in its second epoch."""

    def batch_done(self, stage, *, epoch, **_):
        if epoch == 2:
            raise KeyboardInterrupt


def test_a_plan_says_what_is_to_do_and_then_what_is_done_and_writes_nothing(command, written, tmp_path, snapshot):
    file = written(stage_2=PLAIN)
    before = snapshot(tmp_path)
    code, out, _ = command("plan", file)
    assert (code, snapshot(tmp_path)) == (2, before)
    assert "3 trainings: 3 to do" in out
    assert "not known: nothing like it is in the store" in out
    assert max(map(len, out.splitlines())) <= 80
    assert command("run", file)[0] == 0
    before = snapshot(tmp_path)
    code, out, _ = command("plan", file)
    assert (code, snapshot(tmp_path)) == (0, before)
    assert "3 trainings: 3 done" in out
    code, out, _ = command("plan", file, "-o", "seeds=[0,1]")
    assert code == 2
    assert "6 trainings: 3 done, 3 to do" in out
    assert "About " in out


def test_a_plan_of_many_points_shows_some_rows_and_counts_equal_trainings_once(command, written):
    rates = [f"{number}e-4" for number in range(1, 36)]
    axis = f"sweep=[{{kind: grid, name: lr, key: stage_1.optimizer.lr, values: [{', '.join(rates)}]}}]"
    code, out, _ = command("plan", written(stage_2=PLAIN), "-o", axis.replace("e-4", ".0e-4"))
    assert code == 2
    assert "5 more rows are not shown; --json has every training." in out
    assert "105 to do; 34 of those to do are the same as another, and trained once" in " ".join(out.split())


def test_a_plan_as_json_names_every_training_with_key_size_and_time(command, written):
    file = written(stage_2=PLAIN)
    assert command("run", file, "-o", "stage_2=null")[0] == 0
    code, out, _ = command("plan", file, "--json")
    first, second, third = json.loads(out)["stages"]
    assert code == 2
    assert (first["state"], second["state"], third["state"]) == ("done", "to do", "to do")
    assert second["source"] == first["name"] == "stage_1/seed-0"
    assert len({first["key"], second["key"], third["key"]}) == 3
    assert first["seconds"] > 0
    assert second["windows"] == [72, 24, 24]
    assert second["memory"] == 4 * (second["parameters"] + 3 * second["trained"])


def test_a_half_trained_stage_shows_how_far_it_is(command, written, tmp_path):
    from twostage import TwoStageRun  # noqa: PLC0415 - torch

    file = written(stage_2=None)
    with pytest.raises(KeyboardInterrupt):
        TwoStageRun(file, observer=SecondEpoch()).fit()
    code, out, _ = command("plan", file)
    assert code == 2
    assert "halfway" in out
    assert "(1 epochs)" in out


def test_a_mistake_is_told_with_1(command, written):
    code, _, err = command("plan", written(stage_2=PLAIN | {"targets": [{"system": 9}]}))
    assert code == 1
    assert "Dataset_id [9]" in err


def test_failures_are_told_at_once_and_at_the_end_and_exit_with_3(command, written, tmp_path):
    file = written(stage_2=PLAIN)
    code, out, err = command("run", file, *DIVERGES)
    assert code == 3
    failed = [line for line in err.splitlines() if line.startswith("failed: ")]
    assert len(failed) == 4
    assert failed[0].startswith("failed: stage_2/seed-0/system-3/pretrained: the training loss")
    log = failed[2].partition("(log: ")[2].rstrip(")")
    assert log.endswith("logs/stage_2/seed-0/system-3/pretrained.log")
    assert "TrainingError" in (tmp_path / log).read_text()
    assert "2 of 3 stages failed; to go on: twostage resume" in err
    code, out, err = command("resume", out.splitlines()[-1].removeprefix("Results: "), "--fail-fast")
    assert code == 3
    assert "1 of 3 stages failed, 1 was not begun; to go on" in err
    assert "stage_1/seed-0: done already" in err
    assert "from_scratch" not in err.partition("done already")[2]


def test_what_starts_from_a_stage_that_failed_is_left_out_and_the_rest_runs(command, written):
    diverges = [option.replace("stage_2", "stage_1") for option in DIVERGES]
    code, _, err = command("run", written(stage_2=PLAIN), *diverges)
    assert code == 3
    assert "failed: stage_2/seed-0/system-3/pretrained: not started, because stage_1/seed-0 failed" in err
    assert "stage_2/seed-0/system-3/from_scratch: done in" in err


def test_fresh_trains_everything_anew(command, written):
    file = written(stage_2=PLAIN)
    command("run", file)
    assert "done already" in command("run", file)[2]
    code, _, err = command("run", file, "--fresh")
    assert code == 0
    assert "done already" not in err


def test_resume_wants_the_folder_of_a_run(command, tmp_path):
    code, _, err = command("resume", tmp_path)
    assert code == 1
    assert err.splitlines()[-1] == f"error: {tmp_path} is no folder of a run: it has no config.lock.yaml and plan.json"


def test_an_edit_of_the_document_changes_nothing_of_a_run_that_goes_on(command, written, tmp_path):
    file = written(stage_2=PLAIN)
    _, out, _ = command("run", file)
    file.write_text("not: a document\n")
    code, again, _ = command("resume", out.splitlines()[-1].removeprefix("Results: "))
    assert (code, again) == (0, out)
