"""Comparing losses against loops in float64, at the temperatures where naive forms break, and on empty batches."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pytorch_metric_learning.losses import NTXentLoss, SupConLoss

from twostage.components import build
from twostage.config.stage_1.metric_losses import (
    BarlowTwins,
    Ensemble,
    NTXent,
    Prototypical,
    SupCon,
    Term,
    Triplet,
    VICReg,
)
from twostage.errors import TrainingError

GROUPED = (
    NTXent(temperature=0.07),
    SupCon(),
    SupCon(temperature=0.5),
    NTXent(temperature=0.2, hardness=0.5),
    SupCon(temperature=0.5, hardness=2.0),
    Triplet(),
    Triplet(margin=0.6, miner="all"),
    Triplet(margin=0.6, miner="semihard"),
    Prototypical(),
    Prototypical(distance="cosine", temperature=0.1),
)
PAIRED = (BarlowTwins(), BarlowTwins(lambda_=0.1), VICReg(), VICReg(invariance=1.0, variance=3.0, covariance=0.5))
BOTH = Ensemble(terms=(Term(loss=SupCon(), weight=0.3), Term(loss=Triplet(miner="all"), weight=2.0)))
OF_PAIRS = Ensemble(terms=(Term(loss=NTXent()), Term(loss=VICReg(), weight=0.1)))
ALL = (*GROUPED, *PAIRED, BOTH, OF_PAIRS)


def vectors(count=12, features=6, seed=0):
    return torch.randn(count, features, generator=torch.Generator().manual_seed(seed))


def others(identity, i, *, same):
    return [j for j in range(len(identity)) if j != i and (identity[j] == identity[i]) == same]


def unit(z):
    return [v / math.sqrt(float(v @ v)) for v in z.double()]


def naive_supcon(loss, z, identity):
    z, found = unit(z), []
    for i in range(len(z)):
        positives = others(identity, i, same=True)
        scores = {j: float(z[i] @ z[j]) / loss.temperature for j in range(len(z)) if j != i}
        highest = max(scores.values())
        hard = {j: math.exp(loss.hardness * (scores[j] - highest)) for j in others(identity, i, same=False)}
        weights = {j: weight / mean(hard.values()) for j, weight in hard.items()}
        denominator = highest + math.log(sum(weights.get(j, 1.0) * math.exp(s - highest) for j, s in scores.items()))
        if positives:
            found.append(sum(denominator - scores[j] for j in positives) / len(positives))
    return sum(found) / len(found)


def naive_triplet(loss, z, identity):
    z, found = unit(z), []
    for i in range(len(z)):
        near = [math.dist(z[i], z[j]) for j in others(identity, i, same=True)]
        far = [math.dist(z[i], z[j]) for j in others(identity, i, same=False)]
        chosen = {
            "hard": [(max(near), min(far))] if near else [],
            "semihard": [(p, min([n for n in far if n > p], default=max(far))) for p in near],
            "all": [(p, n) for p in near for n in far],
        }
        triplets = chosen[loss.miner]
        found += [max(0.0, p - n + loss.margin) for p, n in triplets]
    return sum(found) / len(found)


def naive_prototypical(loss, z, identity):
    cosine = loss.distance == "cosine"
    z, found = unit(z) if cosine else list(z.double()), []

    def distance(query, members):
        prototype = sum(z[j] for j in members) / len(members)
        if cosine:
            return 1.0 - float(query @ prototype) / math.sqrt(float(prototype @ prototype))
        return math.dist(query, prototype) ** 2

    for i in range(len(z)):
        members = {k: [j for j in range(len(z)) if identity[j] == k and j != i] for k in set(identity)}
        if members[identity[i]]:
            scores = {k: -distance(z[i], each) / loss.temperature for k, each in members.items()}
            top = max(scores.values())
            found.append(math.log(sum(math.exp(s - top) for s in scores.values())) + top - scores[identity[i]])
    return sum(found) / len(found)


def column(values):
    return [float(v) for v in values]


def mean(values):
    return sum(values) / len(values)


def naive_ensemble(loss, z, identity):
    return sum(term.weight * NAIVE[term.loss.kind](term.loss, z, identity) for term in loss.terms)


def naive_barlow_twins(loss, z, identity):
    del identity
    first, second = z.double().chunk(2)
    count, features = first.shape
    total = 0.0
    for a in range(features):
        for b in range(features):
            x, y = column(first[:, a]), column(second[:, b])
            covariance = sum((p - mean(x)) * (q - mean(y)) for p, q in zip(x, y, strict=True)) / count
            deviations = [math.sqrt(sum((p - mean(v)) ** 2 for p in v) / count) for v in (x, y)]
            correlation = covariance / (deviations[0] * deviations[1])
            total += (1 - correlation) ** 2 if a == b else loss.lambda_ * correlation**2
    return total


def naive_vicreg(loss, z, identity):
    del identity
    views = [[column(view[:, a]) for a in range(view.shape[1])] for view in z.double().chunk(2)]
    features, count = len(views[0]), len(views[0][0])

    def covariance(x, y):
        return sum((p - mean(x)) * (q - mean(y)) for p, q in zip(x, y, strict=True)) / (count - 1)

    apart = mean([(p - q) ** 2 for x, y in zip(*views, strict=True) for p, q in zip(x, y, strict=True)])
    narrow = sum(mean([max(0.0, 1 - math.sqrt(covariance(x, x) + 1e-4)) for x in view]) for view in views) / 2
    mixed = sum(
        covariance(view[a], view[b]) ** 2 / features
        for view in views
        for a in range(features)
        for b in range(features)
        if a != b
    )
    return loss.invariance * apart + loss.variance * narrow + loss.covariance * mixed


NAIVE = {
    "nt_xent": naive_supcon,
    "supcon": naive_supcon,
    "triplet": naive_triplet,
    "prototypical": naive_prototypical,
    "barlow_twins": naive_barlow_twins,
    "vicreg": naive_vicreg,
    "ensemble": naive_ensemble,
}
IDENTITIES = {
    "pairs": [0, 1, 2, 3, 4, 5] * 2,
    "groups": [7, 7, 7, 1, 1, 1, 1, 3, 3, 3, 3, 3],
    "some alone": [1, 1, 2, 3, 4, 4, 4, 5, 6, 7, 8, 9],
}


@pytest.mark.parametrize("name", IDENTITIES)
@pytest.mark.parametrize("config", ALL, ids=repr)
def test_a_loss_is_what_a_loop_over_windows_says(config, name):
    z, identity = 0.6 * vectors(), IDENTITIES[name]
    expected = NAIVE[config.kind](config, z, identity)
    assert build(config)(z, torch.tensor(identity)).item() == pytest.approx(expected, rel=2e-4)


@settings(max_examples=30)
@given(
    identity=st.lists(st.integers(0, 4), min_size=4, max_size=14).filter(lambda i: 1 < len(set(i)) < len(i)),
    config=st.sampled_from(GROUPED),
    seed=st.integers(0, 1000),
)
def test_the_order_and_the_names_of_groups_do_not_matter(identity, config, seed):
    z, order = vectors(len(identity), seed=seed), torch.randperm(len(identity))
    loss, groups = build(config), torch.tensor(identity)
    plain = loss(z, groups)
    assert loss(z[order], 100 - 7 * groups[order]).item() == pytest.approx(plain.item(), rel=1e-4, abs=1e-6)
    assert plain.item() == pytest.approx(NAIVE[config.kind](config, z, identity), rel=5e-4, abs=1e-6)


@pytest.mark.parametrize("temperature", [0.01, 0.07])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
@pytest.mark.parametrize("hardness", [0.0, 1.0])
@pytest.mark.parametrize("kind", [SupCon, NTXent])
def test_a_small_temperature_overflows_nowhere(kind, hardness, dtype, temperature):
    """exp(1 / 0.01) is beyond single precision, and exp(1 / 0.07) beyond half; the worst case is two equal vectors."""
    z = vectors(8).repeat(2, 1).to(dtype).requires_grad_()
    identity = torch.arange(8).repeat(2)
    config = kind(temperature=temperature, hardness=hardness)
    loss = build(config)(z, identity)
    loss.backward()
    assert loss.item() == pytest.approx(naive_supcon(config, z.detach(), identity.tolist()), abs=1e-4)
    assert z.grad.isfinite().all()
    opposed = (1e4 * torch.tensor([[1.0], [-1.0]]).repeat(4, 3)).to(dtype).requires_grad_()
    worst = build(config)(opposed, torch.arange(4).repeat(2))  # half of the positives is at the far end
    worst.backward()
    assert worst.isfinite()
    assert opposed.grad.isfinite().all()


@pytest.mark.parametrize("temperature", [0.01, 0.07])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
@pytest.mark.parametrize("distance", ["euclidean", "cosine"])
def test_a_small_temperature_of_prototypes_overflows_nowhere(distance, dtype, temperature):
    z, identity = vectors(12).to(dtype).requires_grad_(), torch.tensor(IDENTITIES["groups"])
    config = Prototypical(distance=distance, temperature=temperature)
    loss = build(config)(z, identity)
    loss.backward()
    assert loss.item() == pytest.approx(naive_prototypical(config, z.detach(), identity.tolist()), rel=1e-4, abs=1e-4)
    assert z.grad.isfinite().all()


def test_equal_vectors_of_different_groups_are_no_division_by_zero():
    z = torch.ones(6, 4).requires_grad_()
    for config in GROUPED:
        z.grad = None
        build(config)(z, torch.tensor([0, 0, 0, 1, 1, 1])).backward()
        assert z.grad.isfinite().all(), config


@pytest.mark.parametrize("config", ALL, ids=repr)
def test_half_precision_vectors_are_compared_in_single_precision(config):
    z, identity = vectors().bfloat16(), torch.tensor(IDENTITIES["pairs"])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = build(config)(z, identity)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(NAIVE[config.kind](config, z, identity.tolist()), rel=1e-3)


@pytest.mark.parametrize("config", ALL, ids=repr)
def test_every_vector_gets_a_gradient(config):
    z = vectors().requires_grad_()
    build(config)(z, torch.tensor(IDENTITIES["pairs"])).backward()
    assert (z.grad.abs().sum(dim=1) > 0).float().mean() > 0.5
    assert z.grad.isfinite().all()


@pytest.mark.parametrize("config", ALL, ids=repr)
def test_gradients_are_those_of_finite_differences(config, monkeypatch):
    """In double precision, which the losses otherwise leave for single."""
    monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)
    z = vectors(8, 3).double().requires_grad_()
    identity = torch.tensor([0, 1, 2, 3] * 2)
    assert torch.autograd.gradcheck(lambda v: build(config)(v, identity), (z,), eps=1e-6, atol=1e-4)


def test_anchors_against_other_candidates_are_what_a_loop_says():
    """As many anchors as there are; one of them has no positive, and one candidate is not to be looked at."""
    config = SupCon(temperature=0.3, hardness=0.7)
    z, rivals = vectors(5), vectors(9, seed=3)
    positive, allowed = torch.zeros(5, 9, dtype=torch.bool), torch.ones(5, 9, dtype=torch.bool)
    positive[0, :2] = positive[1, 4] = positive[2, 8] = positive[3, 1] = True
    allowed[:, 4] = False
    found = []
    for i, anchor in enumerate(unit(z)):
        scores = {j: float(anchor @ v) / 0.3 for j, v in enumerate(unit(rivals)) if allowed[i, j]}
        mine = [j for j in scores if positive[i, j]]
        hard = {j: math.exp(0.7 * s) for j, s in scores.items() if j not in mine}
        below = sum(
            math.exp(s) * hard.get(j, 1.0) / (mean(hard.values()) if j in hard else 1) for j, s in scores.items()
        )
        found += [mean([math.log(below) - scores[j] for j in mine])] if mine else []
    assert build(config).against(z, rivals, positive, allowed).item() == pytest.approx(mean(found), rel=1e-5)
    with pytest.raises(TrainingError, match="none of the 5 anchors"):
        build(config).against(z, rivals, positive & ~allowed, allowed)
    with pytest.raises(TrainingError, match="nothing to tell it apart from"):
        build(config).against(z, rivals, torch.ones_like(positive), allowed)


def test_hard_negatives_pull_the_gradient_to_the_nearest():
    """The larger the hardness, the larger the share of the push that the nearest negative gets."""
    shares = []
    for hardness in (0.0, 1.0, 4.0):
        z = torch.tensor([[1.0, 0.0], [1.0, 0.2], [0.7, 0.7], [0.0, 1.0], [-1.0, 0.1]]).requires_grad_()
        others, positive = torch.ones(1, 4, dtype=torch.bool), torch.tensor([[True, False, False, False]])
        build(NTXent(temperature=0.5, hardness=hardness)).against(z[:1], z[1:], positive, others).backward()
        pushes = z.grad[2:].norm(dim=1)
        shares.append((pushes[0] / pushes.sum()).item())
    assert shares == sorted(shares)
    assert shares[2] > shares[0] + 0.1


def test_a_collapse_costs_semihard_triplets_their_margin():
    z = torch.ones(6, 4)
    loss = build(Triplet(margin=0.3, miner="semihard"))(z, torch.tensor([0, 0, 0, 1, 1, 1]))
    assert loss.item() == pytest.approx(0.3, rel=1e-3)


def test_the_librarys_numbers_where_both_mean_the_same():
    z, pairs, groups = vectors(), torch.tensor(IDENTITIES["pairs"]), torch.tensor(IDENTITIES["groups"])
    assert build(NTXent(temperature=0.1))(z, pairs).item() == pytest.approx(NTXentLoss(0.1)(z, pairs).item(), rel=1e-5)
    assert build(SupCon())(z, groups).item() == pytest.approx(SupConLoss(0.07)(z, groups).item(), rel=1e-5)


def test_a_loss_of_zero_that_was_earned_counts_in_the_mean():
    """Two perfect groups and one spoilt pair: the mean is over all windows, not over those that are still wrong."""
    z = torch.eye(8)[[0, 0, 1, 1, 2, 3]]
    identity = torch.tensor([0, 0, 1, 1, 2, 2])
    config = SupCon(temperature=0.01)
    assert build(config)(z, identity).item() == pytest.approx(naive_supcon(config, z, identity.tolist()), rel=1e-5)


def test_random_vectors_do_not_attract_themselves():
    """With a prototype that holds the query, random data would look solved; here they are at chance."""
    z, identity = vectors(64, 512), torch.arange(8).repeat_interleave(8)
    assert build(Prototypical(distance="cosine"))(z, identity).item() >= math.log(8) - 0.05


def test_identical_uncorrelated_views_are_the_optimum_of_barlow_twins():
    half = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    assert build(BarlowTwins())(torch.cat([half, half]), torch.arange(4).repeat(2)).item() == pytest.approx(
        0.0, abs=1e-8
    )


def test_a_collapse_costs_vicreg_its_variance_term():
    loss = build(VICReg())(torch.ones(8, 4), torch.arange(4).repeat(2)).item()
    assert loss == pytest.approx(25 * (1 - math.sqrt(1e-4)), rel=1e-5)


@pytest.mark.parametrize("config", GROUPED, ids=repr)
def test_a_batch_without_a_pair_is_told_and_never_zero(config):
    with pytest.raises(TrainingError, match="no two of the 4 windows of a batch belong together"):
        build(config)(vectors(4), torch.arange(4))
    with pytest.raises(TrainingError, match="all 4 windows of a batch belong together"):
        build(config)(vectors(4), torch.zeros(4, dtype=torch.int64))


@pytest.mark.parametrize("config", PAIRED, ids=repr)
def test_statistics_over_one_pair_are_refused(config):
    with pytest.raises(TrainingError, match="a batch holds 1 pair"):
        build(config)(vectors(2), torch.zeros(2, dtype=torch.int64))
