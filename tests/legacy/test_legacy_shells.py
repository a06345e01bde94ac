"""The old entry points: their files become one checked document, and mistakes are told where they were written."""

from __future__ import annotations

import os
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path

import pytest
from legacy_shell_rig import FEWSHOT, PRETRAIN, STAGES, SYNTHETIC, chosen, write

from twostage.engine.leftovers import refuse_leftovers
from twostage.errors import TwoStageError
from twostage.legacy import pipeline_02, pipeline_03, pipeline_04
from twostage.legacy.shell import options, read_any, read_shell

HEAVY = "{'torch', 'lightning', 'numpy', 'pandas'} & set(sys.modules)"


def given(*arguments):
    return options(ArgumentParser(allow_abbrev=False)).parse_args(list(arguments))


@pytest.fixture
def stages(tmp_path):
    return write(tmp_path, "old.yaml", STAGES)


def test_a_document_of_stages_is_both_stages(stages, tmp_path):
    config = read_shell([stages], given()).config
    assert (config.stage_1.systems, config.stage_2.targets[0].ids) == ((1, 2), (3,))
    assert config.stage_1.optimizer.lr == 1e-3
    assert config.data.source.root == str(Path.cwd() / "d")
    assert config.output.root == str(tmp_path / "save")


def test_two_documents_are_a_pair_and_each_has_its_overrides(tmp_path):
    files = [write(tmp_path, "one.yaml", PRETRAIN), write(tmp_path, "two.yaml", FEWSHOT)]
    overrides = ["stage_2.task.target_system_id=[4]", "trainer.num_epochs=7"]
    config = read_shell(files, given(), pipeline="02", overrides=overrides).config
    assert config.legacy.shape == "pair"
    assert (config.stage_1.systems, config.stage_2.targets[0].ids) == ((1, 2), (4,))
    assert (config.stage_1.epochs, config.stage_2.epochs) == (7, 7)


def test_options_set_keys_of_the_new_document(stages):
    config = read_shell([stages], given(*chosen("stage_1.epochs=3", *SYNTHETIC))).config
    assert (config.stage_1.epochs, config.stage_2.epochs) == (3, 1)
    assert config.data.source.kind == "synthetic"


def test_another_data_folder(stages, tmp_path):
    assert read_shell([stages], given("--data-root", str(tmp_path))).config.data.source.root == str(tmp_path)


@pytest.mark.parametrize(
    ("right", "wrong", "place"), [("batch_size: 16", "batch_size: 1", 2), ("heads: 2", "heads: 64", 5)]
)
def test_what_cannot_be_is_told_where_the_old_file_has_it(stages, right, wrong, place):
    path = Path(stages)
    path.write_text(path.read_text(encoding="utf-8").replace(right, wrong), encoding="utf-8")
    loaded = read_shell([stages], given())
    (told,) = (note for note in loaded.notes if "a run is refused" in note)
    assert told.startswith(f"{stages}:{place}:")
    with pytest.raises(TwoStageError, match="the old document asks for what this one leaves out"):
        refuse_leftovers(loaded.config)


def test_every_value_knows_the_file_that_wrote_it(tmp_path):
    (tmp_path / "base.yaml").write_text("trainer:\n  num_epochs: 2\n  patience: 3\n", encoding="utf-8")
    (tmp_path / "mine.yaml").write_text("data: {batch_size: 8}\n", encoding="utf-8")
    old = STAGES.replace("target_system_id: [3]", "target_system_id: [3], epochs: 5")
    path = write(tmp_path, "old.yaml", old + "base_configs: {trainer: base.yaml}\n")
    path_without = Path(path)
    path_without.write_text(path_without.read_text(encoding="utf-8").replace("num_epochs: 1, ", ""), encoding="utf-8")
    loaded = read_shell([path], given("--local_config", str(tmp_path / "mine.yaml")), overrides=["task.lr=2e-3"])
    assert loaded.config.stage_1.epochs == 2
    assert loaded.config.stage_1.optimizer.lr == 2e-3
    origin = {
        key: str(loaded.origins[tuple(key.split("."))])
        for key in ("stage_1.epochs", "data.batch_size", "stage_1.optimizer.lr", "data.window.length")
    }
    assert f"{tmp_path / 'base.yaml'}:2" in origin["stage_1.epochs"]
    assert f"{tmp_path / 'mine.yaml'}:1" in origin["data.batch_size"]
    assert "override task.lr=2e-3" in origin["stage_1.optimizer.lr"]
    assert f"{path}:2" in origin["data.window.length"]


def test_the_environment_is_exported_only_on_request(tmp_path, monkeypatch):
    monkeypatch.setenv("TWOSTAGE_OLD_KEY", "before")
    text = "environment: {seed: 1, TWOSTAGE_OLD_KEY: after}\n"
    path = write(tmp_path, "old.yaml", STAGES + "base_configs: {environment: base.yaml}\n")
    (tmp_path / "base.yaml").write_text(text, encoding="utf-8")
    notes = read_shell([path], given()).notes
    assert os.environ["TWOSTAGE_OLD_KEY"] == "before"
    assert any("not exported: TWOSTAGE_OLD_KEY" in note for note in notes)
    notes = read_shell([path], given("--export-environment")).notes
    assert os.environ["TWOSTAGE_OLD_KEY"] == "after"
    assert "exported TWOSTAGE_OLD_KEY=after" in notes


def test_what_will_be_different_is_counted(stages):
    notes = read_shell([stages], given()).notes
    assert any("of shape stages" in note for note in notes)
    assert any("1 retyped" in note and "convert --explain" in note for note in notes)


def test_the_file_of_this_machine_is_laid_over(stages, tmp_path):
    (tmp_path / "mine.yaml").write_text("trainer: {num_epochs: 4}\n", encoding="utf-8")
    loaded = read_shell([stages], given("--local_config", str(tmp_path / "mine.yaml")))
    assert loaded.config.stage_1.epochs == 4
    assert [path.name for path in loaded.files] == ["old.yaml", "mine.yaml"]


def test_a_part_of_a_document_is_no_document(tmp_path):
    (tmp_path / "part.yaml").write_text("trainer: {num_epochs: 4}\n", encoding="utf-8")
    with pytest.raises(TwoStageError, match="no document to run"):
        read_shell([str(tmp_path / "part.yaml")], given())


def test_the_unified_entry_point_takes_both_kinds(stages, tmp_path):
    new = tmp_path / "new.yaml"
    new.write_text("stage_1: {pretrain_mode: contrastive, systems: [1]}\n", encoding="utf-8")
    (tmp_path / "mine.yaml").write_text("data: {batch_size: 7}\n", encoding="utf-8")
    assert read_any(stages, given()).config.legacy.shape == "stages"
    loaded = read_any(str(new), given("--local_config", str(tmp_path / "mine.yaml"), *chosen("stage_1.epochs=3")))
    assert (loaded.config.data.batch_size, loaded.config.stage_1.epochs) == (7, 3)
    with pytest.raises(TwoStageError, match="old layout"):
        read_any(str(new), given("--local_config", "auto"))


@pytest.mark.parametrize(
    "arguments",
    [["--stage", "finetuning"], ["--stage", "complete", "--checkpoint_dir", "x"], ["--stage", "pretraining"]],
)
def test_pipeline_03_wants_a_folder_for_finetuning_alone(stages, arguments):
    arguments = [*arguments, "--checkpoint_dir", "x"] if "pretraining" in arguments else arguments
    with pytest.raises(TwoStageError, match="--checkpoint_dir"):
        pipeline_03.main(["--config_path", stages, *arguments])


@pytest.mark.parametrize(
    ("main", "arguments"),
    [
        (pipeline_02.main, []),
        (pipeline_02.main, ["--config", "x"]),
        (pipeline_03.main, ["--config_path", "x", "--stage", "both"]),
        (pipeline_03.main, ["--config_path", "x", "--override", "a=1"]),
        (pipeline_04.main, ["--config_path", "x", "--local_config", "y"]),
    ],
)
def test_flags_are_the_old_ones_and_never_shortened(main, arguments):
    with pytest.raises(SystemExit) as error:
        main(arguments)
    assert error.value.code == 2


@pytest.mark.parametrize(
    ("module", "flag"),
    [
        ("twostage.legacy.pipeline_02", "--config_path"),
        ("twostage.legacy.pipeline_03", "--config_path"),
        ("twostage.legacy.pipeline_04", "--config_path"),
        ("twostage.legacy.run_unified_experiments", "--config"),
        ("twostage.pipeline", "--config_path"),
    ],
)
def test_a_mistake_ends_with_1_at_once_and_without_a_traceback(module, flag):
    program = (
        f"import atexit, runpy, sys; sys.argv = ['x', {flag!r}, 'gone.yaml']; "
        f"atexit.register(lambda: print({HEAVY})); runpy.run_module({module!r}, run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "error: gone.yaml: there is no such file\n"
    assert done.stdout == "set()\n"
