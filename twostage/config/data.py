"""Data: source, windows, normalisation, split and batches."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from twostage.config.band import Band
from twostage.config.base import Count, Ids, Section
from twostage.config.source import Source, SyntheticSource
from twostage.config.splits import BearingSplit, Split
from twostage.config.windows import EvenlySpaced, Windows


class DataConfig(Section):
    """What both stages read, and how."""

    source: Source = Field(default_factory=SyntheticSource, description="Where recordings come from.")
    band: Band | None = Field(
        None,
        description="One sampling rate and band for all recordings that share an encoder; null asks that they are "
        "sampled alike.",
    )
    channels: Ids | None = Field(None, description="Channels to use, counted from 0; null takes all of them.")
    window: Windows = Field(default_factory=EvenlySpaced, description="Where windows lie inside a recording.")
    normalize: Literal["standardize", "minmax", "none"] = Field(
        "standardize", description="Scaling of each window and channel; amplitude alone can give a class away."
    )
    noise_snr: float | None = Field(
        None,
        description="White noise on every window of every part after scaling, at this signal-to-noise ratio in dB; "
        "the same window always has the same noise; null adds none.",
    )
    split: Split = Field(default_factory=BearingSplit, description="What training, validation and test may not share.")
    batch_size: Count = Field(64, description="Windows per batch.")
    workers: int = Field(0, ge=0, description="Processes that load data; 0 loads in the training process.")
