"""One model for each shape of an old document, and their union by layout."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, TypeAdapter

from twostage.config.carrier import Pipeline, Reading, Shape
from twostage.config.document import TwoStageConfig
from twostage.legacy.convert import ConversionError, to_new
from twostage.legacy.detect import detect
from twostage.legacy.models.sections import Data, Environment, Model, Numbers, OldSection, Task, Trainer


class OldDocument(BaseModel):
    """A document of the old project. Unknown sections stay: nothing may be lost."""

    model_config = ConfigDict(extra="allow")
    shape: ClassVar[Shape]

    def plain(self) -> dict[str, Any]:
        """What was written, and nothing else."""
        return self.model_dump(exclude_unset=True)

    def converted(self, *, pipeline: Pipeline | None = None, reading: Reading = "meant") -> TwoStageConfig:
        """The new document. Raises ConversionError, or pydantic's ValidationError where it would not be valid."""
        document = to_new([self.plain()], pipeline=pipeline, reading=reading).document
        return TwoStageConfig.model_validate(document)


class _Sections(OldDocument):
    environment: Environment | None = Field(None, description="Seeds, folders, loggers.")
    data: Data | None = Field(None, description="Files, windows, shares.")
    model: Model | None = Field(None, description="Family, parts, sizes.")
    task: Task | None = Field(None, description="What is learnt, and how.")
    trainer: Trainer | None = Field(None, description="Epochs, devices, selection.")


class SingleDocument(_Sections):
    """One stage in one file: pipeline 01, or a half of 02, or a flat file of 04."""

    shape = "single"

    dataset: Data | None = Field(None, description="The data section of the first weeks.")
    base_configs: dict[str, str] | None = Field(None, description="Files that this one builds on.")
    pipeline: str | dict[str, Any] | None = Field(None, description="Pipeline that the file is for.")


class FragmentDocument(_Sections):
    """A part of a document: a base section, or the file of a machine."""

    shape = "fragment"


class Stage(_Sections):
    """One item of a list of stages: overrides, or whole sections."""

    shape = "fragment"

    name: str | None = Field(None, description="Name of the stage.")
    overrides: dict[str, Any] | None = Field(None, description="Keys that differ from the common sections.")
    config: dict[str, Any] | None = Field(None, description="The same; wins over overrides.")


class StagesDocument(_Sections):
    """A list of stages over common sections, or ``stage_1`` and ``stage_2`` as sections."""

    shape = "stages"

    stages: list[Stage] | None = Field(None, description="The stages; the old code ran two at most.")
    stage_1: Stage | None = Field(None, description="Pretraining.")
    stage_2: Stage | None = Field(None, description="Adaptation.")


class Block(OldSection):
    """A stage block of pipelines 03 and 04."""

    enabled: bool | None = Field(None, description="Whether the stage runs.")
    type: str | None = Field(None, description="Kind of the stage.")
    config_overrides: dict[str, Any] | None = Field(None, description="Keys that differ from the common sections.")


class PretrainingBlock(Block):
    """Pretraining of pipelines 03 and 04."""

    backbones_to_compare: list[str] | str | None = Field(None, description="One pretraining for each.")
    target_systems: Numbers = Field(None, description="Systems.")


class FinetuningBlock(Block):
    """Fine-tuning of pipelines 03 and 04."""

    individual_systems: Numbers = Field(None, description="Single-task fine-tuning, one for each.")
    multitask_system: Numbers | bool = Field(None, description="Multi-task fine-tuning.")
    finetune_targets: list[dict[str, Any]] | None = Field(None, description="One fine-tuning for each.")


class Blocks(OldSection):
    """Both stages of pipelines 03 and 04."""

    stage_1_pretraining: PretrainingBlock | None = Field(None, description="Pretraining.")
    stage_2_finetuning: FinetuningBlock | None = Field(None, description="Fine-tuning.")
    stage_1: PretrainingBlock | None = Field(None, description="Pretraining, in the ablation files.")
    stage_2: FinetuningBlock | None = Field(None, description="Fine-tuning, in the ablation files.")


class P03Document(_Sections):
    """Pipeline 03: pretraining with a comparison of backbones, then single- and multi-task fine-tuning."""

    shape = "p03"

    training: Blocks | None = Field(None, description="The stages.")
    pipeline_03: Blocks | None = Field(None, description="The stages, in the files that no pipeline ever read.")


class P04Document(_Sections):
    """Pipeline 04: unified metric learning, then one fine-tuning for each data set."""

    shape = "p04"

    training: Blocks | None = Field(None, description="The stages.")
    stage_1_pretraining: PretrainingBlock | None = Field(None, description="Pretraining.")
    stage_2_finetuning: FinetuningBlock | None = Field(None, description="Fine-tuning.")


def shape_of(written: Any) -> str | None:
    """The shape of plain data or of a document."""
    return written.shape if isinstance(written, OldDocument) else detect(written).shape


LegacyDocument = Annotated[
    Annotated[SingleDocument, Tag("single")]
    | Annotated[P03Document, Tag("p03")]
    | Annotated[P04Document, Tag("p04")]
    | Annotated[StagesDocument, Tag("stages")]
    | Annotated[FragmentDocument, Tag("fragment")],
    Discriminator(shape_of, custom_error_type="not_a_config", custom_error_message="no document of the old project"),
]
SHAPES: dict[Literal["single", "p03", "p04", "stages", "fragment"], type[OldDocument]] = {
    "single": SingleDocument,
    "p03": P03Document,
    "p04": P04Document,
    "stages": StagesDocument,
    "fragment": FragmentDocument,
}
_ADAPTER: TypeAdapter[LegacyDocument] = TypeAdapter(LegacyDocument)


class PairDocument(BaseModel):
    """The two files of pipeline 02."""

    shape: ClassVar[Shape] = "pair"

    pretraining: SingleDocument = Field(description="First file.")
    adaptation: SingleDocument = Field(description="Second file.")

    def converted(self, *, reading: Reading = "meant") -> TwoStageConfig:
        """The new document. Raises ConversionError, or pydantic's ValidationError where it would not be valid."""
        files = [self.pretraining.plain(), self.adaptation.plain()]
        return TwoStageConfig.model_validate(to_new(files, reading=reading).document)


def legacy_document(written: Any) -> OldDocument:
    """Plain data as the model of its shape. Raises pydantic's ValidationError."""
    return _ADAPTER.validate_python(written)


__all__ = ["SHAPES", "ConversionError", "LegacyDocument", "PairDocument", "legacy_document"]
