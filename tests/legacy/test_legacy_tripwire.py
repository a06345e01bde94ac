"""Law 8: whoever adds a field to the document, or a rule without its inverse, is asked what to decide.

Every field of the models is either written by rules in both directions, which documents show that say each old word
once, or listed here with the reason why old documents have no word for it.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import cache
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from legacy_every_word import every_word
from legacy_new_documents import WORDS_OF_SHAPE
from legacy_strategies import SHAPES
from pydantic import BaseModel, ValidationError

from twostage.config import carrier
from twostage.config.document import TwoStageConfig
from twostage.config.stage_1.plugins import PLUGINS
from twostage.legacy.convert import to_new, to_old

# Fields without an old word, by the reason. A document that says one of them cannot go back, and is told its key.
UNSAID: dict[str, tuple[str, ...]] = {
    "it belongs to our format, and the way back leaves it out": ("document.TwoStageConfig.version",),
    "an old stage that was switched off is left out of the new document": ("base.Pretraining.enabled",),
    "the old code had one value, which is the default here": (
        "optimization.Adam.betas",
        "optimization.AdamW.betas",
        "optimization.SGD.nesterov",
        "optimization.CheckpointConfig.mode",
        "windows.RandomlyPlaced.seed",
        "embeddings.HSEPrompt.dropout",
        "embeddings.HSEv2.dropout",
        "backbones.DLinear.window",
        "backbones.PatchTST.head_features",
        "backbones.TimesNet.kernels",
        "backbones.TimesNet.periods",
        "backbones.Transformer.feedforward",
        "backbones.Transformer.dropout",
        "backbones.Transformer.activation",
        *(f"base.Projection.{field}" for field in ("activation", "dropout", "norm")),
        "metric_losses.Prototypical.distance",
        "metric_losses.Prototypical.temperature",
        "metric_losses.Triplet.miner",
        "metric_losses.VICReg.invariance",
        "metric_losses.VICReg.variance",
        "metric_losses.VICReg.covariance",
        "heads.DistanceHead.heads",
    ),
    "the old code did it by itself; only a document as executed says it": (
        "embeddings.TimedPatches.starts",
        "embeddings.TimedPatches.evaluation_starts",
        "prompts.SystemPrompt.overflow",
        "backbones.Transformer.identical_start",
        "backbones.TimesNet.period_choice",
        "splits.AsExecutedSplit.unit",
        "splits.AsExecutedSplit.train",
        "splits.AsExecutedSplit.pooled",
        "splits.AsExecutedSplit.test_last",
        "splits.AsExecutedSplit.test_domains",
        "splits.AsExecutedSplit.train_domains",
    ),
    "the old project split by recordings and domains, stage by stage": (
        "data.DataConfig.split",
        "splits.BearingSplit.unit",
        "splits.BearingSplit.few_bearings",
        "splits.TimeSplit.unit",
        "splits.TimeSplit.gap",
        "splits.SystemSplit.unit",
        "splits.SystemSplit.test_systems",
        "splits._Shares.seed",
        "splits._Holdout.seed",
        "splits._Holdout.validation_unit",
    ),
    "the old project read recordings from its own files, all channels of them": (
        "data.DataConfig.channels",
        "band.CommonBand.kind",
        "band.CommonBand.rate",
        "band.CommonBand.low",
        "band.CommonBand.high",
        "source.SyntheticSource.kind",
        "source.SyntheticSource.seed",
        "source.SyntheticSource.systems",
        "source.SyntheticSource.bearings_per_class",
        "source.SyntheticSource.severities",
        "source.SyntheticSource.domains",
        "source.SyntheticSource.seconds",
    ),
    "several trainings of one old file were variants": (
        "document.TwoStageConfig.sweep",
        *(f"sweep.GridAxis.{field}" for field in ("kind", "name", "key", "values")),
        *(f"sweep.ListAxis.{field}" for field in ("kind", "name", "entries")),
        *(f"sweep.SeedsAxis.{field}" for field in ("kind", "name", "count", "first")),
    ),
    "old networks had these sizes without a key; prompts beside an embedding are the embedding's": (
        *(f"networks.{field}" for field in ("ISFMPrompt.prompt", "ISFMPrompt.dropout")),
        *(f"networks.{field}" for field in ("MWACNN.width", "MWACNN.dropout")),
        "tspn.TSPN.hidden",
        *(f"isfm_flow.FlowCondition.{field}" for field in ("max_systems", "max_domains")),
    ),
    "old runs were one process": (
        "document.TwoStageConfig.executor",
        *(f"executors.LocalExecutor.{field}" for field in ("kind", "workers")),
        *(f"executors.RayExecutor.{field}" for field in ("kind", "address", "gpus", "cpus", "parallel")),
        *(f"executors.SlurmExecutor.{field}" for field in ("kind", "cluster", "partition", "account", "qos")),
        *(f"executors.SlurmExecutor.{field}" for field in ("constraint", "gpus", "cpus", "memory_gb", "minutes")),
        *(f"executors.SlurmExecutor.{field}" for field in ("requeues", "parallel", "setup")),
    ),
    "the old code took it from the number of devices, on one machine": (
        "trainer.TrainerConfig.nodes",
        "trainer.TrainerConfig.strategy",
    ),
    "the old trackers had no such choice": (
        "loggers.WandbLog.project",
        "loggers.WandbLog.entity",
        "loggers.WandbLog.tags",
        "loggers.SwanLabLog.project",
        "loggers.SwanLabLog.workspace",
        *(f"loggers.MLflowLog.{field}" for field in ("kind", "experiment", "tracking_uri")),
    ),
    "heads of tasks: the old code chose them by its era, whatever the file said": (
        "multitask.MultitaskConfig.trunk",
        *(f"task_heads.MultitaskTrunk.{field}" for field in ("hidden", "batch_norm", "activation")),
        *(f"task_heads._Narrowing.{field}" for field in ("hidden", "layers", "dropout", "activation")),
        *(f"task_heads.{field}" for field in ("TaskHead.kind", "RulHead.scale", "AnomalyHead.batch_norm")),
        *(f"task_heads.PredictionHead.{field}" for field in ("hidden", "activation")),
        "task_heads.ForecastPerceptron.hidden",
        *(f"tasks.{task}.head" for task in ("AnomalyDetection", "RulPrediction", "SignalPrediction")),
        *(f"heads.PerceptronHead.{field}" for field in ("hidden", "activation")),
    ),
    "it is new here": (
        "encoder.ModelConfig.max_parameters",
        "augmentation.BandMask.kind",
        "augmentation.BandMask.probability",
        "augmentation.BandMask.share",
        "augmentation.Jitter.kind",
        "augmentation.Jitter.probability",
        "augmentation.Jitter.std",
        "augmentation.Noise.kind",
        "augmentation.Noise.probability",
        "augmentation.Noise.snr_high",
        "augmentation.Noise.snr_low",
        "augmentation.Polarity.kind",
        "augmentation.Polarity.probability",
        "augmentation.Scale.high",
        "augmentation.Scale.kind",
        "augmentation.Scale.low",
        "augmentation.Scale.probability",
        "augmentation.Shift.kind",
        "augmentation.Shift.probability",
        "augmentation.Shift.share",
        "augmentation.Speed.high",
        "augmentation.Speed.kind",
        "augmentation.Speed.low",
        "augmentation.Speed.probability",
        "contrastive.ContrastiveConfig.augmentations",
        "reconstruction.ReconstructionConfig.augmentations",
        "reconstruction.ReconstructionConfig.counts",
        "base.EncoderAdaptation.augmentations",
        "unified_metric.UnifiedMetricConfig.augmentations",
        "optimization.CosineSchedule.final_share",
        "reconstruction.Mask.per_channel",
        "plugins.Supervised.label_smoothing",
        "plugins.ClassificationPrediction.block",
        "plugins.Flow.hidden",
        "plugins.Flow.frequencies",
        "base.ZeroShot.neighbours",
        "base.ZeroShot.missing",
        "base.LrMultipliers.embedding",
        "base.Adaptation.transfer",
        "base.Init.heads",
        "base.Transfer.allow_new",
        "base.Transfer.allow_unused",
        "base.Transfer.allow_different",
        "multitask.MultitaskConfig.weighting",
        "multitask.MultitaskConfig.gradient_balance",
        "multitask.GradientBalance.asymmetry",
        "multitask.GradientBalance.lr",
        "finetune.FinetuneConfig.class_weights",
        "tasks.Classification.class_weights",
        "fewshot.FewshotConfig.episodes",
        "fewshot.FewshotConfig.freeze",
        "fewshot_methods.Prototypical.distance",
        "fewshot_methods.Prototypical.temperature",
        "fewshot_methods.Matching.temperature",
        "fewshot_methods.Neighbours.neighbours",
        "fewshot_methods.LinearProbe.kind",
        "fewshot_methods.LinearProbe.l2",
        "fewshot_methods.EpisodeFinetune.steps",
        "fewshot_methods.EpisodeFinetune.lr",
    ),
}
ASK = """
{fields}: the converter says nothing about {these}. Decide for each of them:
- an old key means it: write a rule in twostage/legacy/rules with both directions, and say the word in
  tests/legacy/legacy_every_word.py;
- no old key means it: list it in UNSAID in this file, with the reason."""


def models() -> set[type[BaseModel]]:
    """Every model of the document, but those of the carrier."""
    found: set[type[BaseModel]] = set()
    open_ends: list[Any] = [TwoStageConfig, *PLUGINS.values()]
    while open_ends:
        each = open_ends.pop()
        open_ends += get_args(each)
        if inspect.isclass(each) and issubclass(each, BaseModel) and each not in found:
            found.add(each)
            open_ends += [field.annotation for field in each.model_fields.values()]
    return {each for each in found if each.__module__ != carrier.__name__}


def name_of(model: type[BaseModel], field: str) -> str:
    """A field by the class that declares it, so that it is named once."""
    owner = next(each for each in reversed(model.__mro__) if field in getattr(each, "model_fields", {}))
    return f"{owner.__module__.rsplit('.', 1)[-1]}.{owner.__name__}.{field}"


def said(value: Any) -> Iterator[str]:
    """The fields that a document writes."""
    if isinstance(value, BaseModel):
        for field in value.model_fields_set & set(type(value).model_fields):
            yield name_of(type(value), field)
            yield from said(getattr(value, field))
    elif isinstance(value, dict | tuple | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from said(each)


def fields() -> set[str]:
    every = {name_of(model, field) for model in models() for field in model.model_fields}
    return every - {"document.TwoStageConfig.legacy"}


@cache
def said_both_ways() -> frozenset[str]:
    """The fields of documents that came from no old one, went into one and came back: each has both directions."""
    found: set[str] = set()
    for shape, body in every_word():
        to_old(body, to=WORDS_OF_SHAPE[shape])  # raises for what does not come back
        found |= set(said(TwoStageConfig.model_validate(body)))
    return frozenset(found)


def question(every: set[str]) -> str:
    """What has to be decided; empty where nothing has."""
    new = every - said_both_ways() - {field for group in UNSAID.values() for field in group}
    return ASK.format(fields=", ".join(sorted(new)), these="them" if len(new) > 1 else "it") if new else ""


def test_law_8_tripwire_for_fields() -> None:
    assert not question(fields()), question(fields())


def test_law_8_tripwire_says_what_to_decide() -> None:
    text = question({*fields(), "optimization.AdamW.amsgrad"})
    assert "optimization.AdamW.amsgrad: the converter says nothing about it" in text
    assert "both directions" in text
    assert "UNSAID" in text


def test_law_8_tripwire_tells_of_a_stale_reason() -> None:
    unsaid = [field for group in UNSAID.values() for field in group]
    assert len(set(unsaid)) == len(unsaid), "a field is listed twice"
    assert set(unsaid) <= fields(), f"no such field: {sorted(set(unsaid) - fields())}"
    both = set(unsaid) & said_both_ways()
    assert not both, f"rules write {sorted(both)} in both directions now; take the reason out of UNSAID"


@pytest.mark.parametrize("name", SHAPES)
def test_law_8_tripwire_for_rules_without_their_inverse(name: str) -> None:
    """What any rule writes for a drawn old document is a field that also goes back."""
    written: set[str] = set()

    @settings(max_examples=60, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(SHAPES[name][1], st.just("meant"))
    def collect(files: list[dict[str, Any]], reading: Any) -> None:
        body = {key: value for key, value in to_new(files, reading=reading).document.items() if key != "legacy"}
        try:
            written.update(said(TwoStageConfig.model_validate(body)))
        except ValidationError:
            return  # what an old file says may not run; its fields occur in others

    collect()
    one_way = written - said_both_ways()
    assert not one_way, (
        f"a rule writes {sorted(one_way)} and nothing shows that it goes back: "
        "write its backward, and say the word in tests/legacy/legacy_every_word.py"
    )
