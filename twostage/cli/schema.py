"""``twostage schema``: the JSON Schema of documents, for editors and other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Shape = Literal["single", "pair", "p03", "p04", "stages", "fragment"]


def schema(
    *,
    output: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the schemas of new and old documents into this folder.")
    ] = None,
    legacy: Annotated[Shape | None, typer.Option(help="The schema of an old shape instead.")] = None,
) -> None:
    """Print the JSON Schema of documents, or write all schemas to a folder."""
    from twostage.config.schema import schema_text
    from twostage.legacy.models.schema import legacy_schema_text

    if output is None:
        typer.echo(schema_text() if legacy is None else legacy_schema_text(legacy), nl=False)
        return
    for name, text in _files(legacy).items():
        _write(output, name, text)


def _files(legacy: str | None) -> dict[str, str]:
    from twostage.config.schema import SCHEMA_FILE, schema_text
    from twostage.legacy.models.schema import MODELS, legacy_schema_file, legacy_schema_text

    shapes = list(MODELS) if legacy is None else [legacy]
    old = {legacy_schema_file(shape): legacy_schema_text(shape) for shape in shapes}
    return {**({SCHEMA_FILE: schema_text()} if legacy is None else {}), **old}


def _write(folder: Path, name: str, text: str) -> None:
    from twostage.errors import OutputError

    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{folder / name} cannot be written: {error.strerror}") from error
    typer.echo(f"wrote {folder / name}")
