"""Why a leaf of an old file was kept and not mapped."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from twostage.legacy.effects import Effect, effect_of, is_variable
from twostage.legacy.effects.lookup import SECTIONS
from twostage.legacy.here import here
from twostage.legacy.synonyms import synonyms

_READ = {"live", "partly"}
_STAGES = len(("stage_1", "stage_2"))


def why_kept(key: str | None, value: Any, mapped_keys: Collection[str]) -> tuple[str, str]:
    """The code of ``twostage.legacy.codes`` and a sentence about one kept leaf.

    ``key`` is the leaf's name without the dialect (None where the dialect gives it no meaning), ``mapped_keys`` are the
    names of all leaves that were mapped.
    """
    if key is None:
        return "unknown-key", "nothing reads keys at this place"
    if key in SECTIONS and not value:
        return "no-effect", "the section is empty"
    parts = key.split(".")
    if parts[0] == "pipeline" and len(parts) > 1:
        return "pipeline-ignored", "the old launcher read pipeline only as text and ran pipeline 01 instead"
    if parts[0] == "stages" and len(parts) > 1 and parts[1].isdigit() and int(parts[1]) >= _STAGES:
        return "third-stage", "the old code never ran a stage after the second one, and there is none here"
    return _by_effect(key, value, mapped_keys)


def _by_effect(key: str, value: Any, mapped_keys: Collection[str]) -> tuple[str, str]:
    effect = effect_of(key)
    if is_variable(key):
        exported = _with_note("the old code set it as an environment variable", effect)
        return "environment-variable", f"{exported}; set it in the shell where a run needs it"
    winner = _winner(key, effect, mapped_keys)
    if winner is not None:
        return "loses-to", _loses(key, effect, winner)
    if effect.status == "unknown":
        return "unknown-key", f"{key} is no known key of the old code"
    if effect.status in _READ:
        return "no-place", _without_place(key, value, effect)
    return "no-effect", _without_effect(effect)


def _winner(key: str, effect: Effect, mapped_keys: Collection[str]) -> str | None:
    """Another name of the same quantity that was mapped, or the same name in a nearer scope."""
    others = (*synonyms(key), *((effect.instead,) if effect.instead else ()), key)
    return next((name for name in others if name in mapped_keys), None)


def _loses(key: str, effect: Effect, winner: str) -> str:
    if winner == key:
        return "the file writes this key at a second place too, and that one decides"
    read, winner_read = effect.status in _READ, effect_of(winner).status in _READ
    if read and not winner_read:
        return f"{winner} decides here; the old code read {key} and not {winner}"
    if winner_read and not read:
        return f"{winner} decides, as it did in the old code"
    return f"{winner} decides"


def _without_effect(effect: Effect) -> str:
    start = {
        "never": "it never had an effect",
        "past": "the last version of the old code did not read it",
        "overwritten": "the old code always replaced its value",
    }[effect.status]
    sentence = _with_note(start, effect)
    return sentence if effect.instead is None else f"{sentence}; {effect.instead} was read"


def _without_place(key: str, value: Any, effect: Effect) -> str:
    start = "it was switched off" if value is False else _with_note("the old code read it", effect)
    return f"{start}; {here(key)}"


def _with_note(sentence: str, effect: Effect) -> str:
    return f"{sentence} ({effect.note})" if effect.note else sentence
