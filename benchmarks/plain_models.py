"""The same models without our shortcuts: what one writes first, from the papers' equations and torch's layers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


class PlainHSE(nn.Module):
    """Repeats every channel and gathers patches by one index per sample, each with its time."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.config = config
        self.linear1 = nn.Linear(2 * config.patch_length, config.dim)
        self.linear2 = nn.Linear(config.dim, config.dim)

    def forward(self, x_BLC: Tensor, rate_B: Tensor) -> Tensor:
        batch, length, _ = x_BLC.shape
        time_BL = torch.arange(length)[None] / rate_B[:, None]
        start_BP = torch.randint(0, length - self.config.patch_length + 1, (batch, self.config.patches))
        torch.randint(0, 1, (batch, self.config.patches))
        index_BPl = (start_BP[..., None] + torch.arange(self.config.patch_length)) % length
        wide = index_BPl.flatten(1)
        signal = x_BLC[..., 0].gather(1, wide).view(*index_BPl.shape, 1)
        time = time_BL.gather(1, wide).view(*index_BPl.shape, 1)
        return self.linear2(functional.silu(self.linear1(torch.cat([signal, time], dim=-1).flatten(2))))


class PlainDLinear(nn.Module):
    """Moving average by padding with copies of the ends and pooling."""

    def __init__(self, config: Any, dim: int, patches: int) -> None:  # noqa: ARG002 - one signature for all
        super().__init__()
        self.window = config.window
        self.seasonal, self.trend = nn.Linear(patches, patches), nn.Linear(patches, patches)

    def forward(self, x: Tensor) -> Tensor:
        half = (self.window - 1) // 2
        padded = torch.cat([x[:, :1].repeat(1, half, 1), x, x[:, -1:].repeat(1, half, 1)], dim=1)
        trend = functional.avg_pool1d(padded.transpose(1, 2), self.window, 1)
        rest = x.transpose(1, 2) - trend
        return functional.silu(self.seasonal(rest) + self.trend(trend)).transpose(1, 2)


class PlainEncoder(nn.Module):
    """Post-norm layers with three projections and explicit attention weights."""

    def __init__(self, config: Any, dim: int, patches: int) -> None:  # noqa: ARG002
        super().__init__()
        self.heads = config.heads
        self.layers = nn.ModuleList(
            nn.ModuleDict(
                {name: nn.Linear(dim, dim) for name in ("query", "key", "value", "out")}
                | {"up": nn.Linear(dim, config.feedforward), "down": nn.Linear(config.feedforward, dim)}
                | {name: nn.LayerNorm(dim) for name in ("norm1", "norm2")}
            )
            for _ in range(config.layers)
        )
        self.dropout = nn.Dropout(config.dropout)
        self.act = getattr(functional, config.activation)
        self.norm = nn.BatchNorm1d(dim) if config.kind == "patchtst" else None

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            query, key, value = (
                layer[name](x).unflatten(-1, (self.heads, -1)).transpose(1, 2) for name in ("query", "key", "value")
            )
            weight = self.dropout((query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])).softmax(-1))
            attended = (weight @ value).transpose(1, 2).flatten(2)
            x = layer["norm1"](x + self.dropout(layer["out"](attended)))
            hidden = self.dropout(self.act(layer["up"](x)))
            x = layer["norm2"](x + self.dropout(layer["down"](hidden)))
        return x if self.norm is None else self.norm(x.transpose(1, 2)).transpose(1, 2)


class PlainTimesNet(nn.Module):
    """A loop over the periods of the batch, and a convolution for each kernel."""

    def __init__(self, config: Any, dim: int, patches: int) -> None:  # noqa: ARG002
        super().__init__()
        self.periods = config.periods
        sizes = [2 * i + 1 for i in range(config.kernels)]
        self.blocks = nn.ModuleList(
            nn.ModuleList(
                nn.ModuleList(nn.Conv2d(inputs, outputs, size, padding=size // 2) for size in sizes)
                for inputs, outputs in ((dim, config.feedforward), (config.feedforward, dim))
            )
            for _ in range(config.layers)
        )

    def forward(self, x: Tensor) -> Tensor:
        for widen, narrow in self.blocks:
            amplitude = torch.fft.rfft(x, dim=1).abs()
            strength = amplitude.mean(0).mean(-1)
            strength[0] = 0
            chosen = strength.topk(self.periods).indices
            answers = []
            for frequency in chosen.tolist():
                period = x.shape[1] // frequency
                rows = -(-x.shape[1] // period)
                padded = functional.pad(x, (0, 0, 0, rows * period - x.shape[1]))
                grid = padded.view(len(x), rows, period, -1).permute(0, 3, 1, 2).contiguous()
                grid = functional.gelu(torch.stack([each(grid) for each in widen], -1).mean(-1))
                grid = torch.stack([each(grid) for each in narrow], -1).mean(-1)
                answers.append(grid.permute(0, 2, 3, 1).reshape(len(x), rows * period, -1)[:, : x.shape[1]])
            weight = amplitude.mean(-1)[:, chosen].softmax(1)
            x = x + (torch.stack(answers, -1) * weight[:, None, None]).sum(-1)
        return x


class PlainFNO(nn.Module):
    """Complex weights, and a convolution of one position."""

    def __init__(self, config: Any, dim: int, patches: int) -> None:  # noqa: ARG002
        super().__init__()
        width, self.modes = config.width, config.modes
        self.lift, self.lower = nn.Linear(dim, width), nn.Linear(width, dim)
        self.spectra = nn.ParameterList(
            torch.rand(width, width, config.modes, dtype=torch.cfloat) / width**2 for _ in range(config.layers)
        )
        self.local = nn.ModuleList(nn.Conv1d(width, width, 1) for _ in range(config.layers))

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.lift(x).transpose(1, 2)
        for weight, local in zip(self.spectra, self.local, strict=True):
            spectrum = torch.fft.rfft(hidden)
            mixed = torch.zeros_like(spectrum)
            mixed[..., : self.modes] = torch.einsum("bim,iom->bom", spectrum[..., : self.modes], weight)
            hidden = functional.gelu(torch.fft.irfft(mixed, n=hidden.shape[-1]) + local(hidden))
        return self.lower(hidden.transpose(1, 2))


class PlainVIBT(nn.Module):
    """Modulated blocks with explicit attention weights."""

    def __init__(self, config: Any, dim: int, patches: int) -> None:  # noqa: ARG002
        super().__init__()
        self.heads, hidden = config.heads, dim * config.mlp_ratio
        self.blocks = nn.ModuleList(
            nn.ModuleDict(
                {
                    "qkv": nn.Linear(dim, 3 * dim),
                    "out": nn.Linear(dim, dim),
                    "up": nn.Linear(dim, hidden),
                    "down": nn.Linear(hidden, dim),
                    "modulation": nn.Linear(dim, 6 * dim),
                    "gains": nn.ParameterList(torch.ones(1) for _ in range(4)),
                }
            )
            for _ in range(config.layers)
        )

    def forward(self, x: Tensor) -> Tensor:
        def normed(values: Tensor, gain: Tensor) -> Tensor:
            return functional.normalize(values, dim=-1) * values.shape[-1] ** 0.5 * gain

        for block in self.blocks:
            gains = block["gains"]
            told = block["modulation"](functional.silu(x.mean(1, keepdim=True))).chunk(6, dim=-1)
            shift1, scale1, gate1, shift2, scale2, gate2 = told
            stacked = block["qkv"](normed(x, gains[0]) * (1 + scale1) + shift1)
            query, key, value = stacked.unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
            query, key = normed(query, gains[1]), normed(key, gains[2])
            weight = (query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5).softmax(-1)
            x = x + gate1 * block["out"]((weight @ value).transpose(1, 2).flatten(2))
            hidden = functional.gelu(block["up"](normed(x, gains[3]) * (1 + scale2) + shift2), approximate="tanh")
            x = x + gate2 * block["down"](hidden)
        return x


class PlainResNet(nn.Module):
    """Basic blocks, one layer after the other."""

    def __init__(self, config: Any, dim: int, patches: int) -> None:  # noqa: ARG002
        super().__init__()

        def normed(inputs: int, outputs: int, size: int, stride: int) -> nn.Sequential:
            convolution = nn.Conv1d(inputs, outputs, size, stride, size // 2, bias=False)
            return nn.Sequential(convolution, nn.BatchNorm1d(outputs))

        self.stem = nn.Sequential(normed(config.channels, config.width, 7, 2), nn.ReLU(), nn.MaxPool1d(3, 2, 1))
        self.blocks, inputs = nn.ModuleList(), config.width
        for stage, count in enumerate(config.layers):
            for block in range(count):
                outputs, stride = config.width * 2**stage, 2 if stage and not block else 1
                parts = [normed(inputs, outputs, 3, stride), normed(outputs, outputs, 3, 1)]
                parts.append(normed(inputs, outputs, 1, stride) if inputs != outputs else nn.Sequential())
                self.blocks.append(nn.ModuleList(parts))
                inputs = outputs

    def forward(self, x_BLC: Tensor) -> Tensor:
        hidden = self.stem(x_BLC.transpose(1, 2))
        for first, second, around in self.blocks:
            hidden = functional.relu(second(functional.relu(first(hidden))) + around(hidden))
        return functional.adaptive_avg_pool1d(hidden, 1).transpose(1, 2)


PLAIN: dict[str, Callable[[Any, int, int], nn.Module]] = {
    "dlinear": PlainDLinear,
    "patchtst": PlainEncoder,
    "transformer": PlainEncoder,
    "timesnet": PlainTimesNet,
    "fno": PlainFNO,
    "vibt": PlainVIBT,
    "resnet1d": PlainResNet,
}
