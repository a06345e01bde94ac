"""Custom pretraining in a document: built-in plugins are checked key by key, other classes are left to the run."""

from __future__ import annotations

import subprocess
import sys

import pytest
from jsonschema import Draft202012Validator

from twostage.config.load import load_config, load_text
from twostage.config.reading.merge import DISCRIMINATORS
from twostage.config.schema import document_schema
from twostage.config.stage_1.custom import BuiltIn
from twostage.config.stage_1.plugins import PLUGINS
from twostage.errors import TwoStageError

VALIDATOR = Draft202012Validator(document_schema())


def custom(target, params=None, **rest):
    written = {} if params is None else {"params": params}
    return {"stage_1": {"pretrain_mode": "custom", "target": target} | written | rest}


@pytest.mark.parametrize(
    ("target", "params", "told"),
    [
        ("supervised", {"mask_ratio": 0.1}, "params.mask_ratio: unknown key; mask_ratio belongs to target: "),
        ("supervised", {"head": {"kind": "linar"}}, "params.head.kind: expected one of distance, linear or perceptron"),
        ("supervised", {"label_smothing": 0.1}, "params.label_smothing: unknown key; did you mean label_smoothing?"),
        ("supervised", 3, "stage_1.params: expected a mapping, found 3"),
        ("my.module:Class", 3, "stage_1.params: expected a mapping"),
        (
            "classification_prediction",
            {"mask_ratio": 1.0},
            "expected a number of at least 0 and less than 1, found 1.0",
        ),
        ("classification_prediction", {"mask_ratio": 0.0, "forecast_part": 0.0}, "both 0, so nothing would be hidden"),
        ("classification_prediction", {"block": 600}, "stage_1.params.block (600) is more than half"),
        ("flow", {"frequencies": 0}, "params.frequencies: expected a whole number of at least 1, found 0"),
        ("supervisd", {}, "did you mean supervised?"),
        ("my.module", {}, "stage_1.target: expected one of supervised, classification_prediction or flow or text"),
    ],
)
def test_mistakes_are_told_as_anywhere_else(target, params, told):
    with pytest.raises(TwoStageError) as caught:
        load_config(custom(target, params))
    assert told in str(caught.value).replace("\n  ", "; ")


def test_a_mistake_has_its_line_and_column():
    text = "stage_1:\n  pretrain_mode: custom\n  target: flow\n  params:\n    hiden: 3\n"
    with pytest.raises(TwoStageError) as caught:
        load_text(text, "my.yaml")
    assert "my.yaml:5:5: stage_1.params.hiden: unknown key" in str(caught.value)


@pytest.mark.parametrize("target", PLUGINS)
def test_parameters_of_a_plugin_have_defaults_and_survive_writing(target):
    config = load_config(custom(target))
    assert config.stage_1.params == PLUGINS[target]()
    assert load_config(config.model_dump(mode="json")) == config
    assert config.stage_1.reads_labels == (target != "flow")


def test_the_plugins_of_the_registry_are_those_that_may_be_named():
    assert list(PLUGINS) == list(BuiltIn.__args__)
    assert "target" in DISCRIMINATORS


def test_parameters_of_another_class_stay_as_they_are_written():
    config = load_config(custom("my.module:Class", {"depth": 3, "nested": {"list": [1, None, "x"]}}))
    assert config.stage_1.params == {"depth": 3, "nested": {"list": [1, None, "x"]}}
    assert config.stage_1.imports


@pytest.mark.parametrize(
    ("document", "valid"),
    [
        (custom("supervised"), True),
        (custom("supervised", {"label_smoothing": 0.1}), True),
        (custom("supervised", {"alpha_prediction": 0.1}), False),
        (custom("classification_prediction", {"alpha_prediction": 0.1}), True),
        (custom("my.module:Class", {"anything": 1}), True),
        (custom("my.module:Class", []), False),
        (custom("nothing"), False),
    ],
)
def test_the_schema_says_the_same(document, valid):
    assert VALIDATOR.is_valid(document) == valid


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (custom("flow", unlabelled="exclude"), "unlabelled has no effect, because flow reads no label"),
        (
            custom("supervised", split={"unit": "system", "test_systems": [1]}),
            "their heads would stay untrained; write share: shared under the head of stage_1",
        ),
    ],
)
def test_what_would_have_no_effect_is_refused(document, told):
    with pytest.raises(TwoStageError) as caught:
        load_config(document)
    assert told in str(caught.value)


def test_validate_imports_neither_torch_nor_the_class(tmp_path):
    (tmp_path / "mine.py").write_text("raise SystemExit('it was imported')\n", encoding="utf-8")
    text = "stage_1: {pretrain_mode: custom, target: 'mine:Class', params: {x: 1}}\n"
    (tmp_path / "document.yaml").write_text(text, encoding="utf-8")
    program = (
        "import atexit, sys\n"
        "atexit.register(lambda: print('mine' in sys.modules, 'torch' in sys.modules))\n"
        "sys.path.insert(0, '.')\n"
        "sys.argv = ['twostage', 'validate', 'document.yaml']\n"
        "from twostage.cli.app import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "False False"
