"""The embedding against a slow reading of its definition, for any shape of window and patch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from twostage.config import model as configs
from twostage.models.embeddings.hse import HSE, PatchStarts

STARTS = ("random", "sorted", "even")
shapes = st.fixed_dictionaries(
    {
        "batch": st.integers(1, 3),
        "length": st.integers(1, 40),
        "channels": st.integers(1, 4),
        "patch_length": st.integers(1, 50),
        "patch_channels": st.integers(1, 6),
        "patches": st.integers(1, 9),
        "starts": st.sampled_from(STARTS),
        "seed": st.integers(0, 1000),
    }
)


def make(shape):
    torch.manual_seed(shape["seed"])
    named = {key: shape[key] for key in ("patch_length", "patch_channels", "patches", "starts")}
    x_BLC = torch.randn(shape["batch"], shape["length"], shape["channels"], dtype=torch.float64)
    rate_B = torch.randint(1, 50_000, (shape["batch"],)).double()
    return HSE(configs.HSE(dim=3, **named)).double(), x_BLC, rate_B


def repeated(values, wanted):
    """Each value in place, as often as it takes to have the wanted number."""
    times = 1
    while len(values) * times < wanted:
        times += 1
    return [value for value in values for _ in range(times)]


def slow_patch(window, rate, start_l, start_c, config):
    """One patch and its times by plain loops, as arrays (l, c)."""
    rows = repeated(list(range(len(window))), config.patch_length)
    columns = repeated(list(range(window.shape[1])), config.patch_channels)
    signal = np.empty((config.patch_length, config.patch_channels))
    time = np.empty_like(signal)
    for i in range(config.patch_length):
        for j in range(config.patch_channels):
            row = rows[start_l + i]
            signal[i, j] = window[row, columns[start_c + j]]
            time[i, j] = row / rate
    return signal, time


def slow_token(signal, time, embedding):
    flat = np.concatenate([signal, time], axis=1).reshape(-1)
    weights = {name: tensor.detach().numpy() for name, tensor in embedding.state_dict().items()}
    hidden = weights["linear1.weight"] @ flat + weights["linear1.bias"]
    return weights["linear2.weight"] @ (hidden / (1 + np.exp(-hidden))) + weights["linear2.bias"]


@given(shapes)
@settings(max_examples=40)
def test_equals_plain_loops(shape):
    embedding, x_BLC, rate_B = make(shape)
    starts = embedding.starts(x_BLC)
    patches, tokens = embedding.patches(x_BLC, starts), embedding(x_BLC, rate_B, starts)
    for b in range(shape["batch"]):
        for p in range(shape["patches"]):
            place = starts.length_BP[b, p].item(), starts.channel_BP[b, p].item()
            signal, time = slow_patch(x_BLC[b].numpy(), rate_B[b].item(), *place, embedding.config)
            assert np.array_equal(patches[b, p].numpy(), signal)
            # Periods are taken in float32, as recorded runs did.
            expected = slow_token(signal, time, embedding)
            np.testing.assert_allclose(tokens[b, p].detach().numpy(), expected, rtol=1e-5, atol=1e-5)


@given(shapes)
@settings(max_examples=60)
def test_starts_lie_within_the_window(shape):
    embedding, x_BLC, _ = make(shape)
    for training in (True, False):
        starts = embedding.train(training).starts(x_BLC)
        room_l = len(repeated([0] * shape["length"], shape["patch_length"])) - shape["patch_length"]
        room_c = len(repeated([0] * shape["channels"], shape["patch_channels"])) - shape["patch_channels"]
        for values, room in zip(starts, (room_l, room_c), strict=True):
            assert values.dtype == torch.int64
            assert values.shape == (shape["batch"], shape["patches"])
            assert 0 <= values.min() <= values.max() <= room


@given(shapes)
@settings(max_examples=30)
def test_sorted_starts_are_the_random_ones_in_order(shape):
    (in_order, x_BLC, _), (drawn, _, _) = make({**shape, "starts": "sorted"}), make({**shape, "starts": "random"})
    torch.manual_seed(7)
    ours = in_order.starts(x_BLC)
    torch.manual_seed(7)
    theirs = drawn.starts(x_BLC)
    assert (ours.length_BP.diff(dim=1) >= 0).all()
    for b in range(shape["batch"]):
        pairs = [sorted(zip(s.length_BP[b].tolist(), s.channel_BP[b].tolist(), strict=True)) for s in (ours, theirs)]
        assert pairs[0] == pairs[1]


@given(length=st.integers(8, 500), patches=st.integers(2, 40))
@settings(max_examples=60)
def test_even_starts_span_the_window(length, patches):
    starts = HSE(configs.HSE(patch_length=8, patches=patches, starts="even")).starts(torch.zeros(2, length, 1))
    row = starts.length_BP[0].double()
    assert (row - torch.linspace(0, length - 8, patches, dtype=torch.float64)).abs().max() <= 0.5 + 1e-9
    assert (row[0], row[-1]) == (0, length - 8)
    assert torch.equal(starts.length_BP[0], starts.length_BP[1])
    assert (starts.channel_BP == 0).all()


def test_even_starts_take_turns_in_the_channels():
    starts = HSE(configs.HSE(patch_length=8, patch_channels=2, patches=9, starts="even")).starts(torch.zeros(2, 64, 4))
    assert starts.channel_BP[0].tolist() == [0, 1, 2] * 3


def test_one_even_patch_begins_at_the_beginning():
    starts = HSE(configs.HSE(patch_length=8, patches=1, starts="even")).starts(torch.zeros(1, 64, 1))
    assert starts.length_BP.tolist() == [[0]]


@pytest.mark.parametrize("starts", STARTS)
def test_evaluation_repeats_itself_and_draws_nothing(starts):
    embedding = HSE(configs.HSE(starts=starts)).eval()
    x_BLC, before = torch.zeros(2, 500, 2), torch.get_rng_state()
    first, second = embedding.starts(x_BLC), embedding.starts(x_BLC)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert torch.equal(before, torch.get_rng_state())


def test_evaluation_may_draw_as_in_training():
    embedding = HSE(configs.HSE(starts="random", evaluation_starts="as_training"))
    x_BLC = torch.zeros(2, 500, 2)
    torch.manual_seed(3)
    training = embedding.train().starts(x_BLC)
    torch.manual_seed(3)
    assert torch.equal(training.length_BP, embedding.eval().starts(x_BLC).length_BP)


def test_given_starts_are_used():
    embedding = HSE(configs.HSE(patch_length=4, patches=2, dim=3)).eval()
    x_BLC, rate_B = torch.randn(1, 20, 1), torch.tensor([100.0])
    there = PatchStarts(torch.tensor([[5, 11]]), torch.zeros(1, 2, dtype=torch.int64))
    back = PatchStarts(there.length_BP.flip(1), there.channel_BP)
    assert torch.equal(embedding(x_BLC, rate_B, there), embedding(x_BLC, rate_B, back).flip(1))


def test_a_patch_tells_sampling_rates_apart():
    embedding = HSE(configs.HSE(patch_length=4, patches=2, dim=3)).eval()
    x_BLC = torch.randn(1, 20, 1).expand(2, 20, 1)
    tokens_BPD = embedding(x_BLC, torch.tensor([10.0, 20.0]))
    assert not torch.allclose(tokens_BPD[0], tokens_BPD[1])
