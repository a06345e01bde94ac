"""Every network is compiled to machine code as a whole, and answers and learns as it did."""

from __future__ import annotations

import shutil

import pytest
import torch
from test_models_export import MODELS, classifier, recorded

from twostage.engine.export.trained import Exported

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler"),
    pytest.mark.filterwarnings("ignore:Torchinductor does not support code generation for complex"),
]


@pytest.mark.parametrize("kind", MODELS)
def test_every_network_and_embedding(kind):
    assert_compiled(classifier(MODELS[kind]))


def test_every_backbone(small_network):
    assert_compiled(small_network)


def assert_compiled(network):
    torch.compiler.reset()
    module = Exported(network, "model").eval()
    inputs = recorded(module, 4)
    compiled = torch.compile(module, fullgraph=True)
    with torch.no_grad():
        torch.testing.assert_close(compiled(*inputs), module(*inputs), rtol=1e-4, atol=1e-5)
    found = [_gradients(network, run(*inputs)) for run in (module, compiled)]
    assert found[0].keys() == found[1].keys()
    for name, gradient in found[0].items():
        torch.testing.assert_close(found[1][name], gradient, rtol=1e-3, atol=1e-5)


def _gradients(network, logits_BK):
    """Those of a loss on every output that a system has."""
    network.zero_grad(set_to_none=True)
    logits_BK[logits_BK.isfinite()].square().sum().backward()
    return {name: p.grad.clone() for name, p in network.named_parameters() if p.grad is not None}
