"""Planning and looking up many stages: keys, splits, sizes and the store, with the exponent of their growth."""

from __future__ import annotations

import json
import math
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from twostage import TwoStageRun
from twostage.engine.store.store import Store

SIZES = (1250, 2500, 5000, 10_000)
AIM = "10,000 in at most 2 s, exponent at most 1.1"


def measure() -> Iterator[tuple[str, str]]:
    documents = (("seeds", _seeds), ("repeats of 10 targets", _repeats), ("points of a sweep", _sweep))
    for title, document in documents:
        _timed(document(40), done=False)  # imports, and the simulated recordings
        for done in (False, True):
            seconds = [_timed(document(size), done=done) for size in SIZES]
            exponent = math.log(seconds[-1] / seconds[0]) / math.log(SIZES[-1] / SIZES[0])
            what = f"{title}, {'all done' if done else 'nothing done'}"
            yield f"{what}: {SIZES[-1]:,} stages {seconds[-1]:.2f} s of CPU, exponent {exponent:.2f}", AIM


def _timed(document: dict[str, Any], *, done: bool) -> float:
    with tempfile.TemporaryDirectory() as folder:
        run = TwoStageRun(document | {"output": {"root": folder}})
        if done:
            _finish(run, Path(folder))
        began = time.process_time()
        plan = run.plan()
        status = run.status(plan)
        seconds = time.process_time() - began
        assert len(status.stages) == len(plan.stages)
        assert status.count("done") == (len(plan.stages) if done else 0)
    return seconds


def _finish(run: TwoStageRun, root: Path) -> None:
    """Write the records of stages that nobody has trained."""
    store, like = Store(root), {"key": "a", "kind": "b", "windows": 1}
    for stage in run.status().stages:
        folder = store.folder / "stages" / stage.key[:2] / stage.key
        folder.mkdir(parents=True)
        files = {name: {"bytes": 1, "sha256": ""} for name in ("checkpoint.safetensors", "metrics.json", "split.json")}
        for name in files:
            (folder / name).write_text("x")
        content = {"key": stage.key, "files": files, "like": like, "result": {"seconds": 1.0, "epochs": 1}}
        (folder / "stage.json").write_text(json.dumps(content))


def _seeds(stages: int) -> dict[str, Any]:
    """A pretraining, an adaptation and a control for each of many seeds."""
    stage_1 = {"pretrain_mode": "contrastive", "systems": [1, 3]}
    return _document() | {"seeds": list(range(stages // 3)), "stage_1": stage_1}


def _repeats(stages: int) -> dict[str, Any]:
    """Ten targets, each trained many times."""
    document = _document()
    document["stage_2"] |= {"targets": [{"system": system} for system in range(1, 11)], "repeats": stages // 10}
    return document


def _sweep(stages: int) -> dict[str, Any]:
    """A pretraining, and for each of many points an adaptation and a control."""
    rates = [1e-5 * (1 + number) for number in range(stages // 20)]
    axes = [
        {"kind": "grid", "name": "rate", "key": "stage_2.optimizer.lr", "values": rates},
        {"kind": "grid", "name": "epochs", "key": "stage_2.epochs", "values": list(range(1, 11))},
    ]
    return _document() | {"stage_1": {"pretrain_mode": "contrastive", "systems": [1, 3]}, "sweep": axes}


def _document() -> dict[str, Any]:
    return {
        "data": {
            "source": {"kind": "synthetic", "domains": 1},
            "band": {"kind": "as_recorded"},
            "window": {"placement": "evenly_spaced", "length": 1024, "per_recording": 8},
        },
        "stage_2": {"adapt_mode": "finetune", "targets": [{"system": 2}], "control": "from_scratch"},
        "trainer": {"accelerator": "cpu"},
    }
