"""Writing a network of a run to a file that has been checked: it answers recorded windows as the run's network does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from twostage.engine.export.formats import WRITERS, Answer, Form
from twostage.engine.export.trained import Part, Trained, trained
from twostage.errors import OutputError

ABSOLUTE, RELATIVE = 1e-5, 1e-4


@dataclass(frozen=True)
class ExportReport:
    """The file, its contract, and the largest difference between its answers and those of the run's network."""

    file: Path
    form: Form
    contract: Mapping[str, Any]
    largest_difference: float


def export_run(
    run: Path,
    output: Path,
    *,
    stage: str | None = None,
    form: Form = "safetensors",
    part: Part | None = None,
    replace: bool = False,
) -> ExportReport:
    """Write the network of a stage. Raises OutputError, and writes nothing, where the file would answer differently.

    The recordings of the run must be there: the check needs windows of them.
    """
    if output.exists() and not replace:
        raise OutputError(f"{output} exists already; --force replaces it")
    return write_checked(trained(run, stage, part), output, form)


def write_checked(model: Trained, output: Path, form: Form) -> ExportReport:
    """Write a network that is in memory, as ``export_run`` does. Raises OutputError, and then writes nothing."""
    aside = output.with_name(f".{output.name}.partial")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with torch.no_grad():
            answer = WRITERS[form](model, aside)
            difference = max(_difference(model, answer, count, form) for count in (len(model.inputs[0]), 1))
        aside.replace(output)
    except OSError as error:
        raise OutputError(f"{output} cannot be written: {error.strerror}") from error
    finally:
        aside.unlink(missing_ok=True)
    return ExportReport(output, form, model.contract, difference)


def _difference(model: Trained, answer: Answer, count: int, form: Form) -> float:
    """The largest difference over the first ``count`` windows, which the run's network is asked anew."""
    inputs = tuple(tensor[:count] for tensor in model.inputs)
    expected = model.module(*inputs)
    expected = expected if isinstance(expected, tuple) else (expected,)
    given = answer(*inputs)
    worst = 0.0
    for name, ours, theirs in zip(model.outputs, expected, given, strict=True):
        difference = _apart(ours, theirs)
        largest = float(ours[ours.isfinite()].abs().max()) if ours.isfinite().any() else 0.0
        if not difference <= ABSOLUTE + RELATIVE * largest:
            others = " or ".join(each for each in WRITERS if each != form)
            raise OutputError(
                f"as {form} the network answers differently: {name} of {count} recorded window(s) is off by "
                f"{difference:g}, where it is {largest:g} at most; nothing was written. A part of it depends on values "
                f"in a way that {form} does not keep; write {others}"
            )
        worst = max(worst, difference)
    return worst


def _apart(ours: Tensor, theirs: Tensor) -> float:
    """The largest absolute difference; infinite where one is no number, or infinite, and the other is not the same."""
    same = (ours == theirs) | (ours.isnan() & theirs.isnan()) if ours.shape == theirs.shape else None
    if same is None or not (same | (ours.isfinite() & theirs.isfinite())).all():
        return float("inf")
    return float(torch.where(same, 0.0, ours - theirs).abs().max()) if ours.numel() else 0.0
