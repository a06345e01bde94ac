"""One encoder for several systems, taught by their classes and by a metric loss at once.

Legend: B batch, V views of the batch's windows, L length, C channels, P patches, D features, E features of the
projection, K classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from twostage.components import build
from twostage.config.model import ModelConfig
from twostage.config.stage_1 import UnifiedMetricConfig
from twostage.data.recordings import Part
from twostage.data.windowed import Batch
from twostage.models.heads.projection import ProjectionHead
from twostage.models.network import Network
from twostage.objectives.augmentation import chain
from twostage.objectives.identity import class_of_system
from twostage.objectives.scored import Scored


class TwoHeads(nn.Module):
    """A classification head and a projection, side by side on the same tokens; dropped after stage 1."""

    def __init__(self, classifier: nn.Module, projection: nn.Module) -> None:
        super().__init__()
        self.classifier, self.projection = classifier, projection

    def forward(self, tokens_BPD: Tensor, system_B: Tensor) -> Tensor:
        """The classifier's logits (B, K)."""
        logits_BK: Tensor = self.classifier(tokens_BPD, system_B)
        return logits_BK


class UnifiedMetric(Scored):
    """Cross entropy plus a metric loss on a projection of the mean token, each with its weight.

    A weighted sum of this kind is studied by Frosst et al. 2019 ("Analyzing and Improving Representations with the Soft
    Nearest Neighbor Loss"). A weight of 0 leaves its term out altogether. In validation the windows are as they were
    recorded; where the metric needs pairs, the partner of a window is an augmentation of it.
    """

    def __init__(self, config: UnifiedMetricConfig, network: Network, *, classes: Mapping[int, int]) -> None:
        super().__init__(config, network, classes=classes)
        self.weights = {"classification": config.classification_weight, "metric": config.metric_weight}
        self.metric: nn.Module = build(config.metric)
        self.augment = chain(config.augmentations)
        self.views = 2 if config.metric_weight and config.metric.needs_pairs else 1
        self.by_window = config.metric.needs_pairs
        self.across_systems = config.positives == "class_across_systems"
        self.width = max(classes.values())
        head = network.head
        if isinstance(head, TwoHeads):  # what a weight of 0 leaves out has nothing to learn from
            head.classifier.requires_grad_(requires_grad=config.classification_weight > 0.0)
            head.projection.requires_grad_(requires_grad=config.metric_weight > 0.0)

    @staticmethod
    def head(config: UnifiedMetricConfig, model: ModelConfig, *, classes: Mapping[int, int]) -> TwoHeads:
        """The two heads that this objective needs."""
        dim = model.embedding.dim
        return TwoHeads(build(config.head, dim=dim, classes=classes), ProjectionHead(config.projection, dim=dim))

    @property
    def mixed(self) -> bool:
        """The metric loss compares classes, so that a batch must not hold a single one."""
        return True

    def logged(self) -> frozenset[str]:
        """Losses, and, where a classifier trains, its metrics."""
        scores = super().logged() if self.weights["classification"] else frozenset({"train/loss", "validation/loss"})
        parts = ("train", "validation")
        return scores | {f"{part}/{name}_loss" for part in parts for name, weight in self.weights.items() if weight}

    def loss(self, batch: Batch, part: Part) -> Tensor:
        """Weighted sum of the terms; each is also logged by its name."""
        head = self.network.head
        assert isinstance(head, TwoHeads)  # noqa: S101 - made above
        tokens_VPD = self._encode(batch, part)
        terms: dict[str, Tensor] = {}
        if self.weights["classification"]:
            logits_VK = head(tokens_VPD, batch.system_B.repeat(self.views))
            terms["classification"] = self._classification(logits_VK, batch, part)
        if self.weights["metric"]:
            terms["metric"] = self.metric(head.projection(tokens_VPD), self._identity(batch))
        named = {f"{part}/{name}_loss": term.detach() for name, term in terms.items()}
        self.log_dict(named, on_step=False, on_epoch=True, batch_size=len(batch.x_BLC), sync_dist=True)
        return torch.stack([self.weights[name] * term for name, term in terms.items()]).sum()

    def metrics(self, part: Part) -> Mapping[str, Any]:
        """Metrics of the classifier, where one trains."""
        return super().metrics(part) if self.weights["classification"] else {}

    def _encode(self, batch: Batch, part: Part) -> Tensor:
        """Tokens (V, P, D) of all views."""
        return self.network.encode(
            self._views(batch.x_BLC, part),
            batch.sample_rate_B.repeat(self.views),
            system_B=batch.system_B.repeat(self.views),
            domain_B=None if batch.domain_B is None else batch.domain_B.repeat(self.views),
        )

    def _views(self, x_BLC: Tensor, part: Part) -> Tensor:
        if part == "train":
            augmented: Tensor = self.augment(x_BLC.repeat(self.views, 1, 1))
            return augmented
        return x_BLC if self.views == 1 else torch.cat([x_BLC, self.augment(x_BLC)])

    def _classification(self, logits_VK: Tensor, batch: Batch, part: Part) -> Tensor:
        """Cross entropy of all views in training, and of the windows themselves in validation."""
        if part == "train":
            return cross_entropy(logits_VK, batch.label_B.repeat(self.views))
        logits_BK = logits_VK[: len(batch.x_BLC)]
        self.scores(part).update(logits_BK.detach(), batch.system_B, batch.label_B)
        return cross_entropy(logits_BK, batch.label_B)

    def _identity(self, batch: Batch) -> Tensor:
        """What belongs together: the views of a window, or the windows of a class."""
        if self.by_window:
            return torch.arange(len(batch.x_BLC), device=batch.x_BLC.device).repeat(self.views)
        return batch.label_B if self.across_systems else class_of_system(batch, self.width)
