"""Contrastive pretraining: windows of one state lie together, those of others apart.

Legend: B batch, A anchors, L length, C channels, P patches, D features, K classes.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from twostage.components import build
from twostage.config.model import ModelConfig
from twostage.config.stage_1 import ContrastiveConfig
from twostage.data.recordings import Part
from twostage.data.windowed import Batch
from twostage.models.heads.projection import ProjectionHead, TwoHeads
from twostage.models.network import Network
from twostage.objectives.augmentation import chain
from twostage.objectives.base import Objective
from twostage.objectives.identity import class_of_system
from twostage.objectives.pretrain.comparison import ComparisonTerm, explained
from twostage.objectives.pretrain.momentum import encoded, projected
from twostage.objectives.pretrain.prompts import PromptTerm


class Contrastive(Objective):
    """A loss that compares windows of a batch with one another.

    The set-up is that of Chen et al. 2020, "A Simple Framework for Contrastive Learning of Visual Representations".
    With pairing ``views`` a batch holds B windows, and each is augmented twice. With pairing ``recording`` it holds
    2B windows, anchors first and then their partners from the same recording; windows of one recording are never
    negatives of each other. With pairing ``class`` it holds B windows, each is augmented once, and those of one class
    of one system belong together; with ``class_across_systems`` those of one label. Where a window has several
    positives, its loss is the mean over them (Khosla et al. 2020, "Supervised Contrastive Learning", eq. 2).

    With a momentum encoder the trained encoder sees the first views, or the anchors, alone, and the other makes the
    vectors that they are compared with.
    """

    def __init__(
        self, config: ContrastiveConfig, network: Network, *, classes: Mapping[int, int] | None = None
    ) -> None:
        super().__init__(config, network)
        self.pairing, self.by_class = config.pairing, config.by_class
        self.augment = chain(config.augmentations)
        self.compare = ComparisonTerm(config, network, own=not config.by_class, lasting=config.pairing != "views")
        self.prompts = None if config.prompt is None else PromptTerm(config.prompt)
        self.weights = {"contrastive": config.contrast_weight}
        for name, term in (("prompt", config.prompt), ("classification", config.classification)):
            self.weights |= {} if term is None else {name: term.weight}
        self.labelled = config.reads_labels
        self.width = max((classes or {}).values(), default=0)

    @staticmethod
    def head(
        config: ContrastiveConfig, model: ModelConfig, *, classes: Mapping[int, int] | None = None
    ) -> ProjectionHead | TwoHeads:
        """The projection head that this objective needs, and a classification head where one trains beside it."""
        projection = ProjectionHead(config.projection, dim=model.dim)
        if config.classification is None:
            return projection
        return TwoHeads(build(config.classification.head, dim=model.dim, classes=classes), projection)

    @property
    def pairs(self) -> bool:
        """Pairs are drawn where positives are two windows of one recording."""
        return self.pairing == "recording"

    @property
    def mixed(self) -> bool:
        """Where classes are compared, a batch must not hold a single one; pairs are drawn from all systems anyway."""
        return self.labelled and not self.pairs

    def logged(self) -> frozenset[str]:
        """The loss, and each term of several."""
        return super().logged() | {f"{part}/{name}_loss" for part in ("train", "validation") for name in self._several}

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:  # noqa: ARG002 - Lightning's signature
        """Let the momentum encoder follow."""
        self.compare.begin(self.network)

    def rehearse(self, batch: Batch) -> None:
        """Whether something is there to compare."""
        with explained(batch):
            self.compare.check(self._identity(batch.repeated(2) if self.pairing == "views" else batch))

    def loss(self, batch: Batch, part: Part) -> Tensor:
        """Weighted sum of the terms; 0-dimensional. Each of several is also logged by its name."""
        anchors, partners = self._views(batch)
        tokens_APD = encoded(self.network, anchors)
        with explained(batch):
            terms = self._terms(tokens_APD, anchors, partners, part)
        named = {f"{part}/{name}_loss": terms[name].detach() for name in self._several}
        self.log_dict(named, on_step=False, on_epoch=True, batch_size=len(batch.x_BLC), sync_dist=True)
        return torch.stack([self.weights[name] * term for name, term in terms.items()]).sum()

    @property
    def _several(self) -> tuple[str, ...]:
        return tuple(self.weights) if len(self.weights) > 1 else ()

    def _terms(self, tokens_APD: Tensor, anchors: Batch, partners: Batch | None, part: Part) -> dict[str, Tensor]:
        z_AE, identity_A = projected(self.network, tokens_APD), self._identity(anchors)
        terms = {"contrastive": self.compare(z_AE, identity_A, partners, self.network, part)}
        if self.prompts is not None:
            terms["prompt"] = self.prompts(self.network.embedding, anchors)
        if "classification" in self.weights:
            head = self.network.head
            assert isinstance(head, TwoHeads)  # noqa: S101 - made above
            terms["classification"] = cross_entropy(head(tokens_APD, anchors.system_B), anchors.label_B)
        return terms

    def _views(self, batch: Batch) -> tuple[Batch, Batch | None]:
        """Augmented anchors and, where another encoder makes the candidates, as many partners of theirs."""
        apart = self.compare.needs_partners
        if not self.by_class:
            both = self._augmented(batch.repeated(2) if self.pairing == "views" else batch)
            return both.halves() if apart else (both, None)
        return self._augmented(batch), self._augmented(batch) if apart else None

    def _augmented(self, batch: Batch) -> Batch:
        return batch._replace(x_BLC=self.augment(batch.x_BLC))

    def _identity(self, anchors: Batch) -> Tensor:
        """What makes two views positives: the same window, the same recording, or the same class."""
        match self.pairing:
            case "recording":
                return anchors.recording_B
            case "class":
                return class_of_system(anchors, self.width)
            case "class_across_systems":
                return anchors.label_B
            case "views":
                count = len(anchors.x_BLC)
                windows = count if self.compare.needs_partners else count // 2
                return torch.arange(count, device=anchors.x_BLC.device) % windows
