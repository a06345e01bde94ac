"""The command line as a function, in a folder with a copy of the old examples."""

from __future__ import annotations

import shlex
import shutil

import pytest
from legacy_examples import FOLDER

from twostage.cli.app import main


@pytest.fixture
def shell(monkeypatch, capsys):
    """Run one line of a page, ``twostage ...``, in this process: exit code, stdout, stderr."""
    monkeypatch.setenv("COLUMNS", "80")

    def shell(line):
        monkeypatch.setattr("sys.argv", shlex.split(line))
        with pytest.raises(SystemExit) as caught:
            main()
        return caught.value.code or 0, *capsys.readouterr()

    return shell


@pytest.fixture
def examples_here(tmp_path, monkeypatch):
    """Work in a folder that holds nothing but a copy of the examples."""
    shutil.copytree(FOLDER, tmp_path / "legacy_configs")
    monkeypatch.chdir(tmp_path)
    return tmp_path
