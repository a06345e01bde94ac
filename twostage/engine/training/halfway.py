"""A training that was interrupted goes on at the epoch where it was, with the same bits as if nothing had happened.

What a training is between two epochs is one file: the folder that it writes in (logs, weights of the best epoch), with
a checkpoint of network, optimiser, schedule, callbacks and loops, and the state of all random generators. Weights and
states are read with ``weights_only``; no path in it is taken at its word.
"""

from __future__ import annotations

import random
import tarfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger

from twostage.engine.store.files import Scratch, sha256

_STATE = "halfway.ckpt"
_KEPT = 2


class Snapshots:
    """States of one training, the last two of them, in a folder that outlives its process."""

    def __init__(self, home: Path, scratch: Scratch) -> None:
        self._home, self._scratch = home, scratch

    def save(self, folder: Path, epochs: int) -> None:
        """Keep what is in ``folder`` as the state after so many epochs."""
        aside = self._scratch.fresh() / "state.tar"
        with tarfile.open(aside, "w") as tar:
            tar.add(folder, arcname=".")
        self._home.mkdir(parents=True, exist_ok=True)
        aside.replace(self._home / f"epoch-{epochs}-{sha256(aside)}.tar")
        aside.parent.rmdir()
        for old in self._ordered()[:-_KEPT]:
            old.unlink(missing_ok=True)

    def restore(self, folder: Path) -> bool:
        """Put the last state that is whole into ``folder``; False where there is none."""
        for path in reversed(self._ordered()):
            with suppress(FileNotFoundError):  # another worker finished this stage
                if path.stem.rpartition("-")[2] == sha256(path):
                    with tarfile.open(path) as tar:
                        tar.extractall(folder, filter="data")
                    return True
        return False

    def resumed(self, folder: Path) -> tuple[Path | None, int]:
        """See the function of this name."""
        return resumed(folder, self)

    def _ordered(self) -> list[Path]:
        return sorted(self._home.glob("epoch-*.tar"), key=lambda path: int(path.stem.split("-")[1]))


def epochs_kept(home: Path) -> int:
    """After how many epochs the last state in this folder of snapshots is; 0 without any."""
    return max((int(path.stem.split("-")[1]) for path in home.glob("epoch-*.tar")), default=0)


class Halfway(pl.Callback):
    """Keeps the state of a training after each epoch but the last, and tells that it is alive.

    It must be the first callback, so that the others do the same at the start of an epoch whether or not the training
    is continued there. Whatever outlives an epoch in an objective must be a parameter, a buffer, or a function of the
    epoch.
    """

    def __init__(self, folder: Path, snapshots: Snapshots, alive: Callable[[], None]) -> None:
        self._folder, self._snapshots, self._alive = folder, snapshots, alive
        self._random: dict[str, Any] | None = None
        self._began, self._before = time.perf_counter(), 0.0

    @property
    def seconds(self) -> float:
        """How long the training takes, with what it took before it was continued."""
        return self._before + time.perf_counter() - self._began

    def resumed(self) -> tuple[Path | None, int]:
        """The checkpoint to go on from, and after how many epochs; see the function of this name."""
        return self._snapshots.resumed(self._folder)

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Between two epochs: go on with the draws of before, or keep the state."""
        self._alive()
        if self._random is not None:
            _set_random_state(self._random)
            self._random = None
        elif trainer.current_epoch > 0:
            for logger in trainer.loggers:
                if isinstance(logger, TensorBoardLogger):
                    logger.experiment.flush()
            trainer.save_checkpoint(self._folder / _STATE)
            self._snapshots.save(self._folder, trainer.current_epoch)
            (self._folder / _STATE).unlink(missing_ok=True)  # of several processes one is the first

    def on_train_batch_end(self, *_: Any) -> None:
        """Tell that the training goes on."""
        self._alive()

    def on_validation_batch_end(self, *_: Any) -> None:
        """The same."""
        self._alive()

    def on_test_batch_end(self, *_: Any) -> None:
        """The same."""
        self._alive()

    def state_dict(self) -> dict[str, Any]:
        """All random generators, and how long it took."""
        return {"random": _random_state(), "seconds": self.seconds}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Set them when the next epoch starts; until then others draw."""
        self._random, self._before = state_dict["random"], state_dict["seconds"]


def resumed(folder: Path, snapshots: Snapshots) -> tuple[Path | None, int]:
    """Put the last state into ``folder``: the checkpoint to go on from, and after how many epochs; None and 0 without.

    It was saved when an epoch had been announced and not begun. All counts are set to those of the epochs before, so
    that Lightning begins the next one like any other. Paths are those of ``folder``, whatever they were.
    """
    path = folder / _STATE
    if not snapshots.restore(folder):
        return None, 0
    state = torch.load(path, map_location="cpu", weights_only=True)
    for counts in state["loops"]["fit_loop"]["epoch_progress"].values():
        counts |= {"ready": counts["completed"], "started": counts["completed"], "processed": counts["completed"]}
    for written in state["callbacks"].values():
        if "dirpath" in written:
            _move(written, Path(written["dirpath"]), (folder / Path(written["dirpath"]).name).resolve())
    torch.save(state, path)
    return path, int(state["loops"]["fit_loop"]["epoch_progress"]["current"]["completed"])


def continue_log(trainer: pl.Trainer) -> None:
    """Let the CSV log grow; its writer would begin it anew."""
    for logger in trainer.loggers if trainer.is_global_zero else ():
        file = Path(logger.log_dir) / "metrics.csv" if isinstance(logger, CSVLogger) else None
        if isinstance(logger, CSVLogger) and file is not None and file.exists():
            text = file.read_text(encoding="utf-8")
            writer = logger.experiment
            writer.metrics_keys = text.partition("\n")[0].strip().split(",")
            file.write_text(text, encoding="utf-8", newline="")


def _move(written: dict[str, Any], before: Path, now: Path) -> None:
    """Let a state of ModelCheckpoint speak of another folder."""

    def moved(path: str) -> str:
        return str(now / Path(path).relative_to(before)) if path else path

    for name in ("best_model_path", "kth_best_model_path", "last_model_path"):
        written[name] = moved(written[name])
    written["best_k_models"] = {moved(path): score for path, score in written["best_k_models"].items()}
    written["dirpath"] = str(now)


def _random_state() -> dict[str, Any]:
    generator: Any = np.random.get_state(legacy=False)  # noqa: NPY002 - the global one is meant
    inner = generator["state"]
    return {
        "python": random.getstate(),
        "numpy": generator | {"state": inner | {"key": torch.from_numpy(inner["key"].astype(np.int64))}},
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def _set_random_state(state: dict[str, Any]) -> None:
    version, internal, gauss = state["python"]
    random.setstate((version, tuple(internal), gauss))
    inner = state["numpy"]["state"]
    key = inner["key"].numpy().astype(np.uint32)
    np.random.set_state(state["numpy"] | {"state": inner | {"key": key}})  # noqa: NPY002
    torch.set_rng_state(state["torch"])
    if state["cuda"]:
        torch.cuda.set_rng_state_all(state["cuda"])
