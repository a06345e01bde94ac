"""Forward and backward passes of our models against the same ones written out in plain torch, at the same sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from benchmarks.pairs import ratio
from benchmarks.plain_models import PLAIN, PlainHSE
from twostage.components import build
from twostage.config.base import Component
from twostage.config.model import FNO, HSE, VIBT, DLinear, PatchTST, ResNet1D, TimesNet, Transformer

BATCH, LENGTH, PATCHES, DIM, RATE = 16, 1024, 64, 128, 12000.0
PAIRS = 15
CONFIGS: tuple[Component, ...] = (
    DLinear(),
    PatchTST(),
    Transformer(),
    TimesNet(layers=1, feedforward=16, period_choice="per_batch"),
    FNO(width=128),
    VIBT(),
)


def measure() -> Iterator[tuple[str, str]]:
    torch.manual_seed(0)
    x_BLC, rate_B = torch.randn(BATCH, LENGTH, 1), torch.full((BATCH,), RATE)
    embedding = HSE(patches=PATCHES, dim=DIM, starts="random", evaluation_starts="as_training")
    yield _pair("hse", lambda hse: hse(x_BLC, rate_B), build(embedding), PlainHSE(embedding))
    tokens_BPD = torch.randn(BATCH, PATCHES, DIM)
    for config in CONFIGS:
        kind = str(getattr(config, "kind", ""))
        ours = build(config, dim=DIM, patches=PATCHES)
        yield _pair(kind, lambda part: part(tokens_BPD), ours, PLAIN[kind](config, DIM, PATCHES))
    network = ResNet1D(width=8)
    yield _pair("resnet1d", lambda part: part(x_BLC), build(network), PLAIN["resnet1d"](network, DIM, PATCHES))


def _pair(name: str, call: Callable[[nn.Module], Tensor], ours: nn.Module, plain: nn.Module) -> tuple[str, str]:
    def step(part: nn.Module) -> Callable[[], None]:
        def run() -> None:
            part.zero_grad()
            call(part).square().mean().backward()

        return run

    def forward(part: nn.Module) -> Callable[[], None]:
        def run() -> None:
            with torch.no_grad():
                call(part)

        return run

    trained = ratio(step(ours.train()), step(plain.train()), pairs=PAIRS)
    asked = ratio(forward(ours.eval()), forward(plain.eval()), pairs=PAIRS)
    return f"{name}: forward and backward {_told(trained)}; forward in evaluation {_told(asked)}", "at most 1x"


def _told(measured: tuple[float, float, float]) -> str:
    mine, theirs, factor = measured
    return f"{1e3 * mine:.1f} ms, plain torch {1e3 * theirs:.1f} ms, {factor:.2f}x"
