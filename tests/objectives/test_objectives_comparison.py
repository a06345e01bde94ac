"""Momentum encoder, queue, prompts and classification beside a comparison: each does what its source says."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn.functional import cross_entropy, normalize

from twostage.config.load import load_config
from twostage.config.model import ModelConfig
from twostage.config.stage_1 import ContrastiveConfig, UnifiedMetricConfig
from twostage.data.windowed import Batch
from twostage.errors import TrainingError, TwoStageError
from twostage.models.network import Encoder, Network
from twostage.objectives.pretrain.contrastive import Contrastive
from twostage.objectives.pretrain.prompts import prompts_of
from twostage.objectives.pretrain.unified_metric import UnifiedMetric

CLASSES = {1: 3, 5: 3}
HSE = {"kind": "hse", "patch_length": 32, "patches": 4, "dim": 8}
PROMPTED = {**HSE, "kind": "hse_prompt", "prompt": {"dim": 8}}
MOMENTUM = {"momentum": 0.9, "queue": 10}
TEMPERATURE = 0.5


def model(embedding=HSE):
    return ModelConfig.model_validate({"embedding": embedding, "backbone": {"kind": "dlinear"}})


def objective(embedding=HSE, **written):
    config = ContrastiveConfig.model_validate(
        {"pretrain_mode": "contrastive", "loss": {"kind": "supcon", "temperature": TEMPERATURE}} | written
    )
    torch.manual_seed(0)
    head = Contrastive.head(config, model(embedding), classes=CLASSES)
    return Contrastive(config, Network(Encoder(model(embedding)), head), classes=CLASSES).eval()


def batch(recordings=(1, 2, 3, 1, 2, 3), labels=(0, 1, 2, 0, 1, 1), systems=(1, 1, 1, 5, 5, 5), seed=1):
    return Batch(
        x_BLC=torch.randn(len(recordings), 128, 1, generator=torch.Generator().manual_seed(seed)),
        sample_rate_B=torch.full((len(recordings),), 2000.0),
        system_B=torch.tensor(systems),
        recording_B=torch.tensor(recordings),
        label_B=torch.tensor(labels),
    )


def vectors(network, each):
    tokens = network.encode(each.x_BLC, each.sample_rate_B, system_B=each.system_B)
    head = getattr(network.head, "projection", network.head)
    return normalize(head(tokens), dim=1).double().detach()


def naive(anchors, candidates, positives, allowed, temperature=TEMPERATURE):
    """Khosla's equation, anchor after anchor; ``positives`` and ``allowed`` are lists of positions."""
    found = []
    for anchor, mine, others in zip(anchors, positives, allowed, strict=True):
        scores = {j: float(anchor @ candidates[j]) / temperature for j in others}
        below = math.log(sum(math.exp(score) for score in scores.values()))
        found += [sum(below - scores[j] for j in mine) / len(mine)] if mine else []
    return sum(found) / len(found)


# The momentum encoder --------------------------------------------------------------------------------------------


def test_each_step_leaves_a_share_of_the_momentum_encoder_as_it_was():
    """MoCo, eq. 2; the optimiser has no say, and no gradient arrives."""
    ours = objective(pairing="recording", augmentations=[], momentum_encoder=MOMENTUM)
    keys = ours.compare.keys.network
    before = {name: value.clone() for name, value in keys.named_parameters()}
    with torch.no_grad():
        for parameter in ours.network.parameters():
            parameter.add_(1.0)
    ours.on_train_batch_start(batch(), 0)
    ours.loss(batch(), "train").backward()
    for name, value in keys.named_parameters():
        assert torch.allclose(value, 0.9 * before[name] + 0.1 * (before[name] + 1.0), atol=1e-6)
        assert value.grad is None
    assert all(parameter.grad is not None for parameter in ours.network.parameters())
    assert not set(map(id, keys.parameters())) & set(map(id, ours.parameter_groups()[0]["params"]))


def test_pairs_are_compared_with_keys_of_partners_and_with_the_queue():
    """Recordings last: an earlier window of the same recording is one more positive."""
    ours = objective(pairing="recording", augmentations=[], momentum_encoder=MOMENTUM)
    first, second = batch(seed=1), batch(recordings=(2, 2, 4, 2, 2, 4), seed=2)
    ours.loss(first, "train")
    old = vectors(ours.compare.keys.network, first)[3:]
    loss = ours.loss(second, "train")
    candidates = torch.cat([vectors(ours.compare.keys.network, second)[3:], old])  # recordings 2, 2, 4 and 1, 2, 3
    anchors, every = vectors(ours.network, second)[:3], [range(6)] * 3
    assert loss.item() == pytest.approx(naive(anchors, candidates, [[0, 1, 4], [0, 1, 4], [2]], every), rel=1e-5)


def test_views_of_earlier_batches_are_negatives():
    """The second batch is the first one again: what lies in the queue is still no positive."""
    ours = objective(
        pairing="views", augmentations=[{"kind": "polarity", "probability": 1.0}], momentum_encoder=MOMENTUM
    )
    each = batch()
    ours.loss(each, "train")
    turned = each._replace(x_BLC=-each.x_BLC)
    candidates = vectors(ours.compare.keys.network, turned).repeat(2, 1)
    expected = naive(vectors(ours.network, turned), candidates, [[i] for i in range(6)], [range(12)] * 6)
    assert ours.loss(each, "train").item() == pytest.approx(expected, rel=1e-5)


def test_a_window_is_no_positive_of_itself_where_classes_decide():
    written = {"pairing": "class", "augmentations": [], "momentum_encoder": {"queue": 0}}
    ours, each = objective(**written), batch()
    z = vectors(ours.network, each)
    others = [[j for j in range(6) if j != i] for i in range(6)]
    expected = naive(z, z, [[], [], [], [], [5], [4]], others)
    assert ours.loss(each, "train").item() == pytest.approx(expected, rel=1e-5)


def test_the_queue_holds_the_latest_vectors_and_no_more():
    keys = objective(momentum_encoder={"queue": 5}).compare.keys
    for start in (0, 3, 6):
        keys.remember(torch.full((3, 32), float(start)), torch.arange(start, start + 3))
    kept, identity = keys.queue
    assert sorted(identity.tolist()) == [4, 5, 6, 7, 8]
    assert kept[:, 0].tolist() == [float(3 * (i // 3)) for i in identity.tolist()]
    keys.remember(torch.zeros(9, 32), torch.arange(20, 29))
    assert sorted(keys.queue[1].tolist()) == [24, 25, 26, 27, 28]


def test_a_validation_measures_the_encoder_that_is_handed_on():
    """The same before and after batches of the training that leave the weights as they are."""
    ours = objective(pairing="recording", augmentations=[], momentum_encoder=MOMENTUM)
    with torch.no_grad():
        ours.network.head.perceptron[0].weight.mul_(3.0)
    before = ours.loss(batch(), "validation").item()
    for seed in range(3):
        ours.loss(batch(seed=seed), "train")
    assert ours.loss(batch(), "validation").item() == before
    first, second = vectors(ours.network, batch()).chunk(2)
    assert before == pytest.approx(naive(first, second, [[0], [1], [2]], [range(3)] * 3), rel=1e-5)


def test_a_unified_metric_is_compared_with_the_queue_too():
    config = UnifiedMetricConfig.model_validate(
        {
            "pretrain_mode": "unified_metric",
            "metric": {"kind": "supcon", "temperature": TEMPERATURE},
            "classification_weight": 0.0,
            "momentum_encoder": MOMENTUM,
        }
    )
    torch.manual_seed(0)
    network = Network(Encoder(model()), UnifiedMetric.head(config, model(), classes=CLASSES))
    ours, each = UnifiedMetric(config, network, classes=CLASSES).eval(), batch()
    ours.loss(each, "train")
    z = vectors(network, each)
    same = [[j for j in range(6) if j != i and (i, j) in {(4, 5), (5, 4)}] for i in range(6)]
    queued = [[j + 6 for j in range(6) if j == i or (i, j) in {(4, 5), (5, 4)}] for i in range(6)]
    positives = [a + b for a, b in zip(same, queued, strict=True)]
    others = [[j for j in range(12) if j != i] for i in range(6)]
    expected = naive(z, z.repeat(2, 1), positives, others)
    assert ours.loss(each, "train").item() == pytest.approx(expected, rel=1e-5)


# Beside the comparison -------------------------------------------------------------------------------------------


def test_prompts_of_one_class_in_different_systems_are_positives():
    """Of the removed task: InfoNCE of prompts; windows of the same class and system are neither."""
    ours = objective(PROMPTED, prompt={"weight": 0.3, "temperature": 0.2})
    each = batch(systems=(1, 1, 5, 5, 1, 5), labels=(0, 1, 0, 2, 0, 2))
    prompts = normalize(prompts_of(ours.network.embedding, each), dim=1).double().detach()
    positives = [[2], [], [0, 4], [], [2], []]
    allowed = [[1, 2, 3, 5], range(6), [0, 1, 3, 4, 5], range(6), [1, 2, 3, 5], range(6)]
    expected = naive(prompts, prompts, positives, allowed, temperature=0.2)
    assert ours.prompts(ours.network.embedding, each).item() == pytest.approx(expected, rel=1e-5)
    torch.manual_seed(3)
    whole = ours.loss(each, "train")
    ours.weights["prompt"] = 0.0
    torch.manual_seed(3)
    assert (whole - ours.loss(each, "train")).item() == pytest.approx(0.3 * expected, rel=1e-4)


def test_a_classification_beside_it_adds_its_cross_entropy():
    ours = objective(augmentations=[], contrast_weight=0.5, classification={"weight": 0.25})
    each = batch()
    alone = naive(
        *[vectors(ours.network, each)] * 2,
        [[(i + 3) % 6] for i in range(6)],
        [[j for j in range(6) if j != i] for i in range(6)],
    )
    tokens = ours.network.encode(each.x_BLC, each.sample_rate_B)
    expected = cross_entropy(ours.network.head.classifier(tokens, each.system_B), each.label_B)
    assert ours.loss(each, "train").item() == pytest.approx(0.5 * alone + 0.25 * expected.item(), rel=1e-5)
    assert {"train/classification_loss", "validation/contrastive_loss"} < ours.logged()


def test_a_label_is_one_class_wherever_it_occurs_if_that_is_written():
    each = batch(systems=(1, 1, 1, 5, 5, 5), labels=(0, 1, 2, 0, 1, 2))
    ours = objective(pairing="class_across_systems", augmentations=[])
    z = vectors(ours.network, each)
    others = [[j for j in range(6) if j != i] for i in range(6)]
    expected = naive(z, z, [[(i + 3) % 6] for i in range(6)], others)
    assert ours.loss(each, "train").item() == pytest.approx(expected, rel=1e-5)
    with pytest.raises(TrainingError, match="no two of the 6 windows") as caught:
        objective(pairing="class").loss(each, "train")
    held = "3, of 3 recording(s) (1 of class 0, 1 of class 1, 1 of class 2)"
    told = f"The sampler drew 6 windows: system 1 has {held}; system 5 has {held}."
    assert caught.value.__notes__ == [told]


def test_a_batch_whose_systems_share_no_class_has_no_prompts_to_compare():
    ours = objective(PROMPTED, prompt={})
    with pytest.raises(TrainingError, match="no class of a batch occurs in two systems"):
        ours.loss(batch(labels=(0, 0, 0, 1, 1, 1)), "train")


def test_without_a_projection_mean_tokens_are_compared():
    ours, each = objective(pairing="recording", augmentations=[], projection=None), batch()
    tokens = normalize(ours.network.encode(each.x_BLC, each.sample_rate_B).mean(dim=1), dim=1)
    assert torch.allclose(vectors(ours.network, each), tokens.double(), atol=1e-6)
    assert not list(ours.network.head.parameters())


# What may be written ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (
            {"loss": {"kind": "vicreg"}, "momentum_encoder": {}},
            "momentum_encoder compares with vectors of another encoder, which loss vicreg cannot",
        ),
        ({"prompt": {}, "systems": [3]}, "prompt compares the prompts of different systems, but systems names 3 alone"),
        ({"prompt": {}}, "stage_1.prompt compares prompts, but the embedding hse has none"),
        ({"pairing": "class_across_systems"}, "with pairing class_across_systems write loss: {kind: supcon}"),
        ({"unlabelled": "exclude"}, "unlabelled has no effect, because pairing recording reads no label"),
        (
            {"pretrain_mode": "unified_metric", "metric_weight": 0.0, "momentum_encoder": {}},
            "momentum_encoder has no effect, because metric_weight is 0",
        ),
    ],
)
def test_what_would_have_no_effect_is_refused(written, told):
    with pytest.raises(TwoStageError, match="stage_1") as caught:
        load_config({"stage_1": {"pretrain_mode": "contrastive"} | written})
    assert told in str(caught.value)
