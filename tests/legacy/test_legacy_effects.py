"""What old keys did, and why a leaf is kept. The facts are those of the old code and its last version."""

from __future__ import annotations

import pytest
from legacy_every_word import every_word

from twostage.legacy.core.backward import Wishes
from twostage.legacy.core.mounts import Layout, Mount
from twostage.legacy.effects import effect_of, is_variable
from twostage.legacy.effects.lookup import EFFECTS
from twostage.legacy.rulebook import backward
from twostage.legacy.synonyms import GROUPS, synonyms
from twostage.legacy.synonyms import KNOWN as NAMED
from twostage.legacy.why import why_kept

KNOWN = [
    ("task.lr", "live"),
    ("trainer.num_epochs", "live"),
    ("data.stride", "partly"),
    ("environment.iterations", "partly"),
    ("trainer.max_epochs", "partly"),
    ("task.scheduler_type", "past"),
    ("trainer.check_val_every_n_epoch", "past"),
    ("model.time_dim", "past"),
    ("task.scheduler", "never"),
    ("task.regularization", "never"),
    ("trainer.precision", "never"),
    ("data.truncate_lenth", "never"),
    ("environment.PHMBench", "never"),
    ("model.num_classes", "overwritten"),
    ("environment.PYTHONPATH", "exported"),
    ("environment.WANDB_MODE", "exported"),
    ("stage.epochs", "never"),
    ("stage.target_systems", "partly"),
    ("pipeline", "partly"),
    ("base_configs", "live"),
    ("advanced", "never"),
    ("pipeline_03", "never"),
]


@pytest.mark.parametrize(("key", "status"), KNOWN)
def test_status_of_a_key(key, status):
    assert effect_of(key).status == status


@pytest.mark.parametrize(
    ("key", "status"),
    [
        ("task.classification.num_classes", "never"),
        ("task.scheduler.options.T_max", "never"),
        ("task.task_weights.classification", "live"),
        ("trainer.early_stopping.patience", "never"),
        ("advanced.checkpoint_management.keep_last_n", "never"),
        ("stage.finetune_targets.0.dataset_id", "never"),
        ("model.signal_processing_configs.layer1", "live"),
    ],
)
def test_a_key_below_a_mapping_shares_its_fate_or_has_its_own(key, status):
    assert effect_of(key).status == status


def test_another_spelling_belongs_to_the_very_key_only():
    assert effect_of("logging.wandb").instead == "environment.wandb"
    assert effect_of("logging.wandb.tags").instead is None


def test_a_variable_of_the_user_was_exported_and_any_other_key_is_unknown():
    assert effect_of("environment.MY_FLAG").status == "exported"
    assert effect_of("environment.my_flag").status == "unknown"
    assert effect_of("task.MY_FLAG").status == "unknown"
    assert not is_variable("environment.PHMBench")


def test_another_spelling_was_read():
    """The spelling that is named as the one that counted did count in some version, and leads nowhere else."""
    dead = {"task.source_domain_id", "task.target_domain_id"}
    for key, effect in EFFECTS.items():
        if effect.instead is not None:
            assert effect_of(effect.instead).instead is None, key
            assert effect_of(effect.instead).status in {"live", "partly", "past"} or effect.instead in dead, key


def test_every_condition_is_stated():
    assert all(effect.note for effect in EFFECTS.values() if effect.status in {"partly", "overwritten"})


def test_every_name_that_a_rule_knows_has_a_known_effect():
    names = {name for group in GROUPS for name in group}
    unknown = {name for name in names if effect_of(name).status == "unknown"}
    assert unknown == set()


def test_notes_are_clauses():
    """They stand in brackets or behind a colon, so they neither start nor end like sentences."""
    for key, effect in EFFECTS.items():
        assert not effect.note.endswith("."), key
        assert "(" not in effect.note, key


def test_synonyms_come_in_the_order_in_which_they_decide():
    assert synonyms("task.epochs")[:3] == ("trainer.num_epochs", "trainer.max_epochs", "stage.epochs")
    assert "task.epochs" not in synonyms("task.epochs")
    assert synonyms("task.no_such_key") == ()


def test_a_dead_spelling_loses_to_the_one_that_was_read():
    code, sentence = why_kept("task.batch_size", 32, {"data.batch_size", "trainer.num_epochs"})
    assert (code, sentence) == ("loses-to", "data.batch_size decides, as it did in the old code")


def test_a_live_spelling_may_lose_to_a_stage_block():
    """Golden case 01: epochs 50 of the block count before trainer.num_epochs 100."""
    code, sentence = why_kept("trainer.num_epochs", 100, {"stage.epochs", "task.epochs"})
    assert code == "loses-to"
    assert sentence == "stage.epochs decides here; the old code read trainer.num_epochs and not stage.epochs"


def test_of_two_live_spellings_the_winner_is_named():
    assert why_kept("model.num_layers", 2, {"model.e_layers"}) == ("loses-to", "model.e_layers decides")


def test_a_number_of_domains_counts_before_their_ids_and_never_loses_to_them():
    assert why_kept("task.source_domain_id", [1], {"task.target_domain_num"})[0] == "loses-to"
    assert why_kept("task.target_domain_num", 1, {"task.source_domain_id"})[0] == "no-place"


def test_a_key_can_lose_to_itself_in_a_nearer_scope():
    code, sentence = why_kept("task.lr", 0.1, {"task.lr"})
    assert code == "loses-to"
    assert "second place" in sentence


def test_a_key_that_no_rule_knows_loses_to_the_spelling_that_was_read():
    assert why_kept("data.seed", 42, {"environment.seed"})[0] == "loses-to"


def test_a_synonym_that_was_not_mapped_decides_nothing():
    code, sentence = why_kept("trainer.wandb", True, {"environment.seed"})
    assert code == "no-effect"
    assert (
        sentence
        == "the last version of the old code did not read it (read until June 2025); environment.wandb was read"
    )


@pytest.mark.parametrize(
    ("key", "value", "code", "part"),
    [
        ("data.truncate_length", 100, "no-effect", "no data loader of any version read it"),
        ("model.num_classes", 10, "no-effect", "the old code always replaced its value"),
        ("environment.VBENCH_HOME", "/data", "environment-variable", "search path"),
        ("environment.MY_FLAG", "1", "environment-variable", "in the shell"),
        ("environment.wandb", True, "no-place", "dryrun"),
        ("environment.wandb", False, "no-place", "it was switched off"),
        ("task.mask_ratio", 0.2, "no-place", "nothing in this document needs it"),
        ("environment.workspace", "x", "no-place", "loggers says where a training is logged"),
        ("base_configs.data", "data.yaml", "no-place", "a converted document stands alone"),
        ("task.augmentation_noise_std", 0.1, "no-place", "augmentations of stage_1 change windows"),
        ("data", {}, "no-effect", "the section is empty"),
        ("model.max_len", 512, "no-place", "no such option"),
        ("task.task_list", ["classification"], "no-place", "only where the task's name is multitask"),
        ("trainer.my_option", 3, "unknown-key", "trainer.my_option"),
        ("pipeline.name", "Pipeline_02_pretrain_fewshot", "pipeline-ignored", "pipeline 01"),
        ("stages.2.overrides.task.lr", 0.1, "third-stage", "after the second"),
        (None, 1, "unknown-key", "nothing reads"),
    ],
)
def test_the_reason_without_a_winner(key, value, code, part):
    found, sentence = why_kept(key, value, frozenset())
    assert found == code
    assert part in sentence


def test_the_first_two_stages_are_no_third():
    assert why_kept("stages.1.note", "x", ())[0] != "third-stage"


def asked():
    """Every group of names under which rules put something into old files."""
    layout = Layout((Mount((0,), "shared"),), {"stage_1": ("shared",), "stage_2": ("shared",)})
    for shape, body in every_word():
        wishes = Wishes(layout, {}, {"shape": shape, "reading": "meant", "names_of_ids": {}})
        backward(body, wishes)
        yield from (want.names for want in wishes.wants)


# What a stage, a model and a part of it are called.
CALLED = (
    *("task.type", "task.name", "task.task_list", "task.training_mode", "stage.enabled", "stage.individual_systems"),
    *("environment.wandb", "environment.swanlab", "model."),
)


def test_all_names_of_a_quantity_are_known_as_such():
    """Ids of domains are systems in pipeline 04 alone; what a variation sets has no name of its own."""
    groups = [set(group) for group in GROUPS]
    names = {each for each in asked() if not each[0].startswith(("pipeline_03.", "task.contrastive_strategy."))}
    several = [set(each) - {"task.source_domain_id"} for each in names if len(each) > 1]
    assert [each for each in several if not any(each <= group for group in groups)] == []
    assert {each[0] for each in names if not each[0].startswith(CALLED)} - NAMED == set(), (
        "name them in twostage/legacy/synonyms.py"
    )
