"""Facts of real files that every conversion of them must come out with. Skips where the files are absent."""

from __future__ import annotations

import pytest
from shared_data import CORPUS

from twostage.config.document import TwoStageConfig
from twostage.config.variants import count_stages
from twostage.legacy.command.job import Wish, convert_files
from twostage.legacy.convert import to_new
from twostage.legacy.text.nodes import plain
from twostage.legacy.text.read import decode_legacy, read_legacy

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the real old files are not here")


def old(number):
    (path,) = CORPUS.glob(f"{number}__*")
    return plain(read_legacy(decode_legacy(path.read_bytes())[0], path.name).root)


def converted(*numbers, **how):
    conversion = to_new([old(number) for number in numbers], **how)
    return conversion.detection, TwoStageConfig.model_validate(conversion.document)


def runs(config):
    counts = count_stages(config)
    return counts["pretrainings"], counts["adaptations"]


def test_a_comparison_of_backbones_over_systems_and_tasks():
    found, config = converted("075")
    first, second = config.stage_1, config.stage_2
    assert (found.shape, found.detail, found.pipeline) == ("p03", "training", "03")
    assert (first.pretrain_mode, second.adapt_mode) == ("reconstruction", "multitask")
    assert [backbone.kind for backbone in first.backbones] == ["fno", "dlinear", "timesnet", "patchtst"]
    assert first.systems == (1, 5, 6, 13, 19)
    assert (first.epochs, first.batch_size, first.optimizer.kind) == (100, 64, "adamw")
    assert (first.optimizer.lr, first.optimizer.weight_decay) == (0.001, 0.01)
    assert (first.mask.ratio, first.mask.forecast, first.loss) == (0.15, 0.1, "mse")
    assert (first.early_stopping.patience, first.early_stopping.min_delta) == (20, 1e-4)
    assert (first.scheduler.kind, first.scheduler.period, first.scheduler.minimum) == ("cosine", 100, 1e-6)
    assert (second.epochs, second.batch_size, second.optimizer.lr) == (50, 32, 1e-4)
    assert second.optimizer.weight_decay == 0.001
    assert (second.early_stopping.patience, second.scheduler.kind) == (15, "plateau")
    assert (second.scheduler.patience, second.scheduler.factor) == (10, 0.5)
    weights = {name: task.weight for name, task in second.tasks.written.items()}
    assert weights == {"classification": 1.0, "anomaly_detection": 0.6, "rul_prediction": 0.8}
    assert runs(config) == (4, 44)


def test_unified_metric_with_variations_seeds_and_zero_shot():
    found, config = converted("079")
    assert (found.shape, found.detail) == ("p03", "pipeline_03")
    assert (config.stage_1.pretrain_mode, config.stage_2.adapt_mode) == ("unified_metric", "finetune")
    assert config.seeds == (42, 1337, 2023, 8888, 9999)
    assert config.stage_1.systems == (1, 6, 5, 19, 23)
    assert config.stage_1.zero_shot is not None
    assert [target.system for target in config.stage_2.targets] == [1, 6, 5, 19, 23]
    assert (config.stage_1.epochs, config.stage_2.epochs) == (100, 50)
    assert (config.stage_1.optimizer.lr, config.stage_2.optimizer.lr) == (1e-3, 5e-4)
    assert config.stage_1.metric.temperature == 0.07
    assert config.stage_1.metric_weight == 0.15
    assert config.stage_2.freeze.prompt
    assert config.stage_1.checkpoint.monitor == "validation/accuracy"
    assert len(config.variants) == 6
    assert sum(runs(config)) == 180
    (path,) = CORPUS.glob("079__*")
    assert convert_files([path], Wish()).runs["declared"] == 30


def test_one_pretraining_and_a_fine_tune_for_each_data_set():
    found, config = converted("197")
    assert (found.shape, found.detail, found.pipeline) == ("p04", "toplevel.nested", "04")
    assert (config.stage_1.pretrain_mode, config.stage_2.adapt_mode) == ("unified_metric", "finetune")
    assert config.stage_1.systems == (1, 13, 19, 25, 31)
    assert [target.system for target in config.stage_2.targets] == [1, 13, 19, 25, 31]
    assert config.seeds == (42, 123, 456, 789, 999)
    assert (config.stage_1.epochs, config.stage_2.epochs) == (50, 20)
    assert (config.stage_1.optimizer.lr, config.stage_2.optimizer.lr) == (5e-4, 1e-4)
    assert (config.stage_1.scheduler.kind, config.stage_1.scheduler.warmup_epochs) == ("cosine", 5)
    schedule = config.stage_2.scheduler
    assert (schedule.kind, schedule.every, schedule.gamma) == ("step", 10, 0.5)
    assert (config.stage_1.early_stopping.patience, config.stage_2.early_stopping.patience) == (15, 8)
    assert runs(config) == (5, 25)


def test_a_flat_file_of_pipeline_04_is_one_stage():
    found, config = converted("132")
    assert (found.shape, found.pipeline) == ("single", "04")
    assert config.stage_2 is None
    assert config.stage_1.pretrain_mode == "unified_metric"
    assert config.stage_1.systems == (1, 2, 6, 5, 12)
    assert (config.stage_1.epochs, config.stage_1.optimizer.lr) == (1, 5e-4)
    assert config.stage_1.metric_weight == 0.15
    assert config.stage_1.early_stopping.patience == 15
    assert runs(config) == (2, 0)


def test_a_list_of_stages_with_overrides():
    found, config = converted("033")
    assert (found.shape, found.detail, found.pipeline) == ("stages", "overrides", "02")
    assert (config.stage_1.pretrain_mode, config.stage_2.adapt_mode) == ("contrastive", "finetune")
    assert config.stage_1.systems == config.stage_2.targets[0].ids == (1, 13, 6, 12, 19)
    assert (config.stage_1.epochs, config.stage_2.epochs) == (30, 20)
    assert (config.stage_1.optimizer.lr, config.stage_2.optimizer.lr) == (5e-4, 1e-4)
    assert config.stage_1.early_stopping is None
    assert config.stage_2.early_stopping.patience == 10
    assert runs(config) == (1, 1)


def test_the_pair_of_pipeline_02_is_crossed():
    found, config = converted("329", "328")
    assert (found.shape, found.pipeline) == ("pair", "02")
    assert (config.stage_1.pretrain_mode, config.stage_1.target) == ("custom", "classification_prediction")
    assert (config.stage_2.adapt_mode, config.stage_2.method.kind) == ("fewshot", "matching")
    assert config.stage_1.systems == (6, 9, 15)
    assert config.stage_2.targets[0].ids == (6, 14)
    assert (config.stage_1.epochs, config.stage_2.epochs) == (100, 100)
    assert (config.stage_1.optimizer.lr, config.stage_2.optimizer.lr) == (0.001, 0.001)
    assert runs(config) == (2, 4)


def test_several_tasks_in_one_flat_file():
    _, config = converted("135")
    weights = {name: task.weight for name, task in config.stage_2.tasks.written.items()}
    expected = {"classification": 1.0, "anomaly_detection": 0.6, "signal_prediction": 0.7, "rul_prediction": 0.8}
    assert weights == expected
    assert config.stage_2.targets[0].ids == (2,)
    assert (config.stage_2.epochs, config.stage_2.optimizer.lr) == (1, 5e-4)
    assert runs(config) == (0, 1)


def test_every_file_is_accounted_for_and_only_foreign_ones_fail():
    failed = []
    for path in sorted(CORPUS.iterdir()):
        outcome = convert_files([path], Wish())
        counts = outcome.leaves
        assert counts["total"] == counts["mapped"] + counts["kept"] + counts["refused"], path.name
        if outcome.status == "failed":
            failed.append(path.name[:3])
    assert failed == ["001", "005", "115"]
