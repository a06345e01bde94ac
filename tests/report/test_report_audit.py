"""The audit as a terminal of 80 columns shows it, word for word, and the labels that every table carries."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from rich.console import Console
from rigs import document

from twostage import TwoStageRun
from twostage.config.document import TwoStageConfig
from twostage.engine.outcome.audit import audit
from twostage.engine.planning.plan import AdaptStage, make_plan
from twostage.report.tables import summary_view

SCORES = {
    "pretrained": (0.50, 0.53),
    "from_scratch": (0.42, 0.49),
    "untrained": (0.38, 0.36),
    "trivial": (0.61, 0.61),
}


def manifest_of(notices=(), **metrics):
    stage_2 = {"adapt_mode": "finetune", "targets": [{"system": 3}]}
    written = {"stage_1": {"pretrain_mode": "contrastive", "systems": [1]}, "stage_2": stage_2, "seeds": [0, 1]}
    planned = [s for s in make_plan(TwoStageConfig.model_validate(written)).stages if isinstance(s, AdaptStage)]
    found = {
        stage.name: {
            "test/macro_f1/3": SCORES[stage.variant][stage.seed],
            "test/windows/3": 24.0,
            "test/majority/3": 0.25,
        }
        | (metrics if stage.variant == "pretrained" else {})
        for stage in planned
    }
    stages = [
        {
            "name": stage.name,
            "seed": stage.seed,
            "variant": stage.variant,
            "systems": [3],
            "branch": {"seed": stage.seed},
            "best_epoch": 1,
            "metrics": found[stage.name],
            "transfer": None,
            "notices": [{"code": code, "message": "as it is"} for code in notices],
        }
        for stage in planned
    ]
    compared = audit((stage, found[stage.name]) for stage in planned)
    return {"stages": stages, "audit": [each.as_json() for each in compared.comparisons]}


@pytest.fixture
def shown(tmp_path):
    def shown(manifest):
        (tmp_path / "manifest.json").write_text(json.dumps(manifest))
        out = StringIO()
        Console(file=out, width=80).print(summary_view(tmp_path))
        text = out.getvalue()
        assert "…" not in text
        assert max(map(len, text.splitlines())) <= 80
        return text

    return shown


def test_the_table_and_the_warnings(shown):
    text = shown(manifest_of(**{"zero_shot/prototype/macro_f1/3": 0.25, "zero_shot/prototype/accuracy/3": 0.25}))
    lines = [" ".join(line.split()) for line in text.splitlines()]
    for line in (
        "│ 3 │ macro-F1 │ pretrained │ 51.5% ± 2.1 │ │",
        "│ │ │ zero-shot │ 25.0% ± 0.0 │ │",
        "│ │ │ from scratch │ 45.5% ± 4.9 │ +6.0 [-19.4, +31.4] │",
        "│ │ │ untrained, frozen │ 37.0% ± 1.4 │ +14.5 [-17.3, +46.3] │",
        "│ │ │ band energies │ 61.0% ± 0.0 │ -9.5 [-28.6, +9.6] │",
        "Better by: mean of paired differences over 2 seeds and its 95 % interval.",
    ):
        assert line in lines
    said = " ".join(lines)
    assert "Warning [gain-unproven]: system 3: macro_f1 of the pretrained encoder is 6.0 points better than" in said
    assert "Warning [untrained-as-good]: system 3: macro_f1 of the pretrained encoder is 14.5 points better" in said
    assert "Warning [trivial-as-good]: system 3: macro_f1 of the pretrained encoder is 9.5 points worse than" in said


def test_a_manifest_from_before_the_audit_has_no_table(shown):
    manifest = manifest_of()
    del manifest["audit"]
    assert "Audit" not in shown(manifest)


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("leaky-split", "The split leaks: validation or test contain training samples."),
        ("same-bearings", "Support and query of an episode may come from the same bearing."),
        ("mixed-rates", "Sampling rates differ: recordings were taken as they are, without a common band."),
    ],
)
def test_every_table_is_labelled(shown, code, line):
    text = " ".join(shown(manifest_of([code], **{"zero_shot/prototype/accuracy/3": 0.25})).split())
    assert text.count(line) == 3  # the results, the audit, the zero-shot table
    assert line not in " ".join(shown(manifest_of()).split())


def test_labels_stand_beside_the_metrics_of_a_stage(rig, tmp_path):
    few = {"adapt_mode": "fewshot", "targets": [{"system": 3}], "support_unit": "window", "control": ["trivial"]}
    summary = TwoStageRun(
        document(rig, tmp_path, stage_1=None, stage_2=few | {"queries": 2, "episodes": 3, "episodes_per_epoch": 1})
    ).fit()
    for result in summary.stages:
        assert json.loads((result.directory / "metrics.json").read_text())["labels"] == ["same-bearings"]
    (comparison,) = summary.audit.comparisons
    assert (comparison.control, comparison.code) == ("trivial", "trivial-as-good")
