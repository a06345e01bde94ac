"""Documents of every version stay readable for ever, and mean what they meant.

A folder for each version holds documents with every key written out, and old files with what they became.
"""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest
import yaml

from twostage.config.base import Section
from twostage.config.document import TwoStageConfig
from twostage.config.load import load_document
from twostage.config.remarks import remarks
from twostage.config.schema import document_schema
from twostage.legacy.convert import to_new, to_old
from twostage.legacy.text.nodes import plain
from twostage.legacy.text.read import read_legacy

HERE = Path(__file__).parent
SCRIPT = runpy.run_path(str(HERE / "make.py"), run_name="compat")
CURRENT, CONVERTED = SCRIPT["CURRENT"], SCRIPT["CONVERTED"]
NEW = sorted(HERE.glob("*/new/*.yaml"))
OLD = sorted(path.parent for path in HERE.glob(f"*/old/*/{CONVERTED}"))
MEANT = "if the format is meant to change, run .venv/bin/python tests/compat/make.py and read the difference"


def name(path):
    return str(path.relative_to(HERE))


def old_files(folder):
    """The old files of a snapshot, in their order: a pair has its pretraining first."""
    names = sorted((path.name for path in folder.glob("*.yaml") if path.name != CONVERTED), reverse=True)
    return [plain(read_legacy((folder / each).read_text(encoding="utf-8"), each).root) for each in names]


def test_the_snapshots_of_this_version_are_there_and_current():
    wanted = dict(SCRIPT["snapshots"]())
    there = {str(path.relative_to(CURRENT)): path.read_text(encoding="utf-8") for path in CURRENT.rglob("*.yaml")}
    assert there.keys() == wanted.keys(), MEANT
    assert [key for key in wanted if there[key] != wanted[key]] == [], MEANT


@pytest.mark.parametrize("path", NEW, ids=name)
def test_a_document_of_any_version_loads_with_every_value_it_had(path):
    written = yaml.safe_load(path.read_text(encoding="utf-8"))
    loaded = load_document(path)
    assert list(loaded.notes) == list(remarks(loaded.config))
    assert lost(written, TwoStageConfig.model_validate(written).model_dump(mode="json")) == []


def lost(written, loaded, path=""):
    """Keys whose value is no longer what was written; keys that came later are none of them."""
    if isinstance(written, dict) and isinstance(loaded, dict):
        gone = [f"{path}.{key}" for key in written if key not in loaded]
        return gone + [
            each for key in written.keys() & loaded for each in lost(written[key], loaded[key], f"{path}.{key}")
        ]
    if isinstance(written, list) and isinstance(loaded, list) and len(written) == len(loaded):
        pairs = enumerate(zip(written, loaded, strict=True))
        return [each for number, (old, new) in pairs for each in lost(old, new, f"{path}.{number}")]
    return [] if json.dumps(written) == json.dumps(loaded) else [path]


def test_a_changed_value_counts_as_lost():
    assert lost({"a": [1, {"b": 2}], "c": None}, {"a": [1, {"b": 2, "new": 0}], "c": None, "d": 1}) == []
    assert lost({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2.0}]}) == [".a.1.b"]
    assert lost({"a": 1, "b": [1]}, {"b": [1, 2]}) == [".a", ".b"]


@pytest.mark.parametrize("folder", OLD, ids=name)
def test_a_document_that_any_version_converted_loads_and_goes_back(folder):
    text = (folder / CONVERTED).read_text(encoding="utf-8")
    document = yaml.safe_load(text)
    if document["legacy"]["shape"] != "fragment":
        assert load_document(folder / CONVERTED).config.legacy.shape == document["legacy"]["shape"]
    assert [json.dumps(file) for file in to_old(document)] == [json.dumps(file) for file in old_files(folder)]


@pytest.mark.parametrize("folder", OLD, ids=name)
def test_an_old_document_converts_as_long_as_it_did(folder):
    """Later versions may convert otherwise, but must convert: to a valid document of the same shape and modes."""
    before = yaml.safe_load((folder / CONVERTED).read_text(encoding="utf-8"))
    carrier = before["legacy"]
    again = to_new(
        old_files(folder), pipeline=carrier.get("pipeline"), reading=carrier.get("reading", "meant")
    ).document
    assert again["legacy"]["shape"] == carrier["shape"]
    for stage in ("stage_1", "stage_2"):
        modes = [
            document.get(stage, {}).get(key) for document in (before, again) for key in ("pretrain_mode", "adapt_mode")
        ]
        assert modes[:2] == modes[2:]
    if carrier["shape"] != "fragment":
        TwoStageConfig.model_validate(again)


def sections(value):
    """The names of all classes that a document is made of."""
    if isinstance(value, Section):
        yield type(value).__name__
        for key in type(value).model_fields:
            yield from sections(getattr(value, key))
    elif isinstance(value, tuple | list):
        for each in value:
            yield from sections(each)


def test_the_snapshots_have_every_section_that_a_document_may_have():
    """Whoever adds a variant adds it to tests/compat/documents.py."""
    carriers = [folder / CONVERTED for folder in OLD if (folder / CONVERTED).is_relative_to(CURRENT)]
    paths = [path for path in (*NEW, *carriers) if path.is_relative_to(CURRENT) and "local" not in str(path)]
    found = {each for path in paths for each in sections(load_document(path).config)}
    defined = {each.rpartition("__")[2] for each in document_schema()["$defs"]}
    assert defined - found == set()


def test_every_shape_of_a_carrier_is_among_them():
    shapes = {yaml.safe_load((folder / CONVERTED).read_text(encoding="utf-8"))["legacy"]["shape"] for folder in OLD}
    assert shapes == {"single", "pair", "p03", "p04", "stages", "fragment"}
