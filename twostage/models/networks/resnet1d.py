"""Residual network over time (He et al. 2016, "Deep residual learning for image recognition"), in one dimension.

Shape suffixes: B batch, L window length, C channels, D features, F features and T positions inside.
"""

from __future__ import annotations

from torch import Tensor, nn

from twostage.config import model as configs


class ResNet1D(nn.Module):
    """A stem, four stages of residual blocks, and the mean over time.

    Each stage but the first halves the positions and doubles the features. In bottleneck blocks the stride is on the
    convolution of 3, as in torchvision.
    """

    def __init__(self, config: configs.ResNet1D) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(config.channels, config.width, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm1d(config.width)
        self.maxpool = nn.MaxPool1d(3, stride=2, padding=1)
        self.stages = nn.ModuleDict()
        block, inputs = BLOCKS[config.block], config.width
        for stage, count in enumerate(config.layers, start=1):
            width, stride = config.width * 2 ** (stage - 1), 1 if stage == 1 else 2
            blocks = [block(inputs, width, stride)]
            inputs = width * block.expansion
            blocks += [block(inputs, width, 1) for _ in range(count - 1)]
            self.stages[str(stage)] = nn.Sequential(*blocks)

    def forward(self, x_BLC: Tensor) -> Tensor:
        """Summarise windows as one token each: (B, 1, D)."""
        hidden_BFT = self.maxpool(self.bn1(self.conv1(x_BLC.transpose(1, 2))).relu())
        for stage in self.stages.values():
            hidden_BFT = stage(hidden_BFT)
        token_B1D: Tensor = hidden_BFT.mean(dim=2)[:, None]
        return token_B1D


class Block(nn.Module):
    """Convolutions beside a way around them."""

    expansion = 1

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = width * self.expansion
        self.body = self.layers(inputs, width, stride)
        self.around: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.around = nn.Sequential(*_normed(inputs, outputs, 1, stride))

    @classmethod
    def layers(cls, inputs: int, width: int, stride: int) -> nn.Sequential:
        """Two convolutions of 3, each with its norm; the last rectifier follows the sum."""
        return nn.Sequential(*_normed(inputs, width, 3, stride), nn.ReLU(), *_normed(width, width, 3, 1))

    def forward(self, x_BFT: Tensor) -> Tensor:
        """Add what the convolutions say to what goes around them."""
        answer_BFT: Tensor = (self.body(x_BFT) + self.around(x_BFT)).relu()
        return answer_BFT


class Bottleneck(Block):
    """Narrow, convolve, widen."""

    expansion = 4

    @classmethod
    def layers(cls, inputs: int, width: int, stride: int) -> nn.Sequential:
        """A convolution of 3 between two of 1, each with its norm."""
        narrow, middle = _normed(inputs, width, 1, 1), _normed(width, width, 3, stride)
        return nn.Sequential(*narrow, nn.ReLU(), *middle, nn.ReLU(), *_normed(width, width * cls.expansion, 1, 1))


BLOCKS = {"basic": Block, "bottleneck": Bottleneck}


def _normed(inputs: int, outputs: int, size: int, stride: int) -> tuple[nn.Conv1d, nn.BatchNorm1d]:
    convolution = nn.Conv1d(inputs, outputs, size, stride=stride, padding=size // 2, bias=False)
    return convolution, nn.BatchNorm1d(outputs)
