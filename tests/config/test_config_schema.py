"""The JSON Schema says what the models say."""

from __future__ import annotations

import json
from pathlib import Path

import strategies
from hypothesis import HealthCheck, assume, given, settings
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from twostage.config.checking.findings import findings
from twostage.config.checking.shapes import root_shape
from twostage.config.document import TwoStageConfig
from twostage.config.reading.merge import DISCRIMINATORS
from twostage.config.schema import SCHEMA_FILE, document_schema, schema_text
from twostage.legacy.models.schema import MODELS, legacy_schema_file, legacy_schema_text

SCHEMAS = Path(__file__).parents[2] / "schemas"
VALIDATOR = Draft202012Validator(document_schema())


def fits_models(document):
    """Whether the models take a document, rules between keys left aside: JSON Schema cannot say those."""
    try:
        TwoStageConfig.model_validate(document)
    except ValidationError as error:
        return all(finding.code == "rule" for finding in findings(error))
    return True


def test_the_checked_in_schemas_are_current():
    """If this fails: make schema."""
    texts = {SCHEMA_FILE: schema_text()} | {legacy_schema_file(shape): legacy_schema_text(shape) for shape in MODELS}
    assert {path.name: path.read_text(encoding="utf-8") for path in SCHEMAS.iterdir()} == texts


def test_the_schema_is_a_schema():
    Draft202012Validator.check_schema(document_schema())


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(strategies.perturbed_documents())
def test_schema_and_models_agree(document):
    """Schema-valid exactly when model-valid, on documents near a valid one.

    Left aside: rules between keys (sums of shares, one of two keys, low below high, distinct seeds, something to do),
    numbers written 1.0, which JSON Schema counts among the whole numbers, and ``version: true``, which pydantic
    takes for 1.
    """
    assume(document.get("version") is not True)
    assert VALIDATOR.is_valid(document) == fits_models(document), json.dumps(document)


def test_bases_are_allowed_and_typed():
    document = {"bases": ["a.yaml"], "stage_1": {"pretrain_mode": "contrastive"}}

    assert VALIDATOR.is_valid(document)
    assert not VALIDATOR.is_valid(document | {"bases": "a.yaml"})


def test_a_variant_must_be_named():
    assert not VALIDATOR.is_valid({"stage_1": {"mask": {"ratio": 0.5}}})


def test_every_key_is_described_or_chooses_a_variant():
    """Descriptions are the help in the editor."""
    bare = [
        f"{name}.{key}"
        for name, definition in document_schema()["$defs"].items()
        for key, schema in definition["properties"].items()
        if not schema.get("description") and "const" not in schema and not _described(schema)
    ]

    assert bare == []


def _described(schema):
    """A section describes itself where its key says nothing else."""
    return any("description" in each for each in root_shape().of(schema).schemas)


def test_merging_knows_every_discriminator():
    """A new kind of variant needs its key in merge.DISCRIMINATORS."""
    used = {each["propertyName"] for each in _discriminators(document_schema())}

    assert used <= set(DISCRIMINATORS)


def _discriminators(schema):
    if isinstance(schema, dict):
        if "discriminator" in schema and "mapping" in schema["discriminator"]:
            yield schema["discriminator"]
        for value in schema.values():
            yield from _discriminators(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _discriminators(value)
