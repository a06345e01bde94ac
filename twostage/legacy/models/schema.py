"""JSON Schemas of the old shapes, for editors and other tools. They are open: unknown keys are allowed."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel

from twostage.config.schema import DIALECT
from twostage.legacy.models.documents import SHAPES, PairDocument

MODELS: dict[str, type[BaseModel]] = {"pair": PairDocument, **{str(shape): model for shape, model in SHAPES.items()}}


def legacy_schema(shape: str) -> dict[str, Any]:
    """The schema of one shape."""
    body = MODELS[shape].model_json_schema()
    title = f"old document of shape {shape}"
    return {"$schema": DIALECT, "$id": f"urn:twostage:legacy:{shape}", **body, "title": title}


def legacy_schema_text(shape: str) -> str:
    """The schema as the text that is checked in."""
    return json.dumps(legacy_schema(shape), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def legacy_schema_file(shape: str) -> str:
    """Its file name."""
    return f"legacy-{shape}.schema.json"
