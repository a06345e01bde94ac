"""One number for each window.

Shape suffixes: B batch, P patches, D features.
"""

from __future__ import annotations

from torch import Tensor, nn

from twostage.config.model import task_heads as configs


class ScalarHead(nn.Module):
    """Mean over tokens, then a perceptron with one hidden layer as wide as a token.

    The last layer is linear: a rectifier there would leave windows whose answer is 0 without a gradient.
    """

    def __init__(self, config: configs.ScalarPerceptron, *, dim: int) -> None:  # noqa: ARG002 - built from a config
        super().__init__()
        self.perceptron = nn.Sequential(nn.Linear(dim, dim), nn.GELU(), nn.Linear(dim, 1))

    def forward(self, tokens_BPD: Tensor) -> Tensor:
        """Return one number per window (B,) of tokens (B, P, D)."""
        answer_B: Tensor = self.perceptron(tokens_BPD.mean(dim=1)).squeeze(1)
        return answer_B
