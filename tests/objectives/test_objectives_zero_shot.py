"""Nearest class mean and neighbours against loops and scikit-learn; an untrained encoder on noise is at chance."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier
from torch.nn.functional import normalize

from twostage.config.model import ModelConfig
from twostage.config.stage_1 import ZeroShot
from twostage.data.windowed import Batch
from twostage.errors import DataError
from twostage.models.network import Encoder, Network
from twostage.objectives.zero_shot import Features, by_neighbours, by_prototype, zero_shot

CPU = torch.device("cpu")
SMALL = {"embedding": {"kind": "hse", "patch_length": 16, "patches": 4, "dim": 8}, "backbone": {"kind": "dlinear"}}


def features(count, classes=4, seed=0):
    draw = torch.Generator().manual_seed(seed)
    values = normalize(torch.randn(count, 5, generator=draw), dim=1)
    labels = torch.randint(0, classes, (count,), generator=draw)
    return Features(values, torch.ones(count, dtype=torch.int64), labels)


def network():
    torch.manual_seed(0)
    return Network(Encoder(ModelConfig.model_validate(SMALL)), torch.nn.Identity())


def batch(count, labels, *, seed, system=1, tone=None):
    torch.manual_seed(seed)
    x = torch.randn(count, 64, 1)
    if tone is not None:
        x = 0.1 * x + torch.sin(torch.arange(64)[None, :, None] * tone[labels][:, None, None])
    systems = torch.full((count,), system)
    return Batch(x, torch.full((count,), 100.0), systems, torch.arange(count), labels)


def test_a_window_belongs_to_the_class_with_the_nearest_mean():
    known, tested = features(30), features(20, seed=1).values_ND
    logits = by_prototype(known, tested, 4)
    for i in range(20):
        cosines = []
        for k in range(4):
            mean = known.values_ND[known.label_N == k].double().mean(dim=0)
            cosines.append(float(tested[i].double() @ mean / mean.norm()))
        assert logits[i].tolist() == pytest.approx(cosines, abs=1e-5)


def test_a_class_that_was_never_trained_is_never_answered():
    known = features(30, classes=3)
    assert (by_prototype(known, features(5, seed=1).values_ND, 4)[:, 3] == -torch.inf).all()
    assert (by_neighbours(known, features(5, seed=1).values_ND, 4, 3)[:, 3] == -torch.inf).all()


@pytest.mark.parametrize("neighbours", [1, 3, 5, 30])
def test_neighbours_vote_as_scikit_learn_counts_them(neighbours):
    """Wherever the vote is no tie."""
    known, tested = features(30), features(300, seed=1).values_ND
    answers = by_neighbours(known, tested, 4, neighbours).argmax(dim=1).numpy()
    reference = KNeighborsClassifier(neighbours, metric="cosine").fit(known.values_ND.numpy(), known.label_N.numpy())
    votes = np.sort(reference.predict_proba(tested.numpy()), axis=1)
    clear = votes[:, -1] > votes[:, -2] + 1e-9
    assert clear.sum() > 100
    assert np.array_equal(answers[clear], reference.predict(tested.numpy())[clear])


def test_a_tied_vote_goes_to_the_more_similar_class():
    values = normalize(torch.tensor([[1.0, 0.0], [0.6, 0.8], [-1.0, 0.0]]), dim=1)
    known = Features(values, torch.ones(3, dtype=torch.int64), torch.tensor([1, 0, 2]))
    tested = normalize(torch.tensor([[1.0, 0.1], [0.5, 1.0]]), dim=1)
    assert by_neighbours(known, tested, 3, 2).argmax(dim=1).tolist() == [1, 0]


def measured(labels, *, seed=0, neighbours=5, tone=None):
    train = [batch(len(part), part, seed=seed + i, tone=tone) for i, part in enumerate(labels.split(50))]
    test = [batch(400, torch.arange(400) % 4, seed=seed + 99, tone=tone)]
    return zero_shot(network(), ZeroShot(neighbours=neighbours), train=train, test=test, classes={1: 4}, device=CPU)


def test_on_shuffled_labels_an_untrained_encoder_is_at_chance():
    """400 windows of 4 classes: five standard errors are 11 points."""
    found = measured(torch.randint(0, 4, (400,), generator=torch.Generator().manual_seed(0)))
    for method in ("prototype", "knn"):
        assert found[f"{method}/accuracy"] == pytest.approx(0.25, abs=0.11)
        assert found[f"{method}/windows/1"] == 400


def test_what_is_easy_to_tell_apart_is_told_apart():
    found = measured(torch.arange(200) % 4, tone=torch.tensor([0.1, 0.6, 1.2, 2.4]))
    assert found["knn/accuracy"] > 0.9


def test_nothing_is_trained_and_no_draw_is_taken():
    ours = network()
    before = {name: tensor.clone() for name, tensor in ours.state_dict().items()}
    parts = [batch(20, torch.arange(20) % 2, seed=0)]
    state = torch.random.get_rng_state()
    zero_shot(ours, ZeroShot(), train=parts, test=parts, classes={1: 2}, device=CPU)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert all(torch.equal(tensor, before[name]) for name, tensor in ours.state_dict().items())


def test_each_system_is_compared_with_its_own_training_windows():
    """System 2 holds the same windows with the labels turned round; mixed up, both would be at chance."""
    labels = torch.arange(40) % 2
    tone = torch.tensor([0.3, 2.0])
    one, two = (batch(40, labels, seed=0, system=system, tone=tone) for system in (1, 2))
    parts = [one, two._replace(label_B=1 - two.label_B)]
    found = zero_shot(network(), ZeroShot(), train=parts, test=parts, classes={1: 2, 2: 2}, device=CPU)
    assert (found["knn/accuracy/1"], found["knn/accuracy/2"]) == (1.0, 1.0)


def test_a_held_out_system_is_compared_with_all_others():
    labels, tone = torch.arange(40) % 2, torch.tensor([0.3, 2.0])
    train, test = ([batch(40, labels, seed=seed, system=seed, tone=tone)] for seed in (1, 2))
    found = zero_shot(network(), ZeroShot(), train=train, test=test, classes={1: 2, 2: 2}, device=CPU)
    assert found["knn/accuracy/2"] > 0.9
    with pytest.raises(DataError, match="system 2 has no training window"):
        zero_shot(network(), ZeroShot(), train=train, test=test, classes={1: 3, 2: 2}, device=CPU)


def test_more_neighbours_than_windows_are_refused():
    with pytest.raises(DataError, match="neighbours is 500, but there are 200 training windows"):
        measured(torch.arange(200) % 4, neighbours=500)
