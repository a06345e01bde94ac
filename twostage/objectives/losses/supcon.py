"""Contrast by softmax over cosine similarities: NT-Xent and its generalisation to groups.

Legend: V vectors, E features, A anchors, C candidates, i.e. what an anchor is compared with.
"""

from __future__ import annotations

import torch
from pytorch_metric_learning.losses import SupConLoss
from pytorch_metric_learning.reducers import MeanReducer
from torch import Tensor, nn
from torch.nn.functional import normalize

from twostage.config.stage_1 import metric_losses as config
from twostage.errors import TrainingError
from twostage.objectives.losses.base import ComparingLoss


class SupCon(ComparingLoss):
    """Khosla et al. 2020, "Supervised Contrastive Learning", eq. 2: the mean over positives stands outside the log.

    With one positive each it is NT-Xent (Chen et al. 2020, eq. 1), number for number. The library's own NTXentLoss lays
    every positive against every negative in one table, which takes a hundred times as long at the same batch.
    A vector without a positive is a negative of others and has no loss of its own. The library has no words for hard
    negatives and for candidates that are no anchors: these are ``softmax_contrast``.
    """

    def __init__(self, config: config.SupCon | config.NTXent) -> None:
        super().__init__()
        self.temperature, self.hardness = config.temperature, config.hardness
        # The library's default reducer leaves out a loss of exactly 0, also one that has been earned.
        self.mean_over_all: nn.Module = SupConLoss(temperature=config.temperature, reducer=MeanReducer())

    def compare(self, z_VE: Tensor, identity_V: Tensor) -> Tensor:
        """Mean over the vectors that have a positive."""
        same_VV = identity_V[:, None] == identity_V[None, :]
        if self.hardness:
            others_VV = ~torch.eye(len(identity_V), dtype=torch.bool, device=z_VE.device)
            return self._contrast(z_VE, z_VE, same_VV & others_VV, others_VV)
        others_V = same_VV.sum(dim=1) - 1
        loss: Tensor = self.mean_over_all(z_VE, identity_V)
        return loss * len(identity_V) / (others_V > 0).sum()

    def against(self, z_AE: Tensor, candidates_CE: Tensor, positive_AC: Tensor, allowed_AC: Tensor) -> Tensor:
        """The same for anchors (A, E) and candidates (C, E) of another origin; 0-dimensional, float32.

        ``positive_AC`` says which candidates belong to an anchor, ``allowed_AC`` which it is compared with at all.
        Raises TrainingError where no anchor has a positive, or some anchor has no negative.
        """
        _check(positive_AC & allowed_AC, allowed_AC)
        with torch.autocast(z_AE.device.type, enabled=False):
            return self._contrast(z_AE.float(), candidates_CE.float(), positive_AC & allowed_AC, allowed_AC)

    def _contrast(self, z_AE: Tensor, candidates_CE: Tensor, positive_AC: Tensor, allowed_AC: Tensor) -> Tensor:
        scores_AC = normalize(z_AE, dim=1) @ normalize(candidates_CE, dim=1).T / self.temperature
        return softmax_contrast(scores_AC, positive_AC, allowed_AC, self.hardness)


def softmax_contrast(scores_AC: Tensor, positive_AC: Tensor, allowed_AC: Tensor, hardness: float = 0.0) -> Tensor:
    """Mean over anchors with a positive of the mean over their positives of -log softmax; 0-dimensional.

    With ``hardness`` b > 0 a negative j counts in the denominator with the weight e^(b s_j), scaled so that an anchor's
    weights have the mean 1 (Robinson et al. 2021, "Contrastive Learning with Hard Negative Samples", eq. 3 without the
    correction for false negatives). Sums are formed from logarithms, so that nothing overflows.
    """
    has_A = positive_AC.any(dim=1)
    scores_AC, positive_AC, allowed_AC = scores_AC[has_A], positive_AC[has_A], allowed_AC[has_A]
    negative_AC = allowed_AC & ~positive_AC
    rivals_A = _log_sum(scores_AC, negative_AC)
    if hardness:
        count_A = negative_AC.sum(dim=1).to(scores_AC.dtype)
        rivals_A = _log_sum((1 + hardness) * scores_AC, negative_AC) - _log_sum(hardness * scores_AC, negative_AC)
        rivals_A = rivals_A + count_A.log()
    whole_A = torch.logaddexp(_log_sum(scores_AC, positive_AC), rivals_A)
    own_A = scores_AC.masked_fill(~positive_AC, 0.0).sum(dim=1) / positive_AC.sum(dim=1)
    return (whole_A - own_A).mean()


def _log_sum(scores_AC: Tensor, mask_AC: Tensor) -> Tensor:
    return scores_AC.masked_fill(~mask_AC, -torch.inf).logsumexp(dim=1)


def _check(positive_AC: Tensor, allowed_AC: Tensor) -> None:
    """Raise TrainingError when there is nothing to compare."""
    if not positive_AC.any():
        raise TrainingError(
            f"none of the {len(positive_AC)} anchors of a batch has a positive among its candidates, so the metric "
            "loss has no positive pair; a larger batch_size or fewer systems would give one"
        )
    alone = ~(allowed_AC & ~positive_AC).any(dim=1) & positive_AC.any(dim=1)
    if alone.any():
        raise TrainingError(
            "all candidates of an anchor belong to it, so the metric loss has nothing to tell it apart from; a larger "
            "batch_size, more classes or a queue would give it"
        )
