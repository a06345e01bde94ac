"""Runs are listed, shown, compared and exported from their manifests; what no run can reach can be removed."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import time

import pytest
from rigs import document

from twostage import TwoStageRun
from twostage.engine.store.store import Store


@pytest.fixture(scope="module")
def results(rig, tmp_path_factory):
    """Two runs that share a pretraining, in one folder."""
    root = tmp_path_factory.mktemp("results") / "save"
    stage_1 = {"pretrain_mode": "contrastive", "systems": [1], "epochs": 1}
    for name, rate in (("slow", 1e-4), ("fast", 1e-2)):
        stage_2 = {"adapt_mode": "finetune", "targets": [{"system": 3}], "epochs": 1, "control": "none"}
        stage_2["optimizer"] = {"kind": "adamw", "lr": rate}
        TwoStageRun(document(rig, root, stage_1=stage_1, stage_2=stage_2, name=name)).fit()
    return root


@pytest.fixture
def shell(command, monkeypatch):
    """A command line as text, on a wide terminal."""
    monkeypatch.setenv("COLUMNS", "300")
    return lambda text: command(*text.split()[1:])


def ids(root):
    """The runs by the name of their document."""
    found = {}
    for path in root.glob("*/*/*/manifest.json"):
        found[json.loads(path.read_text())["name"]] = path.parent.name
    return found


def test_all_runs_are_listed_and_that_is_the_default(shell, results, tmp_path, monkeypatch):
    code, out, _ = shell(f"twostage runs ls --root {results}")
    assert code == 0
    for name, run in ids(results).items():
        (line,) = (line for line in out.splitlines() if f" {name} " in line)
        assert line.split()[0] == run
        assert "complete" in line
        assert "2/2" in line
    monkeypatch.chdir(tmp_path)
    _, nothing, _ = shell("twostage runs")
    assert nothing.strip() == "No runs."


def test_one_run_is_shown_with_each_training(shell, results):
    code, out, _ = shell(f"twostage runs show {ids(results)['fast']} --root {results}")
    assert code == 0
    assert shell(f"twostage runs show fast --root {results}")[1] == out, "the name of its document is enough"
    for told in ("fast", "complete; 2 of 2 trainings done", "stage_1/seed-0", "test/macro_f1", "config.lock.yaml"):
        assert told in out
    assert "stage_2/seed-0/" in out, "names are broken behind slashes alone"
    assert "system-3/pretrained" in out
    assert "To go on" not in out


def test_two_runs_differ_key_by_key_and_metric_by_metric(shell, results):
    runs = ids(results)
    code, out, _ = shell(f"twostage runs diff {runs['slow']} {runs['fast']} --root {results}")
    assert code == 0
    rows = [line.split() for line in out.splitlines()]
    assert ["stage_2.optimizer.lr", "0.0001", "0.01"] in rows
    assert ["name", "slow", "fast"] in rows
    assert "2 trainings in both, 1 of them the same one (by their keys)." in out
    assert "stage_1.epochs" not in out
    _, same, _ = shell(f"twostage runs diff {runs['slow']} {runs['slow']} --root {results}")
    assert "The documents say the same." in same
    assert "No metric differs." in same


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_metrics_are_exported_one_row_each(shell, results, tmp_path, kind):
    code, out, _ = shell(f"twostage runs export --root {results} --format {kind}")
    assert code == 0
    rows = json.loads(out) if kind == "json" else list(csv.DictReader(io.StringIO(out)))
    (row,) = (r for r in rows if (r["name"], r["metric"]) == ("slow", "test/accuracy"))
    manifest = json.loads(next(results.glob(f"*/*/{row['run']}/manifest.json")).read_text())
    (stage,) = (each for each in manifest["stages"] if each["name"] == row["stage"])
    assert float(row["value"]) == stage["metrics"]["test/accuracy"]
    shell(f"twostage runs export last --root {results} --format {kind} --output {tmp_path / 'out'}")
    assert 0 < len((tmp_path / "out").read_text()) < len(out)


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ("contrastive-fine", "may be each of these runs: contrastive-finetune_"),
        ("nothing", "there is no run nothing under"),
    ],
)
def test_a_run_that_is_none_is_told_with_those_that_are(shell, results, wanted, told):
    code, _, err = shell(f"twostage runs show {wanted} --root {results}")
    assert code == 1
    assert told in err
    assert ids(results)["slow"] in err


def test_what_a_run_can_reach_is_kept_and_the_rest_is_removed_when_asked_for(shell, results, tmp_path):
    root = tmp_path / "save"
    shutil.copytree(results, root)
    store, runs = Store(root), ids(root)
    shutil.rmtree(next(root.glob(f"*/*/{runs['slow']}")))
    _, out, _ = shell(f"twostage runs gc --root {root}")
    assert "or is too young" in out
    for path in root.rglob("*"):
        os.utime(path, (time.time() - 7200,) * 2)
    _, out, _ = shell(f"twostage runs gc --root {root}")
    assert "1 trainings" in out
    assert "Nothing was removed" in out
    assert len(list(store.records())) == 3
    _, out, _ = shell(f"twostage runs gc --root {root} --delete")
    assert "were removed" in out
    kept = json.loads(next(root.glob(f"*/*/{runs['fast']}/plan.json")).read_text())["stages"]
    assert sorted(record.key for record in store.records()) == sorted(stage["key"] for stage in kept)
    assert shell(f"twostage runs show last --root {root}")[0] == 0


def test_a_run_that_was_killed_is_stopped(shell, results, tmp_path):
    root = tmp_path / "save"
    shutil.copytree(results, root)
    path = next(root.glob(f"*/*/{ids(root)['slow']}/manifest.json"))
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps(manifest | {"status": "running", "stages": manifest["stages"][:1]}))
    _, out, _ = shell(f"twostage runs show {path.parent.name} --root {root}")
    assert "stopped; 1 of 2 trainings done" in out
    assert "twostage resume" in out


def test_looking_at_runs_needs_no_torch(results):
    program = f"""
import sys
from typer.testing import CliRunner
from twostage.cli.app import app
for command in ("ls", "show last", "diff last last", "export", "gc"):
    done = CliRunner().invoke(app, ["runs", *command.split(), "--root", {str(results)!r}])
    assert done.exit_code == 0, done.output
print(*sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert loaded & {"torch", "lightning", "numpy", "pandas", "h5py", "scipy"} == set()
