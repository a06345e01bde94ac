"""The JSON Schema of a document, made from the models.

It says what the models say, as far as JSON Schema can: rules that compare several keys are left to ``validate``.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from twostage.config.document import TwoStageConfig

SCHEMA_FILE = "twostage.schema.json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
BASES_SCHEMA = {
    "type": "array",
    "items": {"type": "string", "minLength": 1},
    "description": "Documents that this one builds on, found from its own folder; later ones win, and this file last.",
}


class _Generator(GenerateJsonSchema):
    """Pydantic's schema, with defaults that a factory makes, and tags required where they choose a variant."""

    schema_dialect = DIALECT

    def get_default_value(self, schema: core_schema.WithDefaultSchema) -> Any:
        """The default, also where a factory makes it."""
        factory: Any = schema.get("default_factory")
        if factory is not None and not schema.get("default_factory_takes_data"):
            return factory()
        return super().get_default_value(schema)

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> JsonSchemaValue:
        """A variant is chosen by its tag, so the tag must be written."""
        result = super().tagged_union_schema(schema)
        tag = result["discriminator"]["propertyName"]
        result["oneOf"] = [{**variant, "required": [tag]} for variant in result["oneOf"]]
        return result

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Titles that only repeat the key help nobody."""
        del schema
        return False


@cache
def document_schema() -> dict[str, Any]:
    """The schema as data; not to be changed."""
    body = TwoStageConfig.model_json_schema(schema_generator=_Generator)
    body["properties"] = {"bases": BASES_SCHEMA, **body["properties"]}
    return {"$schema": DIALECT, "$id": "urn:twostage:document:1", **body, "title": "twostage document"}


def schema_text() -> str:
    """The schema as the text that is checked in: sorted, and the same on every machine."""
    return json.dumps(document_schema(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
