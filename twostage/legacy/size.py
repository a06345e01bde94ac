"""Old models that are larger than a document allows, as far as that is known without building them.

Only a TimesNet grows beyond the limit by sizes that old files have: its kernels go over every pair of features.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from twostage.config.model import ModelConfig, TimesNet
from twostage.legacy.core.forward import Draft, Source
from twostage.legacy.core.rule import get


def tell_size(draft: Draft, source: Source) -> None:
    """Tell the number of weights where a run would be refused for it."""
    limit = int(ModelConfig.model_fields["max_parameters"].default)
    for key, section in _sections(draft.body):
        total = _parameters(section, get(draft.body, "model.embedding")[1])
        if total > limit:
            draft.remark(
                "too-large",
                draft.origin(key, source.leaves),
                f"this TimesNet has {total:,} weights, and a run refuses a network of more than {limit:,}; raise "
                "model.max_parameters, or make model.backbone.feedforward or model.embedding.dim smaller",
            )


def _sections(body: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "model.backbone", get(body, "model.backbone")[1]
    for section in get(body, "stage_1.backbones")[1] or ():
        yield "stage_1.backbones", section


def _parameters(section: Any, embedding: Any) -> int:
    """The weights of a backbone; 0 of all but a TimesNet."""
    if not isinstance(section, Mapping) or section.get("kind") != "timesnet":
        return 0
    try:
        dim = ModelConfig.model_validate({"embedding": embedding} if embedding else {}).dim
        return TimesNet.model_validate(section).parameters(dim)
    except ValidationError:  # what does not fit together is told elsewhere
        return 0
