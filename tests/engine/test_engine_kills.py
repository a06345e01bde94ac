"""Law: SIGKILL anywhere. No corrupt store, no finished stage lost, nothing to clean up, the same bits at the end.

Children are forked, so that each begins at once: half of them are killed after a random time, half at a random call
that touches a file below the folder of results.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
import time
import warnings

import pytest
from rigs import document

from twostage import TwoStageRun
from twostage.engine.observer import Silent
from twostage.engine.store.store import Store
from twostage.errors import DataError

LONGEST = 1.2  # seconds; about what two of the trainings take
CALLS = 400
PATIENCE = 120.0


def small(rig, root, **changes):
    """Three trainings of three epochs, or with more seeds as many times three."""
    stage_1 = {"pretrain_mode": "contrastive", "systems": [1], "epochs": 3, "batch_size": 8}
    stage_2 = {"adapt_mode": "finetune", "targets": [{"system": 3}], "epochs": 3, "control": "from_scratch"}
    return document(rig, root, stage_1=stage_1, stage_2=stage_2, **changes)


def killed_at(root, call):
    """Kill this process at its n-th call that names a path below ``root``."""
    left, below = [call], os.fspath(root)

    def hook(event, arguments):
        if event.startswith(("open", "os.", "shutil.")) and any(below in str(each) for each in arguments[:2]):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


class Begun(Silent):
    """Writes down the trainings that begin."""

    def __init__(self, file):
        self.file = file

    def stage_started(self, stage, **_):
        with self.file.open("a") as told:
            told.write(f"{stage.name}\n")


def run_in_child(written, root, *, after=None, call=None, told=None):
    """Run a document in a child that may be killed; whether it came to its end."""
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # of forks beside threads: none of them holds a lock of ours
        child = os.fork()
    if not child:
        code = 1
        try:
            if call is not None:
                killed_at(root, call)
            TwoStageRun(written, observer=None if told is None else Begun(told)).fit()
            code = 0
        finally:
            os._exit(code)
    timer = threading.Timer(PATIENCE if after is None else after, os.kill, (child, signal.SIGKILL))
    timer.start()
    _, status = os.waitpid(child, 0)
    timer.cancel()
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, (
        "a run must not fail because an earlier one was killed"
    )
    return not os.WIFSIGNALED(status)


def check(store, known):
    """The finished stages: whole, and all that were there before."""
    records = {record.key: record for record in store.records()}
    assert known <= records.keys()
    assert [record.damaged() for record in records.values()] == [[]] * len(records)
    return set(records)


def campaign(written, root, draw, kills):
    """Run again and again, and kill; how many kills it took until the run was done."""
    known, store = set(), Store(root)
    for number in range(kills):
        how = {"after": draw.uniform(0.0, LONGEST)} if number % 2 else {"call": draw.randrange(1, CALLS)}
        if run_in_child(written, root, **how):
            return number
        known = check(store, known)
    assert run_in_child(written, root)
    check(store, known)
    return kills


def killed_often(make, tmp_path, kills):
    draw, done, number = random.Random(0), 0, 0  # noqa: S311 - no secret
    whole = TwoStageRun(make(tmp_path / "whole")).fit()
    while done < kills:
        root = tmp_path / f"killed-{number}"
        done, number = done + campaign(make(root), root, draw, kills - done), number + 1
        again = TwoStageRun(make(root)).fit()
        assert [each.digest for each in again.stages] == [each.digest for each in whole.stages]
        assert [each.metrics for each in again.stages] == [each.metrics for each in whole.stages]
        logs = [each.directory / "log" / "metrics.csv" for each in (*again.stages, *whole.stages)]
        assert [log.read_text() for log in logs[: len(logs) // 2]] == [
            log.read_text() for log in logs[len(logs) // 2 :]
        ]
        store = root / ".store"
        assert list((store / "work").glob("*")) == []
        assert list((store / "scratch").iterdir()) == []
        assert len(list(root.rglob("manifest.json"))) == 1


def test_twenty_kills_anywhere_lose_nothing(rig, tmp_path):
    killed_often(lambda root: small(rig, root), tmp_path, 20)


@pytest.mark.long
def test_five_hundred_kills_of_thirty_stages_lose_nothing(rig, tmp_path):
    killed_often(lambda root: small(rig, root, seeds=list(range(10))), tmp_path, 500)


def at_once(root, *documents):
    """Run documents in children beside one another; the trainings that each of them has begun."""
    begun = [root.with_name(f"begun-{number}") for number in range(len(documents))]
    children = []
    for written, told in zip(documents, begun, strict=True):
        told.touch()
        children.append(threading.Thread(target=run_in_child, args=(written, root), kwargs={"told": told}))
        children[-1].start()
        time.sleep(0.05)
    for child in children:
        child.join()
    return [told.read_text().split() for told in begun]


def points(rig, root, *rates):
    """One pretraining, and an adaptation and a control for each learning rate."""
    axis = {"kind": "grid", "name": "rate", "key": "stage_2.optimizer.lr", "values": list(rates)}
    return small(rig, root, sweep=[axis])


@pytest.mark.parametrize(
    ("make", "mine", "yours"),
    [
        (lambda rig, root, *seeds: small(rig, root, seeds=list(seeds)), (0, 1), (1, 2)),
        (points, (1e-3, 3e-3, 1e-2), (3e-3, 1e-2, 3e-2)),
    ],
    ids=["seeds", "axes of a sweep"],
)
def test_two_runs_at_once_train_each_stage_once_and_both_report_all_of_theirs(rig, tmp_path, make, mine, yours):
    """Two users of one store, with plans that overlap: what both want is trained by one of them."""
    root = tmp_path / "shared"
    begun = at_once(root, make(rig, root, *mine), make(rig, root, *yours))
    records = list(Store(root).records())
    assert len(records) == sum(map(len, begun)) == 9
    assert all(begun)
    manifests = [json.loads(path.read_text()) for path in root.rglob("manifest.json")]
    assert len(manifests) == 2
    for manifest in manifests:
        assert manifest["status"] == "complete"
        assert [stage["name"] for stage in manifest["stages"]] == manifest["planned"]
    keys = [{stage["key"] for stage in manifest["stages"]} for manifest in manifests]
    assert keys[0] | keys[1] == {record.key for record in records}
    assert len(keys[0] & keys[1]) >= 3


def test_a_data_file_that_vanishes_is_told_and_nothing_is_lost(rig_copy, tmp_path):
    """Between two runs, and while a run is training."""
    root = tmp_path / "save"
    TwoStageRun(small(rig_copy, root) | {"stage_2": None}).fit()
    moved = (rig_copy / "RIG_3.h5").rename(tmp_path / "RIG_3.h5")
    with pytest.raises(DataError, match="RIG_3"):
        TwoStageRun(small(rig_copy, root)).fit()
    assert len(check(Store(root), set())) == 1
    moved.rename(rig_copy / "RIG_3.h5")
    summary = TwoStageRun(small(rig_copy, root), observer=Vanishing(rig_copy / "RIG_3.h5"), keep_going=True).fit()
    known = check(Store(root), set())
    assert len(known) == len(summary.stages)
    assert len(summary.failures) == 2
    assert all("RIG_3.h5 is not there any more" in failure.message for failure in summary.failures)


class Vanishing(Silent):
    """Removes a file when the first stage of a run begins."""

    def __init__(self, file):
        self.file = file

    def stage_started(self, stage, **_):
        self.file.unlink(missing_ok=True)
