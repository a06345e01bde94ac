"""The laws of the house that no linter knows: sizes, what the code never does, and keys that are never decoration."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from itertools import chain
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

import twostage
from twostage.config.document import TwoStageConfig

PACKAGE = Path(twostage.__file__).parent
ROOT = PACKAGE.parent
FILES = sorted(PACKAGE.rglob("*.py"))
TREES = {str(path.relative_to(PACKAGE)): ast.parse(path.read_text(encoding="utf-8")) for path in FILES}

# Keys whose value no code beside config/ names, each with what gives it effect.
EFFECT_ELSEWHERE = {
    "version": "checked while reading; only one version exists",
    "enabled": "TwoStageConfig.active leaves the stage out, and every plan is made from it",
    "placement": "the discriminator: it chooses the class, and code asks for the class",
    "anomaly_detection": "a task: code asks for all written tasks by name",
    "signal_prediction": "a task: code asks for all written tasks by name",
    "forecast": "Mask.tail says how many samples it hides, and the masking asks for them",
    "mask_ratio": "ClassificationPrediction.mask hands it on as a Mask, as it does the next",
    "forecast_part": "see mask_ratio",
    "variants": "planning asks config/ for the documents that they and a sweep stand for",
    "sweep": "see variants",
    "backbones": "see variants",
}


def calls(tree):
    """Every call with the dotted name of what it calls."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def keywords(call):
    return {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}


def test_files_are_short():
    long = {path.name: count for path in FILES if (count := len(path.read_text().splitlines())) > 400}
    assert long == {}


def test_functions_are_short():
    long = [
        f"{name}:{node.lineno} {node.name}"
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno - node.lineno + 1 > 60
    ]
    assert long == []


def test_every_module_says_what_it_is_for():
    assert [name for name, tree in TREES.items() if not ast.get_docstring(tree)] == []


def test_weights_are_loaded_whole_and_never_as_code():
    """Law 2: no ``strict=False``; and a file of weights cannot run anything."""
    for name, tree in TREES.items():
        for called, call in calls(tree):
            if called.endswith("load_state_dict"):
                assert "strict" not in keywords(call), f"{name}:{call.lineno}"
                assert len(call.args) == 1, f"{name}:{call.lineno}"
            if called == "torch.load":
                assert keywords(call).get("weights_only") == "True", f"{name}:{call.lineno}"


def test_nothing_is_run_from_text_or_pickles():
    for name, tree in TREES.items():
        assert not [call.lineno for called, call in calls(tree) if called in {"eval", "exec", "compile"}], name
        imported = {
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }
        assert not imported & {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}, name


def test_no_broad_except_swallows():
    """Law 4: one that catches everything must raise again."""
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.ExceptHandler):
                continue
            caught = "" if node.type is None else ast.unparse(node.type)
            if node.type is None or re.search(r"\b(Exception|BaseException)\b", caught):
                assert any(isinstance(inner, ast.Raise) for inner in ast.walk(node)), f"{name}:{node.lineno}"
        for called, call in calls(tree):
            if called.endswith("suppress"):
                assert not {ast.unparse(argument) for argument in call.args} & {"Exception", "BaseException"}, name


def test_tracked_files_name_no_folder_of_a_machine():
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    command = [git, "-C", str(ROOT), "grep", "-nIE", r"(^|[^A-Za-z0-9_.])/(home|root|Users|work|mnt)/[A-Za-z0-9_]"]
    found = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    assert [line for line in found if not line.startswith("tests/test_house.py:")] == []


def test_the_package_says_that_it_is_typed():
    assert (PACKAGE / "py.typed").is_file()


def models(kind, seen):
    """Every section class that a document can hold, reached through annotations."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        if kind not in seen:
            seen.add(kind)
            for field in kind.model_fields.values():
                models(field.annotation, seen)
                for metadata in field.metadata:
                    models(metadata, seen)
    else:
        for argument in get_args(kind):
            models(argument, seen)
    return seen


def read_outside_config():
    """Names of all attributes that code beside config/ reads."""
    trees = (tree for name, tree in TREES.items() if not name.startswith("config/"))
    return {node.attr for node in chain.from_iterable(map(ast.walk, trees)) if isinstance(node, ast.Attribute)}


def test_no_key_of_the_document_is_decoration():
    """Law 1: every key is read by some code that is not the reading of documents itself."""
    fields = {name: kind for kind in models(TwoStageConfig, set()) for name in kind.model_fields}
    assert len(fields) > 50
    read = read_outside_config()
    idle = {name: kind.__name__ for name, kind in fields.items() if name not in read and name not in EFFECT_ELSEWHERE}
    assert idle == {}


def test_the_exceptions_are_still_needed():
    fields = {name for kind in models(TwoStageConfig, set()) for name in kind.model_fields}
    assert set(EFFECT_ELSEWHERE) <= fields
    assert set(EFFECT_ELSEWHERE) & read_outside_config() == set()
