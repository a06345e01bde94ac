"""Parts that rules made and that do not fit together: they are left out, so that a converted document validates.

The old keys of such a part are kept, and a run is refused until the part is written or the entry is deleted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from itertools import takewhile
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
_STAY = re.compile(r"data|stage_[12](\.(pretrain_mode|adapt_mode|targets))?")  # nothing is left without these


def settle(draft: Draft, source: Source) -> None:
    """Take back what makes the document invalid, part by part."""
    for _ in range(MOST if source.layout.stages else 0):
        errors = _errors(draft.body, source.facts)
        parts = list(_parts(errors[0], draft)) if errors else []
        if not parts:
            return
        key = next((each for each in parts if _mends(each, errors[0], draft, source.facts)), parts[-1])
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
    named: list[KeyPath] = [(*path, *key_of(name)) for name in _NAME.findall(reason_of(error))]
    around = [each[:depth] for each in named for depth in range(len(each) - 1, 0, -1)]
    for part in (*named, path, *around, ("stage_1", "backbones")):
        key = ".".join(takewhile(lambda step: isinstance(step, str), part))  # type: ignore[arg-type] # a list as a whole
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
