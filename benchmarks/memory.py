"""Anonymous memory (what is not page cache) of a whole run over 10 GB of recordings."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

GIGABYTES = float(os.environ.get("TWOSTAGE_BENCHMARK_GB", "10"))
RECORDINGS, SYSTEMS, CLASSES = 200, 2, 2

_CHILD = """
import json, re, sys, threading, time
from pathlib import Path
from twostage import TwoStageRun
peak, done = 0, False
def watch():
    global peak
    while not done:
        text = Path("/proc/self/status").read_text()
        peak = max(peak, int(re.search(r"RssAnon:\\s+(\\d+) kB", text)[1]))
        time.sleep(0.05)
thread = threading.Thread(target=watch); thread.start()
start = time.perf_counter()
TwoStageRun(json.loads(sys.argv[1])).fit()
done = True; thread.join()
print(json.dumps({"peak": peak / 1e6, "seconds": time.perf_counter() - start}))
"""


def measure() -> Iterator[tuple[str, str]]:
    if not Path("/proc/self/status").exists():
        yield "needs Linux (/proc/self/status)", "at most 1.5 GB"
        return
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _write(root)
        text = subprocess.run(
            [sys.executable, "-c", _CHILD, json.dumps(_document(root))], check=True, capture_output=True, text=True
        ).stdout
        found = json.loads(re.findall(r"\{.*\}", text)[-1])
    yield f"{GIGABYTES:g} GB of recordings: {found['peak']:.2f} GB, run {found['seconds']:.0f} s", "at most 1.5 GB"


def _write(root: Path) -> None:
    """Contiguous HDF5 files, written in pieces: one recording repeated with another offset each time."""
    import h5py
    import numpy as np
    import pandas as pd

    length = int(GIGABYTES * 1e9 / 4 / RECORDINGS)
    noise = np.random.default_rng(0).standard_normal((length, 1), dtype=np.float32)
    rows = []
    for system in range(1, SYSTEMS + 1):
        with h5py.File(root / f"BIG_{system}.h5", "w") as file:
            for number in range(RECORDINGS // SYSTEMS):
                key = 1000 * system + number
                file.create_dataset(str(key), data=np.roll(noise, 7 * key, axis=0))
                rows.append((key, system, f"BIG_{system}", number % CLASSES, 0, f"bearing-{number // CLASSES}", 25_600))
    columns = ["Id", "Dataset_id", "Name", "Label", "Domain_id", "Bearing_id", "Sample_rate"]
    pd.DataFrame(rows, columns=columns).to_csv(root / "metadata.csv", index=False)


def _document(root: Path) -> dict[str, object]:
    return {
        "data": {
            "source": {"kind": "phm_vibench", "root": str(root)},
            "window": {"placement": "evenly_spaced", "length": 1024, "per_recording": 64},
            "batch_size": 64,
        },
        "stage_1": {"pretrain_mode": "contrastive", "systems": [1], "epochs": 1},
        "stage_2": {"adapt_mode": "finetune", "targets": [{"system": 2}], "epochs": 1},
        "trainer": {"accelerator": "cpu"},
        "output": {"root": str(root / "save")},
    }
