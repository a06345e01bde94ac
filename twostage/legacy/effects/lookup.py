"""Finding what a key did: its own entry, or that of the nearest mapping around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from twostage.legacy.effects import data, environment, model, stage, task, top, trainer
from twostage.legacy.effects.effect import Effect, Table

SECTIONS: Mapping[str, Table] = {
    "environment": environment.TABLE,
    "data": data.TABLE,
    "model": model.TABLE,
    "task": task.TABLE,
    "trainer": trainer.TABLE,
    "stage": stage.TABLE,
}
EFFECTS: Table = {
    **{f"{section}.{key}": effect for section, table in SECTIONS.items() for key, effect in table.items()},
    **top.TABLE,
}
UNKNOWN = Effect("unknown")


def effect_of(key: str) -> Effect:
    """What a key did, by its name without the dialect: ``task.lr``, ``stage.epochs``, ``reproducibility.seed``.

    A key below a mapping that the tables know shares its fate, but has no other spelling. Names in capitals below
    ``environment`` were exported.
    """
    parts = key.split(".")
    for length in range(len(parts), 0, -1):
        found = EFFECTS.get(".".join(parts[:length]))
        if found is not None:
            return found if length == len(parts) else replace(found, instead=None)
    return Effect("exported") if is_variable(key) else UNKNOWN


def is_variable(key: str) -> bool:
    """Whether the old code could make an environment variable of a key."""
    section, _, name = key.partition(".")
    return section == "environment" and name.isupper()
