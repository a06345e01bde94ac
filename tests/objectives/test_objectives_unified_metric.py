"""The weighted sum of classification and metric loss, and what each weight, metric and pairing changes."""

from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError
from torch.nn.functional import cross_entropy

from twostage.components import build
from twostage.config.model import ModelConfig
from twostage.config.stage_1 import ContrastiveConfig, UnifiedMetricConfig
from twostage.data.windowed import Batch
from twostage.errors import TrainingError
from twostage.models.heads.projection import ProjectionHead, projection_of
from twostage.models.network import Encoder, Network
from twostage.objectives.pretrain.contrastive import Contrastive
from twostage.objectives.pretrain.unified_metric import UnifiedMetric

CLASSES = {1: 2, 5: 3}
NOISE = [{"kind": "noise"}]
SMALL = {"embedding": {"kind": "hse", "patch_length": 32, "patches": 4, "dim": 8}, "backbone": {"kind": "dlinear"}}


def config(**written):
    return UnifiedMetricConfig.model_validate({"pretrain_mode": "unified_metric"} | written)


def objective(**written):
    model, ours = ModelConfig.model_validate(SMALL), config(**written)
    torch.manual_seed(0)
    head = UnifiedMetric.head(ours, model, classes=CLASSES)
    return UnifiedMetric(ours, Network(Encoder(model), head), classes=CLASSES).eval()


def batch(systems=(1, 1, 1, 5, 5, 5, 5, 5), labels=(0, 1, 1, 0, 0, 1, 2, 2)):
    torch.manual_seed(1)
    return Batch(
        x_BLC=torch.randn(len(systems), 128, 1),
        sample_rate_B=torch.full((len(systems),), 2000.0),
        system_B=torch.tensor(systems),
        recording_B=torch.arange(len(systems)),
        label_B=torch.tensor(labels),
    )


def terms(ours, each, identity):
    """The value of each term that has a weight."""
    tokens = ours.network.encode(each.x_BLC, each.sample_rate_B, system_B=each.system_B)
    found = {}
    if ours.weights["classification"]:
        found["classification"] = cross_entropy(ours.network.head(tokens, each.system_B), each.label_B)
    if ours.weights["metric"]:
        found["metric"] = ours.metric.loss(projection_of(ours.network)(tokens), identity)
    return found


@pytest.mark.parametrize(("classification", "metric"), [(1.0, 1.0), (0.5, 3.0), (0.0, 2.0), (1.0, 0.0)])
def test_the_loss_is_the_weighted_sum(classification, metric):
    ours = objective(classification_weight=classification, metric_weight=metric)
    parts = terms(ours, batch(), torch.tensor([10, 11, 11, 50, 50, 51, 52, 52]))
    assert len(parts) == (classification > 0.0) + (metric > 0.0)
    expected = sum(ours.weights[name] * value.item() for name, value in parts.items())
    assert ours.loss(batch(), "train").item() == pytest.approx(expected, rel=1e-5)


def test_equal_class_indices_of_two_systems_are_two_classes():
    """Class 0 of system 1 and class 0 of system 5 are unrelated, unless the document says otherwise."""
    apart = objective(classification_weight=0.0)
    assert apart.loss(batch(), "train").item() == pytest.approx(
        terms(apart, batch(), batch().system_B * 9 + batch().label_B)["metric"].item()
    )
    across = objective(
        classification_weight=0.0, positives="class_across_systems", head={"kind": "linear", "share": "shared"}
    )
    by_label = terms(across, batch(), batch().label_B)["metric"].item()
    assert across.loss(batch(), "train").item() == pytest.approx(by_label)
    with pytest.raises(TrainingError, match="no two of the 2 windows"):
        apart.loss(batch((1, 5), (0, 0)), "train")


@pytest.mark.parametrize("metric", ["nt_xent", "supcon", "triplet", "prototypical", "barlow_twins", "vicreg"])
def test_every_metric_trains_every_weight(metric):
    ours = objective(metric={"kind": metric}, augmentations=NOISE, positives="class_in_system")
    ours.loss(batch(), "train").backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in ours.parameters())


def test_a_term_without_weight_has_no_head():
    plain = objective(metric_weight=0.0)
    plain.loss(batch((1, 5), (0, 0)), "train").backward()
    metric = objective(classification_weight=0.0)
    metric.loss(batch(), "train").backward()
    assert isinstance(metric.network.head, ProjectionHead)
    for ours in (plain, metric):
        assert all(p.grad is not None for p in ours.parameters())
    assert "validation/accuracy" not in metric.logged()
    assert metric.metrics("validation") == {}


def test_validation_classifies_windows_as_they_were_recorded():
    """Also where the metric compares augmented views; training classifies the augmented ones."""
    ours = objective(metric={"kind": "nt_xent"}, augmentations=[{"kind": "noise", "snr_low": -20.0, "snr_high": -20.0}])
    for part, equal in (("validation", True), ("train", False)):
        torch.manual_seed(3)
        views = ours._augmented(batch().repeated(2), part).x_BLC
        assert views.shape == (16, 128, 1)
        assert torch.equal(views[:8], batch().x_BLC) is equal
        assert not torch.equal(views[8:], batch().x_BLC)
    ours.loss(batch(), "validation")
    logits = ours.network(batch().x_BLC, batch().sample_rate_B, batch().system_B)
    expected = (logits.argmax(dim=1) == batch().label_B)[:3].float().mean()
    assert ours.metrics("validation")["accuracy/1"] == pytest.approx(expected.item())


def test_it_logs_what_can_select_a_checkpoint():
    assert {
        "validation/loss",
        "validation/accuracy",
        "validation/macro_f1/5",
        "validation/metric_loss",
    } <= objective().logged()


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"metric_weight": 0.0, "classification_weight": 0.0}, "nothing would be learnt"),
        ({"metric": {"kind": "nt_xent"}}, "metric nt_xent compares two views"),
        (
            {
                "metric": {"kind": "vicreg"},
                "augmentations": NOISE,
                "positives": "class_across_systems",
                "head": {"kind": "linear", "share": "shared"},
            },
            "positives has no effect",
        ),
        ({"positives": "class_across_systems"}, "write head.share: shared"),
        ({"classification_weight": 0.0, "checkpoint": {"monitor": "validation/accuracy"}}, "never logged"),
        ({"metric": {"kind": "vicreg", "invariance": 0.0, "variance": 0.0, "covariance": 0.0}}, "all 0"),
    ],
)
def test_what_cannot_work_is_refused_in_the_document(written, message):
    with pytest.raises(ValidationError, match=message):
        config(**written)


def test_the_ablation_without_the_metric_loss_is_allowed():
    ours = config(metric_weight=0.0, metric={"kind": "nt_xent"}, checkpoint={"monitor": "validation/accuracy"})
    assert ours.checkpoint.mode == "max"


@pytest.mark.parametrize("kind", ["nt_xent", "barlow_twins", "vicreg"])
def test_losses_of_pairs_take_no_classes(kind):
    with pytest.raises(ValidationError, match=f"loss {kind} compares pairs"):
        ContrastiveConfig.model_validate({"pretrain_mode": "contrastive", "pairing": "class", "loss": {"kind": kind}})


def test_exclude_without_labels_is_refused():
    with pytest.raises(ValidationError, match="pairing recording reads no label"):
        ContrastiveConfig.model_validate({"pretrain_mode": "contrastive", "unlabelled": "exclude"})


@pytest.mark.parametrize("kind", ["supcon", "triplet", "prototypical"])
def test_contrastive_pairing_by_class_compares_classes_of_one_system(kind):
    written = {"pretrain_mode": "contrastive", "pairing": "class", "loss": {"kind": kind}, "augmentations": []}
    ours, model = ContrastiveConfig.model_validate(written), ModelConfig.model_validate(SMALL)
    torch.manual_seed(0)
    network = Network(Encoder(model), Contrastive.head(ours, model, classes=CLASSES)).eval()
    found = Contrastive(ours, network, classes=CLASSES).loss(batch(), "train")
    z = network(batch().x_BLC, batch().sample_rate_B)
    expected = build(ours.loss)(z, torch.tensor([0, 1, 1, 2, 2, 3, 4, 4]))
    assert ours.reads_labels
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)
