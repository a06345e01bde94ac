"""Every problem in one pass, none twice, none that mending has made."""

from __future__ import annotations

import copy
import json

import pytest
import strategies
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from twostage.config.checking.findings import CODES
from twostage.config.load import load_config
from twostage.config.problems import DocumentError, render

QUICK = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


def problems_of(document, **kwargs):
    try:
        load_config(document, **kwargs)
    except DocumentError as error:
        return error.problems
    return ()


def keys(problems):
    return [(problem.key, problem.code) for problem in problems]


def test_problems_of_several_files_come_together(tmp_path, monkeypatch):
    """Five mistakes in three files, of which one cannot be read to its end."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text("data: {batch_size: 0}\nstage_1: {pretrain_mode: contrastive, epoch: 3}\n")
    (tmp_path / "b.yaml").write_text("name: 'never closed\n")
    (tmp_path / "main.yaml").write_text("bases: [a.yaml, b.yaml]\nseeds: [one]\ntrainer: {device: 1}\n")

    problems = problems_of("main.yaml")

    assert sorted((problem.file, problem.line, problem.key) for problem in problems) == [
        ("a.yaml", 1, "data.batch_size"),
        ("a.yaml", 2, "stage_1.epoch"),
        ("b.yaml", 1, ""),
        ("main.yaml", 2, "seeds[0]"),
        ("main.yaml", 3, "trainer.device"),
    ]
    assert {problem.included_from for problem in problems if problem.file == "a.yaml"} == {("main.yaml:1:9",)}


def test_rules_are_checked_behind_other_mistakes():
    """A rule that compares keys is told although values elsewhere were wrong."""
    document = {
        "seeds": [1, 1],
        "trainer": {"devices": 0},
        "data": {"split": {"unit": "recording", "train": 0.9}, "normalise": "none"},
        "stage_1": {"pretrain_mode": "contrastive", "pairing": "views", "augmentations": [], "epochs": "x"},
        "stage_2": {"adapt_mode": "finetune", "targets": [{"system": 2}]},
    }

    assert sorted(keys(problems_of(document))) == [
        ("", "rule"),
        ("data.normalise", "unknown_key"),
        ("data.split", "rule"),
        ("stage_1", "rule"),
        ("stage_1.epochs", "wrong_type"),
        ("trainer.devices", "out_of_range"),
    ]


def test_the_inside_of_a_misspelled_variant_is_checked():
    document = {"stage_1": {"pretrain_mode": "contrastve", "epochs": 0, "loss": {"kind": "nt_xent", "temp": 1.0}}}

    assert keys(problems_of(document)) == [
        ("stage_1.pretrain_mode", "unknown_variant"),
        ("stage_1.epochs", "out_of_range"),
        ("stage_1.loss.temp", "unknown_key"),
    ]


def test_keys_that_no_variant_knows_are_told_where_the_variant_is_missing():
    document = {"stage_2": {"adapt_mod": "finetune", "targets": [{"system": 2}], "epocs": 3, "shots": [1], "tasks": {}}}

    problems = problems_of(document)

    assert sorted(keys(problems)) == [("stage_2.adapt_mode", "missing_variant"), ("stage_2.epocs", "unknown_key")]
    assert {problem.suggestion for problem in problems} == {
        "did you mean adapt_mode by adapt_mod?",
        "did you mean epochs?",
    }


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"stage_1": 3}, [("stage_1", "wrong_type")]),
        ({"stage_1": {}}, [("stage_1.pretrain_mode", "missing_variant")]),
        ({"stage_2": {"adapt_mode": "finetune", "target": [{"system": 1}]}}, [("stage_2.target", "unknown_key")]),
        (
            {"stage_2": {"adapt_mode": "finetune", "targets": [{"sytem": 1}]}},
            [("stage_2.targets[0].sytem", "unknown_key")],
        ),
        (
            {"stage_2": {"adapt_mode": "finetune", "targets": [{"system": "a"}]}},
            [("stage_2.targets[0].system", "wrong_type")],
        ),
        ({"stage_2": {"adapt_mode": "finetune", "targets": [{"zz": 1}]}}, [("stage_2.targets[0].zz", "unknown_key")]),
        *(
            ({"stage_2": {"adapt_mode": "finetune", "targets": [{"systems": value}]}}, [(f"stage_2.{key}", code)])
            for value, key, code in [
                ("al", "targets[0].systems", "wrong_type"),
                ([1, "x"], "targets[0].systems[1]", "wrong_type"),
                ([], "targets[0].systems", "wrong_length"),
                ([1, 1], "targets[0].systems", "rule"),
            ]
        ),
        ({"stage_9": {}}, [("stage_9", "unknown_key")]),
        (
            {"stage_2": {"adapt_mode": "finetune", "targets": [{"system": 1}]}, "seeds": ["a"]},
            [("seeds[0]", "wrong_type")],
        ),
        (
            {
                "stage_2": {"adapt_mode": "finetune", "targets": [{"system": 1}]},
                "data": {"split": {"unit": "recording", "train": "x", "test": 0.5}},
            },
            [("data.split.train", "wrong_type")],
        ),
        (
            {
                "stage_2": {"adapt_mode": "finetune", "targets": [{"system": 1}]},
                "data": {"split": {"unit": "domain", "tst_domains": [1]}},
            },
            [("data.split.tst_domains", "unknown_key")],
        ),
    ],
)
def test_mending_causes_no_problem(document, expected):
    assert keys(problems_of(document)) == expected


@QUICK
@given(strategies.documents(), st.data())
def test_one_bad_value_is_one_problem(document, data):
    """Whatever rules compare the value with, only the value is told."""
    holder, key = data.draw(st.sampled_from(list(strategies.checked_entries(document))))
    assume(holder[key] is not None and not isinstance(holder[key], dict))
    holder[key] = "?" if isinstance(holder[key], list) else {"?": 1}

    problems = problems_of(document)

    assert len(problems) == 1, render(problems)


@QUICK
@given(strategies.documents(), st.data())
def test_one_misspelled_key_is_one_problem(document, data):
    """Neither the missing right key nor a rule about it is told beside it."""
    holder, key = data.draw(
        st.sampled_from([each for each in strategies.checked_entries(document) if isinstance(each[0], dict)])
    )
    holder[key + key[-1]] = holder.pop(key)

    problems = problems_of(document)

    assert len(problems) == 1, render(problems)
    assert key in problems[0].suggestion


@QUICK
@given(strategies.perturbed_documents())
def test_every_error_is_told_in_our_words(document):
    before = copy.deepcopy(document)

    for problem in problems_of(document):
        assert problem.code in set(CODES.values())
        assert problem.message
        assert "Input should" not in problem.message
        assert problem.code == "rule" or (problem.expected or problem.code == "unknown_key")
    assert document == before


def test_no_problem_is_told_twice():
    problems = problems_of({"seeds": [1, 1], "stage_1": {"pretrain_mode": "x", "epochs": 0}, "names": 1, "name": 2})

    assert len(set(keys(problems))) == len(problems)
    assert json.loads(render(problems, "json"))[0].keys() >= {"file", "line", "column", "key", "suggestion", "code"}
