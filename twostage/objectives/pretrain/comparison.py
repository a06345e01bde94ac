"""The comparing loss of a pretraining: of a batch with itself, or with the vectors of a momentum encoder.

Legend: A anchors, C candidates, E features of the projection.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import torch
from torch import Tensor, nn

from twostage.components import build
from twostage.config.stage_1.comparing import Comparing
from twostage.data.labels import UNLABELLED
from twostage.data.recordings import Part
from twostage.data.windowed import Batch
from twostage.errors import TrainingError
from twostage.models.network import Network
from twostage.objectives.losses.base import check
from twostage.objectives.losses.supcon import SupCon
from twostage.objectives.pretrain.momentum import NOBODY, KeyEncoder, encoded, projected


class ComparisonTerm(nn.Module):
    """Compares anchors with one another, or with candidates: the keys of their partners and those of the queue.

    Row i of the partners belongs to row i of the anchors. With ``own`` a partner is a positive of its anchor; without
    it the pair is left out, because it is the same window and would be too easy: then positives are other windows of
    the same identity. With ``lasting`` identities mean the same in all batches, so that a window of the queue may be a
    positive; without it all of them are negatives.
    """

    def __init__(self, config: Comparing, network: Network, *, own: bool, lasting: bool) -> None:
        super().__init__()
        self.loss: nn.Module = build(config.compares)
        momentum = config.momentum_encoder
        self.keys = None if momentum is None else KeyEncoder(momentum, network)
        self.own, self.lasting = own, lasting

    @property
    def needs_partners(self) -> bool:
        """Whether anchors are compared with partners, and not with one another."""
        return self.keys is not None

    def check(self, identity_A: Tensor) -> None:
        """Raise TrainingError where a batch of its own has nothing to compare; with a queue that depends on others."""
        if not self.needs_partners:
            check([self.loss], identity_A)

    def begin(self, network: Network) -> None:
        """Before a training batch: where there is another encoder it takes a step towards the network."""
        if self.keys is not None:
            self.keys.follow(network)

    def forward(self, z_AE: Tensor, identity_A: Tensor, partners: Batch | None, network: Network, part: Part) -> Tensor:
        """Mean loss of the anchors; 0-dimensional.

        In validation the network itself encodes the partners, and the queue has no say: so the loss is that of the
        weights that are handed on. Raises TrainingError where there is nothing to compare.
        """
        if self.keys is None or partners is None:
            alone: Tensor = self.loss(z_AE, identity_A)
            return alone
        if part != "train":
            with torch.no_grad():
                keys_AE = projected(network, encoded(network, partners))
            return self._against(z_AE, identity_A, keys_AE, identity_A)
        keys_AE = self.keys.keys(partners)
        kept_QE, kept_Q = self.keys.queue
        loss = self._against(
            z_AE, identity_A, torch.cat([keys_AE.to(kept_QE.dtype), kept_QE]), torch.cat([identity_A, kept_Q])
        )
        self.keys.remember(keys_AE, identity_A if self.lasting else torch.full_like(identity_A, NOBODY))
        return loss

    def _against(self, z_AE: Tensor, identity_A: Tensor, candidates_CE: Tensor, identity_C: Tensor) -> Tensor:
        same_AC = identity_A[:, None] == identity_C[None, :]
        allowed_AC = torch.ones_like(same_AC)
        if not self.own:
            allowed_AC.fill_diagonal_(fill_value=False)
        return cast("SupCon", self.loss).against(z_AE, candidates_CE, same_AC, allowed_AC)


@contextmanager
def explained(batch: Batch) -> Iterator[None]:
    """Tell with a batch that has nothing to compare what the sampler has put into it."""
    try:
        yield
    except TrainingError as error:
        error.add_note(drawn(batch))
        raise


def drawn(batch: Batch) -> str:
    """What a batch holds, system by system."""
    systems = sorted(set(batch.system_B.tolist()))
    told = "; ".join(_of_system(batch, system) for system in systems)
    return f"The sampler drew {len(batch.x_BLC)} windows: {told}."


def _of_system(batch: Batch, system: int) -> str:
    mine_B = batch.system_B == system
    recordings, labels = Counter(batch.recording_B[mine_B].tolist()), Counter(batch.label_B[mine_B].tolist())
    text = f"system {system} has {int(mine_B.sum())}, of {len(recordings)} recording(s)"
    known = [f"{count} of class {label}" for label, count in sorted(labels.items()) if label != UNLABELLED]
    return text + (f" ({', '.join(known)})" if known else "")
