"""Every written key of an optimiser or schedule reaches torch, and has its effect."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from twostage.config import optimization as config
from twostage.objectives.optimization import cosine_share, make_optimizer, make_scheduler, penalty

CHECKPOINT = config.CheckpointConfig()


def parameters():
    return [{"params": [nn.Parameter(torch.ones(2))]}]


@pytest.mark.parametrize(
    "written",
    [
        config.AdamW(lr=0.3, weight_decay=0.2, betas=(0.5, 0.6)),
        config.Adam(lr=0.3, weight_decay=0.2, betas=(0.5, 0.6)),
        config.SGD(lr=0.3, weight_decay=0.2, momentum=0.4, nesterov=True),
    ],
)
def test_every_key_reaches_the_optimizer(written):
    group = make_optimizer(parameters(), written).param_groups[0]
    for key, value in written.model_dump(exclude={"kind"}).items():
        assert group[key] == value


def test_a_groups_rate_stands_before_the_written_one():
    groups = [{"params": [nn.Parameter(torch.ones(1))], "lr": 0.7}]
    assert make_optimizer(groups, config.AdamW(lr=0.1)).param_groups[0]["lr"] == 0.7


def rates(written, epochs=6, batches=4, lr=1.0):
    """The learning rate at each optimiser step, as Lightning would step the schedule."""
    optimizer = make_optimizer(parameters(), config.SGD(lr=lr))
    plan = make_scheduler(optimizer, written, CHECKPOINT, steps=epochs * batches, epochs=epochs)
    found = []
    for _ in range(epochs):
        for _ in range(batches):
            found.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if plan["interval"] == "step":
                plan["scheduler"].step()
        if plan["interval"] == "epoch":
            plan["scheduler"].step(*([1.0] if "monitor" in plan else []))
    return found


def test_step_multiplies_every_so_many_epochs():
    assert rates(config.StepSchedule(every=2, gamma=0.5))[::4] == [1, 1, 0.5, 0.5, 0.25, 0.25]


def test_plateau_reduces_after_its_patience():
    assert rates(config.PlateauSchedule(factor=0.1, patience=1))[::4] == pytest.approx([1, 1, 1, 0.1, 0.1, 0.01])


def test_plateau_watches_the_checkpoints_monitor():
    optimizer = make_optimizer(parameters(), config.SGD())
    checkpoint = config.CheckpointConfig(monitor="validation/accuracy", mode="max")
    plan = make_scheduler(optimizer, config.PlateauSchedule(), checkpoint, steps=1, epochs=1)
    assert (plan["monitor"], plan["scheduler"].mode) == ("validation/accuracy", "max")


def test_cosine_warms_up_and_ends_at_its_share():
    found = rates(config.CosineSchedule(warmup_epochs=1.0, final_share=0.1))
    assert found[:4] == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert found[4] == pytest.approx(1.0)
    assert all(later <= earlier for earlier, later in pairwise(found[4:]))
    assert found[-1] == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize("period", [2, 6, 9])
@pytest.mark.parametrize("warmup", [0, 1])
@pytest.mark.parametrize(("lr", "minimum"), [(1.0, 0.0), (0.3, 0.02)])
def test_the_half_cosine_is_its_closed_form(period, warmup, lr, minimum):
    """minimum + (lr - minimum) (1 + cos(pi t / period)) / 2 for t epochs after the warm-up, and then the minimum."""
    found = rates(config.CosineSchedule(warmup_epochs=warmup, period=period, minimum=minimum), lr=lr)[4 * warmup :]
    for step, rate in enumerate(found):
        turn = math.pi * min(step / 4 / period, 1.0)
        assert rate == pytest.approx(minimum + (lr - minimum) * (1 + math.cos(turn)) / 2, abs=1e-12)


def test_the_half_cosine_is_that_of_torch():
    optimizer = make_optimizer(parameters(), config.SGD(lr=0.3))
    theirs = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=5 * 4, eta_min=0.02)
    for rate in rates(config.CosineSchedule(period=5, minimum=0.02), epochs=5, lr=0.3):
        assert rate == pytest.approx(optimizer.param_groups[0]["lr"])
        optimizer.step()
        theirs.step()


def test_the_lowest_rate_is_the_same_for_every_group():
    groups = [{"params": [nn.Parameter(torch.ones(1))], "lr": lr} for lr in (1.0, 0.1)]
    optimizer = make_optimizer(groups, config.SGD(lr=1.0))
    plan = make_scheduler(optimizer, config.CosineSchedule(period=1, minimum=0.05), CHECKPOINT, steps=8, epochs=2)
    for _ in range(6):
        optimizer.step()
        plan["scheduler"].step()
    assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([0.05, 0.05])


@pytest.mark.parametrize(("monitor", "frequency"), [("validation/loss", 3), ("train/loss", 1)])
def test_plateau_counts_new_values_alone(monitor, frequency):
    optimizer, checkpoint = make_optimizer(parameters(), config.SGD()), config.CheckpointConfig(monitor=monitor)
    plan = make_scheduler(optimizer, config.PlateauSchedule(), checkpoint, steps=9, epochs=9, every=3)
    assert plan["frequency"] == frequency


def test_the_penalty_is_the_sum_over_all_numbers():
    tensors = [torch.tensor([[1.0, -2.0]], requires_grad=True), torch.tensor([3.0], requires_grad=True)]
    cost = penalty(tensors, config.Regularization(l1=0.5, l2=0.1))
    assert cost.item() == pytest.approx(0.5 * 6 + 0.1 * 14)
    cost.backward()
    assert tensors[0].grad.tolist() == [pytest.approx([0.5 + 0.2, -0.5 - 0.4])]


def test_constant_needs_no_schedule():
    optimizer = make_optimizer(parameters(), config.AdamW())
    assert make_scheduler(optimizer, config.ConstantSchedule(), CHECKPOINT, steps=5, epochs=1) is None


@given(total=st.integers(1, 500), share=st.floats(0, 1), final=st.floats(0, 1), step=st.integers(0, 600))
def test_the_cosine_share_stays_between_its_ends(total, share, final, step):
    value = cosine_share(step, warmup=share * total, total=total, final=final)
    assert math.isfinite(value)
    assert min(final, 1 / (total + 2)) - 1e-9 <= value <= 1 + 1e-9
