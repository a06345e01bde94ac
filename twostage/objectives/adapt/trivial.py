"""The trivial control: band energies with linear models, in the place of a network that trains.

It answers through the objective of its stage, so that it meets the same windows and is measured in the same way.

Legend: B batch, N windows, F features, K classes, S support, Q query.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression, Ridge
from torch import Tensor, nn

from twostage.components import implementation_of
from twostage.config.model import LinearHead as LinearHeadConfig
from twostage.config.stage_2 import Adaptation, FewshotConfig
from twostage.data.labels import UNLABELLED
from twostage.data.windowed import Batch
from twostage.models.bands import BandEncoder, BandEnergies
from twostage.models.heads.linear import SHARED, LinearHead
from twostage.models.heads.multitask import MultitaskHead
from twostage.models.network import Network
from twostage.objectives.adapt.episodes.tasks import FeatureMethod, MeanTokens
from twostage.objectives.adapt.fewshot import Fewshot
from twostage.objectives.adapt.multitask import Multitask
from twostage.objectives.base import Objective
from twostage.objectives.class_weights import ClassWeighting

UNSEEN = -30.0  # log-odds of a class that no training window shows
PENALTY = 1.0
MOST_STEPS = 5000


class LinearScalar(nn.Module):
    """One number for each window, linear in its features."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.layer = nn.Linear(dim, 1)

    def forward(self, tokens_BPD: Tensor) -> Tensor:
        """One number per window (B,)."""
        answer_B: Tensor = self.layer(tokens_BPD.mean(dim=1)).squeeze(1)
        return answer_B


class LinearEpisodes(FeatureMethod):
    """Logistic regression on the support of each task."""

    def answer(self, support_SD: Tensor, class_S: Tensor, query_QD: Tensor, ways: int) -> Tensor:
        """Log-probabilities (Q, N)."""
        weight_KF, bias_K = classifier(support_SD, class_S, ways)
        return (query_QD.double() @ weight_KF.to(query_QD.device).T + bias_K.to(query_QD.device)).log_softmax(dim=1)


def trivial_objective(
    written: Adaptation, features: BandEnergies, *, classes: Mapping[int, int], **extra: Any
) -> Objective:
    """The objective of a stage with band energies for an encoder; ``fit`` gives it its answers."""
    kind = implementation_of(written)
    known: dict[str, Any] = {"classes": classes} | extra
    if "targets" in extra:
        tasks = tuple(task for task in extra["targets"].tasks if task != "signal_prediction")
        known["targets"] = replace(extra["targets"], tasks=tasks)
        head: nn.Module = MultitaskHead({task: _head(task, written, features.dim, classes) for task in tasks})
    else:
        head = MeanTokens() if isinstance(written, FewshotConfig) else _head(None, written, features.dim, classes)
    objective: Objective = kind(written, Network(BandEncoder(features), head), **known)
    if isinstance(objective, Fewshot):
        objective.method = LinearEpisodes()
    return objective


def _head(task: str | None, written: Adaptation, dim: int, classes: Mapping[int, int]) -> nn.Module:
    if task not in {None, "classification"}:
        return LinearScalar(dim)
    shared = written.head_share == "shared"
    return LinearHead(LinearHeadConfig(share="shared" if shared else "per_system"), dim=dim, classes=classes)


@torch.no_grad()
def fit(objective: Objective, train: Iterable[Batch]) -> None:
    """Solve the linear models of the objective on the training windows; episodes solve their own."""
    if isinstance(objective, Fewshot):
        return
    batches = list(train)
    tokens = [objective.network.encode(b.x_BLC, b.sample_rate_B) for b in batches]
    features_NF = torch.cat(tokens).squeeze(1)
    if not isinstance(objective, Multitask):
        _fit_classes(cast("LinearHead", objective.network.head), features_NF, batches, objective)
        return
    heads = cast("MultitaskHead", objective.network.head).heads
    for name, task in objective.tasks.items():
        head = heads[name]
        if isinstance(head, LinearHead):
            _fit_classes(head, features_NF, batches, task)
            continue
        target_N = torch.cat([task.target(batch) for batch in batches])
        known_N = torch.cat([task.known(batch) for batch in batches])
        weight = getattr(task, "anomaly_weight", None)
        _put(cast("LinearScalar", head).layer, *_scalar(features_NF[known_N], target_N[known_N], weight))


def _scalar(features_NF: Tensor, target_N: Tensor, anomaly_weight: float | None) -> tuple[Tensor, Tensor]:
    """Log-odds of an anomaly, or with ``anomaly_weight`` None a number by ridge regression."""
    if anomaly_weight is None:
        x_NF, back = _scaled(features_NF)
        found = Ridge(alpha=PENALTY).fit(x_NF, target_N.double().cpu().numpy())
        return back(torch.as_tensor(found.coef_)[None], torch.as_tensor([found.intercept_]))
    weight_N = torch.where(target_N == 1.0, anomaly_weight, 1.0)
    weight_KF, bias_K = classifier(features_NF, target_N.long(), 2, weight_N)
    return weight_KF[1:] - weight_KF[:1], bias_K[1:] - bias_K[:1]


def _fit_classes(head: LinearHead, features_NF: Tensor, batches: Iterable[Batch], weighed: nn.Module) -> None:
    """One regression for each system, or one for all where they share the head; windows weigh as in ``weighed``."""
    label_N, system_N = (torch.cat([getattr(b, name) for b in batches]) for name in ("label_B", "system_B"))
    weight_N = cast("ClassWeighting", weighed.class_weights)(system_N, label_N)
    for key, layer in head.layers.items():
        mine_N = (label_N != UNLABELLED) & ((system_N == int(key)) if key != SHARED else True)
        linear = cast("nn.Linear", layer)
        weight = None if weight_N is None else weight_N[mine_N]
        _put(linear, *classifier(features_NF[mine_N], label_N[mine_N], linear.out_features, weight))


def _put(layer: nn.Linear, weight_KF: Tensor, bias_K: Tensor) -> None:
    layer.weight.copy_(weight_KF)
    layer.bias.copy_(bias_K)


def classifier(
    features_NF: Tensor, class_N: Tensor, classes: int, weight_N: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Weights (K, F) and biases (K,) of a multinomial regression with an L2 penalty, in double precision.

    Features are centred and divided by one number, so that the penalty means the same for every unit of the signal.
    """
    weight_KF = torch.zeros(classes, features_NF.shape[1], dtype=torch.float64)
    bias_K = torch.full((classes,), UNSEEN, dtype=torch.float64)
    seen = torch.unique(class_N).cpu()
    if len(seen) < 2:  # noqa: PLR2004 - nothing to tell apart
        bias_K[seen] = 0.0
        return weight_KF, bias_K
    x_NF, back = _scaled(features_NF)
    given = None if weight_N is None else weight_N.double().cpu().numpy()
    model = LogisticRegression(C=1 / PENALTY, max_iter=MOST_STEPS).fit(x_NF, class_N.cpu().numpy(), given)
    coefficients, intercepts = torch.as_tensor(model.coef_), torch.as_tensor(model.intercept_)
    if len(seen) == 2:  # noqa: PLR2004 - then the library gives the log-odds of the second alone
        coefficients, intercepts = (torch.cat([0 * each, each]) for each in (coefficients, intercepts))
    weight_KF[seen], bias_K[seen] = back(coefficients, intercepts)
    return weight_KF, bias_K


def _scaled(features_NF: Tensor) -> tuple[NDArray[np.float64], Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]]:
    """Features as the solver gets them, and how its weights and biases become those of the features themselves."""
    x_NF = features_NF.double().cpu()
    mean_F = x_NF.mean(dim=0)
    spread = (x_NF - mean_F).square().mean().sqrt().clamp(min=1e-12)

    def back(weight_KF: Tensor, bias_K: Tensor) -> tuple[Tensor, Tensor]:
        own_KF = weight_KF / spread
        return own_KF, bias_K - own_KF @ mean_F

    return ((x_NF - mean_F) / spread).numpy(), back
