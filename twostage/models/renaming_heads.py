"""The names that PHM-Vibench gives to the tensors of its task heads.

Pairs, legacy first, in the form that ``twostage.models.renaming`` reads. A head stands alone (``head.``) or among
several (``head.heads.<task>.``); ours has the names of ``stage_2.tasks``.
"""

from __future__ import annotations

from collections.abc import Iterable

from twostage.models.renaming_prompt import Pairs

_FORECAST: Pairs = (
    ("weight", "weight"),
    ("bias", "bias"),
    ("fc1.", "features."),
    ("fc2.", "mixtures."),
)


def _within(legacy: str, ours: str, pairs: Pairs) -> Pairs:
    return tuple((f"{legacy}.{old}", f"{ours}.{new}") for old, new in pairs)


_TASKS = ("classification", "anomaly_detection", "rul_prediction", "signal_prediction")
_SIGNAL = "head.heads.signal_prediction"
_MULTITASK: Pairs = (
    ("task_head.shared_layers.{}.", "head.trunk.layers.{}."),
    ("task_head.fault_classification_heads.{}.{}.", "head.heads.classification.layers.{}.{}."),
    # Ours counts dropouts too.
    *(
        (f"task_head.{task}_head.{2 * i}.", f"head.heads.{task}.perceptron.{3 * i}.")
        for task in _TASKS[1:3]
        for i in range(3)
    ),
    *_within("task_head.signal_prediction_head", _SIGNAL, _FORECAST),
)
# H_09: a classification and a forecast.
_TWO: Pairs = (
    ("task_head.task_heads.classification.mutiple_fc.{}.", "head.heads.classification.layers.{}."),
    *(
        (f"task_head.task_heads.classification.{old}.", f"head.heads.classification.{new}.")
        for old, new in (
            ("proj_in", "inward"),
            ("cross_att.q", "query"),
            ("cross_att.kv", "key_value"),
            ("cross_att.proj", "attended"),
            ("mlp", "outward"),
        )
    ),
    *_within("task_head.task_heads.prediction", _SIGNAL, _FORECAST),
)
# The autumn of 2025: one head for each task.
_AUTUMN: Pairs = (
    ("task_heads.classification.mutiple_fc.{}.", "head.heads.classification.layers.{}."),
    ("task_heads.anomaly_detection.anomaly_net.{}.", "head.heads.anomaly_detection.perceptron.{}."),
    ("task_heads.rul_prediction.rul_net.{}.", "head.heads.rul_prediction.perceptron.{}."),
    *_within("task_heads.signal_prediction", _SIGNAL, _FORECAST),
)
_ALONE: Pairs = _within("task_head", "head", _FORECAST)

HEAD_PAIRS: Pairs = (*_AUTUMN, *_MULTITASK, *_TWO, *_ALONE)


def head_pairs(names: Iterable[str]) -> Pairs:
    """The pairs that lead back from a head of ours: three heads of the old project held several tasks."""
    parts = {name.split(".")[2] for name in names if name.startswith("head.heads.")}
    if any(name.startswith("head.trunk.") for name in names):
        return _MULTITASK
    return _TWO if parts == {"classification", "signal_prediction"} else _AUTUMN
