"""What cannot learn where the encoder gives one token for a window: parts that compare tokens with each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from twostage.config.fan_out import backbones_of
from twostage.config.head_rules import heads_below
from twostage.config.model import VIBT, DistanceHead, DLinear

if TYPE_CHECKING:
    from twostage.config.document import TwoStageConfig


def lonely_token(config: TwoStageConfig) -> str | None:
    """Say which part of the document would stand still, and what to write in its place; or None."""
    return next(_reasons(config), None)


def _reasons(config: TwoStageConfig) -> Iterator[str]:
    model = config.model
    if model.complete is None and model.patches == 1:
        for _, backbone in backbones_of(config):
            if isinstance(backbone, DLinear | VIBT):
                yield (
                    f"backbone {backbone.kind} mixes tokens, but model.embedding.patches is 1, so that a part of it "
                    "would never learn; write at least 2 patches, or another backbone"
                )
    for name, stage in (("stage_1", config.stage_1), ("stage_2", config.stage_2)):
        trunk = getattr(stage, "trunk", None)
        if trunk is None and model.patches > 1:
            continue
        for key, head in heads_below(name, stage):
            if isinstance(head, DistanceHead):
                given = f"{name}.trunk" if trunk is not None else f"network {model.network.kind}"
                source = "model.embedding.patches: 1" if trunk is None and model.complete is None else given
                yield (
                    f"{key}: a distance head looks at several tokens, but {source} gives it one, so that a part of it "
                    "would never learn; write head kind linear or perceptron"
                )
