"""Fixtures for all tests."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys

import pytest
from hypothesis import settings
from rigs import write_rig
from shared_data import SHARED

# A shell that starts the tests in the background lets them ignore Ctrl-C, and what they start would ignore it too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Set before torch is imported: threads that wait for one another make tiny networks ten times slower on a busy machine.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# The suite draws the same examples each time, so that a red run means a change; `make long` explores new ones.
# No example has a deadline: how long one takes says more about the machine than about the code.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("explore", derandomize=False, deadline=None)
settings.load_profile(os.environ.get("TWOSTAGE_HYPOTHESIS", "repeatable"))


@pytest.fixture(autouse=True)
def _ctrl_c_still_ends_the_tests():
    """The command line lets nothing disturb its end; here it is not the end of the process."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def realdata_root(tmp_path_factory):
    """Folder with the real recordings in the layout of PHM-Vibench; skips where they are absent."""
    script = SHARED / "realdata" / "expand.py"
    if not script.is_file():
        pytest.skip(f"no real recordings: {script} is absent")
    root = tmp_path_factory.mktemp("realdata")
    subprocess.run([sys.executable, str(script), str(root)], check=True, capture_output=True)
    return root


@pytest.fixture(scope="session")
def rig(tmp_path_factory):
    """A small rig for whole runs; never written to."""
    return write_rig(tmp_path_factory.mktemp("rig"))


@pytest.fixture
def rig_copy(rig, tmp_path):
    """The same, to be spoilt."""
    return shutil.copytree(rig, tmp_path / "rig")
