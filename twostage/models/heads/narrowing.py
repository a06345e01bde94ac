"""A perceptron whose hidden layers each have half the features of the one before.

Shape suffixes: B batch, P patches, D features.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "leaky_relu": lambda: nn.LeakyReLU(0.1),
    "elu": nn.ELU,
}


def narrowing(
    dim: int, first: int | None, layers: int, *, activation: str, dropout: float, batch_norm: bool = False
) -> nn.Sequential:
    """Hidden layers, each with norm, activation and dropout, and a last one with one output; Xavier weights."""
    made: list[nn.Module] = []
    inputs, width = dim, first or dim // 2
    for _ in range(layers):
        made += [nn.Linear(inputs, width), *([nn.BatchNorm1d(width)] if batch_norm else [])]
        made += [ACTIVATIONS[activation](), nn.Dropout(dropout)]
        inputs, width = width, width // 2
    perceptron = nn.Sequential(*made, nn.Linear(inputs, 1))
    perceptron.apply(xavier)
    return perceptron


def mean_answer(perceptron: nn.Module, tokens_BPD: Tensor) -> Tensor:
    """One number (B,) from the mean of tokens (B, P, D)."""
    answer_B: Tensor = perceptron(tokens_BPD.mean(dim=1)).squeeze(1)
    return answer_B


def xavier(module: nn.Module) -> None:
    """Draw the weights of a linear layer evenly, by its inputs and outputs (Glorot and Bengio 2010); zero biases."""
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
