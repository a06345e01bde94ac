"""After the first step, what should train has changed and what is frozen has not; else the run stops and says which."""

from __future__ import annotations

import lightning.pytorch as pl
import pytest
import torch
from rigs import document
from torch import nn

from twostage import TwoStageRun
from twostage.engine.training.parameter_check import ParameterCheck
from twostage.errors import TrainingError


class Parts(nn.Module):
    """A network with an encoder of two layers and two heads."""

    def __init__(self):
        super().__init__()
        self.embedding, self.backbone = nn.Linear(4, 4), nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))
        self.head = nn.ModuleDict({"1": nn.Linear(4, 1), "2": nn.Linear(4, 1)})


class Rehearsal(pl.LightningModule):
    """Batches of 8 windows for head 1, then for head 2, as ``heads`` says."""

    def __init__(self, heads=("1", "2"), rate=0.1):
        super().__init__()
        self.network, self.heads, self.rate = Parts(), heads, rate

    def train_dataloader(self):
        return torch.utils.data.DataLoader(torch.randn(8 * len(self.heads), 4), batch_size=8)

    def features(self, x):
        return self.network.backbone(self.network.embedding(x))

    def training_step(self, batch, batch_idx):
        return self.network.head[self.heads[batch_idx]](self.features(batch)).square().mean()

    def configure_optimizers(self):
        return torch.optim.AdamW([p for p in self.parameters() if p.requires_grad], lr=self.rate)


class CutOff(Rehearsal):
    def features(self, x):
        return self.network.backbone(self.network.embedding(x).detach())


class Forgotten(Rehearsal):
    def configure_optimizers(self):
        return torch.optim.SGD(self.network.head.parameters(), lr=self.rate)


class Idle(Rehearsal):
    def configure_optimizers(self):
        class Still(torch.optim.SGD):
            def step(self, closure=None):
                return closure()

        return Still(self.parameters(), lr=self.rate)


class OfTheHeads(Rehearsal):
    """Its optimiser has all parameters, but only those of the heads take steps."""

    def configure_optimizers(self):
        heads = list(self.network.head.parameters())

        class Partial(torch.optim.SGD):
            def step(self, closure=None):
                loss = closure()
                with torch.no_grad():
                    for parameter in heads:
                        if parameter.grad is not None:
                            parameter.sub_(self.param_groups[0]["lr"] * parameter.grad)
                return loss

        return Partial(self.parameters(), lr=self.rate)


class Faint(Rehearsal):
    """Steps along the gradient of the norm's weights, which are 1, are lost in rounding."""

    def __init__(self):
        super().__init__(rate=1e-4)
        self.network.backbone[1].weight.register_hook(lambda gradient: 1e-4 * gradient)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.rate)


class Meddling(Rehearsal):
    def on_before_zero_grad(self, optimizer):
        with torch.no_grad():
            self.network.embedding.weight += 1.0


class Zeroed(Rehearsal):
    """A gradient of zero changes a tensor too, by the decay of its weights."""

    def features(self, x):
        return self.network.backbone(0.0 * self.network.embedding(x) + x)


def fit(module, epochs=1, **options):
    trainer = pl.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[ParameterCheck("stage_2")],
        **options,
    )
    trainer.fit(module)
    return trainer


def test_a_training_that_does_what_it_should_goes_on():
    assert fit(Rehearsal()).global_step == 2
    assert fit(Rehearsal(), accumulate_grad_batches=2).global_step == 1
    assert fit(Rehearsal(), precision="bf16-mixed").global_step == 2


def test_steps_that_rounding_swallows_are_no_mistake():
    faint = Faint()
    assert fit(faint).global_step == 2
    assert torch.equal(faint.network.backbone[1].weight, torch.ones(4))


@pytest.mark.parametrize(
    ("module", "text"),
    [
        (CutOff(), r"embedding\.bias, embedding\.weight should train, but no gradient reached them in the first step"),
        (Zeroed(), r"embedding\.bias, embedding\.weight should train, but no gradient reached them in the first epoch"),
        (Forgotten(), r"backbone\.0\.bias, .*were not given to the optimiser"),
        (Idle(), r"should train, but the first step has not changed them"),
        (OfTheHeads(), r"backbone\.0\.weight, .* should train, but the first epoch has not changed them"),
        (Rehearsal(rate=0.0), r"should train, but the first step has not changed them"),
        (Rehearsal(heads=("1",)), r"stage_2: head\.2\.bias, head\.2\.weight should train, but .* in the first epoch"),
    ],
    ids=["cut-off", "zero", "forgotten", "idle", "of the heads", "no rate", "never asked"],
)
def test_what_should_train_and_does_not_is_named(module, text):
    with pytest.raises(TrainingError, match=text):
        fit(module)


def test_what_is_frozen_and_changes_is_named():
    module = Meddling()
    module.network.embedding.requires_grad_(requires_grad=False)
    with pytest.raises(TrainingError, match=r"embedding\.weight are frozen, but the first step has changed them"):
        fit(module)


def test_running_statistics_of_a_frozen_part_stand_still():
    """Frozen weights in train mode still move their statistics; in evaluation mode they do not."""

    class Half(Rehearsal):
        def on_train_epoch_start(self):
            self.network.backbone.eval()

        def on_train_batch_start(self, batch, batch_idx):
            self.network.backbone.train()

    module = Half()
    module.network.backbone.requires_grad_(requires_grad=False)
    with pytest.raises(TrainingError, match=r"backbone\.1\.(num_batches|running)"):
        fit(module)


def test_what_is_unfrozen_later_is_looked_at_then():
    class Later(CutOff):
        def on_fit_start(self):
            self.network.embedding.requires_grad_(requires_grad=False)

        def on_train_epoch_start(self):
            self.network.embedding.requires_grad_(requires_grad=self.current_epoch == 1)

        def configure_optimizers(self):
            return torch.optim.AdamW(self.parameters(), lr=0.1)

    with pytest.raises(TrainingError, match=r"embedding\.bias, embedding\.weight should train"):
        fit(Later(), epochs=2)
    assert fit(Later(), epochs=1).global_step == 2


def test_every_run_is_looked_at(rig, tmp_path):
    """A rate too small for the numbers of the weights trains nothing, and is told."""
    overrides = ("stage_1.optimizer={kind: sgd, lr: 1e-12}",)
    with pytest.raises(TrainingError, match=r"stage_1/seed-0: .* the first epoch has not changed them"):
        TwoStageRun(document(rig, tmp_path, stage_2=None), overrides=overrides).fit()
