"""Every code that a conversion can tell is registered, used and explained on the page of notices."""

from __future__ import annotations

import ast
import re
import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest

import twostage.legacy
from twostage.legacy.codes import CODES, PAGE, page_of

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path(twostage.legacy.__file__).parent
MAKERS = {"remark", "Remark", "Notice"}
# Where a function's first returned value is a code, or where a code is given by its keyword.
ANSWERS = {"why.py"}


def called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def text_of(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def codes_in(tree: ast.Module, file: Path) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called(node) in MAKERS and node.args:
            yield from text_of(node.args[0])
        elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
            if file.name in ANSWERS:
                yield from text_of(node.value.elts[0])
            elif file.parent.name == "text":
                yield from by_keyword(node)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("notices.append"):
            yield from by_keyword(node)


def by_keyword(node: ast.AST) -> Iterator[str]:
    """Codes of notices of the reader: those of problems that do not stop it."""
    for below in ast.walk(node):
        if isinstance(below, ast.keyword) and below.arg == "code":
            yield from text_of(below.value)


@pytest.fixture(scope="module")
def used():
    files = sorted(PACKAGE.rglob("*.py"))
    return {code for file in files for code in codes_in(ast.parse(file.read_text(encoding="utf-8")), file)}


def test_the_scan_finds_codes_of_every_origin(used):
    """A rule, a helper of the core, the reader twice, the fates and the answers for kept leaves."""
    assert {"schedule-applies", "retyped", "date", "encoding", "duplicate-key", "no-effect"} <= used


def test_every_used_code_is_registered(used):
    assert used <= set(CODES)


def test_every_registered_code_is_used(used):
    assert set(CODES) == used


def test_codes_are_anchors():
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in CODES)


def test_titles_are_distinct_and_texts_are_sentences():
    assert len({code.title for code in CODES.values()}) == len(CODES)
    assert all(code.text.endswith(".") and not code.title.endswith(".") for code in CODES.values())


def test_the_page_is_what_the_registry_says():
    """Make it anew with ``.venv/bin/python docs/generate_notices.py``."""
    script = runpy.run_path(str(ROOT / "docs" / "generate_notices.py"))
    assert (ROOT / PAGE).read_text(encoding="utf-8") == script["notices_text"]()


def test_every_code_has_one_heading_on_the_page():
    headings = re.findall(r"^### (.*)$", (ROOT / PAGE).read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(headings) == sorted(CODES)


def test_the_place_of_a_code_is_its_heading():
    assert page_of("no-effect") == "docs/migration/notices.md#no-effect"
    with pytest.raises(KeyError):
        page_of("no-such-code")
