"""A config as plain data that says everything, defaults included, and loads to an equal config."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError

from twostage.config.document import TwoStageConfig


def complete_dump(config: TwoStageConfig) -> dict[str, Any]:
    """Plain data of the whole config.

    A rule may ask whether a key was written at all: then writing its default is a statement of its own, and the rule
    refuses it. Such keys, and only they, stay unwritten.
    """
    data = config.model_dump(mode="json")
    refused = _refused(data)
    for path in _unwritten(config) if refused else ():
        holder = _holder(data, path)
        before = dict(holder)
        del holder[path[-1]]
        fewer = _refused(data)
        if fewer < refused:
            refused = fewer
        else:
            holder.clear()
            holder.update(before)  # in the old order
    return data


def _refused(data: dict[str, Any]) -> int:
    try:
        TwoStageConfig.model_validate(data)
    except ValidationError as error:
        return error.error_count()
    return 0


def _unwritten(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The paths of fields that were left to their default, in sections at any depth."""
    if isinstance(value, tuple):
        return [found for index, item in enumerate(value) for found in _unwritten(item, (*path, index))]
    if not isinstance(value, BaseModel):
        return []
    found = [below for name in type(value).model_fields for below in _unwritten(getattr(value, name), (*path, name))]
    return found + [(*path, name) for name in type(value).model_fields if name not in value.model_fields_set]


def _holder(data: Any, path: tuple[str | int, ...]) -> dict[Any, Any]:
    for key in path[:-1]:
        data = data[key]
    holder: dict[Any, Any] = data
    return holder
