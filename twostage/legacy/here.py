"""What holds here for keys that the old code read and the new document has no key for."""

from __future__ import annotations

from collections.abc import Mapping

_TRACKER = "results are files here, and nothing is sent to a tracker"
_METRICS = "all metrics of a task are always reported"
_HEADS = "the mode of a stage brings its own heads"

HERE: Mapping[str, str] = {
    "environment.wandb": _TRACKER,
    "environment.swanlab": _TRACKER,
    "environment.workspace": _TRACKER,
    "environment.notes": _TRACKER,
    "data.dtype": "windows always have 32 bits",
    "data.stride": "only windows with placement: sequential have a stride",
    "model.input_dim": "the number of channels comes from the data",
    "model.task_head": _HEADS,
    "model.classification_head": _HEADS,
    "model.prediction_head": _HEADS,
    "task.metrics": _METRICS,
    "task.loss": "the mode of a stage brings its own loss",
    "trainer.name": "there is one trainer",
    "trainer.save_top_k": "one checkpoint is kept, the best",
    "trainer.log_every_n_steps": "losses are written once per epoch",
    "trainer.pruning": "weights are not pruned",
}
NO_OPTION = "the parts that were chosen have no such option"
NO_KEY = "there is no key for it here"


def here(key: str) -> str:
    """One clause without a full stop."""
    return HERE.get(key) or (NO_OPTION if key.startswith("model.") else NO_KEY)
