"""``twostage export``: a trained network as a file for other programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer


def export(
    *,
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.")],
    stage: Annotated[
        str | None,
        typer.Argument(metavar="[STAGE]", help="Which network, such as stage_1/seed-0; without it the only one."),
    ] = None,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The file to write.")],
    form: Annotated[
        Literal["safetensors", "onnx", "torchscript"], typer.Option("--format", help="What kind of file.")
    ] = "safetensors",
    part: Annotated[
        Literal["encoder", "model"] | None,
        typer.Option(help="The encoder alone, or with its head; an adaptation is a model, a pretraining an encoder."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the contract of the file as JSON.")] = False,
) -> None:
    """Write a network with its input contract; first check that the file answers as the run's network does."""
    from twostage.engine.export.export import export_run

    report = export_run(run, output, stage=stage, form=form, part=part, replace=force)
    contract = report.contract
    if as_json:
        typer.echo(json.dumps(dict(contract) | {"largest_difference": report.largest_difference}, indent=2))
        return
    typer.echo(f"wrote {output}: {contract['part']} of {contract['stage']} as {form}")
    for each in contract["inputs"]:
        typer.echo(f"  input {each['name']} {each['type']}{each['shape']}: {each['meaning']}")
    for each in contract["outputs"]:
        typer.echo(f"  output {each['name']} {each['shape']}")
    rates = ", ".join(f"{rate:g}" for rate in contract["sampling_rates"])
    typer.echo(f"  windows of {contract['window_length']} samples, normalize {contract['normalize']}, at {rates} Hz")
    for note in contract["notes"]:
        typer.echo(f"  note: {note}")
    checked = contract["checked_on"]
    typer.echo(
        f"checked on {checked['windows']} recorded windows ({checked['part']}): the largest difference is "
        f"{report.largest_difference:.2g}"
    )
