"""The reference of all keys is made from the models, and is never stale."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(str(DOCS / "generate_reference.py"))


def test_the_reference_is_what_the_models_say(script):
    """Make it anew with ``.venv/bin/python docs/generate_reference.py``."""
    assert (DOCS / "reference.md").read_text(encoding="utf-8") == script["reference_text"]()


def test_every_definition_has_a_section_with_a_heading_of_its_own(script):
    schema = script["document_schema"]()
    sections = script["sections"](schema)
    assert set(sections) == set(schema["$defs"])
    titles = [script["title"](at) for at in sections.values()]
    assert len(set(titles)) == len(titles)


def test_a_default_that_differs_from_its_section_is_shown(script):
    """Stage 2 keeps the epoch of the best macro-F1, although a checkpoint by itself watches the loss."""
    stage_2 = script["reference_text"]().partition("\n## stage_2, adapt_mode: finetune\n")[2]
    assert "| `checkpoint` | a mapping | `{monitor: validation/macro_f1, mode: max}` |" in stage_2
