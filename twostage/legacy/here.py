"""What holds here for keys that the old code read and the new document has no key for."""

from __future__ import annotations

from collections.abc import Mapping

from twostage.legacy.synonyms import KNOWN

_TRACKER = "loggers says where a training is logged"
_METRICS = "all metrics of a task are always reported"
_MODEL = "model.embedding and model.backbone say what a model is"
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
    "trainer.log_every_n_steps": "losses are written once per epoch",
    "trainer.pruning": "weights are not pruned",
    "trainer.patience": "early stopping is off",
    "model.training_stage": "stage_1 and stage_2 say it",
    "model.freeze_prompt": "stage_2.freeze says what is frozen",
    "data.factory_name": "how windows are paired and split is said by the stages",
    "task.augmentation_noise_std": "it lay on features; augmentations of stage_1 change windows",
    "task.target_domain_num": "only a fine-tuning is tested on other domains",
    "task.momentum": "only SGD has a momentum",
    "task.task_list": "the tasks follow from the mode of a stage",
    "model.name": _MODEL,
    "model.type": _MODEL,
    "pipeline": "it said what the file is for, and the conversion went by it",
    "base_configs": "a converted document stands alone",
    "stage.name": "stages have fixed names",
}
NO_OPTION = "the model of this document has no such option"
NO_USE = "nothing in this document needs it"
NO_KEY = "there is no key for it here"


def here(key: str) -> str:
    """One clause without a full stop."""
    found = HERE.get(key) or HERE.get(key.partition(".")[0])
    if found is not None:
        return found
    if key.startswith("model."):
        return NO_OPTION
    return NO_USE if key in KNOWN else NO_KEY
