"""Custom pretraining: finds the class that the document names, checks its parameters, and builds it."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Collection, Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from torch import nn

from twostage.components import implementation_of
from twostage.config.checking.suggest import nearest_name, snake_case
from twostage.config.model import ModelConfig
from twostage.config.problems import reason_of
from twostage.config.stage_1.base import Pretraining
from twostage.config.stage_1.custom import CustomConfig
from twostage.config.stage_1.plugins import Plugin
from twostage.errors import TwoStageError
from twostage.models.network import Network
from twostage.objectives.base import Objective

# What the program itself gives to every objective.
_GIVEN = ("config", "network", "classes")


class PluginError(TwoStageError):
    """The class of a custom pretraining cannot be found, or does not take the parameters that are written."""


class _Custom:
    """Stands where other modes have their objective class, and passes everything on to the class that is named."""

    def head(self, config: CustomConfig, model: ModelConfig, **extra: Any) -> nn.Module:
        """The head that the plugin needs. Raises PluginError."""
        found: nn.Module = objective_class(config).head(_checked(config), model, **extra)  # type: ignore[attr-defined]
        return found

    def __call__(self, config: CustomConfig, network: Network, **extra: Any) -> Objective:
        """The plugin itself. Raises PluginError."""
        kind, ready = objective_class(config), _checked(config)
        named = ready.params if isinstance(ready.params, dict) else {}
        return kind(ready, network, **named, **extra)


custom = _Custom()


def reads_labels(config: Pretraining) -> bool:
    """Whether a pretraining reads labels; a class of the user's says so by its attribute ``reads_labels``."""
    if isinstance(config, CustomConfig) and config.imports:
        return bool(getattr(objective_class(config), "reads_labels", False))
    return config.reads_labels


def objective_class(config: CustomConfig) -> type[Objective]:
    """The class that ``stage_1.target`` names. Raises PluginError when there is no such class."""
    if isinstance(config.params, Plugin):
        kind: type[Objective] = implementation_of(config.params)
        return kind
    return _imported(config.target)


def source_digest(config: CustomConfig) -> str:
    """Digest of the module of a class that is imported; of nothing for a built-in plugin, or where there is no file."""
    home = import_module(objective_class(config).__module__) if config.imports else None
    file = getattr(home, "__file__", None)
    return hashlib.sha256(b"" if file is None else Path(file).read_bytes()).hexdigest()


def _imported(target: str) -> type[Objective]:
    path, _, name = target.partition(":")
    try:
        module = import_module(path)
    except ImportError as error:
        raise PluginError(
            f"stage_1.target is {target}, but {path} cannot be imported: {error}. Install it, or name its folder in "
            "the environment variable PYTHONPATH"
        ) from error
    found = getattr(module, name, None)
    if found is None:
        spelled = {snake_case(each): each for each, value in vars(module).items() if inspect.isclass(value)}
        near = nearest_name(name, spelled)
        raise PluginError(f"{path} has no class {name}" + (f"; did you mean {spelled[near]}?" if near else ""))
    if not (inspect.isclass(found) and issubclass(found, Objective) and callable(getattr(found, "head", None))):
        raise PluginError(
            f"{target} is no objective: it must be a class with a static method head that inherits from "
            "twostage.objectives.base.Objective"
        )
    return found


def _checked(config: CustomConfig) -> CustomConfig:
    """The config with parameters as the class declares them: by its ``Config``, or by its constructor's signature."""
    if not isinstance(config.params, dict):
        return config
    kind, params = objective_class(config), config.params
    declared = getattr(kind, "Config", None)
    if inspect.isclass(declared) and issubclass(declared, BaseModel):
        return config.model_copy(update={"params": _validated(declared, params, config.target)})
    _refuse_unfit(kind, params, config.target)
    return config


def _validated(declared: type[BaseModel], params: Mapping[str, Any], target: str) -> BaseModel:
    known = {field.alias or name for name, field in declared.model_fields.items()}
    if declared.model_config.get("extra") != "allow":
        _refuse_unknown(params, known, target)
    try:
        return declared.model_validate(params)
    except ValidationError as error:
        told = "; ".join(f"{_dotted(each['loc'])}: {reason_of(each)}" for each in error.errors(include_url=False))
        raise PluginError(f"{target} does not take these parameters: {told}") from error


def _refuse_unfit(kind: type[Objective], params: Mapping[str, Any], target: str) -> None:
    """Raise PluginError for names that the constructor does not have, and for those that it misses."""
    signature = inspect.signature(kind).parameters.values()
    named = {each.name: each for each in signature if each.kind in {each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY}}
    own = {name: each for name, each in named.items() if name not in _GIVEN}
    open_ended = any(each.kind is each.VAR_KEYWORD for each in signature)
    _refuse_unknown(params, {*own, *(set(params).difference(_GIVEN) if open_ended else ())}, target)
    missing = [name for name, each in own.items() if each.default is each.empty and name not in params]
    if missing:
        raise PluginError(f"{target} needs {_dotted([missing[0]])}, which is not written")


def _refuse_unknown(params: Mapping[str, Any], known: Collection[str], target: str) -> None:
    for name in params:
        if name not in known:
            near = nearest_name(name, known)
            hint = f"did you mean {near}?" if near else f"it takes {', '.join(sorted(known)) or 'no parameter'}"
            raise PluginError(f"{_dotted([name])}: {target} has no such parameter; {hint}")


def _dotted(path: Iterable[str | int]) -> str:
    return ".".join(["stage_1.params", *map(str, path)])
