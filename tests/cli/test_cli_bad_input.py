"""Bad input end to end: exit code 1, one sentence on stderr, no traceback, and nothing left half-written."""

from __future__ import annotations

import csv
import gc
import shutil
import subprocess

import h5py
import numpy as np
import pytest

MOUNT, UMOUNT = shutil.which("mount"), shutil.which("umount")


@pytest.fixture
def refused(command, tmp_path, snapshot):
    """Run and require a refusal in a sentence; the folder must look as before. Returns the sentence."""

    def refused(*arguments):
        before = snapshot(tmp_path)
        code, out, err = command("run", *arguments)
        assert (code, out) == (1, "")
        assert "Traceback" not in err
        assert snapshot(tmp_path) == before
        (told,) = [line for line in err.splitlines() if line.startswith("error: ")]
        after = err.partition(told)[2]
        assert all(line.lstrip(" 0123456789").startswith("|") for line in after.splitlines() if line), err
        return told.removeprefix("error: ")

    return refused


def edit(root, change):
    """Rewrite the metadata table, row by row."""
    path = root / "metadata.csv"
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    rows = [change(row) for row in rows]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def without(column):
    return lambda row: {name: value for name, value in row.items() if name != column}


def labelled(value):
    return lambda row: row | ({"Label": value} if row["Id"] == "3000" else {})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (without("Id"), ("metadata.csv", "lacks required columns: Id")),
        (without("Dataset_id"), ("metadata.csv", "Dataset_id")),
        (without("Label"), ("30 of 30 recordings have no label",)),
        (without("Bearing_id"), ("Bearing_id",)),
        (labelled("-1"), ("1 of 30 recordings have no label", "Id 3000", "stage_2.unlabelled: exclude")),
        (labelled(""), ("1 of 30 recordings have no label", "Id 3000")),
        (lambda row: row | ({"Id": "777"} if row["Id"] == "1000" else {}), ("777", "RIG_1")),
        (lambda row: row | ({"Name": "RIG_9"} if row["Name"] == "RIG_1" else {}), ("RIG_9",)),
        (lambda row: row | {"Dataset_id": "1"}, ("metadata.csv has no rows with Dataset_id [2, 3]", "it holds [1]")),
    ],
    ids=["Id", "Dataset_id", "Label", "Bearing_id", "-1", "no label", "not in the HDF5", "no HDF5", "no such system"],
)
def test_a_bad_table_is_refused(refused, written, rig_copy, change, words):
    edit(rig_copy, change)
    told = refused(written(rig_copy))
    assert all(word in told for word in words), told


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ("metadata.csv", "empty")),
        (b"\n\n", ("metadata.csv",)),
        ("Id,Dataset_id,Name\n1,1,Prüfstand\n".encode("latin-1"), ("metadata.csv", "UTF-8")),
        (b"Id,Dataset_id,Name,Label,Domain_id,Sample_rate,Sample_lenth,Channel\n", ("metadata.csv",)),
        (b"\x00\x01\x02\xff", ("metadata.csv",)),
    ],
    ids=["empty", "blank", "not UTF-8", "header alone", "binary"],
)
def test_a_table_that_is_none_is_refused(refused, written, rig_copy, content, words):
    (rig_copy / "metadata.csv").write_bytes(content)
    told = refused(written(rig_copy))
    assert all(word in told for word in words), told


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_sample_that_is_no_number_is_named(refused, written, rig_copy, value):
    with h5py.File(rig_copy / "RIG_3.h5", "a") as file:
        file["3000"][7, 0] = value
    assert "recording 3000 of RIG_3 holds" in refused(written(rig_copy))


def test_a_signal_file_that_is_none_is_named(refused, written, rig_copy):
    (rig_copy / "RIG_2.h5").write_bytes(b"not HDF5 at all")
    assert "RIG_2.h5" in refused(written(rig_copy))


def test_a_signal_file_cut_short_is_named(refused, written, rig_copy):
    file = rig_copy / "RIG_2.h5"
    file.write_bytes(file.read_bytes()[:20_000])
    assert "RIG_2.h5" in refused(written(rig_copy))


@pytest.mark.parametrize(
    "text",
    ["- stage_1\n- stage_2\n", "stage_1\n", "42\n", "", "stage_1: [\n", "a: &a [1]\nb: *c\n", "\tstage_1: 1\n"],
    ids=["a list", "a word", "a number", "nothing", "no YAML", "no such anchor", "a tab"],
)
def test_a_document_that_is_no_mapping_is_refused(refused, tmp_path, text):
    file = tmp_path / "odd.yaml"
    file.write_text(text, encoding="utf-8")
    assert refused(file).startswith(f"{file}")


def test_a_yaml_bomb_is_refused_at_once(command, tmp_path):
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    file = tmp_path / "bomb.yaml"
    file.write_text("\n".join(["a0: &a0 [x, x]", *levels]), encoding="utf-8")
    code, out, err = command("run", file)
    assert (code, out) == (1, "")
    assert err.startswith("error: ")
    assert len(err) < 20_000


def test_an_output_under_a_regular_file_is_refused(refused, written, tmp_path):
    (tmp_path / "file").write_text("mine")
    told = refused(written(), "--output", tmp_path / "file" / "save")
    assert told.startswith(f"cannot write {tmp_path / 'file'}")
    told = refused(written(), "--output", tmp_path / "file")
    assert told.startswith(f"cannot write {tmp_path / 'file'}")


@pytest.fixture
def mounted(tmp_path):
    """Mount a small file system in memory; skips where that is not permitted."""
    if not (MOUNT and UMOUNT):
        pytest.skip("there is no mount command here")
    places = []

    def mounted(options):
        place = tmp_path / f"disk-{len(places)}"
        place.mkdir()
        done = subprocess.run(
            [MOUNT, "-t", "tmpfs", "-o", options, "tmpfs", str(place)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            pytest.skip(f"mounting is not permitted here: {done.stderr.strip()}")
        places.append(place)
        return place

    yield mounted
    gc.collect()  # what failed keeps its files open as long as its traceback lives
    for place in places:
        subprocess.run([UMOUNT, "-l", str(place)], check=True)


def test_a_read_only_disk_is_refused(refused, written, mounted):
    place = mounted("size=1m,ro")
    assert refused(written(), "--output", place).startswith(f"cannot write {place}")


def test_a_read_only_store_still_shows_what_is_done(command, written, mounted):
    place = mounted("size=4m")
    file = written(stage_1=None)
    assert command("run", file, "--output", place)[0] == 0
    gc.collect()
    subprocess.run([MOUNT, "-o", "remount,ro", str(place)], check=True)
    assert command("plan", file, "--output", place)[0] == 0
    code, out, err = command("run", file, "--output", place)
    assert (code, "Results: " in out) == (0, True)
    assert "from_scratch: done already" in err
    code, _, err = command("run", file, "--output", place, "-o", "stage_2.epochs=3")
    assert code == 1
    assert f"error: cannot write {place}" in err


@pytest.mark.parametrize("size", ["4k", "76k", "160k", "240k"])
def test_a_full_disk_is_told_and_what_is_there_is_whole_and_used_when_there_is_room(command, written, mounted, size):
    """The sizes fill at the reserve, the first log, checkpoints, the manifest, and in stage 2."""
    place = mounted(f"size={size}")
    code, out, err = command("run", written(), "--output", place / "save")
    assert (code, out) == (1, "")
    (told,) = [line for line in err.splitlines() if line.startswith("error: ")]
    assert told == f"error: no space is left to write results under {place / 'save'}; nothing unfinished was kept"
    assert "Traceback" not in err
    kept = check_kept(place, err)
    gc.collect()
    subprocess.run([MOUNT, "-o", "remount,size=4m", str(place)], check=True)
    code, _, err = command("run", written(), "--output", place / "save")
    assert code == 0
    assert {name for name in kept if f"{name}: done already" in err} == kept


def test_a_disk_that_compiled_code_finds_full_is_told_as_well(command, written, mounted):
    """torch and safetensors have words of their own for it; clearing up must not hide what happened."""
    place = mounted("size=4m")
    model = {
        "embedding": {"kind": "hse", "patch_length": 32, "patches": 8, "dim": 16},
        "backbone": {"kind": "patchtst", "layers": 1, "heads": 2, "feedforward": 20_000},
    }
    stage_1 = {"pretrain_mode": "contrastive", "systems": [1, 2], "epochs": 1}
    code, _, err = command("run", written(model=model, stage_1=stage_1), "--output", place / "save")
    assert code == 1
    assert "error: no space is left" in err
    assert "Traceback" not in err
    check_kept(place, err)


def check_kept(place, err):
    """Stages that are whole, listed in a manifest that says how the run ended; their names."""
    from twostage.engine.store.store import Store  # noqa: PLC0415
    from twostage.engine.transfer.checkpoints import load_checkpoint  # noqa: PLC0415 - torch
    from twostage.report.manifest import read_stages  # noqa: PLC0415

    records = list(Store(place / "save").records())
    for record in records:
        assert record.damaged() == []
        load_checkpoint(record.folder / "checkpoint.safetensors")
    manifests = list(place.rglob("manifest.json"))
    if not manifests:
        assert records == []
        return set()
    (manifest,) = manifests
    assert f"The stages that finished are in {manifest.parent}" in err.splitlines()
    assert '"status": "failed"' in manifest.read_text()
    listed = {entry.name for entry in read_stages(manifest.parent)}
    assert listed <= {record.content["name"] for record in records}
    for name in listed:
        load_checkpoint(manifest.parent / name / "checkpoint.safetensors")
    return listed
