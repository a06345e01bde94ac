"""Custom pretraining from the command line: refused without consent, trained with it."""

from __future__ import annotations

import sys

import pytest

MINE = """
from twostage.models.heads.reconstruction import ReconstructionHead
from twostage.objectives.base import Objective


class Quiet(Objective):
    @staticmethod
    def head(config, model):
        return ReconstructionHead(model.embedding)

    def loss(self, batch, part):
        return self.network(batch.x_BLC, batch.sample_rate_B).square().mean()
"""

STAGE_1 = {"pretrain_mode": "custom", "target": "my_quiet:Quiet", "systems": [1, 2], "epochs": 1}


@pytest.fixture
def file(written, tmp_path, monkeypatch):
    """A document with a class of the user's, whose module can be imported."""
    (tmp_path / "my_quiet.py").write_text(MINE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield written(stage_1=STAGE_1)
    sys.modules.pop("my_quiet", None)


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_without_consent_the_class_and_the_flag_are_named(command, file, tmp_path, options):
    code, _, err = command("run", file, *options)

    assert code == 1
    assert err.splitlines()[-1] == (
        "error: stage_1.target is my_quiet:Quiet, and importing it runs code that is not part of twostage; if you "
        "trust it, say so: twostage run --allow-custom, or TwoStageRun(..., allow_custom=True)"
    )
    assert "my_quiet" not in sys.modules
    assert not (tmp_path / "save").exists()


def test_validate_asks_for_no_consent_and_imports_nothing(command, file):
    code, _, _ = command("validate", file)
    assert code == 0
    assert "my_quiet" not in sys.modules


def test_with_consent_the_class_is_trained(command, file, tmp_path):
    code, out, err = command("run", file, "--allow-custom", "-o", "stage_2.epochs=1")
    assert code == 0
    assert "stage_1/seed-0: epoch 1/1 train/loss" in err
    assert "digests equal" in out
    assert (tmp_path / "save").exists()
