"""A rig for whole runs."""

from __future__ import annotations

import shutil

import pytest
from rigs import write_rig


@pytest.fixture(scope="session")
def rig(tmp_path_factory):
    return write_rig(tmp_path_factory.mktemp("rig"))


@pytest.fixture
def rig_copy(rig, tmp_path):
    return shutil.copytree(rig, tmp_path / "rig")
