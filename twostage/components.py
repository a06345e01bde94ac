"""The one seam between a component's config and the class that eats it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from twostage.config.base import Component


def implementation_of(config: Component) -> Any:
    """Import the class that ``config`` names. Raises ImportError or AttributeError when it does not exist."""
    module, _, name = config.implementation.partition(":")
    return getattr(import_module(module), name)


def build(config: Component, *args: Any, **kwargs: Any) -> Any:
    """Make the component that ``config`` describes; further arguments go to its constructor."""
    return implementation_of(config)(config, *args, **kwargs)
