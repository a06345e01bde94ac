"""What users read, word by word: a snapshot in ``messages.txt``.

``TWOSTAGE_UPDATE_SNAPSHOTS=1 pytest tests/config/test_config_messages.py`` writes it anew; read the diff.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from twostage.config.load import load_document
from twostage.config.problems import DocumentError, Problem, render

SNAPSHOT = Path(__file__).with_name("messages.txt")
TAIL = "stage_2: {adapt_mode: finetune, targets: [{system: 2}]}\n"

CASES = {
    "misspelled key": "nmae: x\n" + TAIL,
    "key of another variant": "data:\n  window: {placement: evenly_spaced, stride: 3}\n" + TAIL,
    "key of another part": "stage_1:\n  pretrain_mode: contrastive\n  lr: 0.1\n",
    "misspelled key of another variant": "data:\n  window: {placement: evenly_spaced, strid: 3}\n" + TAIL,
    "key of another mode": "stage_2: {adapt_mode: finetune, targets: [{system: 2}], shots: [1, 5]}\n",
    "key of the old project": "task: {type: DG}\ndata: {batch_size: 3}\nmodel: {}\n" + TAIL,
    "key of a plugin": "stage_1: {pretrain_mode: custom, target: flow, params: {hiden: 3}}\n",
    "key of a carrier": TAIL + "legacy: {shape: singel}\n",
    "key of a variant": TAIL + "variants:\n  - {name: short, set: {data.window.lenght: 512}}\n",
    "strange key": "zzzzzzzz: 1\n" + TAIL,
    "missing key": "stage_2:\n  adapt_mode: finetune\n  epochs: 3\n",
    "missing variant": "stage_2:\n  adapt_mode: finetune\n  targets: [{system: 2}]\n  optimizer: {lr: 0.1}\n",
    "missing mode": "stage_2: {targets: [{system: 2}], epochs: 3}\n",
    "missing kind": "stage_1:\n  pretrain_mode: contrastive\n  loss: {temperature: 0.1}\n",
    "missing tasks": "stage_2: {adapt_mode: multitask, targets: [{system: 2}]}\n",
    "misspelled variant key": "stage_1: {pretrain_mod: contrastive}\n",
    "misspelled variant": "stage_1:\n  pretrain_mode: contrastve\n",
    "strange variant": "stage_1:\n  pretrain_mode: 3\n",
    "variant without mapping": "stage_2:\n  adapt_mode: finetune\n  targets: [{system: 2}]\n  optimizer: sgd\n",
    "misspelled choice": "data: {normalize: standardise}\n" + TAIL,
    "text for a number": "data: {batch_size: many}\n" + TAIL,
    "quoted number": "data: {batch_size: '64'}\n" + TAIL,
    "number with underscore": "data: {batch_size: 1_000}\n" + TAIL,
    "fraction for a whole number": "data: {batch_size: 64.0}\n" + TAIL,
    "open mapping": "data: {workers: 1\nname: x\n",
    "nothing": "data:\n  batch_size:\n" + TAIL,
    "boolean of YAML 1.1": "trainer: {deterministic: yes}\n" + TAIL,
    "boolean for a number": "seeds: [true]\n" + TAIL,
    "number for text": "name: 3\n" + TAIL,
    "number for a list": "seeds: 3\n" + TAIL,
    "list for a mapping": "data: [1]\n" + TAIL,
    "too small": "data: {batch_size: 0}\n" + TAIL,
    "outside its range": "data: {split: {unit: recording, train: 1.5}}\n" + TAIL,
    "empty list": "seeds: []\n" + TAIL,
    "empty text": "name: ''\n" + TAIL,
    "list of wrong length": "stage_1:\n  pretrain_mode: contrastive\n  optimizer: {kind: adamw, betas: [0.9]}\n",
    "wrong pattern": "stage_2:\n  adapt_mode: finetune\n  targets: [{system: 2}]\n  checkpoint: {monitor: test/loss}\n",
    "shares do not add up": "data:\n  split:\n    unit: recording\n    train: 0.9\n" + TAIL,
    "two spellings": "stage_2:\n  adapt_mode: finetune\n  targets:\n    - {system: 2, systems: [3]}\n",
    "nothing to do": "name: x\n",
    "wide characters": "{stage_2: {adapt_mode: finetune, targets: [{system: 2}]}, 名前: 1, nmae: x}\n",
    "tab": "data:\n\tworkers: 1\n",
    "open quote": "name: 'x\n",
    "open list": "seeds: [1, 2\nname: x\n",
    "indentation": "data:\n   workers: 1\n  batch_size: 3\n",
    "colon in text": "name: a: b\n",
    "at sign": "name: @x\n",
    "duplicate key": "name: x\nseeds: [0]\nname: y\n" + TAIL,
    "python tag": "name: !!python/object/apply:os.system [ls]\n" + TAIL,
    "recursive alias": "data: &a {window: *a}\n",
    "two documents": "name: x\n---\nname: y\n",
    "list as document": "- name: x\n",
    "empty document": "",
    "infinite": "stage_2: {adapt_mode: finetune, targets: [{system: 2}], optimizer: {kind: sgd, lr: .inf}}\n",
    "bases are no list": "bases: a.yaml\n" + TAIL,
    "base is missing": "bases: [gone.yaml]\n" + TAIL,
    "base inside base": "bases: [base.yaml]\n" + TAIL,
}
BASE = "data: {workers: -1}\n"


def messages(tmp_path):
    (tmp_path / "base.yaml").write_text(BASE, encoding="utf-8")
    told = []
    for name, text in CASES.items():
        Path("doc.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(DocumentError) as caught:
            load_document("doc.yaml")
        told.append(f"## {name}\n{caught.value}\n")
    return "\n".join(told)


def test_messages_are_as_agreed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = messages(tmp_path)
    if os.environ.get("TWOSTAGE_UPDATE_SNAPSHOTS"):
        SNAPSHOT.write_text(told, encoding="utf-8")

    assert told == SNAPSHOT.read_text(encoding="utf-8")


def test_a_long_line_is_cut_around_its_caret():
    problem = Problem("a", 1, 500, "k", "m", source_line="x" * 499 + "!" + "x" * 499)

    _, excerpt, caret = render([problem]).splitlines()

    assert excerpt[caret.index("^")] == "!"
    assert len(excerpt) < 140


def test_github_escapes_what_has_a_meaning_there():
    problem = Problem("a,b:c", 2, 3, "k", "50%\nof it", suggestion="so", code="rule")

    assert render([problem], "github") == "::error file=a%2Cb%3Ac,line=2,col=3,title=rule::k: 50%25%0Aof it. so"
