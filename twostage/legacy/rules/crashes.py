"""Where the last version of the old code ended in an error: one check for each kind, for documents as executed.

Every error is a fact of that version, found by running it or by reading its code.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from twostage.legacy.core.forward import Draft, View
from twostage.legacy.core.mounts import Leaf, Stage
from twostage.legacy.rules.optimization import LR, OPTIMIZERS, WEIGHT_DECAY
from twostage.legacy.rules.selection import MONITOR

Check = Callable[[View, Draft, Stage], None]

# Tasks that could be found, by the exact spelling of their type and name, and that got through a training.
RAN = {
    ("DG", "classification"),
    ("CDDG", "classification"),
    ("GFS", "classification"),
    ("FS", "classification"),
    ("pretrain", "classification"),
    ("pretrain", "classification_prediction"),
    ("pretrain", "masked_reconstruction"),
    ("pretrain", "hse_contrastive"),
}
# Those that were found and then stopped.
STOPPED = {
    ("pretrain", "prediction"): "the task used a name that it never defined",
    ("In_distribution", "multi_task_phm"): "the model answered nothing to a list of tasks",
    ("GFS", "matching"): "the model gave features beside its answer, and the task took them for one",
    **dict.fromkeys(
        [("FS", name) for name in ("prototypical_network", "matching_network", "knn_feature", "finetuning")],
        "the task wanted batches with a support part, which nothing made",
    ),
}
ALWAYS = ("task.lr", "task.optimizer", "task.loss", "task.metrics", "task.target_system_id")
OF_DATA = ("data.metadata_file", "data.batch_size", "data.num_workers", "data.dtype")
OF_PIPELINE_01 = ("trainer.monitor", "trainer.device")
LOSSES_THAT_RAN = ("CE", "NLL", "INFONCE", "SUPCON", "TRIPLET", "PROTOTYPICAL")
PLAIN = {"classification", "classification_prediction", "multitask"}
METRICS = "acc|f1|precision|recall|auroc|mse|mae|r2|mape"
CONTRASTS = ("INFONCE", "SUPCON", "TRIPLET", "PROTOTYPICAL", "BARLOWTWINS", "VICREG")


def _task(view: View) -> tuple[str, str]:
    """Type and name as the old code looked for them; multitask is made of the names of its tasks."""
    kind, name, tasks = view.value("task.type"), view.value("task.name"), view.value("task.task_list")
    joined = name == "multitask" and isinstance(tasks, list)
    return str(kind), "_".join(map(str, tasks)) if joined and isinstance(tasks, list) else str(name)


def _layout(view: View, draft: Draft, _: Stage) -> None:
    """Whole pipelines, and forms of the first weeks."""
    shape = view.facts["shape"]
    if shape == "p03":
        draft.crash("training", "pipeline 03 called a function of its own with the wrong arguments, in every run")
    if shape == "p04":
        draft.unrepeatable("training", "pipeline 04 ignored the blocks of its stages and ran one training twice")
    early = next((leaf for leaf in view.source.leaves if "args" in leaf.path[1:3] or "dataset" in leaf.path[1:2]), None)
    if early is not None:
        draft.crash(early, "sections with args, and dataset in the place of data, were read in its first weeks only")


def _found(view: View, draft: Draft, _: Stage) -> None:
    """The task."""
    task = _task(view)
    leaf = view.find("task.name") or view.find("task.type") or "task.name"
    if task in STOPPED:
        draft.crash(leaf, STOPPED[task])
    elif task not in RAN:
        draft.crash(leaf, f"it has no task {task[0]}/{task[1]}")


def _required(view: View, draft: Draft, _: Stage) -> None:
    """Keys without a default; not of a file whose bases may have them."""
    if any(leaf.path[1:2] == ("base_configs",) for leaf in view.source.leaves):
        return
    needed = (*ALWAYS, *OF_DATA, *(OF_PIPELINE_01 if view.facts["shape"] == "single" else ()))
    for key in needed:
        if view.find(key) is None and not view.below(key):
            draft.crash(key, f"{key} is missing")


def _numbers(view: View, draft: Draft, _: Stage) -> None:
    """What has to be a number and is text to a reader of YAML 1.1."""
    for names in (LR, WEIGHT_DECAY):
        leaf = view.find(*names)
        if leaf is not None and (isinstance(leaf.value, bool) or not isinstance(leaf.value, int | float)):
            draft.crash(leaf, f"{leaf.value!r} is no number to its loader, and the optimiser wants one")


def _words(view: View, draft: Draft, _: Stage) -> None:
    """Values that the old code did not know."""
    known: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
        ("data.normalization", ("standardization", "minmax", "none").__contains__, "is no normalisation that it knows"),
        (
            "data.window_sampling_strategy",
            ("evenly_spaced", "sequential", "random").__contains__,
            "is no way to place windows that it knows",
        ),
        ("task.optimizer", _optimizes, "is no optimiser that it knows"),
        (
            "trainer.gpus",
            lambda value: type(value) is int and value == 1,
            "is no single device, and its trainer failed",
        ),
    )
    for name, knows, text in known:
        leaf = view.find(name)
        if leaf is not None and not knows(_plain(leaf.value)):
            draft.crash(leaf, f"{leaf.value!r} {text}")
    if view.below("task.optimizer"):
        draft.crash(view.below("task.optimizer")[0], "a mapping is no name of an optimiser")


def _optimizes(value: Any) -> bool:
    return isinstance(value, str) and value.lower() in OPTIMIZERS.spellings


def _plain(value: Any) -> Any:
    """A list or mapping as text: it is in no set of words."""
    return repr(value) if isinstance(value, list | dict) else value


def _loss(view: View, draft: Draft, _: Stage) -> None:
    """The loss of tasks that classify; others have one of their own."""
    leaf = view.find("task.loss")
    if leaf is None or _task(view)[1] not in PLAIN:
        return
    if leaf.value not in LOSSES_THAT_RAN:
        draft.crash(leaf, f"{leaf.value!r} does not fit the answers of a classifier")
    elif leaf.value != "CE":
        draft.unrepeatable(leaf, f"{leaf.value} was computed on class scores; here a classifier has a cross entropy")


def _monitor(view: View, draft: Draft, _: Stage) -> None:
    """A metric that the task logs; of several data sets each has its own."""
    leaf = view.find(*MONITOR)
    if leaf is None or _logs(_task(view)[1], leaf):
        return
    if re.fullmatch(rf"val_({METRICS})_.+|val_.+_loss|train_.+|val_(contrast|classification).+", str(leaf.value)):
        text = "the epoch with its lowest value was kept, also of an accuracy; here the loss of the validation selects"
        draft.unrepeatable(leaf, f"{text}; delete this entry to accept that")
    else:
        draft.crash(leaf, f"the task never logs {leaf.value!r}")


def _logs(task: Any, leaf: Leaf) -> bool:
    return leaf.value in ("val_loss", *(() if task == "masked_reconstruction" else ("val_total_loss",)))


def _contrast(view: View, draft: Draft, _: Stage) -> None:
    """What the check of contrastive tasks refused."""
    if _task(view) != ("pretrain", "hse_contrastive"):
        return
    loss, weight, heat = (view.find(f"task.{name}") for name in ("contrast_loss", "contrast_weight", "temperature"))
    if loss is not None and loss.value not in CONTRASTS:
        draft.crash(loss, f"{loss.value!r} is no contrastive loss that it knows")
    if weight is not None and not _inside(weight.value, 0, 2):
        draft.crash(weight, "contrast_weight had to lie above 0, and not above 2")
    heated = loss is not None and loss.value in CONTRASTS[:2]
    if heated and (heat is None or not _inside(heat.value, 0, 1) or heat.value == 1):
        draft.crash(heat or "task.temperature", "temperature had to lie between 0 and 1")


def _inside(value: Any, above: float, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and above < value <= most


def _model(view: View, draft: Draft, _: Stage) -> None:
    """Parts that did not fit together."""
    name, parts = view.value("model.name"), {key: view.find(f"model.{key}") for key in ("embedding", "backbone")}
    head, inner = view.find("model.task_head"), view.value("model.classification_head")
    embedding = None if parts["embedding"] is None else str(parts["embedding"].value)
    classes = str(None if head is None else inner if head.value == "H_09_multiple_task" else head.value)
    if name == "M_01_ISFM" and head is not None and classes in {"H_02_distance_cla", "MultiTaskHead"}:
        draft.crash(head, f"{classes} cannot take the list of systems that M_01_ISFM gave to its head")
    if name == "M_02_ISFM_Prompt" and parts["embedding"] is not None and embedding not in {"HSE_prompt", "E_01_HSE"}:
        draft.crash(parts["embedding"], f"M_02_ISFM_Prompt did not get along with {embedding}")
    if name == "M_02_ISFM" and parts["backbone"] is not None and parts["backbone"].value != "B_10_VIBT":
        draft.crash(parts["backbone"], "M_02_ISFM gave its backbone two inputs, and this one takes one")
    wide = view.find("model.patch_size_C")
    if embedding == "HSE_prompt" and wide is not None and wide.value != 1:
        draft.crash(wide, "HSE_prompt could embed patches of one channel only")


CRASHES: tuple[Check, ...] = (_layout, _found, _required, _numbers, _words, _loss, _monitor, _contrast, _model)
