"""Every Python block of the documentation runs, in the order of its page."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch
from rigs import document, write_rig

from twostage import TwoStageRun
from twostage.components import build

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = sorted(DOCS.glob("*.md"))


def blocks(page):
    return re.findall(r"^```python\n(.*?)^```$", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def run(block, name, module):
    exec(compile(block, name, "exec", dont_inherit=True), vars(module))  # noqa: S102 - our own pages


def test_the_page_on_python_runs_as_it_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_rig(tmp_path / "data")
    namespace = ModuleType("page")
    for number, block in enumerate(blocks("python.md")):
        run(block, f"python.md, block {number}", namespace)


def test_the_backbone_of_the_page_on_extending_works(monkeypatch):
    """Its first block is a config, its second the class that the config names."""
    config, backbone = (ModuleType(name) for name in ("config", "twostage.models.backbones.mixer"))
    monkeypatch.setitem(sys.modules, backbone.__name__, backbone)
    monkeypatch.setitem(sys.modules, config.__name__, config)
    for block, module in zip(blocks("extending.md"), (config, backbone), strict=False):
        run(block, module.__name__, module)
    mixer = build(config.Mixer(), dim=8, patches=4)
    assert mixer(torch.zeros(2, 4, 8)).shape == (2, 4, 8)


def test_the_class_of_the_page_on_custom_pretraining_trains(rig, tmp_path, monkeypatch):
    mine = ModuleType("my_objectives")
    monkeypatch.setitem(sys.modules, mine.__name__, mine)
    (block,) = blocks("custom.md")
    run(block, mine.__name__, mine)
    stage_1 = {"pretrain_mode": "custom", "target": "my_objectives:Denoise", "params": {"std": 0.5}, "epochs": 1}
    written = document(rig, tmp_path / "save", stage_1=stage_1, stage_2=None)
    assert TwoStageRun(written, allow_custom=True).fit().stages[0].epochs == 1


def test_python_stands_only_on_pages_that_are_run():
    assert [page.name for page in PAGES if blocks(page.name)] == ["custom.md", "extending.md", "python.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    text = re.sub(r"`[^`\n]*`", "", page.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (page.parent / target).is_file(), target


def test_the_map_names_every_page():
    listed = set(re.findall(r"\]\(([^)]+\.md)\)", (DOCS / "index.md").read_text(encoding="utf-8")))
    guide = {"migration/index.md", "migration/index.zh.md"}  # which names the pages beside it
    assert listed == {page.name for page in PAGES} - {"index.md"} | guide
