"""Masked reconstruction hides what it asks for, and only that counts."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from twostage.config.load import load_config
from twostage.config.model import HSE, ModelConfig
from twostage.config.stage_1 import Mask, ReconstructionConfig
from twostage.data.windowed import Batch
from twostage.errors import TwoStageError
from twostage.models.network import Encoder, Network
from twostage.objectives.pretrain.masking import Masking
from twostage.objectives.pretrain.reconstruction import Reconstruction
from twostage.objectives.pretrain.restoration import ERRORS, correlations, spectral_similarities

MODEL = ModelConfig(embedding=HSE(patch_length=16, patches=8, dim=16))
DRAW = 11


def objective(**written):
    config = ReconstructionConfig.model_validate({"pretrain_mode": "reconstruction"} | written)
    torch.manual_seed(0)
    return Reconstruction(config, Network(Encoder(MODEL), Reconstruction.head(config, MODEL)))


def batch(x_BLC):
    count = len(x_BLC)
    zeros = torch.zeros(count, dtype=torch.int64)
    return Batch(x_BLC, torch.full((count,), 1000.0), zeros, zeros, zeros, zeros)


def hidden_first(ours, x_BLC):
    """What the first validation batch will hide."""
    hidden_BLC = ours.restoration.masking.hidden(x_BLC, "validation")
    ours.restoration.restart()
    return hidden_BLC


def masked(batch_size=4, length=100, channels=1, part="train", **mask):
    return Masking(Mask(**mask)).hidden(torch.zeros(batch_size, length, channels), part)


# What is hidden --------------------------------------------------------------------------------------------------


@given(ratio=st.floats(0.05, 0.95), block=st.integers(1, 200), length=st.integers(2, 300), channels=st.integers(1, 3))
def test_blocks_are_hidden_whole_and_something_is_left(ratio, block, length, channels):
    hidden_BLC = masked(4, length, channels, ratio=ratio, block=block)
    assert hidden_BLC.shape == (4, length, channels)
    assert (hidden_BLC == hidden_BLC[:, :, :1]).all()
    for start in range(0, length, block):
        piece = hidden_BLC[:, start : start + block, 0]
        assert (piece.all(dim=1) | ~piece.any(dim=1)).all()
    assert hidden_BLC.any(dim=1).all()
    assert block >= length or not hidden_BLC.all(dim=1).any()


@given(
    ratio=st.sampled_from([0.0, 0.1, 0.25, 0.5]),
    forecast=st.sampled_from([0.1, 0.3, 0.5]),
    blocks=st.integers(2, 12),
    block=st.integers(1, 5),
    per_channel=st.booleans(),
)
def test_the_forecast_is_hidden_beside_exactly_as_many_blocks_as_asked_for(ratio, forecast, blocks, block, per_channel):
    """In each window and channel: the tail, and of the blocks before it the share, at least one and not all."""
    length = 200
    tail = round(forecast * length)
    length = tail + blocks * block
    mask = Mask(ratio=ratio, block=block, forecast=tail / length, per_channel=per_channel and ratio > 0)
    hidden_BLC = Masking(mask).hidden(torch.zeros(5, length, 3), "train")
    assert hidden_BLC[:, length - tail :].all()
    wanted = min(max(1, round(ratio * blocks)), blocks - 1) if ratio else 0
    assert (hidden_BLC[:, : length - tail].sum(dim=1) == wanted * block).all()


@pytest.mark.parametrize(
    ("share", "length", "samples"), [(0.1, 1024, 102), (0.3, 10, 3), (0.29, 100, 29), (0.001, 10, 1), (0.99, 2, 1)]
)
def test_the_forecast_is_rounded_down_but_is_never_nothing_or_all(share, length, samples):
    assert masked(2, length, ratio=0.0, forecast=share).sum(dim=1).flatten().tolist() == [samples, samples]


def test_channels_hide_the_same_blocks_or_blocks_of_their_own():
    together = masked(8, 256, 2, ratio=0.5, block=8)
    alone = masked(8, 256, 2, ratio=0.5, block=8, per_channel=True)
    assert torch.equal(together[..., 0], together[..., 1])
    assert not torch.equal(alone[..., 0], alone[..., 1])


def test_every_draw_of_the_training_hides_other_blocks():
    masking, x_BLC = Masking(Mask()), torch.zeros(2, 1024, 1)
    assert not torch.equal(masking.hidden(x_BLC, "train"), masking.hidden(x_BLC, "train"))


@given(cuts=st.lists(st.integers(1, 19), max_size=3), per_channel=st.booleans(), noise=st.integers(0, 9))
def test_in_evaluation_the_mask_of_a_window_depends_on_its_position_alone(cuts, per_channel, noise):
    """Not on the epoch, the batches, or what else draws random numbers."""
    masking = Masking(Mask(ratio=0.3, block=7, forecast=0.2, per_channel=per_channel))
    x_BLC = torch.zeros(20, 100, 2)
    whole = masking.hidden(x_BLC, "validation")
    masking.restart()
    pieces = []
    for piece in np.split(np.arange(20), sorted(set(cuts))):
        torch.rand(noise)
        pieces.append(masking.hidden(x_BLC[piece], "validation"))
    assert torch.equal(torch.cat(pieces), whole)
    assert not torch.equal(whole[0], whole[1])


# What counts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mask", [{"ratio": 0.5, "block": 16}, {"ratio": 0.0, "forecast": 0.25}])
def test_hidden_samples_never_reach_the_encoder(mask):
    """What is hidden may change at will: the encoder's tokens stay as they are."""
    ours = objective(mask=mask).eval()
    x_BLC = torch.randn(3, 256, 1)
    hidden_BLC, seen = hidden_first(ours, x_BLC), []
    ours.network.backbone.register_forward_pre_hook(lambda _, tokens: seen.append(tokens[0].detach().clone()))
    for windows in (x_BLC, torch.where(hidden_BLC, 99.0, x_BLC)):
        ours.restoration.restart()
        ours.loss(batch(windows), "validation")
    assert torch.equal(seen[0], seen[1])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [([], 4.0), ([{"kind": "jitter", "std": 9.0}], 4.0), ([{"kind": "scale", "low": 3, "high": 3}], 36.0)],
)
def test_a_corrupted_window_is_restored_clean(changes, expected):
    """A head that answers zero errs by the target: noise is not in it, a gain is; both reach the encoder."""
    ours = objective(mask={"ratio": 0.5, "block": 16}, augmentations=changes)
    torch.nn.init.zeros_(ours.network.head.linear.weight)
    torch.nn.init.zeros_(ours.network.head.linear.bias)
    seen = []
    ours.network.embedding.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    assert ours.loss(batch(torch.full((3, 256, 1), 2.0)), "train").item() == pytest.approx(expected)
    assert set(seen[0].unique().tolist()) != {0.0, 2.0} or not changes
    assert ours.loss(batch(torch.full((3, 256, 1), 2.0)), "validation").item() == pytest.approx(4.0)


@pytest.mark.parametrize(("kind", "expected"), [("mse", 4.0), ("mae", 2.0), ("relative_l2", 1.0)])
def test_the_error_counts_hidden_samples_alone(kind, expected):
    """A head that answers zero errs by the value itself: 2 where hidden, and 100 elsewhere does not count."""
    ours = objective(loss=kind, mask={"ratio": 0.5, "block": 16}).eval()
    torch.nn.init.zeros_(ours.network.head.linear.weight)
    torch.nn.init.zeros_(ours.network.head.linear.bias)
    x_BLC = torch.full((3, 256, 1), 100.0)
    x_BLC[hidden_first(ours, x_BLC)] = 2.0
    assert ours.loss(batch(x_BLC), "validation").item() == pytest.approx(expected)
    assert ours.metrics("validation")["mse"] == pytest.approx(4.0)


def test_seen_samples_count_where_it_is_written():
    """A head that answers zero errs by 2 where hidden and by 4 elsewhere; half of the samples is hidden."""
    ours = objective(counts="all", mask={"ratio": 0.5, "block": 16}).eval()
    torch.nn.init.zeros_(ours.network.head.linear.weight)
    torch.nn.init.zeros_(ours.network.head.linear.bias)
    x_BLC = torch.full((3, 128, 1), 4.0)
    x_BLC[hidden_first(ours, x_BLC)] = 2.0
    assert ours.loss(batch(x_BLC), "validation").item() == pytest.approx((4.0 + 16.0) / 2)
    assert ours.metrics("validation")["mse"] == pytest.approx(4.0)


@st.composite
def restorations(draw):
    """Restored and true patches (3, 2, 5, 2), and what of them is hidden: something in each window."""
    generator = torch.Generator().manual_seed(draw(st.integers(0, 10_000)))
    restored, target = torch.randn(2, 3, 2, 5, 2, generator=generator) * draw(st.sampled_from([1e-4, 1.0, 1e4]))
    hidden = (torch.rand(3, 2, 5, 2, generator=generator) < draw(st.floats(0.2, 1.0))).float()
    hidden[:, 0, :2] = 1.0
    return restored, target, hidden


def picked(values, hidden):
    return [value.double()[where > 0].numpy() for value, where in zip(values, hidden, strict=True)]


@given(restorations())
def test_errors_are_those_of_a_plain_loop(patches):
    restored, target, hidden = patches
    pairs = list(zip(picked(restored, hidden), picked(target, hidden), strict=True))
    off = np.concatenate([a - b for a, b in pairs])
    expected = {
        "mse": np.mean(off**2),
        "mae": np.mean(np.abs(off)),
        "relative_l2": np.mean([math.sqrt(sum((a - b) ** 2)) / math.sqrt(sum(b**2)) for a, b in pairs]),
    }
    for kind, value in expected.items():
        assert ERRORS[kind](restored, target, hidden).item() == pytest.approx(value, rel=1e-5)


@given(restorations())
def test_correlation_is_numpys_within_each_window(patches):
    restored, target, hidden = patches
    value_B, defined_B = correlations(restored, target, hidden)
    expected = [np.corrcoef(a, b)[0, 1] for a, b in zip(picked(restored, hidden), picked(target, hidden), strict=True)]
    assert defined_B.tolist() == [1.0, 1.0, 1.0]
    assert value_B.tolist() == pytest.approx(expected, abs=1e-4)


def naive_spectrum(patches, hidden):
    """Sum over patches of the amplitudes of what is hidden of them, less its mean; channel after channel."""
    rows = []
    for channel in range(patches.shape[2]):
        total = 0
        for patch, where in zip(patches[:, :, channel].double().numpy(), hidden[:, :, channel].numpy(), strict=True):
            mean = patch[where > 0].mean() if where.any() else 0.0
            total = total + np.abs(np.fft.rfft(np.where(where > 0, patch - mean, 0.0)))
        rows.append(total)
    return np.stack(rows, axis=1).ravel()


@given(restorations())
def test_spectral_similarity_is_the_cosine_of_spectra_by_a_loop(patches):
    restored, target, hidden = patches
    value_B, defined_B = spectral_similarities(restored, target, hidden)
    for one, a, b, where in zip(value_B, restored, target, hidden, strict=True):
        x, y = naive_spectrum(a, where), naive_spectrum(b, where)
        assert one.item() == pytest.approx(x @ y / math.sqrt((x @ x) * (y @ y)), abs=1e-4)
    assert defined_B.tolist() == [1.0, 1.0, 1.0]


def test_a_tone_at_another_time_has_the_same_spectrum_and_another_frequency_has_not():
    def tone(periods, phase=0.0):
        return torch.sin(2 * torch.pi * periods * torch.arange(64) / 64 + phase).reshape(1, 2, 32, 1)

    shown = torch.ones(1, 2, 32, 1)
    assert spectral_similarities(tone(8, 1.0), tone(8), shown)[0].item() == pytest.approx(1.0, abs=1e-5)
    assert spectral_similarities(tone(16), tone(8), shown)[0].item() == pytest.approx(0.0, abs=1e-5)
    constant = spectral_similarities(tone(8), torch.full((1, 2, 32, 1), 0.3), shown)
    assert [float(part) for part in constant] == [0.0, 0.0]


def test_a_constant_signal_has_no_correlation_and_a_constant_answer_has_none_of_it():
    varying = torch.linspace(-1, 1, 20).reshape(1, 1, 20, 1).expand(3, -1, -1, -1).clone()
    restored, target = varying.clone(), varying.clone()
    restored[0], target[1] = 7.3, 0.1
    value_B, defined_B = correlations(restored, target, torch.ones_like(target))
    assert value_B.tolist() == pytest.approx([0.0, 0.0, 1.0])
    assert defined_B.tolist() == [1.0, 0.0, 1.0]


def test_a_window_of_zeros_has_no_relative_error_and_a_finite_gradient():
    restored = torch.zeros(2, 1, 4, 1, requires_grad=True)
    target = torch.stack([torch.zeros(1, 4, 1), torch.ones(1, 4, 1)])
    error = ERRORS["relative_l2"](restored, target, torch.ones(2, 1, 4, 1))
    error.backward()
    assert error.item() == pytest.approx(1.0)
    assert restored.grad.isfinite().all()


def test_scores_are_those_of_all_windows_whatever_the_batches():
    ours = objective(mask={"ratio": 0.3, "block": 8, "forecast": 0.1}).eval()
    x_BLC = torch.randn(10, 128, 1)
    found = []
    for size in (10, 3):
        ours.restoration.restart()
        for piece in x_BLC.split(size):
            ours.loss(batch(piece), "validation")
        found.append(ours.metrics("validation"))
    assert found[0] == pytest.approx(found[1], rel=1e-4)
    assert set(found[0]) == {"mse", "correlation", "spectral_similarity"}
    assert ours.metrics("test") == {}


def test_it_learns_to_restore_a_tone():
    ours = objective(mask={"ratio": 0.3, "block": 16})
    time_L = torch.arange(128) / 1000
    x_BLC = torch.sin(2 * torch.pi * 50 * time_L).expand(16, -1).unsqueeze(-1)
    optimizer = torch.optim.Adam(ours.parameters(), lr=3e-3)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = ours.loss(batch(x_BLC), "train")
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert sum(losses[-5:]) < 0.5 * sum(losses[:5])


# What may be written ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mask", "told"),
    [
        ({"ratio": 0.0}, "ratio and forecast are both 0, so nothing would be hidden"),
        ({"ratio": 0.0, "forecast": 0.1, "per_channel": True}, "per_channel has no effect, because ratio is 0"),
        ({"forecast": 1.0}, "expected a number of at least 0 and less than 1, found 1.0"),
        ({"block": 600}, "stage_1.mask.block (600) is more than half of data.window.length (1024), so"),
        ({"block": 300, "forecast": 0.5}, "without the forecast of 512 samples"),
    ],
)
def test_masks_that_cannot_be_are_refused(mask, told):
    with pytest.raises(TwoStageError, match="stage_1") as caught:
        load_config({"stage_1": {"pretrain_mode": "reconstruction", "mask": mask}})
    assert told in str(caught.value)


def test_a_forecast_alone_is_a_mask():
    config = load_config({"stage_1": {"pretrain_mode": "reconstruction", "mask": {"ratio": 0.0, "forecast": 0.5}}})
    assert config.stage_1.hides.tail(1024) == 512


@pytest.mark.parametrize(
    ("monitor", "mode"),
    [("validation/mse", "min"), ("validation/correlation", "max"), ("validation/spectral_similarity", "max")],
)
def test_an_epoch_can_be_chosen_by_what_it_restores(monitor, mode):
    checkpoint = {"monitor": monitor}
    config = load_config({"stage_1": {"pretrain_mode": "reconstruction", "checkpoint": checkpoint}})
    assert config.stage_1.checkpoint.mode == mode
    assert monitor in objective().logged()


def test_what_the_document_takes_for_a_monitor_is_what_is_logged():
    ours = objective()
    named = {"train/loss", "validation/loss", *(f"validation/{name}" for name in ours.config.logs.measures)}
    assert ours.logged() == named
    with pytest.raises(ValidationError, match=r"validation/accuracy is never logged by pretrain_mode reconstruction"):
        objective(checkpoint={"monitor": "validation/accuracy", "mode": "max"})
