"""What each key of the old documents did in the old code: one table for each section."""

from twostage.legacy.effects.effect import Effect, Status
from twostage.legacy.effects.lookup import effect_of, is_variable

__all__ = ["Effect", "Status", "effect_of", "is_variable"]
