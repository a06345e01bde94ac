"""What a table says follows from the manifest: means, standard deviations, gains; nothing is cut off at 80 columns."""

from __future__ import annotations

import json
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from twostage.report.gains import rows
from twostage.report.manifest import read_stages
from twostage.report.spread import Spread
from twostage.report.tables import notice_lines, summary_view

TRANSFER = {
    "encoder_share": 1.0,
    "loaded": 21,
    "new": 2,
    "frozen": 0,
    "digest_saved": "ab" * 32,
    "digest_started": "ab" * 32,
}


def entry(variant, seed, systems, scores, transfer=TRANSFER):
    """A stage as the manifest has it; ``scores`` is (accuracy, macro-F1) by system."""
    metrics = {"validation/loss": 0.5}
    for system, (accuracy, macro_f1) in scores.items():
        metrics |= {
            f"test/accuracy/{system}": accuracy,
            f"test/macro_f1/{system}": macro_f1,
            f"test/windows/{system}": 1440.0,
            f"test/majority/{system}": 0.25,
        }
    return {
        "name": f"stage_2/seed-{seed}/systems-{'-'.join(map(str, systems))}/{variant}",
        "seed": seed,
        "variant": variant,
        "systems": list(systems),
        "best_epoch": 3,
        "metrics": metrics,
        "transfer": transfer if variant == "pretrained" else None,
        "notices": [],
    }


@pytest.fixture
def shown(tmp_path):
    """The stages of a manifest, and what a terminal of 80 columns shows of it."""

    def shown(*stages):
        (tmp_path / "manifest.json").write_text(json.dumps({"stages": stages}))
        out = StringIO()
        Console(file=out, width=80).print(summary_view(tmp_path))
        text = out.getvalue()
        assert "…" not in text
        assert max(map(len, text.splitlines())) <= 80
        return rows(read_stages(tmp_path)), text

    return shown


def test_seeds_are_averaged_as_numpy_does(shown):
    draw = np.random.default_rng(0)
    scores = {variant: draw.uniform(0, 1, (5, 2)) for variant in ("pretrained", "from_scratch")}
    stages = [
        entry(variant, seed, [3], {3: tuple(pair)}) for variant in scores for seed, pair in enumerate(scores[variant])
    ]
    (row,), text = shown(*stages)
    for column, name in enumerate(("accuracy", "macro_f1")):
        for variant, found in (("pretrained", row.pretrained), ("from_scratch", row.scratch)):
            values = scores[variant][:, column]
            assert found[name].mean == pytest.approx(values.mean())
            assert found[name].sd == pytest.approx(values.std(ddof=1))
            assert f"{100 * values.mean():.1f}% ± {100 * values.std(ddof=1):.1f}" in text
        gain = 100 * (scores["pretrained"][:, column].mean() - scores["from_scratch"][:, column].mean())
        assert f"{gain:+.1f}" in text
    assert "over 5 seeds" in text


def test_one_seed_has_no_deviation(shown):
    (row,), text = shown(entry("pretrained", 0, [3], {3: (1.0, 0.5)}), entry("from_scratch", 0, [3], {3: (0.75, 0.25)}))
    assert row.pretrained["accuracy"] == Spread(1.0, None)
    assert "±" not in text
    assert "100.0%" in text
    assert "+25.0" in text
    assert "21 tensors loaded, 2 new, 0 frozen; digests equal" in text
    assert "the accuracy 25.0%." in text


def test_without_a_control_there_is_no_gain(shown):
    (row,), text = shown(entry("pretrained", 0, [3], {3: (0.9, 0.8)}))
    assert row.scratch == {"accuracy": None, "macro_f1": None}
    assert "90.0%" in text
    assert "+" not in text


def test_from_scratch_alone_claims_no_transfer(shown):
    _, text = shown(entry("from_scratch", 0, [3], {3: (0.9, 0.8)}))
    assert "Transfer" not in text


def test_systems_of_one_target_have_rows_of_their_own(shown):
    found, text = shown(entry("pretrained", 0, [3, 13], {3: (0.9, 0.8), 13: (0.5, 0.4)}))
    assert [(row.system, row.target) for row in found] == [(3, ()), (13, ())]
    assert "25.0% (system 3), 25.0% (system 13)" in " ".join(text.split())


def test_a_system_in_two_targets_is_never_averaged_over_them(shown):
    """Alone and together are two trainings; only seeds are repeats."""
    found, text = shown(
        entry("pretrained", 0, [3], {3: (0.9, 0.8)}), entry("pretrained", 0, [3, 4], {3: (0.5, 0.4), 4: (0.7, 0.6)})
    )
    assert [(row.system, row.target) for row in found] == [(3, (3,)), (3, (3, 4)), (4, ())]
    assert [row.pretrained["accuracy"] for row in found] == [Spread(v, None) for v in (0.9, 0.5, 0.7)]
    assert "3 of 3 4" in text


def test_a_system_without_test_windows_has_no_row(shown):
    stage = entry("pretrained", 0, [3, 4], {3: (0.9, 0.8), 4: (0.9, 0.8)})
    stage["metrics"]["test/windows/4"] = 0.0
    assert [row.system for row in shown(stage)[0]] == [3]


def test_unequal_digests_are_shouted(shown):
    _, text = shown(entry("pretrained", 0, [3], {3: (1.0, 1.0)}, TRANSFER | {"digest_started": "cd" * 32}))
    assert "DIFFER" in text


def test_a_pretraining_alone_shows_its_loss(shown):
    stage = entry(None, 0, [], {}) | {"name": "stage_1/seed-0"}
    found, text = shown(stage)
    assert found == []
    assert "stage_1/seed-0" in text
    assert "0.5" in text


def test_a_notice_is_told_once_and_word_by_word():
    (line,) = notice_lines([("code", "see [data]")] * 2)
    assert line.plain == "Note [code]: see [data]"
