"""Signals in HDF5 files: every layout gives the same numbers, and nothing is read that need not be."""

from __future__ import annotations

import os
import tracemalloc

import h5py
import numpy as np
import pytest

from twostage.config.source import PhmVibenchSource as Config
from twostage.data.cache import cache_root
from twostage.data.sources.phm_vibench.source import PhmVibenchSource
from twostage.errors import DataError


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("TWOSTAGE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


def signal(length=300, channels=2, seed=0):
    return np.random.default_rng(seed).integers(-3000, 3000, (length, channels)).astype(np.float64)


def write(root, arrays, *, name="RM_A", file=None, system=1, **storage):
    """One HDF5 file and a row in the table for each of the arrays (id -> array)."""
    with h5py.File(root / (file or f"{name}.h5"), "a", userblock_size=storage.pop("userblock", 0)) as target:
        for key, array in arrays.items():
            target.create_dataset(str(key), data=array, **storage)
    table = root / "metadata.csv"
    lines = table.read_text().splitlines() if table.exists() else ["Id,Dataset_id,Name,Label,Sample_rate,Sample_lenth"]
    table.write_text("\n".join([*lines, *(f"{key},{system},{name},0,1000,7" for key in arrays)]) + "\n")


def source(root):
    return PhmVibenchSource(Config(root=str(root)))


def read(root, systems=None):
    """Everything the source finds, id -> array; and the bank."""
    one = source(root)
    recordings = one.catalogue(systems)
    bank = one.open(recordings)
    return {r.id: bank.read(row, 0, r.length) for row, r in enumerate(recordings)}, bank


def cached():
    return sorted(path for path in cache_root().rglob("*") if path.is_file())


LAYOUTS = {
    "float32": ("<f4", {}),
    "float64": ("<f8", {}),
    "float16": ("<f2", {}),
    "int16": ("<i2", {}),
    "unsigned": (">u4", {}),
    "big-endian": (">f8", {}),
    "userblock": ("<f4", {"userblock": 512}),
    "chunked": ("<f4", {"chunks": (64, 1)}),
    "compressed": ("<f8", {"compression": "gzip", "shuffle": True}),
    "compressed int16": (">i2", {"compression": "lzf", "chunks": (100, 2)}),
}


@pytest.mark.parametrize("shape", [(300,), (300, 2), (300, 2, 1), (300, 2, 3, 1)], ids=str)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_numbers(root, layout, shape):
    dtype, storage = LAYOUTS[layout]
    flat = np.abs(np.round(signal(np.prod(shape), 1) / 2)).astype(dtype)
    if layout == "chunked":
        storage = {"chunks": tuple(min(64, n) for n in shape)}
    if "chunks" in storage:
        storage = storage | {"chunks": tuple(min(64, n) for n in shape)}
    write(root, {5: flat.reshape(shape), 9: flat[::-1].reshape(shape)}, **storage)
    arrays, bank = read(root)
    expected = flat.astype(np.float32).reshape(shape[0], -1)
    np.testing.assert_array_equal(arrays[5], expected)
    np.testing.assert_array_equal(arrays[9], flat[::-1].astype(np.float32).reshape(shape[0], -1))
    recording = source(root).catalogue(None)[0]
    assert (recording.length, recording.channels) == (300, expected.shape[1])
    plain = not {"chunks", "compression"} & set(storage)
    assert bool(cached()) != plain
    assert all((file.path.suffix == ".h5") == plain for file in bank.files)


def test_plain_arrays_of_one_file_share_a_map(root):
    write(root, {i: signal(50 + i, 1).astype(np.float32) for i in range(20)})
    _, bank = read(root)
    assert len(bank.files) <= 4
    rows = np.arange(20)
    gathered = bank.gather(rows, rows, 8, [0])
    for i in range(20):
        np.testing.assert_array_equal(gathered[i, :, 0], signal(50 + i, 1)[i : i + 8, 0])


def test_the_table_is_read_with_bearings_sorted_and_by_system(root):
    write(root, {9: signal(), 4: signal()}, system=2)
    write(root, {6: signal(80, 1)}, name="RM_B", system=7)
    assert [r.id for r in source(root).catalogue(None)] == [4, 6, 9]
    (only,) = source(root).catalogue([7])
    assert (only.id, only.name, only.length, only.channels, only.label, only.sample_rate) == (
        6,
        "RM_B",
        80,
        1,
        0,
        1000.0,
    )
    with pytest.raises(DataError, match=r"no rows with Dataset_id \[3\]; it holds \[2, 7\]"):
        source(root).catalogue([3, 7])
    assert source(root).name == "metadata"


def test_systems_that_are_not_asked_for_need_no_file(root):
    write(root, {1: signal()})
    write(root, {2: signal()}, name="RM_B", system=2)
    (root / "RM_B.h5").unlink()
    assert [r.id for r in source(root).catalogue([1])] == [1]


def test_the_shared_file_holds_what_the_own_file_lacks(root):
    write(root, {1: signal(seed=1)})
    write(root, {2: signal(seed=2)}, file="cache.h5")
    write(root, {3: signal(seed=3)}, name="RM_B", file="cache.h5")
    arrays, _ = read(root)
    for key, array in arrays.items():
        np.testing.assert_array_equal(array, signal(seed=key))


def test_the_own_file_comes_before_the_shared_one(root):
    write(root, {1: signal(seed=1)})
    with h5py.File(root / "cache.h5", "w") as file:
        file["1"] = signal(seed=2)
    np.testing.assert_array_equal(read(root)[0][1], signal(seed=1))


def test_plain_arrays_at_odd_bytes(root):
    write(root, {1: np.arange(7, dtype=np.int8), 2: signal(seed=2), 3: np.arange(5, dtype=np.int8), 4: signal(seed=4)})
    with h5py.File(root / "RM_A.h5") as file:
        assert file["2"].id.get_offset() % 8
        assert file["2"].id.get_offset() % 8 != file["4"].id.get_offset() % 8
    arrays, bank = read(root)
    np.testing.assert_array_equal(arrays[2], signal(seed=2))
    np.testing.assert_array_equal(arrays[4], signal(seed=4))
    assert len(bank.files) == 3
    assert cached() == []


def test_numbers_that_numpy_cannot_read_as_they_lie(root):
    write(root, {1: signal()})
    narrow = h5py.h5t.STD_I32LE.copy()
    narrow.set_precision(16)
    narrow.set_offset(8)
    with h5py.File(root / "RM_A.h5", "a") as file:
        del file["1"]
        made = h5py.h5d.create(file.id, b"1", narrow, h5py.h5s.create_simple((300, 2)))
        made.write(h5py.h5s.ALL, h5py.h5s.ALL, signal().astype(np.int32))
    np.testing.assert_array_equal(read(root)[0][1], signal())


def test_a_fresh_source_opens_what_another_found(root):
    write(root, {1: signal(seed=1), 2: signal(seed=2)})
    recordings = source(root).catalogue(None)[::-1]
    np.testing.assert_array_equal(source(root).open(recordings).read(0, 0, 300), signal(seed=2))


def test_only_needed_recordings_are_converted_and_only_once(root):
    write(root, {i: signal(seed=i) for i in range(4)}, compression="gzip")
    recordings = source(root).catalogue(None)
    source(root).open(recordings[:2])
    first = {path: path.stat().st_mtime_ns for path in cached()}
    assert sum(path.stat().st_size for path in first if path.suffix == ".f32") == 2 * 300 * 2 * 4
    source(root).open(recordings[1::-1])
    assert {path: path.stat().st_mtime_ns for path in cached()} == first
    bank = source(root).open(recordings)
    assert sum(path.stat().st_size for path in cached() if path.suffix == ".f32") == 4 * 300 * 2 * 4
    for row in range(4):
        np.testing.assert_array_equal(bank.read(row, 0, 300), signal(seed=row))


def test_a_changed_origin_is_converted_again(root):
    write(root, {1: signal(seed=1)}, compression="gzip")
    read(root)
    before = cached()
    with h5py.File(root / "RM_A.h5", "a") as file:
        file["1"][...] = signal(seed=8)
    os.utime(root / "RM_A.h5", ns=(1, 1))
    arrays, _ = read(root)
    np.testing.assert_array_equal(arrays[1], signal(seed=8))
    assert len(cached()) == len(before)
    assert not set(before) & set(cached())


def test_a_damaged_part_is_converted_again(root):
    write(root, {1: signal()}, compression="gzip")
    read(root)
    (part,) = (path for path in cached() if path.suffix == ".f32")
    part.write_bytes(part.read_bytes()[:-4])
    arrays, _ = read(root)
    np.testing.assert_array_equal(arrays[1], signal())


def test_conversion_does_not_hold_a_recording_in_memory(root):
    long = np.zeros((4_000_000, 2), dtype=np.float32)
    write(root, {1: long}, chunks=(10_000, 2), compression="gzip", compression_opts=1)
    recordings = source(root).catalogue(None)
    tracemalloc.start()
    source(root).open(recordings)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < long.nbytes / 2


def test_ids_without_an_array_are_listed(root):
    write(root, {i: signal(30) for i in range(12)})
    with h5py.File(root / "RM_A.h5", "a") as file:
        for key in range(10):
            del file[str(key)]
    told = rf"10 of 12 recordings of RM_A are not in {root / 'RM_A.h5'}: Id 0, 1, 2, 3, 4, 5, 6, 7, \.\.\."
    with pytest.raises(DataError, match=told):
        source(root).catalogue(None)


def test_no_file_at_all_names_both(root):
    write(root, {1: signal()})
    (root / "RM_A.h5").unlink()
    with pytest.raises(DataError, match=r"1 recordings of RM_A need .*RM_A\.h5 or .*cache\.h5, and neither is there"):
        source(root).catalogue(None)


@pytest.mark.parametrize("content", [b"", b"no HDF5", "cut"])
def test_files_that_are_not_hdf5_or_cut_short(root, content):
    write(root, {1: signal(3000)})
    file = root / "RM_A.h5"
    file.write_bytes(file.read_bytes()[:-2000] if content == "cut" else content)
    with pytest.raises(DataError, match=r"RM_A\.h5 cannot be read as HDF5"):
        source(root).catalogue(None)


def test_chunks_that_cannot_be_decoded(root):
    write(root, {1: signal()}, compression="gzip", chunks=(300, 2))
    with h5py.File(root / "RM_A.h5") as file:
        offset = file["1"].id.get_chunk_info(0).byte_offset
    with (root / "RM_A.h5").open("r+b") as raw:
        raw.seek(offset)
        raw.write(b"\x00" * 64)
    with pytest.raises(DataError, match="recording 1 cannot be decoded"):
        read(root)
    assert cached() == []


@pytest.mark.parametrize(
    ("array", "told"),
    [
        (np.array(["0;0.1", "0;0.2"], dtype=h5py.string_dtype()), "recording 1 holds text or objects instead of numb"),
        (np.array([b"0;0.1"]), "recording 1 holds text or objects"),
        (np.zeros((5, 1), dtype=complex), "recording 1 holds values of type complex128"),
        (np.zeros((5, 1), dtype=bool), "recording 1 holds values of type bool"),
        (np.zeros((0, 2)), r"recording 1 has shape \(0, 2\)"),
        (np.float64(3.0), r"recording 1 has shape \(\)"),
    ],
)
def test_arrays_that_are_no_signal(root, array, told):
    write(root, {1: array})
    with pytest.raises(DataError, match=told):
        source(root).catalogue(None)


def test_a_group_is_no_array(root):
    write(root, {1: signal()})
    with h5py.File(root / "RM_A.h5", "a") as file:
        del file["1"]
        file.create_group("1")
    with pytest.raises(DataError, match="key 1 is not an array"):
        source(root).catalogue(None)


def test_virtual_arrays_are_decoded(root):
    write(root, {1: signal()}, file="other.h5")
    layout = h5py.VirtualLayout((300, 2), "<f8")
    layout[...] = h5py.VirtualSource(str(root / "other.h5"), "1", (300, 2))
    with h5py.File(root / "RM_A.h5", "w") as file:
        file.create_virtual_dataset("1", layout)
    np.testing.assert_array_equal(read(root)[0][1], signal())


def test_values_beside_the_file_are_decoded(root):
    write(root, {1: signal()})
    with h5py.File(root / "RM_A.h5", "a") as file:
        del file["1"]
        file.create_dataset("1", (300, 2), "<f8", external=[(str(root / "raw.bin"), 0, h5py.h5f.UNLIMITED)])[...] = (
            signal()
        )
    np.testing.assert_array_equal(read(root)[0][1], signal())
