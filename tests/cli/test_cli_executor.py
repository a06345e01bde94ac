"""The option --executor."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest


@pytest.mark.parametrize("verb", ["run", "resume"])
def test_an_executor_that_is_none_is_told_before_anything_is_trained(command, written, tmp_path, verb):
    target = written()
    if verb == "resume":
        short = {"epochs": 1, "pretrain_mode": "contrastive", "systems": [1]}
        assert command("run", written(stage_1=short, stage_2=None))[0] == 0
        (target,) = (path.parent for path in (tmp_path / "save").glob("*/*/*/plan.json"))
    code, _, err = command(verb, target, "--executor", "cloud")
    assert code == 1
    assert "--executor is 'cloud'; write local, local:N with N processes, slurm, ray, or none" in err


@pytest.mark.long
def test_ctrl_c_ends_the_workers_and_the_same_command_goes_on(written, tmp_path):
    stages = {
        "stage_1": {"pretrain_mode": "contrastive", "systems": [1], "epochs": 1},
        "stage_2": {"adapt_mode": "finetune", "targets": [{"system": 3}], "epochs": 300, "control": "none"},
    }
    line = [sys.executable, "-m", "twostage", "run", str(written(**stages)), "--executor", "local:2"]
    process = subprocess.Popen(line, stderr=subprocess.PIPE, text=True)
    seen = ""
    while "stage_2/seed-0/system-3/pretrained: epoch 2" not in seen:
        seen += process.stderr.readline()
    held = [json.loads(path.read_text())["pid"] for path in (tmp_path / "save" / ".store").rglob("lease-*")]
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    for _ in range(100):
        if not any(alive(pid) for pid in held):
            break
        time.sleep(0.1)
    assert held
    assert not any(alive(pid) for pid in held)
    again = subprocess.run([*line, "-o", "stage_2.epochs=300"], capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert "stage_1/seed-0: done already" in again.stderr


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
