"""Presets are good documents."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

from twostage.config.presets import load_preset, preset_names, preset_path, preset_text
from twostage.config.reading.files import text_layer
from twostage.config.reading.tree import plain
from twostage.config.reading.yaml_tree import parse_yaml
from twostage.config.schema import document_schema
from twostage.errors import TwoStageError


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_loads_fits_the_schema_and_helps_the_editor(name):
    text = preset_text(name)
    node, problems = parse_yaml(text, text_layer(name, text, "preset", "."))

    assert text.startswith("# yaml-language-server: $schema=")
    assert not problems
    assert list(Draft202012Validator(document_schema()).iter_errors(plain(node))) == []
    assert load_preset(name).config.stage_2 is not None


def test_the_default_comes_first():
    assert preset_names() == ("default", "cwru-to-hit", "minimal")


def test_the_default_needs_no_data_on_disk():
    assert load_preset("default").config.data.source.kind == "synthetic"


def test_adapting_to_hit_tests_the_other_rig():
    split = load_preset("cwru-to-hit").config.stage_2.split

    assert (split.unit, split.train_domains, split.test_domains) == ("domain", (0, 1, 2), (3, 4, 5))


def test_a_preset_takes_overrides_and_starts_paths_at_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    loaded = load_preset("cwru-to-hit", overrides=["stage_1.epochs=1"])

    assert loaded.config.stage_1.epochs == 1
    assert loaded.config.data.source.root == str(tmp_path / "data")
    assert str(loaded.origins["seeds", 0]) == "preset cwru-to-hit:5"


def test_the_nearest_name_is_told():
    with pytest.raises(TwoStageError, match="did you mean minimal"):
        preset_text("minimall")
    with pytest.raises(TwoStageError, match="expected one of default"):
        preset_text("../../errors")


def test_a_preset_has_a_file_for_those_who_need_one():
    with preset_path("minimal") as path:
        assert path.read_text(encoding="utf-8") == preset_text("minimal")
