"""Few-shot keys: those of the FS tasks (``n_way``) and of the hierarchical GFS tasks (``num_labels``)."""

from __future__ import annotations

from typing import Any

from twostage.legacy.core.backward import Wishes
from twostage.legacy.core.codecs import Choice, Codec, Whole
from twostage.legacy.core.forward import Draft, Names, View
from twostage.legacy.core.mounts import Stage
from twostage.legacy.core.rule import Body, Rule, decoded, get
from twostage.legacy.identity import method
from twostage.legacy.rules.optimization import trains
from twostage.legacy.rules.pretraining import mode_of

METRIC = "task.matching_metric"
METRICS = Choice({"cosine": ("cosine",), "euclidean": ("euclidean", "l2"), "dot": ("dot",)})
WAYS: Names = ("task.n_way", "task.num_labels")
SHOTS: Names = ("task.k_shot", "task.num_support")
KEYS: tuple[tuple[str, Names, Codec], ...] = (
    ("ways", WAYS, Whole(2)),
    ("queries", ("task.q_query", "task.num_query"), Whole(1)),
    ("episodes_per_epoch", ("task.episodes_per_epoch", "task.num_episodes"), Whole(1)),
    ("systems_per_episode", ("task.num_systems",), Whole(1)),
    ("domains_per_episode", ("task.num_domains",), Whole(1)),
)


class Episodes:
    """Episodes as they are written. The old code drew support and query from the same files, overlapping."""

    def forward(self, view: View, draft: Draft) -> None:
        """Method, then numbers."""
        if mode_of(draft.body, view.stage) != "fewshot":
            return
        kind = method(view)
        draft.set("stage_2.method.kind", kind, view.find("task.metric_loss"))
        metric = view.find(METRIC) if kind == "matching" else None
        distance = None if metric is None else decoded(metric, METRICS, draft)
        if metric is not None and distance is not None:
            draft.set("stage_2.method.distance", distance, metric)
        shots = view.find(*SHOTS)
        count = None if shots is None else decoded(shots, Whole(1), draft)
        if shots is not None and count is not None:
            draft.set("stage_2.shots", [count], shots)
        for key, names, codec in KEYS:
            if key == "episodes_per_epoch" and not trains(draft.body, "stage_2"):
                continue
            leaf = view.find(*names)
            value: Any = None if leaf is None else decoded(leaf, codec, draft)
            if leaf is not None and value is not None:
                draft.set(f"stage_2.{key}", value, leaf)
        draft.set("stage_2.support_unit", "window")
        draft.remark(
            "window-support",
            view.find("task.type"),
            "support and query share no sample here, but they may share a bearing, as these keys always meant; "
            "write stage_2.support_unit: bearing for an honest few-shot figure",
        )

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """By the names of the task that the mode becomes."""
        if stage != "stage_2" or mode_of(body, stage) != "fewshot":
            return
        wide = get(body, "stage_2.domains_per_episode")[0] or get(body, "stage_2.systems_per_episode")[0]
        there, distance = get(body, "stage_2.method.distance")
        if there:
            wishes.want(stage, METRIC, METRICS.encode(distance))
        there, shots = get(body, "stage_2.shots")
        if there and len(shots) == 1:
            wishes.want(stage, _turned(SHOTS, wide=wide), shots[0])
        for key, names, codec in KEYS:
            there, value = get(body, f"stage_2.{key}")
            if there:
                wishes.want(stage, _turned(names, wide=wide), codec.encode(value))


def _turned(names: Names, *, wide: bool) -> Names:
    return tuple(reversed(names)) if wide else names


STAGE: tuple[Rule, ...] = (Episodes(),)
