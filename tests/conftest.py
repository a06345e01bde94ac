"""Fixtures for all tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("TWOSTAGE_SHARED", Path(__file__).resolve().parents[2] / "shared"))


@pytest.fixture(scope="session")
def realdata_root(tmp_path_factory):
    """Folder with the real recordings in the layout of PHM-Vibench; skips where they are absent."""
    script = SHARED / "realdata" / "expand.py"
    if not script.is_file():
        pytest.skip(f"no real recordings: {script} is absent")
    root = tmp_path_factory.mktemp("realdata")
    subprocess.run([sys.executable, str(script), str(root)], check=True, capture_output=True)
    return root
