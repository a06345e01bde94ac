"""The command line as a function, documents as files, and what a folder holds."""

from __future__ import annotations

import json

import pytest
from rigs import document

from twostage.cli.app import main


@pytest.fixture
def command(monkeypatch, capsys):
    """Run the console entry point: exit code, stdout, stderr."""
    monkeypatch.setenv("COLUMNS", "80")

    def command(*arguments):
        monkeypatch.setattr("sys.argv", ["twostage", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            main()
        return caught.value.code or 0, *capsys.readouterr()

    return command


@pytest.fixture
def written(rig, tmp_path):
    """Write a document over the rig (JSON is YAML) whose runs go to ``save`` beside it."""

    def written(root=rig, **changes):
        file = tmp_path / "document.yaml"
        file.write_text(json.dumps(document(root, tmp_path / "save", **changes)), encoding="utf-8")
        return file

    return written


@pytest.fixture
def snapshot():
    """Every path under a folder, with size and time of change."""
    return lambda folder: {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in folder.rglob("*")}
