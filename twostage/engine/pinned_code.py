"""The code as it was when a run was started, for processes that start later: an edit while it runs changes nothing."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from twostage.config.stage_1 import CustomConfig
from twostage.engine.planning.packages import components
from twostage.engine.planning.plan import Plan, section_of

_OURS = "twostage"
_PINNED = "TWOSTAGE_PINNED_CODE"


def pinned_code(plan: Plan, folder: Path) -> Path:
    """A folder with copies of all packages whose code belongs to the keys of a plan's stages.

    It is ``folder``, absolute, or the one that this process was itself started from. What is no package of source files
    on a disk is left out; nobody edits it.
    """
    if _PINNED in os.environ:
        return Path(os.environ[_PINNED])
    folder.mkdir(parents=True, exist_ok=True)
    for package in sorted({_OURS, *_packages(plan)}):
        _copy(package, folder)
    return folder.absolute()


def pinned_environment(code: Path) -> dict[str, str]:
    """Environment of a process that takes this code before any other, and else what this process would import.

    Python would put the current folder before it, which may be where the edited package lies.
    """
    path = os.pathsep.join([str(code), *(part or str(Path.cwd()) for part in sys.path)])
    return {"PYTHONPATH": path, "PYTHONSAFEPATH": "1", _PINNED: str(code)}


def _packages(plan: Plan) -> Iterator[str]:
    """Packages of all components of the stages, and that of a class which the document names."""
    parts = [
        part for stage in plan.stages for part in (section_of(stage), stage.config.model, stage.config.data.source)
    ]
    for part in {id(part): part for part in parts}.values():
        if isinstance(part, CustomConfig) and part.imports:
            yield part.target.partition(".")[0].partition(":")[0]
        for component in components(part):
            for name in (type(component).__module__, getattr(component, "implementation", _OURS)):
                yield name.partition(".")[0].partition(":")[0]


def _copy(package: str, folder: Path) -> None:
    spec = find_spec(package)
    origin = None if spec is None or spec.origin is None else Path(spec.origin)
    if spec is None or origin is None or not origin.is_file():
        return
    if spec.submodule_search_locations:
        shutil.copytree(origin.parent, folder / package)  # compiled files are taken along: times of files stay
    else:
        shutil.copy2(origin, folder / origin.name)
