"""Every way to pretrain learns: after 100 steps on simulated rigs a linear probe tells more than at the start.

The encoder is trained on four bearings of each class of two rigs, and probed on two others that no step has seen. The
margin, a tenth of the windows over the untrained encoder and over chance, was chosen after a first trial.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.functional import one_hot

from twostage.components import build, implementation_of
from twostage.config.document import TwoStageConfig
from twostage.config.source import SyntheticSource
from twostage.config.windows import EvenlySpaced
from twostage.data.labels import LabelSpace
from twostage.data.recordings import Segment
from twostage.data.samplers import BalancedBatches, PairedBatches
from twostage.data.windowed import WindowDataset
from twostage.data.windows import place
from twostage.models.network import Encoder, Network
from twostage.objectives.zero_shot import Features

STEPS, MARGIN, SYSTEMS = 100, 0.1, (1, 2)
MODEL = {
    "embedding": {"kind": "hse", "patch_length": 64, "patches": 16, "dim": 32},
    "backbone": {"kind": "patchtst", "layers": 1, "heads": 2, "feedforward": 32},
}
BOTH = {"kind": "ensemble", "terms": [{"loss": {"kind": "supcon"}}, {"loss": {"kind": "triplet", "miner": "semihard"}}]}
MODES = {
    "two views": {"pretrain_mode": "contrastive", "pairing": "views"},
    "two windows of a recording and a momentum encoder": {
        "pretrain_mode": "contrastive",
        "momentum_encoder": {"momentum": 0.99, "queue": 256},
    },
    "a class by two losses": {"pretrain_mode": "contrastive", "pairing": "class", "loss": BOTH},
    "reconstruction": {"pretrain_mode": "reconstruction", "mask": {"ratio": 0.4, "block": 32, "forecast": 0.1}},
    "reconstruction of spoiled windows": {
        "pretrain_mode": "reconstruction",
        "mask": {"ratio": 0.4, "block": 32, "forecast": 0.1},
        "augmentations": [{"kind": "polarity"}, {"kind": "noise"}],
    },
    "unified metric": {"pretrain_mode": "unified_metric"},
    "flow": {"pretrain_mode": "custom", "target": "flow"},
    "classification and prediction": {"pretrain_mode": "custom", "target": "classification_prediction"},
}


class Rigs:
    """Windows of two simulated rigs, split by bearing."""

    def __init__(self):
        source = build(SyntheticSource(systems=SYSTEMS, bearings_per_class=6, severities=1, domains=1, seconds=1.0))
        self.recordings = source.catalogue(list(SYSTEMS))
        self.bank, self.labels = source.open(self.recordings), LabelSpace.of(self.recordings, shared=False)
        self.train, self.test = (self.windows(lambda n, last=last: (n % 3 == 0) is last) for last in (False, True))

    def windows(self, chosen):
        """Windows of the bearings of these numbers."""
        row_of = {recording.id: row for row, recording in enumerate(self.recordings)}
        lengths = {recording.id: recording.length for recording in self.recordings}
        mine = [r for r in self.recordings if chosen(int(r.bearing.rsplit("-", 1)[1]))]
        index = place(
            [Segment(r.id, 0, r.length) for r in mine], row_of, lengths, EvenlySpaced(length=512, per_recording=16)
        )
        classes = self.labels.indices(self.recordings)
        return WindowDataset(self.bank, self.recordings, index, channels=(0,), normalize="standardize", classes=classes)


@pytest.fixture(scope="module")
def rigs():
    return Rigs()


def objective(written):
    """A pretraining of a network that has just been initialised."""
    document = TwoStageConfig.model_validate({"model": MODEL, "stage_1": {**written, "systems": list(SYSTEMS)}})
    stage_1, model = document.stage_1, document.model
    kind, extra = implementation_of(stage_1), {"classes": dict.fromkeys(SYSTEMS, 4)} if stage_1.reads_labels else {}
    torch.manual_seed(0)
    return kind(stage_1, Network(Encoder(model), kind.head(stage_1, model, **extra)), **extra)


def train(ours, windows):
    """Batches as a run has them, and AdamW."""
    ours.train()
    optimizer = torch.optim.AdamW(ours.parameter_groups(), lr=3e-3)
    batches = BalancedBatches(windows.systems[windows.index.rows], 32 if ours.pairs else 64, seed=0)
    if ours.pairs:
        batches = PairedBatches(batches, windows.ids[windows.index.rows], seed=0)
    for epoch in range(STEPS // len(batches) + 1):
        batches.set_epoch(epoch)
        for positions in batches:
            optimizer.zero_grad()
            ours.loss(windows[positions], "train").backward()
            optimizer.step()


def probed(network, rigs):
    """Share of right test windows, mean over systems: ridge regression of the classes on mean tokens."""
    known, tested = (
        Features.of(network, [each[list(range(len(each)))]], torch.device("cpu")) for each in (rigs.train, rigs.test)
    )
    return np.mean([_probed(known.where(known.system_N == s), tested.where(tested.system_N == s)) for s in SYSTEMS])


def _probed(known, tested):
    mean, deviation = known.values_ND.mean(dim=0), known.values_ND.std(dim=0) + 1e-6
    x, y = (torch.nn.functional.pad((f.values_ND - mean) / deviation, (0, 1), value=1.0) for f in (known, tested))
    weights = torch.linalg.solve(x.T @ x + 10.0 * torch.eye(x.shape[1]), x.T @ one_hot(known.label_N, 4).float())
    return ((y @ weights).argmax(dim=1) == tested.label_N).float().mean().item()


@pytest.mark.filterwarnings("ignore:You are trying to `self.log")
@pytest.mark.parametrize("written", MODES.values(), ids=list(MODES))
def test_a_pretraining_beats_chance_and_its_untrained_self(written, rigs):
    ours = objective(written)
    before = probed(ours.network, rigs)
    train(ours, rigs.train)
    after = probed(ours.network, rigs)
    assert after > before + MARGIN
    assert after > 0.25 + MARGIN
