"""A whole two-stage run against a bare PyTorch loop: same model, batches, losses, optimiser and steps."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from benchmarks.pairs import ratio
from twostage import TwoStageRun
from twostage.engine.inputs.loaders import StageLoaders
from twostage.engine.inputs.stage_data import StageData
from twostage.engine.planning.plan import make_plan
from twostage.engine.runner import build_objective
from twostage.engine.workshop import Workshop
from twostage.models.network import encoder_state
from twostage.objectives.base import Objective

EPOCHS = 6


def measure() -> Iterator[tuple[str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        run = TwoStageRun(_document() | {"output": {"root": folder}}, fresh=True)
        workshop = Workshop(run.config)
        stages = make_plan(run.config).stages
        data = {stage.name: workshop.prepare(stage) for stage in stages}
        ours, theirs, factor = ratio(run.fit, lambda: _bare(stages, data), pairs=5)
    yield f"{ours:.1f} s, bare loop {theirs:.1f} s, {factor:.3f}x", "at most 1.05x"


def _document() -> Mapping[str, Any]:
    return {
        "data": {
            "source": {"kind": "synthetic", "domains": 1},
            "band": {"kind": "as_recorded"},
            "window": {"placement": "evenly_spaced", "length": 1024, "per_recording": 32},
        },
        "stage_1": {"pretrain_mode": "contrastive", "systems": [1, 3], "epochs": EPOCHS},
        "stage_2": {"adapt_mode": "finetune", "targets": [{"system": 2}], "epochs": EPOCHS, "control": "none"},
        "trainer": {"accelerator": "cpu"},
    }


def _bare(stages: Any, data: Mapping[str, StageData]) -> None:
    encoder: dict[str, Tensor] = {}
    for stage in stages:
        objective = build_objective(stage, data[stage.name])
        network = objective.network
        network.load_state_dict(network.state_dict() | encoder)
        _loop(objective, StageLoaders(data[stage.name], seed=stage.seed, pairs=objective.pairs), test=bool(encoder))
        encoder = encoder_state(network.state_dict())


def _loop(objective: Objective, loaders: StageLoaders, *, test: bool) -> None:
    """Train and validate as often as the run does; a final validation, and a test where the stage has one."""
    optimizer = torch.optim.AdamW(objective.parameters(), lr=1e-3, weight_decay=1e-2)
    train, validation = loaders.train_dataloader(), loaders.val_dataloader()
    for epoch in range(EPOCHS):
        train.sampler.set_epoch(epoch)
        objective.train()
        for batch in train:
            optimizer.zero_grad()
            objective.loss(batch, "train").backward()
            optimizer.step()
        _evaluate(objective, validation, "validation")
    _evaluate(objective, validation, "validation")
    if test:
        _evaluate(objective, loaders.test_dataloader(), "test")


def _evaluate(objective: Objective, loader: Any, part: str) -> None:
    objective.eval()
    with torch.no_grad():
        for batch in loader:
            objective.loss(batch, part)
    objective.metrics(part)
