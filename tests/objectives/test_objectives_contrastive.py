"""The contrastive loss against the library's NT-Xent and against a naive loop in float64."""

from __future__ import annotations

import math

import pytest
import torch
from pydantic import ValidationError
from pytorch_metric_learning.losses import NTXentLoss

from twostage.config.model import ModelConfig
from twostage.config.stage_1 import ContrastiveConfig, NTXent
from twostage.data.windowed import Batch
from twostage.models.network import Encoder, Network
from twostage.objectives.pretrain.contrastive import Contrastive


def objective(**written):
    config = ContrastiveConfig.model_validate({"pretrain_mode": "contrastive"} | written)
    model = ModelConfig()
    torch.manual_seed(0)
    return Contrastive(config, Network(Encoder(model), Contrastive.head(config, model)))


def batch(recordings):
    count = len(recordings)
    torch.manual_seed(1)
    return Batch(
        x_BLC=torch.randn(count, 1024, 1),
        sample_rate_B=torch.full((count,), 12000.0),
        system_B=torch.ones(count, dtype=torch.int64),
        recording_B=torch.tensor(recordings),
        label_B=torch.zeros(count, dtype=torch.int64),
    )


def naive(z, identity, temperature):
    """SimCLR, eq. 1, one anchor and one positive after another; the mean over an anchor's positives, then anchors."""
    z = torch.nn.functional.normalize(z.double(), dim=1)
    losses = []
    for i in range(len(z)):
        others = [j for j in range(len(z)) if j != i]
        scores = {j: float(z[i] @ z[j]) / temperature for j in others}
        denominator = sum(math.exp(score) for score in scores.values())
        positives = [j for j in others if identity[j] == identity[i]]
        losses.append(sum(math.log(denominator) - scores[j] for j in positives) / len(positives))
    return sum(losses) / len(losses)


@pytest.mark.parametrize("temperature", [0.05, 0.1, 0.5])
def test_with_one_positive_each_it_is_the_librarys_nt_xent(temperature):
    z, identity = torch.randn(12, 8), torch.arange(6).repeat(2)
    ours = objective(loss=NTXent(temperature=temperature)).compare.loss(z, identity)
    assert ours.item() == pytest.approx(NTXentLoss(temperature=temperature)(z, identity).item(), rel=1e-5)
    assert ours.item() == pytest.approx(naive(z, identity.tolist(), temperature), rel=1e-5)


def test_windows_of_one_recording_are_all_positives():
    z, identity = torch.randn(8, 4), torch.tensor([1, 1, 2, 3, 1, 1, 2, 3])
    assert objective().compare.loss(z, identity).item() == pytest.approx(naive(z, identity.tolist(), 0.1), rel=1e-5)


def test_views_are_two_augmentations_of_each_window():
    ours = objective(pairing="views")
    views, partners = ours._views(batch([1, 2, 3]))
    assert partners is None
    assert views.x_BLC.shape == (6, 1024, 1)
    assert not torch.equal(views.x_BLC[:3], views.x_BLC[3:])
    assert views.recording_B.tolist() == [1, 2, 3, 1, 2, 3]
    assert ours._identity(views).tolist() == [0, 1, 2, 0, 1, 2]


@pytest.mark.parametrize(("pairing", "recordings"), [("views", [1, 2, 3, 4]), ("recording", [1, 2, 1, 2])])
def test_the_loss_is_finite_and_trains_every_weight(pairing, recordings):
    ours = objective(pairing=pairing)
    ours.loss(batch(recordings), "train").backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in ours.parameters())


def test_the_temperature_is_used():
    z, identity = torch.randn(8, 4), torch.arange(4).repeat(2)
    low, high = (objective(loss=NTXent(temperature=t)).compare.loss(z, identity) for t in (0.1, 1.0))
    assert low.item() != pytest.approx(high.item())


def test_what_the_document_takes_for_a_monitor_is_what_is_logged():
    assert objective().logged() == {"train/loss", "validation/loss"}
    with pytest.raises(ValidationError, match=r"validation/macro_f1 is never logged by pretrain_mode contrastive"):
        objective(checkpoint={"monitor": "validation/macro_f1", "mode": "max"})
