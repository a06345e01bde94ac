"""Starting documents that come with the package."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from pathlib import Path

from twostage.config.checking.suggest import nearest_name
from twostage.config.load import LoadedDocument, load_text
from twostage.errors import TwoStageError

DEFAULT_PRESET = "default"
_FOLDER = files("twostage.config") / "presets"


def preset_names() -> tuple[str, ...]:
    """All presets, the default first."""
    names = sorted(entry.name.removesuffix(".yaml") for entry in _FOLDER.iterdir() if entry.name.endswith(".yaml"))
    return (DEFAULT_PRESET, *(name for name in names if name != DEFAULT_PRESET))


def preset_text(name: str) -> str:
    """The text of a preset; an error with the nearest name for one that does not exist."""
    return _entry(name).read_text(encoding="utf-8")


def preset_path(name: str) -> AbstractContextManager[Path]:
    """A file with the text of a preset, for the time of a ``with``. ``load_preset`` needs no file."""
    return as_file(_entry(name))


def _entry(name: str) -> Traversable:
    if name not in preset_names():
        near = nearest_name(name, preset_names())
        hint = f"did you mean {near}?" if near else f"expected one of {', '.join(preset_names())}"
        raise TwoStageError(f"there is no preset {name!r}; {hint}")
    return _FOLDER / f"{name}.yaml"


def load_preset(name: str, *, overrides: Sequence[str] = (), local: str | Path | None = None) -> LoadedDocument:
    """A preset as a loaded document; its relative paths start at the working folder."""
    return load_text(preset_text(name), f"preset {name}", overrides=overrides, local=local)
