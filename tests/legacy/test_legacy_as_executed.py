"""``--reading as_executed``: the document repeats what the old code did, and says where that was an error."""

from __future__ import annotations

import json
from io import StringIO

import legacy_strategies as own
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from shared_data import CORPUS

from twostage.api import TwoStageRun
from twostage.config.document import TwoStageConfig
from twostage.config.problems import DocumentError
from twostage.engine.planning.plan import make_plan
from twostage.legacy.command.job import Wish, convert_files
from twostage.legacy.convert import ConversionError, to_new, to_old
from twostage.legacy.core.leaves import same
from twostage.legacy.text.nodes import plain
from twostage.legacy.text.read import decode_legacy, read_legacy
from twostage.report.tables import summary_view


def old(**sections):
    """A file that ran from start to end; ``sections`` change it, None takes a key out."""
    file = {
        "environment": {"project": "x", "seed": 5, "iterations": 1},
        "data": {
            "data_dir": "data", "metadata_file": "metadata.csv", "batch_size": 8, "num_workers": 0, "dtype": "float32",
            "window_size": 256, "stride": 5, "num_window": 4, "train_ratio": 0.7, "normalization": "standardization",
        },
        "model": {
            "name": "M_01_ISFM", "type": "ISFM", "embedding": "E_01_HSE", "backbone": "B_04_Dlinear",
            "task_head": "H_01_Linear_cla", "patch_size_L": 32, "num_patches": 8, "output_dim": 16,
        },
        "task": {
            "type": "DG", "name": "classification", "target_system_id": [1], "target_domain_num": 1, "loss": "CE",
            "metrics": ["acc"], "optimizer": "adamw", "lr": 0.001,
        },
        "trainer": {"num_epochs": 1, "monitor": "val_loss", "device": "cpu", "gpus": 1},
    }  # fmt: skip
    for name, changes in sections.items():
        file[name] = {key: value for key, value in (file[name] | changes).items() if value is not None}
    return file


def executed(*files, pipeline=None):
    return to_new(files, reading="as_executed", pipeline=pipeline)


def stage_2(**sections):
    return executed(old(**sections)).document["stage_2"]


def told(conversion, code):
    return [remark.text for remark in conversion.remarks if remark.code == code]


# What ran ---------------------------------------------------------------------------------------------------------


def test_a_file_that_ran_is_a_document_that_runs():
    conversion = executed(old())
    assert not conversion.refused
    config = TwoStageConfig.model_validate(conversion.document)
    assert conversion.document["legacy"]["reading"] == "as_executed"
    assert config.stage_2.optimizer.weight_decay == 0.0
    assert config.stage_2.checkpoint.monitor == "validation/loss"
    assert config.seeds == (5,)
    assert told(conversion, "leaky-split")
    assert not told(conversion, "disjoint-validation")


@pytest.mark.parametrize(
    ("sections", "key"),
    [
        ({"trainer": {"precision": 16}}, "trainer"),
        ({"trainer": {"gradient_clip_val": 1.0}}, "trainer"),
        ({"trainer": {"accumulate_grad_batches": 4}}, "trainer"),
        ({"task": {"label_smoothing": 0.1}}, "stage_2"),
        ({"task": {"scheduler": True, "scheduler_type": "step", "step_size": 3}}, "stage_2"),
        ({"task": {"freeze_backbone": True, "epochs": 9, "batch_size": 3, "early_stopping": True}}, "stage_2"),
        ({"task": {"es_patience": 3, "regularization": {"l1": 0.1}, "min_lr": 1e-6}}, "stage_2"),
        ({"data": {"val_ratio": 0.1, "test_ratio": 0.2}}, "stage_2"),
        ({"model": {"n_heads": 9, "freeze_prompt": True}}, "model"),
        ({"environment": {"seed_list": [1, 2, 3]}}, "seeds"),
    ],
)
def test_keys_without_an_effect_change_nothing_and_say_so(sections, key, tmp_path):
    plainly, other = executed(old()).document, executed(old(**sections)).document
    assert other.get(key) == plainly.get(key)
    path = tmp_path / "old.yaml"
    path.write_text(json.dumps(old(**sections)))
    rows = {row.key: row for row in convert_files([path], Wish(reading="as_executed")).rows}
    (section,) = sections
    for name in sections[section]:
        mine = [row for each, row in rows.items() if each.startswith(f"{section}.{name}")]
        assert mine
        assert all((row.fate, bool(row.reason)) == ("kept", True) for row in mine)
        assert {row.code for row in mine} <= {"no-effect", "loses-to", "no-place"}


def test_epochs_come_from_the_trainer_alone():
    assert stage_2(trainer={"num_epochs": None, "max_epochs": 4}, task={"epochs": 9})["epochs"] == 4
    assert stage_2(trainer={"num_epochs": None}, task={"epochs": 9})["epochs"] == 1
    assert stage_2(trainer={"num_epochs": 3, "max_epochs": 4})["epochs"] == 3


def test_the_name_counts_before_the_place_as_in_the_old_merged_document():
    base = old(trainer={"num_epochs": 3})
    items = [{"overrides": {"trainer": {"max_epochs": 9}}}, {"overrides": {"trainer": {"num_epochs": 8}}}]
    conversion = executed(base | {"stages": items})
    assert [conversion.document[stage]["epochs"] for stage in ("stage_1", "stage_2")] == [3, 8]
    assert [to_new([base | {"stages": items}]).document[stage]["epochs"] for stage in ("stage_1", "stage_2")] == [9, 8]


@pytest.mark.parametrize(
    ("written", "section"),
    [
        ({"early_stopping": True}, {"patience": 10}),
        ({"early_stopping": True, "patience": 3}, {"patience": 3}),
        ({"early_stopping": {"enabled": False, "patience": 3}}, {"patience": 10}),
        ({"early_stopping": "no"}, {"patience": 10}),
        ({"early_stopping": {}}, None),
        ({"early_stopping": False}, None),
        ({"patience": 3}, None),
    ],
)
def test_early_stopping_is_a_switch(written, section):
    assert stage_2(trainer=written).get("early_stopping") == section


@pytest.mark.parametrize(
    ("task", "split"),
    [
        ({}, {"test_last": 1, "pooled": True}),
        ({"target_domain_id": [3]}, {"test_last": 1, "pooled": True}),
        ({"type": "CDDG", "target_domain_num": 2}, {"test_last": 2}),
        (
            {"target_domain_num": 0, "target_domain_id": [3], "source_domain_id": [1, 3]},
            {"test_domains": [3], "train_domains": [1, 3]},
        ),
        ({"type": "FS"}, {}),
        ({"type": "GFS"}, {}),
    ],
)
def test_the_split_is_that_of_the_old_task(task, split):
    assert stage_2(task=task)["split"] == {"unit": "as_executed", "train": 0.7, **split}


def test_batches_were_of_one_system():
    conversion = executed(old())
    assert conversion.document["stage_2"]["sampler"] == {"kind": "one_system"}
    assert "stage_2.sampler: every batch had windows of one system alone" in told(conversion, "as-executed")
    assert "sampler" not in to_new([old()]).document["stage_2"]


def test_few_shot_tasks_were_plain_fine_tuning():
    conversion = executed(old(task={"type": "FS", "n_way": 3, "k_shot": 5}))
    assert conversion.document["stage_2"]["adapt_mode"] == "finetune"
    assert not conversion.refused
    assert any("plain batches" in text for text in told(conversion, "as-executed"))


def test_a_named_checkpoint_was_never_loaded():
    conversion = executed(old(model={"weights_path": "a.ckpt"}))
    assert "init" not in conversion.document["stage_2"]
    assert any("no weight was loaded" in text for text in told(conversion, "as-executed"))
    assert same(to_old(conversion.document), [old(model={"weights_path": "a.ckpt"})])


def test_quirks_of_the_models_are_written_out():
    model = executed(old(model={"backbone": "B_06_TimesNet"})).document["model"]
    assert model["embedding"] | {"starts": "random", "evaluation_starts": "as_training"} == model["embedding"]
    assert model["backbone"]["period_choice"] == "per_batch"
    assert executed(old(model={"backbone": "B_01_basic_transformer"})).document["model"]["backbone"]["identical_start"]


@pytest.mark.parametrize(
    ("written", "prompt"),
    [
        ({"prompt_combination": "concat", "prompt_dim": 8}, None),
        ({"prompt_combination": "add"}, {"combination": "add", "overflow": "wrap"}),
        ({}, {"overflow": "wrap"}),
        ({"use_prompt": False}, None),
    ],
)
def test_prompts_took_part_where_no_error_was_swallowed(written, prompt):
    file = old(model={"name": "M_02_ISFM_Prompt", "embedding": "HSE_prompt", **written})
    conversion = executed(file)
    assert conversion.document["model"]["embedding"]["prompt"] == prompt
    assert same(to_old(conversion.document), [file])


def test_repeats_of_pipeline_01_count_up_and_of_two_stages_there_is_one():
    assert executed(old(environment={"iterations": 3})).document["seeds"] == [5, 6, 7]
    first = old(environment={"iterations": 3}, task={"type": "pretrain", "target_domain_num": None})
    conversion = executed(first, old(environment={"iterations": 2}))
    assert conversion.document["seeds"] == [5]
    assert any("same seed" in text for text in told(conversion, "as-executed"))
    assert TwoStageConfig.model_validate(conversion.document).stage_2.start == "from_scratch"
    assert [stage.name for stage in make_plan(TwoStageConfig.model_validate(conversion.document)).stages] == [
        "stage_1/seed-5",
        "stage_2/seed-5/system-1/from_scratch",
    ]


def contrastive(**task):
    return old(task={"type": "pretrain", "name": "hse_contrastive", "target_domain_num": None, **task})


def test_the_constant_zero_is_nothing_to_repeat():
    conversion = executed(contrastive())
    assert "the constant 0" in conversion.refused["task.contrast_loss"]
    beside = executed(contrastive(classification_weight=0.5, contrast_weight=1.0)).document["stage_1"]
    assert (beside["pretrain_mode"], beside["metric_weight"], beside["classification_weight"]) == (
        "unified_metric",
        0.0,
        0.5,
    )


# Where it stopped -------------------------------------------------------------------------------------------------

STOPS = {
    "task.lr": [{"task": {"lr": "5e-4"}}, {"task": {"lr": None}}, {"task": {"lr": None, "learning_rate": 0.1}}],
    "task.weight_decay": [{"task": {"weight_decay": "1e-5"}}],
    "trainer.monitor": [{"trainer": {"monitor": "val_accuracy"}}, {"trainer": {"monitor": None}}],
    "data.normalization": [{"data": {"normalization": True}}],
    "data.window_sampling_strategy": [{"data": {"window_sampling_strategy": "spiral"}}],
    "data.dtype": [{"data": {"dtype": None}}],
    "task.name": [
        {"task": {"type": "CDDG", "name": "hse_contrastive"}},
        {"task": {"name": "Classification"}},
        {"task": {"type": "Pretrain"}},
        {"task": {"type": "In_distribution", "name": "multi_task_phm"}},
        {"task": {"type": "FS", "name": "prototypical_network"}},
        {"task": {"type": "pretrain", "name": "prediction"}},
    ],
    "task.target_system_id": [{"task": {"target_system_id": None}}],
    "task.target_domain_num": [{"task": {"target_domain_num": None}}],
    "task.optimizer": [{"task": {"optimizer": "lion"}}, {"task": {"optimizer": None}}],
    "task.optimizer.name": [{"task": {"optimizer": {"name": "adam", "lr": 0.1}}}],
    "task.loss": [{"task": {"loss": "MSE"}}],
    "trainer.gpus": [{"trainer": {"gpus": [0]}}, {"trainer": {"gpus": 2}}],
    "model.task_head": [
        {"model": {"task_head": "H_02_distance_cla"}},
        {"model": {"task_head": "H_09_multiple_task", "classification_head": "H_02_distance_cla"}},
    ],
    "model.embedding": [{"model": {"name": "M_02_ISFM_Prompt", "embedding": "E_01_HSE_v2"}}],
    "model.backbone": [{"model": {"name": "M_02_ISFM"}}],
}


@pytest.mark.parametrize(("key", "sections"), [(key, each) for key, every in STOPS.items() for each in every])
def test_an_error_of_the_old_code_stops_a_run(key, sections, tmp_path):
    conversion = executed(old(**sections))
    assert conversion.refused[key].startswith("as executed, the old code stopped here: ")
    assert told(conversion, "crash")
    path = tmp_path / "old.yaml"
    path.write_text(json.dumps(old(**sections)))
    outcome = convert_files([path], Wish(reading="as_executed"))
    assert any(notice.code == "crash" for notice in outcome.notices)
    assert not told(to_new([old(**sections)]), "crash")


@pytest.mark.parametrize(
    ("task", "key"),
    [({"contrast_weight": 0}, "task.contrast_weight"), ({"contrast_loss": "supcon"}, "task.contrast_loss"),
     ({"contrast_loss": "SUPCON"}, "task.temperature")],
)  # fmt: skip
def test_what_the_check_of_contrastive_tasks_refused(task, key):
    assert "stopped here" in executed(contrastive(**task)).refused[key]


def test_pipeline_03_never_got_to_train():
    file = old() | {"training": {"stage_1_pretraining": {"epochs": 1}, "stage_2_finetuning": {"epochs": 1}}}
    assert "wrong arguments" in executed(file).refused["training"]


def test_what_base_files_may_have_is_not_missed():
    file = old(task={"lr": None}) | {"base_configs": {"task": "base.yaml"}}
    assert "task.lr" not in executed(file).refused


@pytest.mark.parametrize(
    "sections", [{"trainer": {"pruning": 0.1}}, {"task": {"loss": "NLL"}}, {"trainer": {"monitor": "val_acc_RM_001"}}]
)
def test_what_cannot_be_repeated_waits_for_a_word(sections):
    conversion = executed(old(**sections))
    assert told(conversion, "not-reproduced")
    assert len(conversion.refused) == 1


# Laws -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", own.SHAPES)
@settings(max_examples=10)
@given(data=st.data())
def test_there_and_back(shape, data):
    """The old files come back, and so does the document, edited where every shape has a word for it."""
    files = data.draw(own.SHAPES[shape][1])
    try:
        document = executed(*files).document
    except ConversionError:
        return
    assert document["legacy"]["reading"] == "as_executed"
    assert same(to_old(document), files)
    again = executed(*to_old(document)).document
    assert same(again, document)


def test_an_edit_survives_and_the_reading_stays():
    document = executed(old()).document
    document["stage_2"]["epochs"] = 7
    document["stage_2"]["split"]["test_last"] = 2
    (file,) = to_old(document)
    assert (file["trainer"]["num_epochs"], file["task"]["target_domain_num"]) == (7, 2)
    again = executed(file).document["stage_2"]
    assert (again["epochs"], again["split"]["test_last"]) == (7, 2)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of old files is not here")
def test_every_file_of_the_corpus_goes_there_and_back():
    """Those without a refusal are documents that validate."""
    seen = runnable = 0
    for path in sorted(CORPUS.glob("*.yaml")):
        try:
            file = plain(read_legacy(decode_legacy(path.read_bytes(), path.name)[0], path.name).root)
            conversion = executed(file)
        except (ConversionError, DocumentError):
            continue
        seen += 1
        assert same(to_old(conversion.document), [file]), path.name
        if conversion.detection.shape != "fragment" and not conversion.refused:
            TwoStageConfig.model_validate(conversion.document)
            runnable += 1
    assert seen > 200
    assert 0 < runnable < seen / 20


# A whole run ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """One converted file over the synthetic source, run twice: what is printed, and the folder."""
    document = executed(old(task={"type": "FS", "target_domain_num": None})).document
    document["data"]["source"] = {"kind": "synthetic"}
    return [_run(document, tmp_path_factory.mktemp(name)) for name in ("one", "two")]


def _run(document, root):
    config = TwoStageConfig.model_validate(document | {"output": {"root": str(root)}})
    directory = TwoStageRun(config).fit().directory
    printed = Console(file=StringIO(), width=200)
    printed.print(summary_view(directory))
    return printed.file.getvalue(), directory


def manifest_of(directory):
    return json.loads((directory / "manifest.json").read_text(encoding="utf-8"))


def test_a_run_says_that_it_leaks_wherever_it_says_anything(runs):
    out, directory = runs[0]
    assert "The split leaks: validation or test contain training samples." in out
    assert "Note [leaky-split]: validation and test contain training samples" in " ".join(out.split())
    assert "no sample of a recording is shared" not in " ".join(out.split())
    (stage,) = manifest_of(directory)["stages"]
    assert "leaky-split" in {notice["code"] for notice in stage["notices"]}
    split = json.loads((directory / stage["name"] / "split.json").read_text(encoding="utf-8"))
    assert "leaky-split" in {notice["code"] for notice in split["notices"]}
    assert all(each["samples"] > 0 for each in split["shared_samples"])


def test_the_same_bits_come_twice(runs):
    one, two = (manifest_of(directory)["stages"][0] for _, directory in runs)
    assert one["checkpoint_digest"] == two["checkpoint_digest"]
    assert one["metrics"] == two["metrics"]


def test_two_stages_run_side_by_side_and_nothing_is_handed_over(tmp_path):
    """Stage 1 may train on what stage 2 tests; the manifest says that its weights were not used."""
    first = old(task={"type": "pretrain", "target_domain_num": None})
    document = executed(first, old(task={"type": "FS", "target_domain_num": None})).document
    document["data"]["source"] = {"kind": "synthetic"}
    summary = TwoStageRun(TwoStageConfig.model_validate(document | {"output": {"root": str(tmp_path)}})).fit()
    pretraining, adaptation = summary.stages
    assert adaptation.name.endswith("from_scratch")
    assert adaptation.transfer is None
    for result in (pretraining, adaptation):
        assert {"leaky-split", "not-transferred"} <= {notice.code for notice in result.notices}
    alone = {key: value for key, value in document.items() if key != "stage_1"}
    again = TwoStageRun(TwoStageConfig.model_validate(alone | {"output": {"root": str(tmp_path / "alone")}})).fit()
    assert again.stages[0].digest == adaptation.digest
