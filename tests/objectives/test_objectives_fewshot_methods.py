"""Answers to queries against naive float64 loops, scikit-learn and chance."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from strategies import recording
from torch import nn

from twostage.components import build
from twostage.config.model import HSE, ModelConfig, PatchTST
from twostage.config.stage_2 import FewshotConfig
from twostage.config.stage_2.fewshot_methods import (
    EpisodeFinetune,
    LinearProbe,
    Matching,
    Neighbours,
    Prototypical,
)
from twostage.data.episodes import Episodes
from twostage.data.windowed import Batch
from twostage.data.windows import WindowIndex
from twostage.models.network import Encoder, Network
from twostage.objectives.adapt.episodes.scores import EpisodeScores, half_width, score
from twostage.objectives.adapt.episodes.tasks import MeanTokens, Task, tasks_of
from twostage.objectives.adapt.fewshot import Fewshot

METHODS = [
    Prototypical(),
    Prototypical(distance="cosine"),
    Matching(),
    Matching(distance="euclidean"),
    Matching(distance="dot", temperature=3.0),
    Neighbours(neighbours=2),
    LinearProbe(),
]
NAMES = [f"{m.kind} {getattr(m, 'distance', '')}".strip() for m in METHODS]


def toy(seed=0, *, ways=3, shots=2, queries=4, dim=5, shift=1.0):
    """Support, classes, query, classes: windows of a class lie around a point of their own."""
    draw = np.random.default_rng(seed)
    centres = shift * draw.standard_normal((ways, dim))
    class_S, class_Q = (draw.permutation(np.repeat(np.arange(ways), count)) for count in (shots, queries))
    features = [centres[c] + draw.standard_normal((len(c), dim)) for c in (class_S, class_Q)]
    return features[0], class_S, features[1], class_Q


def answered(method, support, class_S, query, ways):
    arguments = (torch.tensor(support), torch.tensor(class_S), torch.tensor(query))
    return build(method).answer(*arguments, ways).numpy()


# Naive loops -----------------------------------------------------------------------------------------------------


def alike(kind, a, b):
    if kind == "euclidean":
        return -sum((x - y) ** 2 for x, y in zip(a, b, strict=True))
    dot = sum(x * y for x, y in zip(a, b, strict=True))
    return dot if kind == "dot" else dot / (np.sqrt(sum(x * x for x in a)) * np.sqrt(sum(y * y for y in b)))


def softmax(values):
    grown = [np.exp(value) for value in values]
    return [value / sum(grown) for value in grown]


def naive_prototypical(method, support, class_S, query, ways):
    rows = []
    for q in query:
        scores = []
        for c in range(ways):
            mine = [s for s, label in zip(support, class_S, strict=True) if label == c]
            scores.append(alike(method.distance, q, sum(mine) / len(mine)) / method.temperature)
        rows.append(softmax(scores))
    return np.log(rows)


def naive_matching(method, support, class_S, query, ways):
    rows = []
    for q in query:
        attention = softmax([alike(method.distance, q, s) / method.temperature for s in support])
        rows.append([sum(a for a, label in zip(attention, class_S, strict=True) if label == c) for c in range(ways)])
    return np.log(rows)


@settings(max_examples=40)
@given(st.integers(0, 1000), st.integers(2, 4), st.integers(1, 3), st.sampled_from([0, 1, 2, 3, 4]))
def test_prototypical_and_matching_equal_a_naive_loop(seed, ways, shots, which):
    method = METHODS[which]
    support, class_S, query, _ = toy(seed, ways=ways, shots=shots)
    naive = naive_prototypical if method.kind == "prototypical" else naive_matching
    expected = naive(method, support, class_S, query, ways)
    np.testing.assert_allclose(answered(method, support, class_S, query, ways), expected, rtol=1e-9, atol=1e-9)


def test_neighbours_vote_and_the_nearest_decides_a_tie():
    support, class_S = np.array([[0.0], [1.0], [1.1], [5.0]]), np.array([0, 1, 1, 0])
    query = np.array([[0.2], [0.9]])
    one = answered(Neighbours(neighbours=1), support, class_S, query, 2)
    assert one.argmax(axis=1).tolist() == [0, 1]
    two = answered(Neighbours(neighbours=2), support, class_S, query, 2)
    assert two.argmax(axis=1).tolist() == [0, 1]
    three = answered(Neighbours(neighbours=3), support, class_S, query, 2)
    assert three.argmax(axis=1).tolist() == [1, 1]
    np.testing.assert_allclose(np.exp(three), [[2 / 5, 3 / 5]] * 2, atol=1e-3)


@pytest.mark.parametrize("l2", [0.1, 1.0, 10.0])
def test_the_linear_probe_is_the_regression_of_scikit_learn(l2):
    support, class_S, query, _ = toy(ways=4, shots=3, dim=8)
    unit_support, unit_query = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (support, query))
    oracle = LogisticRegression(C=1 / l2, tol=1e-10, max_iter=10_000).fit(unit_support, class_S)
    ours = answered(LinearProbe(l2=l2), support, class_S, query, 4)
    np.testing.assert_allclose(ours, oracle.predict_log_proba(unit_query), atol=1e-5)


@pytest.mark.parametrize("method", METHODS, ids=NAMES)
def test_probabilities_add_up_to_one(method):
    support, class_S, query, _ = toy()
    np.testing.assert_allclose(np.exp(answered(method, support, class_S, query, 3)).sum(axis=1), 1.0, rtol=1e-6)


@pytest.mark.parametrize("method", [m for m in METHODS if getattr(m, "distance", "") != "dot"])
def test_classes_far_apart_are_told_apart(method):
    """Dot products aside, which prefer whatever is long."""
    support, class_S, query, class_Q = toy(shift=50.0)
    assert (answered(method, support, class_S, query, 3).argmax(axis=1) == class_Q).all()


# Whole episodes --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    model = ModelConfig(
        embedding=HSE(patch_length=16, patches=4, dim=8), backbone=PatchTST(layers=1, heads=2, feedforward=8)
    )
    return Network(Encoder(model), MeanTokens()).eval()


def episode(seed=0, *, ways=3, shots=2, queries=4, tasks=1):
    """Tones in noise; a class has its own frequency in each task, and labels have gaps."""
    torch.manual_seed(seed)
    label_T = torch.arange(ways).mul(2).repeat_interleave(shots + queries)
    label_B, task_B = label_T.repeat(tasks), torch.arange(tasks).repeat_interleave(len(label_T))
    time_L = torch.arange(64) / 64
    turns_B = 2 + 3 * label_B + 11 * task_B
    x_BL = torch.sin(2 * torch.pi * turns_B[:, None] * time_L + 6 * torch.rand(len(label_B), 1))
    return Batch(
        x_BLC=(x_BL + 0.1 * torch.randn_like(x_BL)).unsqueeze(2),
        sample_rate_B=torch.full((len(label_B),), 64.0),
        system_B=1 + task_B,
        recording_B=torch.arange(len(label_B)),
        label_B=label_B,
        task_B=task_B,
        support_B=torch.tensor([True] * shots + [False] * queries).repeat(ways * tasks),
    )


def shuffled(batch, seed=1):
    order = torch.randperm(len(batch.x_BLC), generator=torch.Generator().manual_seed(seed))
    return batch._replace(**{k: v[order] for k, v in batch._asdict().items() if v is not None})


def objective(network, method, **changes):
    written = FewshotConfig(targets=[{"system": 1}], method=method, **changes)
    return Fewshot(written, copy.deepcopy(network), classes={1: 3, 2: 3}).eval()


@pytest.mark.parametrize("method", [*METHODS, EpisodeFinetune(steps=5)], ids=[*NAMES, "finetune"])
def test_the_order_of_windows_and_labels_changes_nothing(network, method):
    """A matching loss whose columns followed the blocks of a batch scored 0 on perfectly separable shuffled ones."""
    batch = episode(tasks=2)
    renamed = batch._replace(label_B=7 - batch.label_B)
    results = []
    for changed in (batch, shuffled(batch), shuffled(renamed, seed=2)):
        made = objective(network, method, shots=[2])
        loss = made.loss(changed, "test").detach()
        results.append([float(loss), *(made.metrics("test")[name] for name in ("accuracy", "macro_f1"))])
    np.testing.assert_allclose(results, [results[0]] * 3, rtol=1e-4)


def test_a_task_is_answered_from_its_own_support_alone(network):
    both, made = episode(tasks=2), objective(network, Prototypical())
    alone = both._replace(**{k: v[both.task_B == 0] for k, v in both._asdict().items() if v is not None})
    with torch.no_grad():
        together, apart = made.method(made.network, both)[0], made.method(made.network, alone)[0]
    torch.testing.assert_close(together, apart)


def test_the_training_loss_is_the_mean_over_tasks_and_trains_the_encoder(network):
    made, batch = objective(network, Prototypical()), episode(tasks=2)
    loss = made.loss(batch, "train")
    torch.autograd.backward(loss)
    assert all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in made.network.backbone.parameters())
    tasks, answers = tasks_of(batch), made.method(made.network, batch)
    naive = [
        np.mean([-float(answer.detach()[i, c]) for i, c in enumerate(task.class_Q)])
        for task, answer in zip(tasks, answers, strict=True)
    ]
    assert float(loss.detach()) == pytest.approx(np.mean(naive), rel=1e-5)


def test_finetuning_starts_each_episode_from_the_same_network(network):
    made = objective(network, EpisodeFinetune(steps=3))
    before = copy.deepcopy(made.network.state_dict())
    with torch.inference_mode():
        first, again = (float(made.loss(episode(), "test")) for _ in range(2))
    assert first == again
    assert all(torch.equal(before[name], tensor) for name, tensor in made.network.state_dict().items())


@pytest.mark.parametrize("frozen", [True, False])
def test_finetuning_is_adam_on_the_support(network, frozen):
    """By hand: full batches, a head from zero, and the encoder where it is not frozen."""
    freeze = {"embedding": frozen, "backbone": frozen}
    made, batch = objective(network, EpisodeFinetune(steps=4, lr=0.01), freeze=freeze), episode()
    ours = made.method(made.network, batch)[0]
    model, head, (task,) = copy.deepcopy(network).requires_grad_(not frozen), nn.Linear(8, 3), tasks_of(batch)
    nn.init.zeros_(head.weight), nn.init.zeros_(head.bias)
    search = torch.optim.Adam([*head.parameters(), *([] if frozen else model.parameters())], lr=0.01)
    for _ in range(4):
        logits = head(model(batch.x_BLC[task.support_S], batch.sample_rate_B[task.support_S]))
        loss = -logits.log_softmax(dim=1)[range(len(logits)), task.class_S].mean()
        search.zero_grad()
        loss.backward()
        search.step()
    expected = head(model(batch.x_BLC[task.query_Q], batch.sample_rate_B[task.query_Q])).log_softmax(dim=1)
    torch.testing.assert_close(ours, expected.detach())


def test_what_does_not_train_is_frozen(network):
    made = objective(network, Neighbours())
    assert not [name for name, p in made.network.named_parameters() if p.requires_grad]
    assert not made.train().network.backbone.training


# Scores ----------------------------------------------------------------------------------------------------------


@settings(max_examples=50)
@given(st.integers(0, 1000), st.integers(2, 5))
def test_scores_are_those_of_scikit_learn(seed, ways):
    draw = np.random.default_rng(seed)
    class_Q = draw.permutation(np.repeat(np.arange(ways), 3))
    answer_QN = draw.standard_normal((len(class_Q), ways))
    nothing = torch.empty(0)
    task = Task(1, ways, nothing, nothing, nothing, torch.tensor(class_Q))
    accuracy, f1 = score(task, torch.tensor(answer_QN)).values.tolist()
    assert accuracy == pytest.approx(accuracy_score(class_Q, answer_QN.argmax(axis=1)))
    assert f1 == pytest.approx(f1_score(class_Q, answer_QN.argmax(axis=1), average="macro"))


def test_the_interval_is_students():
    values = [0.5, 0.75, 0.8, 1.0]
    low, high = stats.t.interval(0.95, 3, loc=np.mean(values), scale=stats.sem(values))
    assert half_width(values) == pytest.approx((high - low) / 2)


def test_scores_are_means_of_episodes_and_of_systems(network):
    made = objective(network, Prototypical())
    for seed in range(4):
        made.loss(episode(seed, tasks=2), "test")
    found = made.metrics("test")
    assert found["episodes"] == 4
    assert found["accuracy"] == pytest.approx((found["accuracy/1"] + found["accuracy/2"]) / 2)
    assert (found["windows/1"], found["majority/2"]) == (4 * 3 * 4, pytest.approx(1 / 3))
    assert found["accuracy_ci95"] >= 0.0


def test_one_episode_has_no_interval(network):
    made = objective(network, Prototypical())
    made.loss(episode(), "test")
    assert not [name for name in made.metrics("test") if "ci95" in name]


# Chance, and the same bearing again ------------------------------------------------------------------------------


def scored(log_QN, class_Q):
    nothing = torch.empty(0)
    return score(Task(1, 3, nothing, nothing, nothing, torch.tensor(class_Q)), torch.tensor(log_QN))


def accuracy_on(features_of_window, recordings, windows, *, unit):
    """Accuracy over 200 one-shot episodes."""
    written = FewshotConfig(targets=[{"system": 1}], queries=5, support_unit=unit)
    made, scores = Episodes(recordings, windows, written, 1, "test"), EpisodeScores()
    labels = np.array([recordings[row].label for row in windows.rows])
    for number in range(200):
        drawn = made.draw(number)
        support, query = (drawn.positions_B[drawn.support_B == side] for side in (True, False))
        log_QN = answered(Prototypical(), features_of_window[support], labels[support], features_of_window[query], 3)
        scores.update([scored(log_QN, labels[query])])
    return scores.compute()["accuracy"]


@pytest.fixture(scope="module")
def shelf():
    """Three classes of 12 bearings with 8 windows each."""
    recordings = [recording(100 * c + b, label=c, bearing=f"{c}-{b}") for c in range(3) for b in range(12)]
    return recordings, WindowIndex(np.repeat(np.arange(36), 8), np.tile(np.arange(8) * 100, 36), 100)


@pytest.mark.parametrize("method", [Prototypical(), Matching(), Neighbours()], ids=lambda method: method.kind)
def test_without_information_answers_are_at_chance(method):
    """With labels that features know nothing of, 95 % of all intervals hold 1/3; fewer than 33 of 40: 1 in 1,000."""
    holds = 0
    for repeat in range(40):
        scores = EpisodeScores()
        for number in range(25):
            support, class_S, query, class_Q = toy(1000 * repeat + number, shots=1, shift=0.0)
            scores.update([scored(answered(method, support, class_S, query, 3), class_Q)])
        found = scores.compute()
        holds += abs(found["accuracy"] - 1 / 3) <= found["accuracy_ci95"]
    assert holds >= 33


def test_by_window_a_bearing_is_recognised_again_and_by_bearing_it_is_not(shelf):
    """Features that tell bearings apart and know nothing of classes: the reason for the default support_unit."""
    draw = np.random.default_rng(1)
    features = np.repeat(20 * draw.standard_normal((36, 6)), 8, axis=0) + draw.standard_normal((288, 6))
    recordings, windows = shelf
    few = [r for r in recordings if int(r.bearing.partition("-")[2]) < 1]
    few_windows = WindowIndex(np.repeat(np.arange(3), 8), np.tile(np.arange(8) * 100, 3), 100)
    mine = np.isin(windows.rows, [recordings.index(r) for r in few])
    by_window = accuracy_on(features[mine], few, few_windows, unit="window")
    by_bearing = accuracy_on(features, recordings, windows, unit="bearing")
    assert by_window > 0.99
    assert by_bearing < 0.5
