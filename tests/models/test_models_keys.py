"""Law 1 for the backbones: every key of each changes its weights or its answer."""

from __future__ import annotations

import pytest
import torch

from twostage.components import build
from twostage.config.model import FNO, VIBT, TimesNet, Transformer

BASES = {
    "transformer": Transformer(layers=2, heads=2, feedforward=6, dropout=0.1),
    "timesnet": TimesNet(layers=1, feedforward=3, kernels=2, periods=2),
    "fno": FNO(layers=1, modes=3, width=5),
    "vibt": VIBT(layers=1, heads=2, mlp_ratio=2),
}
CHANGES = {
    "transformer": {
        "layers": 3,
        "heads": 4,
        "feedforward": 7,
        "dropout": 0.5,
        "activation": "gelu",
        "identical_start": True,
    },
    "timesnet": {"layers": 2, "feedforward": 4, "kernels": 3, "periods": 3, "period_choice": "per_batch"},
    "fno": {"layers": 2, "modes": 4, "width": 6},
    "vibt": {"layers": 2, "heads": 4, "mlp_ratio": 3},
}


def trained_answer(config):
    torch.manual_seed(0)
    backbone = build(config, dim=8, patches=10).train()
    torch.manual_seed(1)
    return backbone(torch.randn(3, 10, 8))


@pytest.mark.parametrize(("kind", "key"), [(kind, key) for kind, keys in CHANGES.items() for key in keys])
def test_a_key_of_a_backbone_has_an_effect(kind, key):
    base = BASES[kind]
    changed = base.model_copy(update={key: CHANGES[kind][key]})
    assert torch.equal(trained_answer(base), trained_answer(base))
    assert not torch.equal(trained_answer(base), trained_answer(changed))


def test_no_key_is_left_out():
    assert {kind: set(keys) for kind, keys in CHANGES.items()} == {
        kind: set(type(base).model_fields) - {"kind"} for kind, base in BASES.items()
    }
