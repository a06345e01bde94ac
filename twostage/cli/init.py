"""``twostage init``: a commented document to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def init(
    *,
    preset: Annotated[str, typer.Argument(metavar="[PRESET]", help="Which starting document.")] = "default",
    file: Annotated[Path, typer.Argument(metavar="[FILE]", help="Where it goes.")] = Path("twostage.yaml"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Write a commented document to start from."""
    from twostage.config.presets import preset_text
    from twostage.errors import OutputError

    text = preset_text(preset)
    try:
        with file.open("w" if force else "x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError:
        raise OutputError(f"{file} exists already; --force overwrites it") from None
    except OSError as error:
        raise OutputError(f"{file} cannot be written: {error.strerror}") from error
    typer.echo(f"wrote {file} from the preset {preset}")
    typer.echo(f"  check it:              twostage validate {file}")
    typer.echo(f"  help in your editor:   twostage schema --output {file.parent}")
    typer.echo(f"  run it:                twostage run {file}")
