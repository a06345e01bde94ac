"""``twostage schema``: the JSON Schema of documents, for editors and other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def schema(
    *,
    output: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write twostage.schema.json into this folder.")
    ] = None,
) -> None:
    """Print the JSON Schema of documents, or write it to a folder."""
    from twostage.config.schema import SCHEMA_FILE, schema_text
    from twostage.errors import OutputError

    if output is None:
        typer.echo(schema_text(), nl=False)
        return
    try:
        output.mkdir(parents=True, exist_ok=True)
        (output / SCHEMA_FILE).write_text(schema_text(), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{output / SCHEMA_FILE} cannot be written: {error.strerror}") from error
    typer.echo(f"wrote {output / SCHEMA_FILE}")
