"""Several files at once: folders, pairs, processes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from twostage.errors import TwoStageError
from twostage.legacy.command.job import Wish, convert_files
from twostage.legacy.command.outcome import Outcome

SUFFIXES = {".yaml", ".yml"}


@dataclass(frozen=True)
class Job:
    """Files that become one document, and where it goes; None prints it or replaces the file."""

    files: tuple[Path, ...]
    target: Path | None = None


def jobs_of(paths: Sequence[Path], *, each: bool, output: Path | None) -> list[Job]:
    """One job for a file, one for a pair, one for each YAML file of a folder. Raises TwoStageError."""
    if len(paths) == len(("pretraining", "adaptation")) and not each and all(path.is_file() for path in paths):
        return [Job(tuple(paths), output)]
    if len(paths) == 1 and not paths[0].is_dir():
        return [Job((paths[0],), output)]
    return [Job((file,), None if output is None else output / name) for file, name in _files(paths)]


def _files(paths: Sequence[Path]) -> list[tuple[Path, Path]]:
    """Every file with its name under the output folder."""
    found: list[tuple[Path, Path]] = []
    for path in paths:
        if not path.is_dir():
            found.append((path, Path(path.name)))
            continue
        inside = sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES and file.is_file())
        found += [(file, file.relative_to(path)) for file in inside]
    if not found:
        raise TwoStageError(f"{paths[0]} holds no YAML file")
    names = [name for _, name in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise TwoStageError(f"two of the files are called {twice}; convert them into folders of their own")
    return found


def run_jobs(jobs: Sequence[Job], wish: Wish, *, processes: int) -> list[Outcome]:
    """The outcome of every job, in their order."""
    work = partial(convert_files, wish=wish)
    paths = [list(job.files) for job in jobs]
    if processes == 1 or len(jobs) == 1:
        return [work(each) for each in paths]
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415 - one file alone is not to wait for these
    from multiprocessing import get_context  # noqa: PLC0415 - the same

    with ProcessPoolExecutor(min(processes, len(jobs)), mp_context=get_context("spawn")) as pool:
        return list(pool.map(work, paths, chunksize=max(1, len(jobs) // (4 * processes))))
