"""``twostage models``: what a document can name, and what each can be told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from twostage.config.catalogue import Entry

_EXAMPLE = {1: 4}  # systems and their classes, for the size of a head


def models(
    *,
    kind: Annotated[str | None, typer.Argument(metavar="[KIND]", help="Show the options of this one.")] = None,
    document: Annotated[
        Path | None,
        typer.Option("-d", "--document", metavar="FILE", help="Count parameters at the sizes of this document."),
    ] = None,
    count: Annotated[
        bool, typer.Option("--count/--no-count", help="Count parameters; without them the list is there at once.")
    ] = True,
    everything: Annotated[
        bool, typer.Option("--all", help="Also data sources, augmentations, losses and objectives.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the models with their sizes, papers and old names, or the options of one of them."""
    from twostage.cli.model_views import list_view, options_view
    from twostage.config.catalogue import entries, find

    records: list[dict[str, Any]]
    if kind is not None:
        records = [_options(entry) for entry in find(kind)]
        view = options_view
    else:
        listed = list(entries(everything=everything))
        sizes = _sizes(listed, document) if count else None
        records = [_record(entry) | ({} if sizes is None else {"parameters": sizes[entry]}) for entry in listed]
        view = list_view
    if as_json:
        typer.echo(json.dumps(records, indent=2, ensure_ascii=False))
    else:
        view(records)


def _record(entry: Entry) -> dict[str, Any]:
    return {
        "role": entry.role.name,
        "kind": entry.kind,
        "summary": entry.summary,
        "paper": entry.config.paper or None,
        "legacy": entry.config.legacy or None,
        "class": entry.config.implementation,
        "package": entry.package,
    }


def _options(entry: Entry) -> dict[str, Any]:
    from twostage.config.catalogue import options
    from twostage.legacy.rules.model_tables import BACKBONES, EMBEDDINGS

    tables = {"embedding": EMBEDDINGS, "backbone": BACKBONES}.get(entry.role.name, {})
    old = {name: [key.removeprefix("model.") for key in keys] for name, keys, _ in tables.get(entry.kind, ())}
    keys = [
        {
            "key": option.name,
            "value": option.expected,
            "required": option.required,
            "default": option.default,
            "legacy": old.get(option.name, []),
            "meaning": option.meaning,
        }
        for option in options(entry)
    ]
    return _record(entry) | {"written at": entry.role.key, "options": keys}


def _sizes(listed: list[Entry], document: Path | None) -> dict[Entry, Any]:
    """Parameters of each model; a text where it does not fit the sizes, None for what is no model."""
    from twostage.config.load import load_config
    from twostage.config.model import ModelConfig

    model = ModelConfig() if document is None else load_config(document).model
    from twostage.models.summary import count_alone  # after the document was read, which tells mistakes at once

    return {e: count_alone(e.config, model, _EXAMPLE) if e.role.is_model else None for e in listed}
