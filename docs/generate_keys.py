# ruff: noqa: INP001 - a script beside the pages, not a package
"""Write ``migration/keys.md``: every key of the old documents that the conversion knows, and where it goes.

The names and their order come from the rules; what the old code did with a key comes from ``twostage.legacy.effects``.

Run it from the root of the repository: ``.venv/bin/python docs/generate_keys.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from twostage.legacy import variants
from twostage.legacy.core.forward import Names
from twostage.legacy.core.rule import Rule, Scalar
from twostage.legacy.effects import Effect, effect_of
from twostage.legacy.effects.effect import Status
from twostage.legacy.effects.lookup import EFFECTS
from twostage.legacy.here import here
from twostage.legacy.rules import (
    across,
    adaptation,
    cadence,
    comparing,
    data,
    environment,
    episodes,
    loggers,
    model,
    model_tables,
    multitask,
    networks,
    optimization,
    penalties,
    pretraining,
    scheduler,
    selection,
    split,
    strategy,
    trainer,
    unfreezing,
    zero_shot,
)

PAGE = Path(__file__).parent / "migration" / "keys.md"
HEAD = """\
# Old keys and new keys

This page is made by `docs/generate_keys.py` from the rules of the conversion. Do not edit it by hand.

Keys are written without their layout: `task.lr` is the learning rate of the section `task` wherever a document keeps
that section, and `stage.epochs` is a key of a stage block of pipelines 03 and 04, or of an item of `stages`. `stage_N`
is the stage that the old key belongs to. A star is the number of an entry.

Where several old keys decide one new key, the number is their order: the first that is written counts. A place that is
nearer to the stage counts before a common one, whatever the name. The last column says what the last version of the old
code did with the key, so that you know what the run you remember was made of.
"""
KEPT = """\
## Keys without a new key

The conversion knows these keys and has nowhere to put them. They stay in the carrier, and go back from there. A key
that is on neither list is kept as well; `twostage convert --explain` then calls it `unknown-key`.

| old key | did the old code read it? | here |
|---|---|---|
"""
TOGETHER = "together"
WORDS: Mapping[Status, str] = {
    "live": "yes",
    "partly": "partly",
    "past": "not in the last version",
    "never": "no",
    "overwritten": "no, it was always replaced",
    "exported": "as an environment variable",
    "unknown": "no version that is known",
}


@dataclass(frozen=True)
class Group:
    """Old names of one new key, the deciding one first. ``when`` limits the rule."""

    new: str
    old: Names
    when: str = ""


def keys_text() -> str:
    """The whole page."""
    parts = [HEAD]
    for title, groups in sections().items():
        parts.append(f"## {title}\n")
        parts.append("| old key | new key | order | did the old code read it? |\n|---|---|---|---|")
        parts += [row for group in groups for row in _rows(group)]
        parts.append("")
    mapped = {name for groups in sections().values() for group in groups for name in group.old}
    parts.append(KEPT + "\n".join(_kept(mapped)))
    return "\n".join(parts) + "\n"


def sections() -> Mapping[str, tuple[Group, ...]]:
    """All groups in the order of a new document."""
    return {
        "The run": (*_scalars(environment.DOCUMENT), *_seeds(), *_loggers()),
        "Data": (*_scalars(data.DOCUMENT), *_data()),
        "Model": (*_encoder(), *_options("embedding"), *_options("backbone"), *_options("network")),
        "What a stage is": _modes(),
        "Pretraining": _pretraining(),
        "Adaptation": (*_targets(), *_adaptation()),
        "Few-shot": _episodes(),
        "Several tasks": tuple(_tasks()),
        "How a stage trains": (*_training(), *_schedules()),
        "Devices": tuple(_scalars(trainer.DOCUMENT)),
    }


def _scalars(rules: tuple[Rule, ...]) -> Iterator[Group]:
    for rule in rules:
        if isinstance(rule, Scalar):
            yield Group(rule.new, rule.old)


def _seeds() -> tuple[Group, ...]:
    holder = ".".join(map(str, variants.HOLDER))
    return (
        Group("seeds", (*environment.LISTS, *environment.SEEDS), "the seeds, or the first of them"),
        Group("seeds", (*environment.LISTS, *environment.REPEATS), "how many there are"),
        Group("stage_2.repeats", (environment.ITERATIONS,), "in the second file of a pair"),
        Group("variants.*.name", (f"{holder}.*.name",)),
        Group("variants.*.set", (f"{holder}.*.{variants.OVERRIDES}",)),
    )


def _loggers() -> tuple[Group, ...]:
    return (
        Group("loggers", (loggers.WANDB,), "true as kind: wandb, mode: online; dryrun as mode: offline"),
        Group("loggers", (loggers.SWANLAB,), "true as kind: swanlab, mode: online"),
    )


def _data() -> tuple[Group, ...]:
    return (
        Group("data.window.placement", data.PLACEMENT),
        Group("data.window.length", data.LENGTH),
        Group("data.window.per_recording", data.AMOUNT),
        Group("data.window.stride", data.STRIDE, "with placement: sequential"),
        Group("data.batch_size, stage_N.batch_size", data.BATCH),
        Group("stage_N.split.train", split.TRAIN, "with unit: recording"),
        Group("stage_N.split.validation", split.VALIDATION, "with unit: recording"),
        Group("stage_N.split.test", split.TEST, "with unit: recording"),
        Group("stage_2.split.last", (split.LAST,), "tasks of type DG and CDDG"),
        Group("stage_2.split.test_domains", (split.TESTED,), "tasks of type DG and CDDG, without target_domain_num"),
        Group("stage_2.split.train_domains", (split.TRAINED,), "the same"),
        Group("stage_2.split.validation", split.TRAIN, "with unit: domain; what is left of 1"),
    )


def _encoder() -> tuple[Group, ...]:
    parts = ("stage_N", "stage_1.classification", "stage_2.tasks.classification", "stage_1.params")
    heads = ", ".join(f"{part}.head.kind" for part in parts)
    return (
        Group("model", (networks.NAME, networks.TYPE), TOGETHER),
        Group("model.network.condition, model.network.kind", (networks.CONDITIONAL,), "false: the condition is null"),
        Group("model.network.layers", (networks.LAYERS,), "kind tspn; one layer for each key below it"),
        Group("model.network.width", networks.WIDTH, "kind tspn; one times the other"),
        Group("model.embedding.kind", (model.EMBEDDING,)),
        Group("model.backbone.kind", (networks.BACKBONE,)),
        Group("stage_1.backbones", model.COMPARED),
        Group("model.embedding.prompt, model.embedding.kind", (model.USE_PROMPT,), "false: the prompt is null"),
        Group(heads, ("model.classification_head", "model.task_head"), "the first counts only beside several heads"),
    )


def _options(part: str) -> Iterator[Group]:
    """One group for each option, with the kinds that have it under these names."""
    parts = {"embedding": model_tables.EMBEDDINGS, "backbone": model_tables.BACKBONES, "network": networks.NETWORKS}
    tables = parts[part]
    kinds: dict[tuple[str, Names], list[str]] = {}
    for kind, table in tables.items():
        for new, names, _ in table:
            kinds.setdefault((new, names), []).append(kind)
    for (new, names), having in kinds.items():
        compared = f", stage_1.backbones.*.{new}" if part == "backbone" else ""
        yield Group(f"model.{part}.{new}{compared}", names, f"kind {', '.join(having)}")


def _modes() -> tuple[Group, ...]:
    told = ("task.type", "task.name", "stage.type", "task.training_mode", "stage.masking_ratio", "stage.enabled")
    return (
        Group("stage_N.pretrain_mode, stage_N.adapt_mode", told, TOGETHER),
        Group("stage_1.target", ("task.task_list",), "with pretrain_mode: custom"),
    )


def _pretraining() -> tuple[Group, ...]:
    losses = "stage_1.loss, stage_1.metric"
    options = {name: new for table in pretraining._OPTIONS.values() for new, name in table}  # noqa: SLF001 - its one home
    return (
        Group("stage_1.systems", pretraining.SYSTEMS, "the last one only in pipeline 04"),
        Group(f"{losses}.kind".replace(",", ".kind,"), pretraining.LOSS),
        *(Group(f"{losses}.{new}".replace(",", f".{new},"), (name,)) for name, new in options.items()),
        Group("stage_1.metric_weight", ("task.contrast_weight",)),
        Group("stage_1.contrast_weight", comparing.WEIGHT, "with pretrain_mode: contrastive"),
        Group("stage_1.classification_weight, stage_1.classification.weight", comparing.CLASSIFICATION),
        Group("stage_1.momentum_encoder", comparing.MOMENTUM_SWITCH),
        Group("stage_1.momentum_encoder.momentum", comparing.MOMENTUM, "with SGD the second alone"),
        Group("stage_1.momentum_encoder.queue", comparing.QUEUE),
        Group("stage_1.sampler", across.SAMPLING),
        Group("stage_1.pairing, stage_1.positives", across.ACROSS, "where the loss goes by class"),
        Group(f"{losses}.hardness".replace(",", ".hardness,"), comparing.HARD),
        Group("stage_1.prompt.weight", comparing.PROMPT),
        Group("stage_1.prompt.temperature", comparing.PROMPT_TEMPERATURE),
        Group("stage_1.projection", (pretraining.PROJECTS,)),
        Group("stage_1.projection.dim", pretraining.PROJECTION),
        Group("stage_1.mask.ratio, stage_1.params.mask_ratio", pretraining.RATIO),
        Group("stage_1.mask.forecast, stage_1.params.forecast_part", pretraining.FORECAST),
        Group("stage_1.loss", pretraining.ReconstructionLoss.names, "with pretrain_mode: reconstruction"),
        Group("stage_1.params.alpha_prediction", ("task.alpha_prediction",)),
        Group("stage_1.params.contrast", (pretraining.FLOW_SWITCH,), "target flow"),
        *(Group(f"stage_1.params.contrast.{new}", names, "target flow") for new, names, _ in pretraining.FLOW_CONTRAST),
        Group(f"{losses}.kind".replace(",", ".kind,"), strategy.TYPE, "ensemble, or single"),
        Group(f"{losses}.terms".replace(",", ".terms,"), (strategy.LOSSES,), "each with loss_type, weight and options"),
        Group("stage_1.zero_shot", (zero_shot.SWITCH,)),
    )


def _targets() -> tuple[Group, ...]:
    return (
        Group("stage_2.targets", (f"{adaptation.LISTED}.*.dataset_id",), "pipeline 04"),
        Group("stage_2.targets", adaptation.INDIVIDUAL, "each with a classification and an anomaly detection"),
        Group("stage_2.targets", adaptation.TOGETHER, "with all tasks"),
        Group("stage_2.targets", adaptation.NAMED, "names; unified_datasets and dataset_ids of data say their ids"),
        Group("stage_2.targets", pretraining.SYSTEMS_PROPER, "where none of the above is written"),
    )


def _adaptation() -> tuple[Group, ...]:
    return (
        Group("stage_2.init.checkpoint", adaptation.CHECKPOINT, "without stage 1; the first that is a path"),
        *(Group(f"stage_2.freeze.{part}", names) for part, names in adaptation.FROZEN.items()),
        Group("stage_2.start", adaptation.HANDED_ON, "false starts from scratch beside stage 1"),
        *(Group(f"stage_2.lr_multipliers.{part}", names) for part, names in adaptation.MULTIPLIERS.items()),
        Group("stage_2.unfreeze", unfreezing.SWITCH),
        *(Group(f"stage_2.unfreeze.{part}", names) for part, names in unfreezing.WAITS.items()),
        Group("stage_2.unfreeze.schedule", unfreezing.SCHEDULE),
        Group("stage_2.label_smoothing", ("task.label_smoothing",), "with adapt_mode: finetune"),
    )


def _episodes() -> tuple[Group, ...]:
    return (
        Group("stage_2.method.kind", ("task.name", "task.metric_loss"), TOGETHER),
        Group("stage_2.method.distance", (episodes.METRIC,), "with method: matching"),
        Group("stage_2.shots", episodes.SHOTS),
        *(Group(f"stage_2.{key}", names) for key, names, _ in episodes.KEYS),
    )


def _tasks() -> Iterator[Group]:
    yield Group("stage_2.tasks", multitask.ENABLED)
    for task in multitask.TASKS:
        yield Group(f"stage_2.tasks.{task}.weight", multitask._weights(task))  # noqa: SLF001 - the names have no other home
        for new, names, _ in multitask.OPTIONS[task]:
            yield Group(f"stage_2.tasks.{task}.{new}", names)


def _training() -> tuple[Group, ...]:
    return (
        Group("stage_N.epochs", optimization.EPOCHS),
        Group("stage_N.optimizer.kind", optimization.OPTIMIZER),
        Group("stage_N.optimizer.lr", optimization.LR),
        Group("stage_N.optimizer.weight_decay", optimization.WEIGHT_DECAY),
        Group("stage_N.optimizer.momentum", ("task.momentum",), "kind sgd"),
        *(Group(f"stage_N.regularization.{key}", names) for key, names in penalties.FACTORS.items()),
        Group("stage_N.regularization", (penalties.FLAG,), "false: none"),
        Group("stage_N.validate_every", cadence.EPOCHS),
        Group("stage_N.validate_every", cadence.WITHIN, "where every epoch is validated"),
        Group("stage_N.checkpoint.monitor", selection.MONITOR),
        *(Group(f"stage_N.checkpoint.{key}", names) for key, (names, _) in selection.KEPT.items()),
        Group("stage_N.early_stopping", selection.SWITCH),
        Group("stage_N.early_stopping.patience", selection.PATIENCE),
        Group("stage_N.early_stopping.min_delta", selection.MIN_DELTA),
    )


def _schedules() -> Iterator[Group]:
    yield Group("stage_N.scheduler.kind", scheduler.KIND)
    for kind, table in scheduler.OPTIONS.items():
        for new, names, _ in table:
            yield Group(f"stage_N.scheduler.{new}", names, f"kind {kind}")


def _rows(group: Group) -> Iterator[str]:
    new = ", ".join(f"`{key}`" for key in group.new.split(", ")) + (f" ({group.when})" if group.when else "")
    for number, name in enumerate(group.old, 1):
        order = str(number) if len(group.old) > 1 and group.when != TOGETHER else ""
        yield f"| `{name}` | {new} | {order} | {read(effect_of(name))} |"


def _kept(mapped: set[str]) -> Iterator[str]:
    """Known keys that no rule reads; not mappings whose keys have entries of their own, and no list entries."""
    holders = {name.rpartition(".")[0] for name in (*mapped, *EFFECTS)}
    for key in sorted(EFFECTS, key=str.casefold):
        if key not in mapped and key not in holders:
            effect = effect_of(key)
            place = here(key) if effect.status in {"live", "partly"} else ""
            yield f"| `{key}` | {read(effect)} | {place} |"


def read(effect: Effect) -> str:
    """What the old code did with a key, in a few words."""
    words = WORDS[effect.status] + (f": {effect.note}" if effect.note else "")
    return words + (f"; it read `{effect.instead}`" if effect.instead else "")


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(keys_text(), encoding="utf-8")
