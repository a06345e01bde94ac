"""Commands that read documents are instant: they never import the numeric stack."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {"torch", "lightning", "numpy", "pandas", "h5py", "scipy", "torchmetrics", "matplotlib"}
PROGRAM = """
import atexit, json, sys
atexit.register(lambda: print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})), file=sys.stderr))
sys.argv[0] = "twostage"
from twostage.cli.app import main
main()
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["validate", "a.yaml"],
        ["validate", "b.yaml", "--explain"],
        ["schema"],
        ["init"],
        ["models", "--no-count"],
        ["models", "fno"],
    ],
    ids=" ".join,
)
def test_never_imports_the_numeric_stack(tmp_path, arguments):
    (tmp_path / "a.yaml").write_text("stage_1: {pretrain_mode: contrastve}\n", encoding="utf-8")
    (tmp_path / "b.yaml").write_text("stage_1: {pretrain_mode: contrastive}\n", encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    modules = set(json.loads(done.stderr.splitlines()[-1]))
    assert done.returncode == (1 if "a.yaml" in arguments else 0)
    assert "typer" in modules
    assert modules & HEAVY == set()


def test_converting_one_file_waits_for_no_table_and_no_processes(tmp_path):
    old = tmp_path / "old.yaml"
    old.write_text("data: {data_dir: x}\nmodel: {backbone: B_04_Dlinear}\ntask: {type: DG}\n", encoding="utf-8")
    line = [sys.executable, "-c", PROGRAM, "convert", str(old)]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    assert set(json.loads(done.stderr.splitlines()[-1])) & {"rich", "multiprocessing", "concurrent", *HEAVY} == set()
