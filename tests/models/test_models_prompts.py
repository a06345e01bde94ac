"""Embeddings with prompts: against slow readings of their definitions, and what a prompt may and may not do."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from twostage.config.model import HSEPrompt, HSEv2, LinearHead, ModelConfig, Patch, PatchTST, RigPrompt, SystemPrompt
from twostage.models.embeddings import hse_prompt, hse_v2
from twostage.models.heads.linear import LinearHead as Head
from twostage.models.network import Encoder, Network

CUT = {"patch_length": 8, "patches": 5, "dim": 8}
RATES = torch.tensor([12000.0, 25600.0, 20480.0, 12000.0])
SYSTEMS, DOMAINS = torch.tensor([1, 2, 6, 1]), torch.tensor([0, 1, 1, 2])
COMBINATIONS = ("add", "concat")
FUSIONS = ("attention", "concat", "gating")
VARIANTS = {
    "add": HSEPrompt(**CUT, prompt=SystemPrompt(dim=6)),
    "add, same size": HSEPrompt(**CUT, prompt=SystemPrompt(dim=8)),
    "concat": HSEPrompt(**CUT, prompt=SystemPrompt(dim=6, combination="concat")),
    "no prompt": HSEPrompt(**CUT, prompt=None),
    **{f"rig, {fusion}": HSEv2(**CUT, prompt=RigPrompt(dim=8, fusion=fusion)) for fusion in FUSIONS},
    "rig, no prompt": HSEv2(**CUT, prompt=None),
    "patch": Patch(patch_length=16, patches=4, channels=2, dim=8, hidden=6),
}

TRACED = [VARIANTS[name] for name in ("concat", "rig, attention", "patch")]


@pytest.fixture(params=VARIANTS.values(), ids=VARIANTS.keys())
def embedding_config(request):
    return request.param


@pytest.fixture
def network(embedding_config):
    torch.manual_seed(0)
    backbone = PatchTST(layers=1, heads=2, feedforward=8, dropout=0.0)
    encoder = Encoder(ModelConfig(embedding=embedding_config, backbone=backbone))
    return Network(encoder, Head(LinearHead(), dim=8, classes={1: 4, 2: 3, 6: 5}))


@pytest.fixture
def windows():
    return torch.randn(4, 64, 2, generator=torch.Generator().manual_seed(1))


def normed(values, layer):
    weight, bias = (tensor.detach().numpy() for tensor in (layer.weight, layer.bias))
    return (values - values.mean()) / np.sqrt(values.var() + layer.eps) * weight + bias


def mapped(values, layer):
    return layer.weight.detach().numpy() @ values + layer.bias.detach().numpy()


def built(kind, config, seed=0):
    """An embedding in float64 whose weights all matter: norms and biases are not at their initial values."""
    torch.manual_seed(seed)
    embedding = kind(config).double().eval()
    with torch.no_grad():
        for parameter in embedding.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.3)
    return embedding


def slow_system_prompt(token, row, embedding):
    length = np.sqrt((row**2).sum())
    row = row * min(1.0, 10.0 / (length + 1e-8))
    if embedding.config.prompt.combination == "concat":
        return mapped(np.concatenate([token, row]), embedding.mix)
    shift = mapped(row, embedding.prompt.projection) if len(row) != len(token) else row
    return np.clip(token + shift, -100.0, 100.0)


@pytest.mark.parametrize("combination", COMBINATIONS)
@pytest.mark.parametrize("size", [6, 8])
@pytest.mark.parametrize("scale", [1.0, 50.0, 1000.0])
def test_system_prompt_equals_plain_loops(windows, combination, size, scale):
    """Also where a vector is longer than 10, and where a sum leaves -100 to 100."""
    config = HSEPrompt(**CUT, prompt=SystemPrompt(dim=size, combination=combination, max_systems=7))
    embedding = built(hse_prompt.HSEPrompt, config)
    with torch.no_grad():
        embedding.prompt.table.weight[2] *= scale
        embedding.signal.linear2.weight *= scale
    windows, starts = windows.double(), embedding.starts(windows)
    ours = embedding(windows, RATES, starts, SYSTEMS).detach().numpy()
    signal = embedding.signal(windows, RATES, starts).detach().numpy()
    table = embedding.prompt.table.weight.detach().numpy()
    for b, system in enumerate(SYSTEMS.tolist()):
        for p in range(CUT["patches"]):
            joined = slow_system_prompt(signal[b, p], table[system], embedding)
            np.testing.assert_allclose(ours[b, p], normed(joined, embedding.norm), rtol=1e-9, atol=1e-9)


def slow_attention(queries, keys, module, heads):
    """Multi-head attention (Vaswani et al. 2017, section 3.2) by loops."""
    weights, biases = module.in_proj_weight.detach().numpy(), module.in_proj_bias.detach().numpy()
    size = queries.shape[1]
    q, k, v = (
        source @ weights[i * size : (i + 1) * size].T + biases[i * size : (i + 1) * size]
        for i, source in enumerate((queries, keys, keys))
    )
    found = np.zeros_like(q)
    for head in range(heads):
        mine = slice(head * size // heads, (head + 1) * size // heads)
        for row in range(len(q)):
            scores = np.exp([(q[row, mine] * k[other, mine]).sum() / np.sqrt(size / heads) for other in range(len(k))])
            found[row, mine] = (scores / scores.sum()) @ v[:, mine]
    return np.stack([mapped(row, module.out_proj) for row in found])


def slow_rig_prompt(system, domain, rate, encoder):
    origin = np.concatenate([encoder.systems.weight[system].detach(), encoder.domains.weight[domain].detach()])
    place = normed(mapped(origin, encoder.system_fusion), encoder.system_norm)
    pace = normed(mapped(mapped(np.array([rate / 10000]), encoder.rate), encoder.rate_fusion), encoder.rate_norm)
    tokens = np.stack([place, pace])
    return normed(
        mapped(slow_attention(tokens, tokens, encoder.attention, 4).mean(0), encoder.projection), encoder.norm
    )


def slow_fusion(tokens, prompt, fusion):
    match type(fusion).__name__:
        case "AttentionFusion":
            key = mapped(prompt, fusion.projection)[None]
            joined = tokens + slow_attention(tokens, key, fusion.attention, 4)
        case "ConcatFusion":
            joined = np.stack([mapped(np.concatenate([token, prompt]), fusion.mix) for token in tokens])
        case "GatingFusion":
            gate = 1 / (1 + np.exp(-mapped(prompt, fusion.gate)))
            joined = gate * tokens + (1 - gate) * mapped(prompt, fusion.transform)
    return np.stack([normed(token, fusion.norm) for token in joined])


@pytest.mark.parametrize("fusion", FUSIONS)
def test_rig_prompt_equals_plain_loops(windows, fusion):
    config = HSEv2(**CUT, prompt=RigPrompt(dim=20, fusion=fusion, max_systems=7, max_domains=4))
    embedding = built(hse_v2.HSEv2, config)
    windows, starts, rates = windows.double(), embedding.starts(windows), RATES.double()
    signal = embedding.signal(windows, rates, starts).detach().numpy()
    encoder = embedding.prompt.encoder
    ours = embedding(windows, rates, starts, SYSTEMS, DOMAINS).detach().numpy()
    for b in range(4):
        prompt = slow_rig_prompt(SYSTEMS[b], DOMAINS[b], RATES[b].item(), encoder)
        fused = slow_fusion(signal[b], prompt, embedding.prompt.fusion)
        theirs = np.stack([normed(token, embedding.norm) for token in fused])
        np.testing.assert_allclose(ours[b], theirs, rtol=1e-6, atol=1e-6)


@given(system=st.integers(0, 9), other=st.integers(0, 9), seed=st.integers(0, 100))
@settings(max_examples=30)
def test_windows_of_one_system_share_its_prompt_and_no_other(system, other, seed):
    torch.manual_seed(seed)
    embedding = hse_prompt.HSEPrompt(HSEPrompt(**CUT, prompt=SystemPrompt(dim=6, max_systems=10))).eval()
    x_BLC, rate_B = torch.randn(1, 64, 1), torch.tensor([1000.0])
    one, two = (embedding(x_BLC, rate_B, system_B=torch.tensor([id_])) for id_ in (system, other))
    assert torch.equal(one, two) == (system == other)


@given(system=st.integers(0, 500), rows=st.integers(1, 60))
@settings(max_examples=30)
def test_ids_outside_the_table_share_rows_where_that_is_written(system, rows):
    prompts = hse_prompt.SystemPrompts(SystemPrompt(dim=3, max_systems=rows, overflow="wrap"), dim=3)
    ids = torch.tensor([system, system % rows])
    first, second = prompts(ids)
    assert torch.equal(first, second)


def test_ids_outside_the_table_have_no_prompt():
    prompts = hse_prompt.SystemPrompts(SystemPrompt(dim=3, max_systems=5), dim=3)
    for system in (5, -1):
        with pytest.raises(IndexError):
            prompts(torch.tensor([system]))


def test_only_rows_of_the_batch_are_trained(windows):
    """The prompt of a system that no batch holds stays as it was initialised."""
    embedding = hse_prompt.HSEPrompt(HSEPrompt(**CUT, prompt=SystemPrompt(dim=6, max_systems=8)))
    embedding(windows, RATES, system_B=SYSTEMS).square().sum().backward()
    moved = embedding.prompt.table.weight.grad.abs().sum(1) > 0
    assert moved.nonzero().flatten().tolist() == sorted(set(SYSTEMS.tolist()))


def test_tables_start_small():
    torch.manual_seed(0)
    for prompt in (SystemPrompt(dim=64), RigPrompt(dim=192)):
        config = HSEPrompt(prompt=prompt) if isinstance(prompt, SystemPrompt) else HSEv2(prompt=prompt)
        embedding = (hse_prompt.HSEPrompt if config.kind == "hse_prompt" else hse_v2.HSEv2)(config)
        for name, tensor in embedding.prompt.state_dict().items():
            if name.endswith(("table.weight", "systems.weight", "domains.weight")):
                assert tensor.std().item() == pytest.approx(0.1, rel=0.1)
                assert tensor.mean().abs() < 0.02


def test_attention_to_one_prompt_ignores_queries_and_keys(windows):
    embedding = built(hse_v2.HSEv2, VARIANTS["rig, attention"])
    told = (windows.double(), RATES.double(), None, SYSTEMS, DOMAINS)
    before = embedding(*told)
    with torch.no_grad():
        embedding.prompt.fusion.attention.in_proj_weight[: 2 * CUT["dim"]].normal_()
    torch.testing.assert_close(embedding(*told), before)


@pytest.mark.parametrize("name", ["add", "rig, gating"])
def test_a_window_without_its_ids_is_refused(windows, name):
    encoder = Encoder(ModelConfig(embedding=VARIANTS[name], backbone=PatchTST(heads=2)))
    with pytest.raises(ValueError, match=f"the prompt of {VARIANTS[name].kind} needs the ids .*system_B"):
        encoder(windows, RATES)


def test_the_condition_matters_too(windows):
    embedding = hse_v2.HSEv2(VARIANTS["rig, gating"]).eval()
    one, two = (embedding(windows, RATES, None, SYSTEMS, domains) for domains in (DOMAINS, DOMAINS.flip(0)))
    assert not torch.allclose(one, two)


def test_every_weight_gets_a_finite_gradient(network, windows):
    logits_BK = network.train()(windows, RATES, SYSTEMS, DOMAINS)
    functional.cross_entropy(logits_BK, torch.tensor([3, 2, 4, 0])).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


@pytest.mark.parametrize("training", [True, False])
def test_bfloat16_autocast_stays_finite(network, windows, training):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits_BK = network.train(training)(windows, RATES, SYSTEMS, DOMAINS)
        loss = functional.cross_entropy(logits_BK, torch.tensor([3, 2, 4, 0]))
    loss.backward()
    assert loss.isfinite()
    assert all(p.grad.isfinite().all() for p in network.parameters())


def test_evaluation_of_a_window_does_not_depend_on_its_batch(network, windows):
    network.eval()
    together = network(windows, RATES, SYSTEMS, DOMAINS)
    alone = [network(*(values[i : i + 1] for values in (windows, RATES, SYSTEMS, DOMAINS))) for i in range(4)]
    torch.testing.assert_close(together, torch.cat(alone))


def test_exports(network, windows):
    told = (windows, RATES, SYSTEMS, DOMAINS)
    exported = torch.export.export(network.eval(), told).module()
    torch.testing.assert_close(exported(*told), network(*told))


@pytest.mark.parametrize("embedding_config", TRACED, indirect=True)
def test_traces_without_a_graph_break(network, windows):
    torch.compiler.reset()
    told = (windows, RATES, SYSTEMS, DOMAINS)
    for part in network.train().modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
    compiled = torch.compile(network, backend="aot_eager", fullgraph=True)
    torch.manual_seed(2)
    expected = network(*told)
    torch.manual_seed(2)
    torch.testing.assert_close(compiled(*told), expected)
