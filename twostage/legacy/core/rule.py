"""Rules: each moves one quantity, or one small group, in both directions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from twostage.legacy.core.backward import Wishes
from twostage.legacy.core.codecs import Codec
from twostage.legacy.core.forward import Draft, Names, NotHere, View, key_of
from twostage.legacy.core.leaves import same
from twostage.legacy.core.mounts import Leaf, Stage

Body = Mapping[str, Any]


class Rule(Protocol):
    """Both directions of a rule. ``view.stage`` and ``stage`` are None for rules of the whole document."""

    def forward(self, view: View, draft: Draft) -> None:
        """Read old leaves, write new keys."""
        ...

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """Read the new document, ask for old values."""
        ...


def prefixed(stage: Stage | None, path: str) -> str:
    """A key of the new document, inside its stage."""
    return path if stage is None else f"{stage}.{path}"


def get(body: Body, path: str) -> tuple[bool, Any]:
    """Whether a key of the new document is written, and its value."""
    value: Any = body
    for key in key_of(path):
        if not isinstance(value, Mapping) or key not in value:
            return False, None
        value = value[key]
    return True, value


def decoded(leaf: Leaf, codec: Codec, draft: Draft) -> Any:
    """The new value of a leaf; None, with a remark, where there is none."""
    try:
        value = codec.decode(leaf.value)
    except NotHere as reason:
        draft.remark("kept-value", leaf, str(reason))
        return None
    if _holds_text(leaf.value) and not _holds_text(value):
        kind = "" if isinstance(value, bool) else "the numbers " if isinstance(value, list) else "the number "
        draft.remark("retyped", leaf, f"the old loader read {leaf.value!r} as text; here it is {kind}{value!r}")
    return value


def _holds_text(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and any(isinstance(item, str) for item in value))


@dataclass(frozen=True)
class Scalar:
    """One value with several old names, the one that the old code read first.

    For a key of the whole document, ``differing`` says what happens when two stages say different things. ``beside`` is
    a key without which this one means nothing.
    """

    new: str
    old: Names
    codec: Codec
    differing: Literal["remark", "refuse"] = "remark"
    beside: str | None = None

    def forward(self, view: View, draft: Draft) -> None:
        """Take the deciding leaf."""
        leaf = view.find(*self.old)
        if leaf is None or (self.beside is not None and not draft.written(prefixed(view.stage, self.beside))):
            return
        value = decoded(leaf, self.codec, draft)
        if value is None:
            return
        draft.set(prefixed(view.stage, self.new), value, leaf)
        if view.stage is None:
            self._others(view, draft, leaf, value)

    def _others(self, view: View, draft: Draft, first: Leaf, value: Any) -> None:
        """Other scopes that speak of the same key of the whole document."""
        for scope in view.scopes:
            leaf = view.only(scope).find(*self.old)
            if leaf is None or leaf is first:
                continue
            if same(decoded(leaf, self.codec, draft), value):
                draft.use(self.new, leaf)
            else:
                differs(draft, leaf, self.new, self.differing)

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """Ask for the value."""
        there, value = get(body, prefixed(stage, self.new))
        if there:
            wishes.want(stage, self.old, self.codec.encode(value))


def differs(draft: Draft, leaf: Leaf, new: str, how: Literal["remark", "refuse"]) -> None:
    """Tell that a stage wants another value of a key that both stages share."""
    text = f"both stages share {new}, and the other one says something else; this value is not used"
    if how == "refuse":
        draft.refuse(leaf, text)
    else:
        draft.remark("differs", leaf, text)


@dataclass(frozen=True)
class Constant:
    """A key that a converted document always has, and that the old document cannot say.

    ``where`` is a key that must be there for the constant to be written.
    """

    new: str
    value: Any
    where: str | None = None

    def forward(self, view: View, draft: Draft) -> None:
        """Write the constant."""
        if self.where is None or draft.written(prefixed(view.stage, self.where)):
            draft.set(prefixed(view.stage, self.new), self.value)

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """Nothing to ask for."""
