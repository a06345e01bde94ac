"""The table of a dry run: trainings that are alike but for seed and repeat share a row."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from twostage.cli.preview import preview_view
from twostage.engine.planning.preview import StagePreview


def shown(names, **changes):
    usual = {"systems": (3,), "recordings": 30, "windows": (72, 24, 24), "parameters": 9, "trained": 9, "epochs": 1}
    stages = [StagePreview(name=name, notices=(), **usual | changes) for name in names]
    screen = Console(file=StringIO(), width=80)
    screen.print(preview_view(stages))
    text = screen.file.getvalue()
    assert "…" not in text
    return text


def test_seeds_share_a_row_and_backbones_do_not():
    names = [f"stage_2/{kind}/seed-{seed}/system-3/pretrained" for kind in ("dlinear", "fno") for seed in (0, 7)]
    text = shown(names)
    assert "stage_2/dlinear/seed-0,7/" in text
    assert "stage_2/fno/seed-0,7/" in text
    assert text.count("72/24/24") == 2
    assert "4 trainings." in text


def test_many_repeats_are_a_range():
    text = shown([f"stage_2/seed-{s}/repeat-{r}/system-3/pretrained" for s in range(2) for r in range(5)])
    assert "repeat-0..4 (5)" in " ".join(text.split())
    assert text.count("72/24/24") == 1


def test_a_plain_stage_keeps_its_name():
    text = shown(["stage_2/seed-0/system-3/from_scratch"])
    assert "stage_2/seed-0/ " in text
    assert "\n system-3/from_scratch " in text
    assert "1 training. " in text


def test_a_long_name_is_folded_at_its_slashes():
    text = shown(["stage_2/variant-a-long-name/patchtst-1/seed-0/repeat-0/system-3/shots-5/from_scratch"])
    lines = [line.split()[0] for line in text.splitlines() if "/" in line and "train/" not in line]
    assert "".join(line for line in lines if "/" in line).count("variant-a-long-name/") == 1
    assert max(map(len, text.splitlines())) <= 80


def test_many_rows_are_counted():
    text = shown(
        [f"stage_2/variant-p{number}/seed-{seed}/system-3/pretrained" for number in range(103) for seed in (0, 1)]
    )
    assert "3 more rows are not shown; twostage plan --json has every training." in " ".join(text.split())
    assert text.count("72/24/24") == 100
    assert "206 trainings." in text
