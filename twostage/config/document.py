"""The whole document."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, Strict, model_validator

from twostage.config.base import Count, Positive, Section
from twostage.config.data import DataConfig
from twostage.config.model import ModelConfig
from twostage.config.stage_1 import Stage1Config
from twostage.config.stage_2 import Stage2Config

Seeds = Annotated[tuple[Annotated[int, Field(ge=0, lt=2**32)], ...], Strict(strict=False)]


class TrainerConfig(Section):
    """On what, and how precisely, both stages train."""

    accelerator: Literal["auto", "cpu", "gpu", "mps"] = Field("auto", description="Kind of device.")
    devices: Count = Field(1, description="Devices per training.")
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = Field(
        "32-true", description="Arithmetic of the training."
    )
    gradient_clip: Positive | None = Field(None, description="Largest norm of the gradient; null does not clip.")
    accumulate_batches: Count = Field(1, description="Batches per optimiser step.")
    deterministic: bool = Field(default=True, description="Use only operations that give the same bits each time.")


class OutputConfig(Section):
    """Where results go."""

    root: str = Field("save", description="Folder of all runs. Relative paths start at the working folder.")


class TwoStageConfig(Section):
    """A two-stage run: pretrain on many machines, adapt to the one that matters. Either stage may be left out."""

    version: Literal[1] = Field(1, description="Version of the document's format.")
    name: str = Field("twostage", description="Name of the run, for people.", min_length=1)
    seeds: Seeds = Field((0,), description="One repeat of the whole run for each seed.", min_length=1)
    data: DataConfig = Field(default_factory=DataConfig, description="Recordings, windows, split and batches.")
    model: ModelConfig = Field(default_factory=ModelConfig, description="The encoder that both stages share.")
    stage_1: Stage1Config | None = Field(None, description="Pretraining; null leaves it out.")
    stage_2: Stage2Config | None = Field(None, description="Adaptation; null leaves it out.")
    trainer: TrainerConfig = Field(default_factory=TrainerConfig, description="Devices and precision.")
    output: OutputConfig = Field(default_factory=OutputConfig, description="Where results go.")

    @model_validator(mode="after")
    def _something_to_do(self) -> Self:
        if self.stage_1 is None and self.stage_2 is None:
            raise ValueError("a document needs stage_1, stage_2 or both")
        return self

    @model_validator(mode="after")
    def _distinct_seeds(self) -> Self:
        if len(set(self.seeds)) != len(self.seeds):
            raise ValueError("seeds names one seed twice")
        return self

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if self.stage_1 is not None and self.stage_2 is not None and self.stage_2.init is not None:
            raise ValueError("stage_2.init has no effect beside stage_1: leave one of them out")
        return self
