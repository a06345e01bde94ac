"""The store: finished stages are whole, readers trust the manifest, and leases heal themselves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from twostage.engine.store.leases import Leases
from twostage.engine.store.processes import Process, this_process
from twostage.engine.store.store import Store

KEY = "ab" + "0" * 62
ELSEWHERE = Process("another-machine", 1, "1")


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path, Leases(expires=0.2))


def written(store, text="weights"):
    folder = store.scratch.fresh()
    (folder / "log").mkdir()
    (folder / "checkpoint").write_text(text)
    (folder / "log" / "metrics.csv").write_text("1,2")
    return folder


def lease_by(store, process, number=1):
    folder = store.work(KEY)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"lease-{number}").write_text(json.dumps(asdict(process) | {"beat": 0, "time": "2000-01-01"}))


def test_a_finished_stage_is_found_with_what_was_said_of_it(store):
    store.commit(KEY, written(store), {"result": {"metrics": {"a": 1.0}}})
    record = Store(store.root).find(KEY)
    assert record.content["result"] == {"metrics": {"a": 1.0}}
    assert set(record.content["files"]) == {"checkpoint", "log/metrics.csv"}
    assert record.damaged() == []
    assert [each.key for each in store.records()] == [KEY]


def test_the_first_of_two_stays(store):
    first = store.commit(KEY, written(store), {"from": 1})
    second = store.commit(KEY, written(store), {"from": 2})
    assert first.content["from"] == second.content["from"] == 1


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_text("cut")])
def test_a_stage_with_a_file_that_is_gone_or_cut_short_does_not_count_and_is_replaced(store, spoil):
    spoil(store.commit(KEY, written(store), {}).folder / "checkpoint")
    assert store.find(KEY) is None
    assert store.commit(KEY, written(store), {}).damaged() == []
    assert store.find(KEY) is not None


def test_a_changed_byte_is_found_by_its_digest(store):
    record = store.commit(KEY, written(store, "weights"), {})
    (record.folder / "checkpoint").write_text("wEights")
    assert store.find(KEY).damaged() == ["checkpoint"]


def test_nothing_is_made_by_looking(store, tmp_path):
    assert store.find(KEY) is None
    assert list(store.records()) == []
    assert list(tmp_path.iterdir()) == []


def test_one_of_two_gets_the_work_and_the_other_when_it_is_given_back(store):
    first = store.claim(KEY)
    with first.kept():
        assert Store(store.root).claim(KEY) is None
    assert Store(store.root).claim(KEY) is not None


def test_of_a_hundred_claims_one_succeeds(store):
    program = (
        "import sys; from pathlib import Path; from twostage.engine.store.leases import Leases\n"
        "folder, wanted = Path(sys.argv[1]), 0\n"
        "for number in range(50): wanted += Leases().claim(folder / str(number)) is not None\n"
        "print(wanted); sys.stdin.read()"
    )
    calls = [sys.executable, "-c", program, str(store.root / "race")]
    both = [subprocess.Popen(calls, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) for _ in range(2)]
    counts = [int(each.stdout.readline()) for each in both]
    for each in both:
        each.communicate("")
    assert sum(counts) == 50


def test_the_lease_of_a_dead_process_is_taken_over_at_once(store):
    program = (
        "import sys; from pathlib import Path; from twostage.engine.store.store import Store\n"
        "Store(Path(sys.argv[1])).claim(sys.argv[2]); print('claimed', flush=True); sys.stdin.read()"
    )
    call = [sys.executable, "-c", program, str(store.root), KEY]
    with subprocess.Popen(call, stdout=subprocess.PIPE, stdin=subprocess.PIPE) as other:
        other.stdout.readline()
        patient = Store(store.root, Leases(expires=1000.0))
        assert patient.claim(KEY) is None
        other.send_signal(signal.SIGKILL)
        other.wait()
        assert patient.claim(KEY) is not None


def test_a_process_that_was_given_the_number_of_a_dead_one_holds_nothing(store):
    lease_by(store, replace(this_process(), started="1"))
    assert Store(store.root, Leases(expires=1000.0)).claim(KEY) is not None


def test_a_lease_of_another_machine_expires_by_the_clock_of_the_one_who_looks(store):
    """Whatever the other clock says: the time that is written is twenty years old, or to come."""
    lease_by(store, ELSEWHERE)
    assert store.claim(KEY) is None
    time.sleep(0.1)
    assert store.claim(KEY) is None
    time.sleep(0.15)
    assert store.claim(KEY) is not None


def test_a_lease_that_is_rewritten_does_not_expire(store):
    lease = store.claim(KEY)
    other = Store(store.root, Leases(expires=0.2))
    with lease.kept():
        for _ in range(8):
            assert other.claim(KEY) is None
            time.sleep(0.05)
    assert not lease.folder.joinpath("lease-1").exists()


def test_a_worker_that_hangs_loses_its_lease(tmp_path):
    hanging = Store(tmp_path, Leases(expires=0.2, hangs=0.0)).claim(KEY)
    other = Store(tmp_path, Leases(expires=0.2))
    with hanging.kept():
        assert other.claim(KEY) is None
        time.sleep(0.25)
        taken = other.claim(KEY)
        assert taken is not None
        assert hanging.lost
        assert not taken.lost
    assert not taken.lost, "the one that lost it must not give back what is not its own"


def test_a_lease_whose_writer_was_stopped_before_it_was_done_expires(store):
    store.work(KEY).mkdir(parents=True)
    (store.work(KEY) / "lease-3").write_text("")
    assert store.claim(KEY) is None
    time.sleep(0.25)
    assert store.claim(KEY).number == 4


@pytest.mark.parametrize(
    "use", [lambda store: store.scratch.fresh(), Store.close], ids=["writing", "with nothing to write"]
)
def test_what_dead_writers_left_is_swept(store, use):
    store.scratch.fresh()
    me = this_process()
    dead, alive = (store.folder / "scratch" / f"{me.pid}_1_{host}_0" for host in (me.host, "another_machine"))
    for folder in (dead, alive):
        folder.mkdir()
        (folder / "half").write_text("half")
    use(Store(store.root))
    assert not dead.exists()
    assert alive.exists()


def test_a_process_knows_itself_and_the_dead():
    me = this_process()
    assert (me.here, me.dead, me.pid) == (True, False, os.getpid())
    assert (ELSEWHERE.here, ELSEWHERE.dead) == (False, False)
