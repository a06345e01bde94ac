"""Parts that rules made and that do not fit together: they are left out, so that a converted document validates.

The old keys of such a part are kept, and a run is refused until the part is written or the entry is deleted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from itertools import chain, takewhile
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from twostage.config.checking.shapes import locate
from twostage.config.document import TwoStageConfig
from twostage.config.problems import reason_of
from twostage.legacy.core.forward import Draft, Source, key_of
from twostage.legacy.core.leaves import KeyPath, dotted

MOST = 12  # parts that one document may lose
_NAME = re.compile(r"[a-z]\w*(?:\.\w+)+")
_WORD = re.compile(r"[a-z]\w*(?:\.\w+)*")  # a rule inside a section names its keys without the section
_STAY = re.compile(r"data|stage_[12](\.(pretrain_mode|adapt_mode|targets|tasks))?")  # nothing is left without these


def settle(draft: Draft, source: Source) -> None:
    """Take back what makes the document invalid, part by part."""
    for _ in range(MOST):
        errors = _errors(draft.body, source.facts)
        if not errors:
            return
        parts = list(_parts(errors[0], draft))
        tries = chain(parts, _anything(errors[0], draft))
        mending = (each for each in tries if _mends(each, errors[0], draft, source.facts))
        key = next(mending, parts[-1] if parts else None)
        if key is None:
            return
        _leave_out(key, _told(errors[0]), draft, source)


def _errors(body: Mapping[str, Any], facts: Mapping[str, Any]) -> list[ErrorDetails]:
    carrier = {"shape": facts["shape"], "reading": facts["reading"]}
    try:
        TwoStageConfig.model_validate({**body, "legacy": carrier})
    except ValidationError as error:
        return error.errors(include_url=False)
    return []


def _parts(error: ErrorDetails, draft: Draft) -> Iterator[str]:
    """Parts that can be left out: those that the sentence names, then what they are in, then backbones to compare."""
    path = locate(error["loc"])[0]
    names = (_WORD if path else _NAME).findall(reason_of(error))
    named: list[KeyPath] = [(*path, *key_of(name)) for name in names]
    around = [each[:depth] for each in named for depth in range(len(each) - 1, 0, -1)]
    yield from _written((*named, path, *around, ("stage_1", "backbones")), draft)


def _anything(error: ErrorDetails, draft: Draft) -> Iterator[str]:
    """Each key that an old one went to, in the section where the mistake is."""
    path = locate(error["loc"])[0]
    targets = (target for several in draft.uses.values() for target in several)
    yield from _written((target for target in targets if target[: len(path)] == path), draft)


def _written(paths: Iterable[KeyPath], draft: Draft) -> Iterator[str]:
    """What the document says at some paths and can do without; a list as a whole."""
    for path in paths:
        key = ".".join(takewhile(lambda step: isinstance(step, str), path))  # type: ignore[arg-type]
        if key and not _STAY.fullmatch(key) and draft.written(key):
            yield key


def _mends(key: str, error: ErrorDetails, draft: Draft, facts: Mapping[str, Any]) -> bool:
    """Whether that is not wrong any more without a part, and the part is not missed."""
    without = Draft(deepcopy(draft.body))
    without.drop(key)
    left = _errors(without.body, facts)
    return all(each["type"] != "missing" and each["msg"] != error["msg"] for each in left)


def _leave_out(key: str, reason: str, draft: Draft, source: Source) -> None:
    leaf = draft.origin(key, source.leaves)
    draft.drop(key)
    draft.refuse(leaf or key, reason, write=(key,))


def _told(error: ErrorDetails) -> str:
    """A rule of ours names its keys itself."""
    reason = reason_of(error)
    return reason if "error" in error.get("ctx", {}) else f"{dotted(locate(error['loc'])[0])}: {reason}"
