"""The old documents of ``legacy_configs`` and their converted twins: current, reversible, valid, and they run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from legacy_examples import BY_NAME, EXAMPLES, FOLDER

from twostage.config.document import TwoStageConfig
from twostage.config.variants import count_stages
from twostage.legacy.convert import to_old
from twostage.legacy.text.nodes import plain
from twostage.legacy.text.read import read_legacy
from twostage.pipeline import main as pipeline

ALL = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
WHOLE = [example for example in EXAMPLES if example.shape != "fragment"]
TINY = "-o data.source.kind=synthetic -o trainer.accelerator=cpu"


def old_data(path):
    return plain(read_legacy(path.read_text(encoding="utf-8"), path.name).root)


def twin_data(example):
    return yaml.safe_load(example.twin.read_text(encoding="utf-8"))


@ALL
def test_the_twin_is_what_convert_writes(example, shell, examples_here):
    """Write the twins anew with ``.venv/bin/python legacy_configs/make.py``."""
    option = f"--pipeline {example.pipeline} " if example.pipeline else ""
    code, out, _ = shell(f"twostage convert {option}" + " ".join(f"legacy_configs/{file}" for file in example.files))
    assert code == 0
    assert out == example.twin.read_text(encoding="utf-8") == example.converted()


@ALL
def test_the_twin_goes_back_to_its_old_files(example):
    """As parsed documents: json tells types, nulls and the order of keys apart."""
    files = to_old(twin_data(example))
    assert [json.dumps(file) for file in files] == [json.dumps(old_data(path)) for path in example.paths]


@ALL
def test_every_comment_is_in_the_twin(example):
    twin = example.twin.read_text(encoding="utf-8")
    for path in example.paths:
        comments = re.findall(r"(?:^|  )# (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert comments
        assert [comment for comment in comments if comment not in twin] == []


@pytest.mark.parametrize("example", WHOLE, ids=lambda example: example.name)
def test_the_twin_is_valid_and_so_is_the_old_file_itself(example, shell, examples_here):
    assert shell(f"twostage validate legacy_configs/{example.twin.name}")[0] == 0
    if len(example.files) == 1:
        assert shell(f"twostage validate legacy_configs/{example.files[0]}")[0] == 0


def test_a_part_is_in_order_and_does_not_run(shell, examples_here):
    code, out, err = shell("twostage validate legacy_configs/local.new.yaml")
    assert (code, out.strip()) == (0, "legacy_configs/local.new.yaml: ok")
    assert "this is a part of a document and has no stage" in err
    code, _, err = shell("twostage run legacy_configs/local.new.yaml")
    assert code == 1
    assert "this is a part of a document; to run it write stage_1 or stage_2" in err


def check_run(example, shell):
    """As many trainings as the document counts, one manifest; what refuses something says so and does not run."""
    config = TwoStageConfig.model_validate(twin_data(example))
    code, out, err = shell(f"twostage run legacy_configs/{example.twin.name} {TINY}")
    if config.legacy is not None and config.legacy.refused:
        assert code == 1
        assert config.legacy.refused[0].reason in err
        return
    assert code == 0, err
    folder = re.search(r"^Results: (.*)$", out, re.MULTILINE)
    manifest = json.loads((Path(folder[1]) / "manifest.json").read_text(encoding="utf-8"))
    assert len(manifest["stages"]) == sum(dict(count_stages(config)).values())


def test_a_twin_with_two_stages_runs(shell, examples_here):
    check_run(BY_NAME["p04_blocks"], shell)


@pytest.mark.long
@pytest.mark.parametrize("example", WHOLE, ids=lambda example: example.name)
def test_every_twin_runs(example, shell, examples_here):
    check_run(example, shell)


@pytest.mark.long
def test_the_document_over_its_bases_runs_by_its_old_command(examples_here):
    tiny = ["-o", "data.source.kind=synthetic", "-o", "trainer.accelerator=cpu"]
    pipeline(["--config_path", "legacy_configs/composed.yaml", *tiny])
    assert list(examples_here.glob("results/composed/**/manifest.json"))


def test_the_table_lists_every_file():
    listed = set(re.findall(r"\]\(([^)]+\.yaml)\)", (FOLDER / "README.md").read_text(encoding="utf-8")))
    assert listed == {str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.yaml")}
    assert {f"{example.name}.new.yaml" for example in EXAMPLES} < listed
