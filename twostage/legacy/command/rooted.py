"""Another data folder in a converted document: paths of one machine are of no use on the next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twostage.legacy.convert import Conversion
from twostage.legacy.core.mounts import Key

FOLDER, TABLE = ("data", "data_dir"), ("data", "metadata_file")


def rooted(conversion: Conversion, root: str | None) -> dict[str, Any]:
    """The document with ``root`` as data folder; nothing is refused for want of one, or because two differ."""
    document = conversion.document
    if root is None:
        return document
    data = dict(document.get("data", {}))
    written = {"kind": "phm_vibench", **_table(conversion), **data.get("source", {})}
    data["source"] = {**written, "root": root}
    changed = {**document, "data": data}
    if "legacy" in document:
        changed["legacy"] = _without_folder(document["legacy"])
    return changed


def refused(conversion: Conversion, root: str | None) -> dict[str, str]:
    """What is refused once the folder is known."""
    return {key: why for key, why in conversion.refused.items() if root is None or key != ".".join(FOLDER)}


def is_folder(key: Key | None, root: str | None) -> bool:
    """Whether a key is the one that ``root`` takes the place of."""
    return root is not None and key == FOLDER


def _table(conversion: Conversion) -> dict[str, Any]:
    """The name of the metadata table, which a file without a folder keeps to itself."""
    named = (leaf.value for leaf in conversion.leaves if leaf.key == TABLE)
    return next(({"metadata": value} for value in named if isinstance(value, str) and value), {})


def _without_folder(carrier: Mapping[str, Any]) -> dict[str, Any]:
    left = [each for each in carrier.get("refused", ()) if each["key"] != ".".join(FOLDER)]
    return {key: left if key == "refused" else value for key, value in carrier.items() if key != "refused" or left}
