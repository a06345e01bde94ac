"""Pretraining by a plugin: one that is built in, or a class of the user's."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self, cast

from pydantic import (
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    JsonValue,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    WrapValidator,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, InitErrorDetails

from twostage.config.model.heads import ClassificationHead
from twostage.config.stage_1.base import Pretraining
from twostage.config.stage_1.logged import Logged
from twostage.config.stage_1.plugins import PLUGINS, ClassificationPrediction, Flow, Plugin, Supervised
from twostage.config.stage_1.reconstruction import Mask

BuiltIn = Literal["supervised", "classification_prediction", "flow"]
Imported = Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$")]

_PLAIN = TypeAdapter(dict[str, JsonValue])


def _by_target(value: Any, handler: Any, info: ValidationInfo) -> Any:
    """Parameters of a built-in plugin are its section; those of a class that is imported later stay a mapping."""
    del handler  # it would take the first section that fits
    target = info.data.get("target")
    plugin = PLUGINS.get(target) if isinstance(target, str) else None
    if target is None or (plugin is not None and isinstance(value, plugin)):
        return value
    if plugin is None:
        return _PLAIN.validate_python(value)
    try:
        return plugin.model_validate(value)
    except ValidationError as error:
        # With the variant in the path, as pydantic has it for a union: so the reader of errors finds its keys.
        found = [{**each, "loc": (target, *each["loc"])} for each in error.errors(include_url=False)]
        raise ValidationError.from_exception_data(error.title, cast("list[InitErrorDetails]", found)) from error


class _ByTarget:
    """Tells the JSON Schema that ``target``, which stands beside the parameters, chooses their variant."""

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        sections = [each for each in handler(schema)["anyOf"] if "$ref" in each]
        mapping = {name: each["$ref"] for name, each in zip(PLUGINS, sections, strict=True)}
        return {
            "anyOf": [
                {"type": "object"},
                {"oneOf": sections, "discriminator": {"propertyName": "target", "mapping": mapping}},
            ]
        }


def _conditions(schema: JsonSchemaValue) -> None:
    """Say in the JSON Schema which parameters each built-in plugin has."""
    params = schema["properties"]["params"]
    params.pop("default", None)  # it differs from plugin to plugin
    schema["allOf"] = [
        {
            "if": {"properties": {"target": {"const": target}}, "required": ["target"]},
            "then": {"properties": {"params": {"$ref": reference}}},
        }
        for target, reference in params["anyOf"][1]["discriminator"]["mapping"].items()
    ]


class CustomConfig(Pretraining):
    """Pretrain with a plugin: a built-in one by its name, or a class of yours, which is imported with consent only."""

    model_config = ConfigDict(json_schema_extra=_conditions)

    implementation: ClassVar[str] = "twostage.objectives.pretrain.custom:custom"

    pretrain_mode: Literal["custom"] = "custom"
    target: BuiltIn | Imported = Field(
        description="Name of a built-in plugin, or package.module:Class, which needs --allow-custom."
    )
    params: Annotated[
        Supervised | ClassificationPrediction | Flow | dict[str, Any], WrapValidator(_by_target), _ByTarget
    ] = Field(default_factory=dict, description="Parameters of the plugin.", validate_default=True)
    unlabelled: Literal["error", "exclude"] = Field(
        "error", description="Where the plugin reads labels: what to do with recordings that have none."
    )

    @property
    def imports(self) -> bool:
        """Whether the target is a class that has to be imported, so that consent is needed."""
        return self.target not in PLUGINS

    @property
    def reads_labels(self) -> bool:
        """Whether the built-in plugin is supervised; a class that is imported says so itself."""
        return isinstance(self.params, Plugin) and self.params.reads_labels

    @property
    def logs(self) -> Logged | None:
        """What the built-in plugin logs; a class that is imported says so itself."""
        return self.params.logs if isinstance(self.params, Plugin) else None

    @property
    def needs_patches(self) -> bool:
        """Whether the built-in plugin restores patches."""
        return isinstance(self.params, Plugin) and self.params.needs_patches

    @property
    def hides(self) -> Mask | None:
        """What the built-in plugin hides."""
        return self.params.mask if isinstance(self.params, ClassificationPrediction) else None

    @property
    def head(self) -> ClassificationHead | None:
        """The classification head of the built-in plugin."""
        return self.params.head if isinstance(self.params, Supervised) else None

    @model_validator(mode="after")
    def _labels_that_nobody_reads(self) -> Self:
        if self.unlabelled == "exclude" and not (self.imports or self.reads_labels):
            raise ValueError(f"unlabelled has no effect, because {self.target} reads no label")
        return self
