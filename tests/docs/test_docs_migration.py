"""The migration guide: every command of it runs, every excerpt is there, and both languages show the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from legacy_examples import ROOT

PAGES = ROOT / "docs" / "migration"
BLOCK = re.compile(r"(?:<!-- (\S+) -->\n)?^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LANGUAGES = ("index.md", "index.zh.md")


def blocks(page):
    """File of the excerpt, language and text of each block."""
    return BLOCK.findall((PAGES / page).read_text(encoding="utf-8"))


def test_every_command_runs_in_the_order_of_the_page_and_prints_what_the_page_shows(shell, examples_here):
    """A comment says where a command does not end with 0."""
    output, ran = "", 0
    for _, language, text in blocks("index.md"):
        if language == "sh":
            for line in text.splitlines():
                command, _, expected = line.partition("  # exit ")
                code, *printed = shell(command)
                assert code == int(expected or 0), f"{line}\n{printed[1]}"
                output, ran = "".join(printed), ran + 1
        elif language == "text":
            assert [line for line in text.splitlines() if line not in output] == []
        elif language == "python":
            exec(compile(text, "index.md", "exec", dont_inherit=True), {})  # noqa: S102 - our own page
    assert ran > 15
    made = {"converted/stages.yaml", "two/stages.yaml", "pair.old.second.yaml", "legacy_configs/single_args.yaml.bak"}
    assert {name for name in made if not Path(name).is_file()} == set()
    assert list(Path("results").glob("two_stages/**/manifest.json"))


def test_every_excerpt_is_in_its_file():
    """Line by line; three dots stand for lines that are left out."""
    found = [(file, text) for file, language, text in blocks("index.md") if language == "yaml"]
    assert {file.partition("/")[0] for file, _ in found} == {"legacy_configs"}
    for file, text in found:
        whole, start = (ROOT / file).read_text(encoding="utf-8"), 0
        for piece in text.split("...\n"):
            start = whole.find(f"\n{piece}", start)
            assert start >= 0, f"{file} has no\n{piece}"


def test_every_layout_is_shown_with_what_it_becomes():
    shown = {file for file, language, _ in blocks("index.md") if language == "yaml"}
    wanted = {"single_train", "stages", "p03_training", "p03_variations", "p04_blocks"}
    pairs = {f"legacy_configs/{name}{end}" for name in wanted for end in (".yaml", ".new.yaml")}
    assert pairs <= shown
    assert {f"legacy_configs/pair{end}" for end in ("_pretrain.yaml", "_fewshot.yaml", ".new.yaml")} <= shown


def test_both_languages_show_the_same_blocks_and_lead_to_the_same_pages():
    english, chinese = (blocks(page) for page in LANGUAGES)
    assert english == chinese
    first, second = (set(links(page)) - set(LANGUAGES) for page in LANGUAGES)
    assert first == second


def links(page):
    return re.findall(r"\]\(([^)\s:]+)\)", (PAGES / page).read_text(encoding="utf-8"))


def anchors(path):
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", sorted(path.name for path in PAGES.glob("*.md")))
def test_links_lead_to_pages_and_headings(page):
    for link in links(page):
        name, _, anchor = link.partition("#")
        path = PAGES / name if name else PAGES / page
        assert path.is_file(), link
        assert not anchor or anchor in anchors(path), link


def test_the_guide_names_every_other_page():
    listed = {link.partition("#")[0] for link in links("index.md")}
    assert {path.name for path in PAGES.glob("*.md")} - {"index.md"} <= listed


def test_every_option_of_convert_is_told(shell):
    _, out, _ = shell("twostage convert --help")
    options = set(re.findall(r"--[a-z][a-z-]+", out)) - {"--help", "--output"}
    for page in LANGUAGES:
        text = (PAGES / page).read_text(encoding="utf-8")
        assert {option for option in options if option not in text} == set(), page
    assert " -o " in text
