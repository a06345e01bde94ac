"""Fine-tuning on the support of each episode, from the same start each time.

Legend: S support, Q query, N classes, D features.
"""

from __future__ import annotations

import copy
from operator import itemgetter

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from twostage.config.stage_2 import fewshot_methods as configs
from twostage.data.windowed import Batch
from twostage.models.network import Network
from twostage.objectives.adapt.episodes.tasks import Task, encode, full_precision, mapped, tasks_of


class EpisodeFinetune:
    """A linear head that starts at zero, and a copy of the encoder, trained with cross entropy on the support.

    Frozen parts stay. Dropout is off and running statistics stand still, because a support is too small for them.
    """

    def __init__(self, config: configs.EpisodeFinetune) -> None:
        self.config = config

    def __call__(self, network: Network, batch: Batch) -> list[Tensor]:
        """Log-probabilities (Q, N) of the queries of each task."""
        with torch.inference_mode(mode=False), torch.enable_grad(), full_precision(batch.x_BLC):
            # What inference mode has made cannot be differentiated; a copy can.
            whole = mapped(batch, torch.clone)
            return [self._answer(network, whole, task) for task in tasks_of(whole)]

    def _answer(self, network: Network, batch: Batch, task: Task) -> Tensor:
        support, query = (mapped(batch, itemgetter(places)) for places in (task.support_S, task.query_Q))
        adapted = copy.deepcopy(network).eval()
        encoder = [parameter for parameter in adapted.parameters() if parameter.requires_grad]
        features_SD = encode(adapted, support)
        head = _head(features_SD, task.ways)
        search = torch.optim.Adam([*head.parameters(), *encoder], lr=self.config.lr)
        for step in range(self.config.steps):
            if step and encoder:
                features_SD = encode(adapted, support)
            search.zero_grad()
            torch.autograd.backward(cross_entropy(head(features_SD), task.class_S))
            search.step()
        with torch.no_grad():
            logits_QN: Tensor = head(encode(adapted, query))
            return logits_QN.log_softmax(dim=1)


def _head(features_SD: Tensor, ways: int) -> nn.Linear:
    """A linear layer that knows nothing yet, so that no draw decides how it starts."""
    head = nn.Linear(features_SD.shape[1], ways, device=features_SD.device)
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    return head
