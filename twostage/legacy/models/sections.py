"""The five sections of the old project.

They are open: users wrote hundreds of keys that no code ever read, and every key has to come back. What is named here
are the keys that rules read; several have more than one form.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

Number = float | int | str  # the old loader read 5e-4 as text
Switch = bool | dict[str, Any] | None
Numbers = Number | list[Any] | None  # one, or a list where the quantity repeats
Words = list[str] | str | dict[str, Any] | None


class OldSection(BaseModel):
    """A section with keys of its own; unknown ones stay."""

    model_config = ConfigDict(extra="allow")


class Environment(OldSection):
    """Seeds, folders, loggers; upper-case keys were exported to the environment."""

    project: str | None = Field(None, description="Name of the project.")
    seed: Numbers = Field(None, description="Seed of the first repeat.")
    iterations: Numbers = Field(None, description="Number of repeats.")
    seed_list: Numbers = Field(None, description="Seeds, one repeat each.")
    output_dir: str | None = Field(None, description="Folder of the results.")


class Data(OldSection):
    """Files, windows, shares."""

    data_dir: str | None = Field(None, description="Folder of the recordings.")
    metadata_file: str | None = Field(None, description="Metadata table in that folder.")
    batch_size: Numbers = Field(None, description="Windows per batch.")
    num_workers: Number | None = Field(None, description="Processes that load.")
    window_size: Numbers = Field(None, description="Samples per window.")
    stride: Number | None = Field(None, description="Samples between sequential windows.")
    num_window: Number | None = Field(None, description="Windows per recording.")
    window_sampling_strategy: str | None = Field(None, description="evenly_spaced, sequential or random.")
    normalization: bool | str | None = Field(None, description="standardization, minmax or none.")
    train_ratio: Number | None = Field(None, description="Share for training.")
    val_ratio: Number | None = Field(None, description="Share for validation; never read.")
    test_ratio: Number | None = Field(None, description="Share for the test; never read.")


class Model(OldSection):
    """Family, parts and sizes."""

    name: str | None = Field(None, description="Family, such as M_01_ISFM.")
    type: str | None = Field(None, description="Module of the family.")
    embedding: str | None = Field(None, description="Embedding, such as E_01_HSE.")
    backbone: str | None = Field(None, description="Backbone, such as B_08_PatchTST.")
    task_head: str | None = Field(None, description="Head, such as H_01_Linear_cla.")
    weights_path: str | bool | None = Field(None, description="Checkpoint to start from.")


class Task(OldSection):
    """What is learnt, from which systems, and how it is optimised."""

    name: str | None = Field(None, description="Task module.")
    type: str | None = Field(None, description="Family of the task: DG, CDDG, FS, GFS, pretrain, In_distribution.")
    target_system_id: Numbers = Field(None, description="Systems.")
    target_domain_num: Number | None = Field(None, description="Number of last domains that are tested.")
    lr: Number | None = Field(None, description="Learning rate.")
    weight_decay: Number | None = Field(None, description="Weight decay.")
    optimizer: str | dict[str, Any] | None = Field(None, description="Optimiser.")
    scheduler: bool | str | dict[str, Any] | None = Field(None, description="Schedule, in one of three forms.")
    metrics: Words = Field(None, description="Metrics.")


class Trainer(OldSection):
    """Epochs, devices, selection."""

    name: str | None = Field(None, description="Trainer; every name meant the same one.")
    num_epochs: Number | None = Field(None, description="Epochs.")
    max_epochs: Number | None = Field(None, description="Epochs where num_epochs is not written.")
    monitor: str | None = Field(None, description="Metric that selects the checkpoint.")
    early_stopping: Switch = Field(None, description="Whether training ends early.")
    patience: Number | None = Field(None, description="Epochs without improvement.")
    gpus: Numbers = Field(None, description="Number of devices, or their numbers.")
    device: str | None = Field(None, description="cpu, or anything else for whatever there is.")
    precision: Number | None = Field(None, description="Arithmetic; never read.")
