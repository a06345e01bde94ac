"""Which parts train in which epoch."""

from __future__ import annotations

import pytest
from torch import nn

from twostage.config.stage_2 import FinetuneConfig, Unfreeze
from twostage.objectives.adapt.finetune import Finetune
from twostage.objectives.adapt.unfreezing import Unfreezing


class Parts(nn.Module):
    """An embedding of one layer and a backbone of four."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Sequential(nn.Linear(2, 2), nn.Dropout())
        self.embedding.prompt = None
        self.backbone = nn.Sequential(*(nn.Linear(2, 2) for _ in range(4)), nn.Dropout())
        self.head = nn.Linear(2, 2)


def training(network):
    return [int(layer.weight.requires_grad) for layer in (network.embedding[0], *network.backbone[:4])]


def test_a_part_that_waits_trains_as_a_whole_from_its_epoch_on():
    network = Parts()
    unfreezing = Unfreezing(network, Unfreeze(embedding=1, backbone=2))
    assert unfreezing.at(0) == [network.embedding, network.backbone]
    assert training(network) == [0, 0, 0, 0, 0]
    assert unfreezing.at(1) == [network.backbone]
    assert training(network) == [1, 0, 0, 0, 0]
    assert unfreezing.at(2) == []
    assert training(network) == [1, 1, 1, 1, 1]


@pytest.mark.parametrize(
    ("epochs", "begun"),
    [(4, [0, 1, 2, 3, 4]), (2, [0, 2, 4]), (8, [0, 0, 1, 1, 2, 2, 3, 3, 4])],
)
def test_by_the_linear_schedule_the_last_layers_come_first(epochs, begun):
    network = Parts()
    unfreezing = Unfreezing(network, Unfreeze(backbone=epochs, schedule="linear"))
    for epoch, count in enumerate(begun):
        waiting = unfreezing.at(epoch)
        assert training(network) == [1, *[0] * (4 - count), *[1] * count]
        assert waiting == ([network.backbone] if count == 0 else list(network.backbone[: 4 - count]))


def test_any_epoch_can_be_the_first():
    """A run that goes on after a break is in the epoch in which it stopped."""
    network = Parts()
    Unfreezing(network, Unfreeze(backbone=4, schedule="linear")).at(3)
    assert training(network) == [1, 0, 1, 1, 1]


def test_what_is_frozen_for_good_stays_so():
    network = Parts()
    network.backbone[1].requires_grad_(requires_grad=False)
    Unfreezing(network, Unfreeze(backbone=1)).at(1)
    assert training(network) == [1, 1, 0, 1, 1]


def test_a_part_that_waits_is_in_evaluation_and_its_rate_is_there_from_the_start():
    config = FinetuneConfig.model_validate({"targets": [{"system": 1}], "epochs": 3, "unfreeze": {"backbone": 2}})
    objective = Finetune(config, Parts(), classes={1: 2})
    objective.on_train_epoch_start()
    assert not objective.network.backbone[4].training
    assert objective.network.embedding[1].training
    assert {group["name"] for group in objective.parameter_groups()} == {"head", "embedding", "backbone"}
