"""``twostage import-checkpoint``: weights of the old project become a checkpoint that stage 2 starts from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer


def import_checkpoint(
    *,
    old: Annotated[Path, typer.Argument(metavar="OLD.ckpt", help="A Lightning checkpoint, or a bare state dict.")],
    config: Annotated[
        Path, typer.Option("--config", metavar="FILE", help="The document that it was trained with, old or new.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="NEW", help="The safetensors file to write.")],
    override: Annotated[
        list[str] | None,
        typer.Option("--override", metavar="KEY=VALUE", help="Set one key of the document, such as a size."),
    ] = None,
    part: Annotated[
        Literal["encoder", "model"], typer.Option(help="The encoder alone, or with the heads of the document's tasks.")
    ] = "model",
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the fate of every tensor as JSON.")] = False,
) -> None:
    """Read a checkpoint of PHM-Vibench without running anything of it, and write it for stage_2.init.checkpoint."""
    from twostage.config.load import load_document

    document = load_document(config, overrides=override or ())
    from twostage.engine.importing.checkpoint import (  # after mistakes in the document were told
        import_weights,
        summary_lines,
    )

    report = import_weights(old, document.config, output, part=part, replace=force)
    if as_json:
        typer.echo(json.dumps(report.as_json(), indent=2))
        return
    for each in report.tensors:
        shape = f"({', '.join(map(str, each.shape))})"
        typer.echo(f"  {each.name} {shape} -> {each.ours}" if each.ours else f"  {each.name} {shape}: {each.reason}")
    for line in summary_lines(report):
        typer.echo(line)
    heads = ", heads: loaded" if any((each.ours or "").startswith("head.") for each in report.tensors) else ""
    init = f"{{checkpoint: {output}{heads}}}"
    typer.echo(f"wrote {output} and {output.name}.json; to adapt from it: stage_2: {{init: {init}}}")
