"""One encoder for several systems, taught by their classes and by a metric loss at once.

Legend: B batch, V views of the batch's windows, L length, C channels, P patches, D features, K classes.
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
from twostage.models.heads.projection import ProjectionHead, TwoHeads
from twostage.models.network import Network
from twostage.objectives.augmentation import chain
from twostage.objectives.identity import class_of_system
from twostage.objectives.pretrain.comparison import ComparisonTerm, explained
from twostage.objectives.pretrain.momentum import encoded, projected
from twostage.objectives.pretrain.prompts import PromptTerm
from twostage.objectives.scored import Scored


class UnifiedMetric(Scored):
    """Cross entropy plus a metric loss on a projection of the mean token, each with its weight.

    A weighted sum of this kind is studied by Frosst et al. 2019 ("Analyzing and Improving Representations with the Soft
    Nearest Neighbor Loss"). A weight of 0 leaves its term out altogether. In validation the windows are as they were
    recorded; where the metric needs pairs, the partner of a window is an augmentation of it. With a momentum encoder
    the trained one sees a single view of each window, and the other makes the vectors that it is compared with.
    """

    def __init__(self, config: UnifiedMetricConfig, network: Network, *, classes: Mapping[int, int]) -> None:
        super().__init__(config, network, classes=classes)
        self.weights = {"classification": config.classification_weight, "metric": config.metric_weight}
        self.weights |= {} if config.prompt is None else {"prompt": config.prompt.weight}
        self.by_window = config.metric.needs_pairs
        self.metric = ComparisonTerm(config, network, own=self.by_window, lasting=not self.by_window)
        self.prompts = None if config.prompt is None else PromptTerm(config.prompt)
        self.augment = chain(config.augmentations)
        self.views = 2 if config.metric_weight and self.by_window and not self.metric.needs_partners else 1
        self.across_systems = config.positives == "class_across_systems"
        self.width = max(classes.values())

    @staticmethod
    def head(config: UnifiedMetricConfig, model: ModelConfig, *, classes: Mapping[int, int]) -> nn.Module:
        """The two heads that this objective needs, or the one whose term has a weight."""
        projection = ProjectionHead(config.projection, dim=model.dim)
        if not config.classification_weight:
            return projection
        classifier: nn.Module = build(config.head, dim=model.dim, classes=classes)
        return TwoHeads(classifier, projection) if config.metric_weight else classifier

    @property
    def mixed(self) -> bool:
        """The metric loss compares classes, so that a batch must not hold a single one."""
        return True

    def logged(self) -> frozenset[str]:
        """Losses, and, where a classifier trains, its metrics."""
        scores = super().logged() if self.weights["classification"] else frozenset({"train/loss", "validation/loss"})
        parts = ("train", "validation")
        return scores | {f"{part}/{name}_loss" for part in parts for name, weight in self.weights.items() if weight}

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:  # noqa: ARG002 - Lightning's signature
        """Let the momentum encoder follow."""
        self.metric.begin(self.network)

    def rehearse(self, batch: Batch) -> None:
        """Whether something is there to compare."""
        if self.weights["metric"]:
            with explained(batch):
                self.metric.check(self._identity(batch.repeated(self.views)))

    def loss(self, batch: Batch, part: Part) -> Tensor:
        """Weighted sum of the terms; each is also logged by its name."""
        views = self._augmented(batch.repeated(self.views), part)
        tokens_VPD = encoded(self.network, views)
        terms: dict[str, Tensor] = {}
        if self.weights["classification"]:
            terms["classification"] = self._classification(tokens_VPD, batch, part)
        with explained(batch):
            if self.weights["metric"]:
                terms["metric"] = self._metric(tokens_VPD, views, batch, part)
            if self.prompts is not None:
                terms["prompt"] = self.prompts(self.network.embedding, batch)
        named = {f"{part}/{name}_loss": term.detach() for name, term in terms.items()}
        self.log_dict(named, on_step=False, on_epoch=True, batch_size=len(batch.x_BLC), sync_dist=True)
        return torch.stack([self.weights[name] * term for name, term in terms.items()]).sum()

    def metrics(self, part: Part) -> Mapping[str, Any]:
        """Metrics of the classifier, where one trains."""
        return super().metrics(part) if self.weights["classification"] else {}

    def _augmented(self, views: Batch, part: Part) -> Batch:
        """Augmented in training; in validation only what comes after the windows themselves."""
        if part == "train":
            return views._replace(x_BLC=self.augment(views.x_BLC))
        if self.views == 1:
            return views
        plain, other = views.halves()
        return views._replace(x_BLC=torch.cat([plain.x_BLC, self.augment(other.x_BLC)]))

    def _metric(self, tokens_VPD: Tensor, views: Batch, batch: Batch, part: Part) -> Tensor:
        """The metric loss, with partners of each window where another encoder has its say."""
        partners = None
        if self.metric.needs_partners:
            changed = part == "train" or self.by_window
            partners = batch._replace(x_BLC=self.augment(batch.x_BLC)) if changed else batch
        loss: Tensor = self.metric(
            projected(self.network, tokens_VPD), self._identity(views), partners, self.network, part
        )
        return loss

    def _classification(self, tokens_VPD: Tensor, batch: Batch, part: Part) -> Tensor:
        """Cross entropy of all views in training, and of the windows themselves in validation."""
        logits_VK: Tensor = self.network.head(tokens_VPD, batch.system_B.repeat(self.views))
        if part == "train":
            return cross_entropy(logits_VK, batch.label_B.repeat(self.views))
        logits_BK = logits_VK[: len(batch.x_BLC)]
        self.scores(part).update(logits_BK.detach(), batch.system_B, batch.label_B)
        return cross_entropy(logits_BK, batch.label_B)

    def _identity(self, views: Batch) -> Tensor:
        """What belongs together: the views of a window, or the windows of a class."""
        if self.by_window:
            count = len(views.x_BLC)
            return torch.arange(count, device=views.x_BLC.device) % (count // self.views)
        return views.label_B if self.across_systems else class_of_system(views, self.width)
