"""What is compared has tables of its own and stands side by side; only seeds and repeats are averaged."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from rich.console import Console

from twostage.report.gains import rows
from twostage.report.groups import groups, repetition
from twostage.report.manifest import read_stages
from twostage.report.results import results_view
from twostage.report.spread import Spread
from twostage.report.tables import summary_view

PLAIN = {"seed": 0, "variant": None, "backbone": None, "repeat": None, "shots": None}
TRANSFER = {
    "encoder_share": 1.0,
    "loaded": 21,
    "new": 2,
    "frozen": 0,
    "digest_saved": "ab" * 32,
    "digest_started": "ab" * 32,
}


def entry(start, system, metrics, *, tasks=(), **branch):
    """A stage of a manifest; ``metrics`` are those of the test, of this system."""
    branch = PLAIN | branch
    tested = {f"test/{name}/{system}": value for name, value in metrics.items()}
    return {
        "name": f"stage_2/{'-'.join(map(str, branch.values()))}/system-{system}/{start}",
        "seed": 10 * branch["seed"] + (branch["repeat"] or 0),
        "branch": branch,
        "variant": start,
        "systems": [system],
        "tasks": list(tasks),
        "best_epoch": 1,
        "metrics": tested,
        "transfer": TRANSFER if start == "pretrained" else None,
        "notices": [],
    }


def scores(accuracy, macro_f1):
    return {"accuracy": accuracy, "macro_f1": macro_f1, "windows": 24.0, "majority": 0.25}


@pytest.fixture
def run(tmp_path):
    def run(*stages):
        (tmp_path / "manifest.json").write_text(json.dumps({"stages": stages}))
        out = StringIO()
        Console(file=out, width=80).print(summary_view(tmp_path))
        assert max(map(len, out.getvalue().splitlines())) <= 80
        return read_stages(tmp_path), " ".join(out.getvalue().split())

    return run


@pytest.fixture
def compared(run):
    """Two backbones, two targets, two seeds, and controls; each accuracy is told apart from all others."""
    value = iter(range(100))
    return run(
        *(
            entry(start, system, scores(next(value) / 100, next(value) / 100), backbone=backbone, seed=seed)
            for backbone in ("dlinear", "patchtst")
            for seed in (0, 1)
            for system in (2, 3)
            for start in ("pretrained", "from_scratch")
        )
    )


def test_a_backbone_is_averaged_over_its_own_seeds_alone(compared):
    stages, text = compared
    found = groups(stages)
    assert list(found) == ["backbone dlinear", "backbone patchtst"]
    assert [len(mine) for mine in found.values()] == [8, 8]
    # accuracies of dlinear on system 2: 0.00 and 0.08 pretrained, 0.02 and 0.10 from scratch
    assert "4.0% ± 5.7 │ 6.0% ± 5.7 │ -2.0" in text
    assert "Test results: backbone dlinear" in text
    assert "over 2 seeds." in text
    assert "Transfer: backbone patchtst, 100% of the encoder" in text


def test_the_comparison_puts_a_system_together(compared):
    _, text = compared
    table = text[text.index("Compared") : text.index("Transfer")]
    order = [
        table.index(word) for word in ("│ 2 │ backbone dlinear", "│ │ backbone patchtst", "│ 3 │ backbone dlinear")
    ]
    assert order == sorted(order)
    assert table.count("macro-F1") == 4
    assert "backbone patchtst │ macro-F1 │ 21.0% ± 5.7 │ -2.0" in table  # 0.17 and 0.25; control 0.19 and 0.27


def test_equal_captions_are_said_once(compared):
    assert compared[1].count("Always answering the most frequent class") == 1


def test_nothing_is_compared_in_a_plain_run(run):
    _, text = run(entry("pretrained", 2, scores(0.5, 0.5)))
    assert "Compared" not in text
    assert "Test results ┏" in text


def test_variant_and_shots_are_told_in_words(run):
    stages, text = run(
        entry("pretrained", 2, scores(0.5, 0.4), variant="long", shots=1),
        entry("pretrained", 2, scores(0.7, 0.6), variant="long", shots=5),
    )
    assert list(groups(stages)) == ["variant long, 1 shot", "variant long, 5 shots"]
    assert "variant long, 5 shots │ macro-F1 │ 60.0% │ -" in text
    assert text.count("Transfer: variant long,") == 1


def test_of_many_points_the_first_have_tables_and_the_rest_is_counted(run):
    points = [entry("pretrained", 2, scores(0.5, 0.5), variant=f"p{number}") for number in range(104)]
    _, text = run(*points)
    assert (text.count("Test results: variant p"), text.count("Transfer: variant p")) == (20, 20)
    assert text.count("macro-F1") == 20 + 100
    assert "4 more lines are not shown; twostage runs export has all numbers." in text
    assert "84 more runs are not shown; twostage runs export has all numbers." in text
    assert "not shown" not in run(*points[:20])[1]


def test_repeats_are_averaged_and_counted(run):
    repeats = [entry("pretrained", 2, scores(v, v), repeat=n) for n, v in enumerate((0.5, 0.7))]
    stages, text = run(*repeats)
    assert repetition(stages) == "1 seed with 2 repeats"
    assert "60.0% ± 14.1" in text


def test_tasks_of_a_system_are_told_apart_and_errors_count_down(run):
    error = {"rul_prediction/rmse": 0.5, "rul_prediction/windows": 10.0}
    stages, text = run(
        entry("pretrained", 2, scores(0.5, 0.4), tasks=["classification"]),
        entry("pretrained", 2, error, tasks=["rul_prediction"]),
        entry("from_scratch", 2, error | {"rul_prediction/rmse": 0.75}, tasks=["rul_prediction"]),
    )
    assert [row.name for row in rows(stages)] == ["2 (classification)", "2 (rul_prediction)"]
    assert "10 │ RUL RMSE │ 0.5 │ 0.75 │ +0.25" in text
    assert "A gain above 0 is a smaller error." in text
    assert len(results_view(stages)) == 1


def test_zero_shot_measures_an_encoder_once(run):
    """Repeats and shots adapt the same encoder, and would only seem to agree."""
    stages = [entry("pretrained", 2, scores(0.5, 0.5), repeat=n, seed=s) for s in (0, 1) for n in (0, 1)]
    for stage in stages:
        value = 0.4 if stage["branch"]["seed"] == 0 else 0.6
        stage["metrics"] |= {f"zero_shot/{m}/accuracy/2": value for m in ("prototype", "knn")}
    _, text = run(*stages)
    assert f"class mean │ 50.0% ± {100 * Spread.of([0.4, 0.6]).sd:.1f}" in text


def test_a_manifest_without_branches_is_read(run):
    stage = entry("pretrained", 2, scores(0.5, 0.5))
    del stage["branch"], stage["tasks"]
    assert "50.0%" in run(stage)[1]
