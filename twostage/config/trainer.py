"""On what the stages train: devices, processes, arithmetic."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from twostage.config.base import Count, Positive, Section


class TrainerConfig(Section):
    """On what, and how precisely, both stages train."""

    accelerator: Literal["auto", "cpu", "gpu", "mps"] = Field("auto", description="Kind of device.")
    devices: Count = Field(
        1, description="Devices of each training on a node, each with a process and batches of its own."
    )
    nodes: Count = Field(1, description="Machines that train each stage together, each with this number of devices.")
    strategy: Literal["auto", "ddp", "fsdp"] = Field(
        "auto",
        description="How several devices share a training: ddp has the weights on each of them, fsdp a piece on each; "
        "auto is ddp.",
    )
    precision: Literal["32-true", "bf16-mixed", "16-mixed", "mixed"] = Field(
        "32-true",
        description="Arithmetic of the training; mixed takes bf16-mixed where the device offers it, else 16-mixed.",
    )
    gradient_clip: Positive | None = Field(None, description="Largest norm of the gradient; null does not clip.")
    accumulate_batches: Count = Field(1, description="Batches per optimiser step.")
    deterministic: bool = Field(default=True, description="Use only operations that give the same bits each time.")

    @property
    def processes(self) -> int:
        """How many processes train a stage together, on all nodes."""
        return self.devices * self.nodes

    @property
    def in_pieces(self) -> bool:
        """Whether each process has a piece of the weights alone."""
        return self.strategy == "fsdp"

    @model_validator(mode="after")
    def _one_metal_device(self) -> Self:
        if self.accelerator == "mps" and self.processes > 1:
            key = "devices" if self.devices > 1 else "nodes"
            raise ValueError(f"{key} is {self.processes}, but a machine has one device of the kind mps")
        return self

    @model_validator(mode="after")
    def _something_to_share(self) -> Self:
        if self.strategy != "auto" and self.processes == 1:
            raise ValueError(
                f"strategy has no effect with a single device: leave {self.strategy} out, or write devices or nodes"
            )
        if self.in_pieces and self.precision == "16-mixed":
            raise ValueError(
                "strategy fsdp is not offered with precision 16-mixed, whose scale of the loss all devices would have "
                "to share; write bf16-mixed or 32-true"
            )
        return self

    @model_validator(mode="after")
    def _half_precision_of_a_processor(self) -> Self:
        if self.accelerator == "cpu" and self.precision == "16-mixed":
            raise ValueError("precision 16-mixed is not to be had with accelerator cpu; write bf16-mixed, or mixed")
        return self
