"""What training, validation and test may not share.

The old code cut the training part out of each recording and validated and tested on all of it. Meant was a held-out
part: another operating condition for the domain tasks, a share of the recordings for all others.
"""

from __future__ import annotations

from typing import Any

from twostage.legacy.core.backward import Wishes
from twostage.legacy.core.codecs import Ids, Number, Whole
from twostage.legacy.core.forward import Draft, Names, View
from twostage.legacy.core.mounts import Leaf, Stage
from twostage.legacy.core.rule import Body, Rule, decoded, get
from twostage.legacy.rules.optimization import trains

TRAIN: Names = ("data.train_ratio", "data.train_val_rate")
VALIDATION: Names = ("data.val_ratio",)
TEST: Names = ("data.test_ratio",)
LAST = "task.target_domain_num"
TESTED = "task.target_domain_id"
TRAINED = "task.source_domain_id"
DIGITS = 12
SHARE = Number(least=0.0)
LEGACY_TRAIN = 0.8  # what nearly all old files write


class Split:
    """The split of a stage."""

    def forward(self, view: View, draft: Draft) -> None:
        """A domain split where the task names domains, otherwise shares of recordings."""
        if view.stage is None:
            return
        target = f"{view.stage}.split"
        if view.stage == "stage_2" and view.facts["domains"].get(view.stage) and self._domains(view, draft, target):
            return
        self._shares(view, draft, target)

    def _domains(self, view: View, draft: Draft, target: str) -> bool:
        last = view.find(LAST)
        count = None if last is None else decoded(last, Whole(1), draft)
        tested, trained = view.find(TESTED), view.find(TRAINED)
        ids = None if tested is None or count else decoded(tested, Ids(), draft)
        if count is None and ids is None:
            return False
        draft.set(f"{target}.unit", "domain")
        if count is not None:
            draft.set(f"{target}.last", count, last)
        else:
            draft.set(f"{target}.test_domains", ids, tested)
            sources = None if trained is None else decoded(trained, Ids(), draft)
            if sources is not None and not set(sources) & set(ids or ()):
                draft.set(f"{target}.train_domains", sources, trained)
        leaf, share = _share(view, draft, TRAIN)
        if leaf is not None and share is not None and 0.0 < share <= 1.0:
            draft.set(f"{target}.validation", _rest(share), leaf)
        _tell(draft, last or tested)
        return True

    def _shares(self, view: View, draft: Draft, target: str) -> None:
        leaves = {key: _share(view, draft, names) for key, names in _parts()}
        values = {key: value for key, (_, value) in leaves.items() if value is not None}
        whole = _completed(values, tests=view.stage == "stage_2")
        if whole is not None and whole["validation"] == 0.0 and trains(draft.body, view.stage or "stage_1"):
            whole = None  # nothing would select a checkpoint
        draft.set(f"{target}.unit", "recording")
        if whole is None:
            return
        for key, share in whole.items():
            draft.set(f"{target}.{key}", share, leaves[key][0] if key in values else None)
        _tell(draft, leaves["train"][0])

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """Domains or shares."""
        there, split = get(body, f"{stage}.split")
        if not there or split is None:
            return
        if split["unit"] == "domain":
            if split.get("last") is not None:
                wishes.want(stage, LAST, split["last"])
            if split.get("test_domains") is not None:
                wishes.want(stage, TESTED, list(split["test_domains"]))
            if split.get("train_domains") is not None:
                wishes.want(stage, TRAINED, list(split["train_domains"]))
            if "validation" in split:
                wishes.want(stage, TRAIN, _rest(split["validation"]))
            return
        for key, names in _parts():
            if key in split:
                wishes.want(stage, names, split[key])


def _parts() -> tuple[tuple[str, Names], ...]:
    return (("train", TRAIN), ("validation", VALIDATION), ("test", TEST))


def _share(view: View, draft: Draft, names: Names) -> tuple[Leaf | None, Any]:
    leaf = view.find(*names)
    return leaf, None if leaf is None else decoded(leaf, SHARE, draft)


def _rest(share: float) -> float:
    return round(1.0 - share, DIGITS)


def _completed(written: dict[str, float], *, tests: bool) -> dict[str, float] | None:
    """All three shares; None where nothing is written, or where they cannot make a whole."""
    if "train" not in written and not {"validation", "test"} <= set(written):
        return None
    train = written.get("train", _rest(sum(written.values())))
    rest = _rest(train)
    if "validation" in written and "test" in written:
        validation, test = written["validation"], written["test"]
    elif "validation" in written:
        validation, test = written["validation"], round(rest - written["validation"], DIGITS)
    elif "test" in written:
        validation, test = round(rest - written["test"], DIGITS), written["test"]
    elif tests:
        validation = round(rest / 2, DIGITS)
        test = round(rest - validation, DIGITS)
    else:
        validation, test = rest, 0.0
    shares = {"train": train, "validation": validation, "test": test}
    whole = abs(sum(shares.values()) - 1.0) < 1e-6 and min(shares.values()) >= 0.0  # noqa: PLR2004 - the split's own tolerance
    return shares if whole and train > 0.0 and (test > 0.0 or not tests) else None


def _tell(draft: Draft, leaf: Leaf | None) -> None:
    if leaf is not None:
        draft.remark(
            "disjoint-validation",
            leaf,
            "the old code validated and tested on the training windows too; here no sample is shared",
        )


STAGE: tuple[Rule, ...] = (Split(),)
