"""Progress shows stage, epoch and loss; on a terminal also the time left."""

from __future__ import annotations

import dataclasses
from io import StringIO
from types import SimpleNamespace

import pytest
from rich.console import Console
from rich.text import Text

from twostage.cli.preview import preview_view
from twostage.cli.progress import LiveProgress, PlainProgress, progress_on
from twostage.config.document import TwoStageConfig
from twostage.data.recordings import Notice
from twostage.engine.planning.plan import make_plan
from twostage.engine.planning.preview import StagePreview

PLAN = make_plan(
    TwoStageConfig.model_validate(
        {
            "stage_1": {"pretrain_mode": "contrastive"},
            "stage_2": {"adapt_mode": "finetune", "targets": [{"system": 3}], "control": "from_scratch"},
        }
    )
)
NAMES = ["stage_1/seed-0", "stage_2/seed-0/system-3/pretrained", "stage_2/seed-0/system-3/from_scratch"]


@pytest.fixture
def console():
    return lambda **options: Console(file=StringIO(), width=100, **options)


def play(progress, epochs=2):
    """The events of a run whose stages end after their first epoch."""
    with progress:
        progress.run_started(PLAN)
        for stage in PLAN.stages:
            progress.stage_started(stage, epochs=epochs, batches=4)
            progress.batch_done(stage, epoch=1, batch=2, loss=0.75)
            progress.epoch_done(stage, epoch=1, metrics={"train/loss": 0.5, "validation/loss": 0.25, "other": 9.0})
            progress.stage_finished(SimpleNamespace(name=stage.name, seconds=1.25, best_epoch=1))


def test_a_pipe_gets_lines_and_a_terminal_gets_bars(console):
    assert isinstance(progress_on(console()), PlainProgress)
    assert isinstance(progress_on(console(force_terminal=True)), LiveProgress)


def test_a_log_of_many_stages_names_some_of_them(console):
    screen = console()
    many = dataclasses.replace(PLAN, stages=PLAN.stages * 400)
    PlainProgress(screen).run_started(many)
    (line,) = screen.file.getvalue().splitlines()
    assert line.startswith(f"1,200 stages: {', '.join(NAMES)}, ")
    assert line.endswith(f"{NAMES[0]} and 1,190 more")


def test_plain_progress_is_one_line_per_event(console):
    screen = console()
    play(PlainProgress(screen))
    lines = screen.file.getvalue().splitlines()
    assert lines[0] == f"3 stages: {', '.join(NAMES)}"
    for number, name in enumerate(NAMES):
        assert lines[1 + 3 * number : 4 + 3 * number] == [
            f"{name}: 2 epochs of 4 batches",
            f"{name}: epoch 1/2 train/loss 0.5000 validation/loss 0.2500",
            f"{name}: done in 1.2 s, best epoch 1",
        ]
    assert "\x1b" not in screen.file.getvalue()


@pytest.mark.parametrize("width", [80, 100])
def test_live_progress_shows_stage_epoch_loss_and_time_left(width):
    screen = Console(file=StringIO(), width=width, force_terminal=True)
    play(LiveProgress(screen), epochs=200)
    shown = Text.from_ansi(screen.file.getvalue()).plain
    for words in (*NAMES, "epoch 1/200", "loss 0.7500", "00:00 left"):
        assert words in shown
    assert "…" not in shown


def test_the_bar_of_a_stage_follows_its_batches(console):
    progress = LiveProgress(console(force_terminal=True))
    stage = PLAN.stages[0]
    with progress:
        assert [task.description for task in progress._progress.tasks] == ["reading recordings"]
        progress.run_started(PLAN)
        progress.stage_started(stage, epochs=2, batches=4)
        (task,) = progress._progress.tasks
        progress.batch_done(stage, epoch=2, batch=2, loss=0.5)
        assert (task.completed, task.total) == (6, 8)
        progress.stage_finished(SimpleNamespace(name=stage.name))
        assert task.finished


def test_all_running_stages_have_a_bar_and_those_that_are_over_are_counted(console):
    """However many there are, the table stays as long as a screen."""
    screen = console(force_terminal=True)
    progress = LiveProgress(screen)
    stages = [SimpleNamespace(name=f"stage {number}") for number in range(20)]
    with progress:
        progress.run_started(SimpleNamespace(stages=stages))
        progress.stage_finished(SimpleNamespace(name="stage 0"))  # done in an earlier run
        for first, second in zip(stages[1::2], stages[2::2], strict=False):
            for stage in (first, second):
                progress.stage_started(stage, epochs=2, batches=4)
            progress.batch_done(first, epoch=1, batch=2, loss=0.5)
            progress.batch_done(second, epoch=2, batch=4, loss=0.25)
            bars = {task.description: task.completed for task in progress._progress.tasks}
            assert (bars[first.name], bars[second.name]) == (2, 8)
            progress.stage_finished(SimpleNamespace(name=first.name))
            progress.stage_failed(SimpleNamespace(name=second.name, message="because"))
        names = [task.description for task in progress._progress.tasks]
    assert "10 of 20 done, 9 failed" in names
    assert len(names) == 7
    assert "failed: stage 2: because" in Text.from_ansi(screen.file.getvalue()).plain


def test_a_dry_run_fits_80_columns_even_with_large_numbers():
    screen = Console(file=StringIO(), width=80)
    stage = StagePreview(
        name="stage_2/seed-100/systems-13-19/from_scratch",
        systems=(1, 2, 5, 6, 13, 19),
        recordings=12_345,
        windows=(1_234_567, 123_456, 123_456),
        parameters=12_345_678,
        trained=1_234_567,
        epochs=1_000,
        notices=(Notice("some-code", "see [data]"),) * 2,
    )
    screen.print(preview_view([stage, stage]))
    text = screen.file.getvalue()
    assert "…" not in text
    for words in ("12,345", "1,234,567", "12,345,678", "1,000", "Note [some-code]: see [data]", "trained or written"):
        assert words in text
    assert text.count("some-code") == 1
