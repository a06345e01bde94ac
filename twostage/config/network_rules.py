"""What a complete network asks of the other parts of a document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from twostage.config.model import ISFMFlow
from twostage.config.stage_1.plugins import Flow
from twostage.config.stage_2.fewshot import FewshotConfig

if TYPE_CHECKING:
    from twostage.config.document import TwoStageConfig


def network_misfit(config: TwoStageConfig) -> str | None:
    """Say which key has no meaning beside a complete network, and why; or None."""
    return None if config.model.complete is None else next(_reasons(config), None)


def _reasons(config: TwoStageConfig) -> Iterator[str]:
    kind = config.model.network.kind
    if getattr(config.stage_1, "backbones", None) is not None:
        yield f"stage_1.backbones has no effect beside network {kind}, which has no backbone to choose; leave it out"
    if isinstance(config.model.network, ISFMFlow) and isinstance(flow := getattr(config.stage_1, "params", None), Flow):
        for name in ("hidden", "frequencies"):
            if getattr(flow, name) != getattr(Flow(), name):
                yield f"stage_1.params.{name} has no effect beside network {kind}, which has a last layer of its own"
    elif getattr(config.stage_1, "needs_patches", False):
        yield (
            f"stage_1 restores patches, but network {kind} reads whole windows and cuts none; choose another "
            "pretrain_mode, or an embedding and a backbone in the place of the network"
        )
    yield from _idle_parts(config.stage_2, kind)


def _idle_parts(stage_2: object, kind: str) -> Iterator[str]:
    """A complete network is one part, which goes by the name of the backbone."""
    frozen, multiples = getattr(stage_2, "freeze", None), getattr(stage_2, "lr_multipliers", None)
    all_of_it = f"beside network {kind}, all of which goes by the name of the backbone"
    if frozen is not None and frozen.embedding and not frozen.backbone:
        yield f"stage_2.freeze.embedding has no effect {all_of_it}; write freeze.backbone: true"
    if multiples is not None and multiples.embedding != 1.0:
        yield f"stage_2.lr_multipliers.embedding has no effect {all_of_it}; write lr_multipliers.backbone"
    if getattr(getattr(stage_2, "unfreeze", None), "embedding", None) is not None:
        yield f"stage_2.unfreeze.embedding has no effect {all_of_it}; write unfreeze.backbone"
    if isinstance(stage_2, FewshotConfig) and stage_2.trains and stage_2.freeze.backbone:
        yield (
            f"stage_2.freeze.backbone keeps all of network {kind}, so that no episode would train it; write "
            "freeze.embedding: true as well, which says that nothing trains"
        )
