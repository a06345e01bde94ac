"""What makes two stages the same: their config, their inputs, their data, the code and the versions."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from twostage._version import __version__
from twostage.config.base import Component
from twostage.config.stage import StageConfig
from twostage.config.stage_1 import CustomConfig
from twostage.data.survey import data_digest
from twostage.engine import zero_shot
from twostage.engine.inputs.stage_data import StageData
from twostage.engine.planning.packages import components, package_digests
from twostage.engine.planning.plan import AdaptStage, Plan, PretrainStage, Stage, section_of
from twostage.engine.planning.source_code import package_code
from twostage.engine.store.files import sha256
from twostage.engine.transfer.digest import content_key
from twostage.engine.workshop import Workshop
from twostage.errors import TransferError
from twostage.objectives.pretrain.custom import source_digest

_MATTERS = ("torch", "lightning", "torchmetrics", "pytorch-metric-learning", "numpy", "scipy", "scikit-learn")
# A stage's own split, windows and batch size count as its data, which also says what its systems are.
_IN_DATA = {"split", "window", "batch_size", "systems", "backbones"}
_PLANNED = {"targets", "init", "control", "repeats", "start"}
# Of the document: where results go, who watches, and where stages run.
_ASIDE = {"output", "loggers", "executor"}
_RUNNER = "twostage.engine.runner"

Value = TypeVar("Value")


@cache
def versions() -> dict[str, str]:
    """Versions on which the numbers may depend."""
    return {"twostage": __version__, "python": platform.python_version()} | {name: version(name) for name in _MATTERS}


@cache
def code_digest(modules: frozenset[str] = frozenset({_RUNNER})) -> str:
    """Digest of the package's files that these modules import, without comments and layout."""
    return package_code().digest(modules)


class Keys:
    """Content keys of the stages of plans, known before anything trains.

    Equal keys promise equal results on one machine with one number of threads. A key stands for the stage's part of
    the document, the content and the split of its recordings, the key of the stage or the digest of the file that it
    starts from, the code that it imports, and versions. Work is shared between stages, so that many are as cheap
    as they should be.
    """

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._shared: dict[tuple[Any, ...], tuple[Any, Any]] = {}

    def of(self, plan: Plan) -> dict[str, str]:
        """The key of every stage by its name. Raises DataError, SplitError or TransferError."""
        keys: dict[str, str] = {}
        for stage in plan.stages:
            keys[stage.name] = content_key(self.made_of(stage, keys))
        return keys

    def made_of(self, stage: Stage, keys: Mapping[str, str]) -> dict[str, Any]:
        """What the key of a stage is a digest of; ``keys`` holds that of the stage that it starts from."""
        return {
            "document": self._document(stage),
            "seed": stage.seed,
            "data": self._data(stage),
            "start": self._start(stage, keys),
            "code": self._code(stage),
            "versions": versions(),
        }

    def like(self, stage: Stage) -> dict[str, Any]:
        """What tells trainings that take about as long: ``key`` is of one that differs by its seed or start alone.

        ``kind`` is of one that may have other sizes, ``windows`` counts those that it trains on.
        """
        data, own = self._workshop.prepare(stage), _of_its_own(stage)
        parts = (*_parts(stage), data)
        return self._once(("like", *map(id, parts), *own), parts, lambda: self._like(stage, data))

    def _like(self, stage: Stage, data: StageData) -> dict[str, Any]:
        model, section = stage.config.model, section_of(stage)
        kinds = [None if part is None else part.kind for part in (model.network, model.embedding, model.backbone)]
        mode = getattr(section, "pretrain_mode", None) or getattr(section, "adapt_mode", None)
        return {
            "key": content_key({"document": self._document(stage), "data": self._data(stage)}),
            "kind": f"{mode} {kinds} {getattr(stage, 'variant', None)}",
            "windows": len(data.windows["train"].rows),
        }

    def _document(self, stage: Stage) -> str:
        """Digest of the part of the document that the stage depends on."""
        parts, own = _parts(stage), _of_its_own(stage)
        return self._once(("document", *map(id, parts), *own), parts, lambda: self._digest(stage))

    def _digest(self, stage: Stage) -> str:
        """What ``written`` says, as a digest; of the sections that stages share it is taken once."""
        shared = [
            self._once((name, *map(id, kept)), kept, partial(_key_of, make))
            for name, (kept, make) in _shared(stage).items()
        ]
        return content_key([*shared, _section(stage).as_text(), _own(stage)])

    def _data(self, stage: Stage) -> dict[str, str]:
        """Digests of the recordings and of their split; the latter since stage 1 leaves out what stage 2 tests on."""
        data = self._workshop.prepare(stage)
        digests = self._workshop.survey(stage)
        return self._once(
            ("data", id(data)),
            data,
            lambda: {
                "recordings": data_digest(data.used, digests),
                "split": content_key(data.report()["parts"]),
            },
        )

    def _start(self, stage: Stage, keys: Mapping[str, str]) -> str | None:
        if not isinstance(stage, AdaptStage):
            return None
        if stage.source is not None:
            return keys[stage.source]
        return None if stage.checkpoint is None else self._file(stage.checkpoint)

    def _file(self, path: Path) -> str:
        if not path.is_file():
            raise TransferError(f"checkpoint {path} does not exist")
        return self._once(("file", str(path)), path, lambda: sha256(path))

    def _code(self, stage: Stage) -> str:
        section = section_of(stage)
        parts = (section, stage.config.model, stage.config.data.source)
        used = frozenset().union(*map(self._kinds, parts))
        custom = section if isinstance(section, CustomConfig) else None
        return self._once(("code", used, id(custom)), custom, lambda: _code(used, custom))

    def _kinds(self, part: BaseModel) -> frozenset[type[Component]]:
        """The kinds of all components of a section, itself among them, that some class eats."""
        return self._once(("kinds", id(part)), part, lambda: _kinds(part))

    def _once(self, name: tuple[Any, ...], kept: Any, make: Callable[[], Value]) -> Value:
        """Make a value once for each name; ``kept`` are the objects whose identity is in the name."""
        if name not in self._shared:
            self._shared[name] = (kept, make())
        value: Value = self._shared[name][1]
        return value


def _parts(stage: Stage) -> tuple[Any, ...]:
    """The parts of the document that say what a stage is; the same objects for many stages of a plan."""
    config = stage.config
    return config.data, config.model, config.trainer, config.stage_1, section_of(stage), stage.document


def _of_its_own(stage: Stage) -> tuple[Any, ...]:
    return (stage.target, stage.variant) if isinstance(stage, AdaptStage) else ()


def run_key(plan: Plan, keys: Mapping[str, str]) -> str:
    """Key of a run: of its document, but for where results and remarks go, and of its stages."""
    document = plan.config.model_dump(mode="json", exclude=_ASIDE)
    return content_key({"document": document, "stages": dict(keys)})


@cache
def _import_all(modules: frozenset[str]) -> None:
    """Import them, and what they import, so that later edits change nothing in this process."""
    for module in package_code().closure(modules):
        import_module(module)


def _key_of(make: Callable[[], Any]) -> str:
    return content_key(make())


def _kinds(part: BaseModel) -> frozenset[type[Component]]:
    return frozenset(type(each) for each in components(part) if hasattr(each, "implementation"))


def _code(kinds: frozenset[type[Component]], custom: CustomConfig | None) -> str:
    modules = frozenset({_RUNNER, *(kind.implementation.partition(":")[0] for kind in kinds)})
    _import_all(modules)
    own = [] if custom is None else [source_digest(custom)]
    return "\n".join([code_digest(modules), *package_digests(kinds), *own])


@dataclass(frozen=True)
class _Section:
    """The section of a stage, without what stands for it elsewhere."""

    name: str
    section: StageConfig
    without: frozenset[str]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return self.section.model_dump(mode="json", exclude=set(self.without))

    def as_text(self) -> str:
        """The same as text."""
        return f"{self.name} {self.section.model_dump_json(exclude=set(self.without))}"


def _section(stage: Stage) -> _Section:
    section = section_of(stage)
    if isinstance(stage, PretrainStage):
        return _Section("stage_1", section, frozenset(_IN_DATA))
    unused = set() if stage.variant == "pretrained" else {"transfer"}
    return _Section("stage_2", section, frozenset(_IN_DATA | _PLANNED | unused))


def _shared(stage: Stage) -> dict[str, tuple[tuple[Any, ...], Callable[[], dict[str, Any]]]]:
    """Parts that many stages have: what each is made of, and its plain values."""
    config, section = stage.config, section_of(stage)
    made_of = (config.data, section.split, section.window, section.batch_size)
    return {
        "data": (
            made_of,
            lambda: config.data_of(section).model_dump(mode="json", exclude={"source", "workers"}),
        ),
        "model": ((config.model,), lambda: config.model.model_dump(mode="json", exclude={"max_parameters"})),
        "trainer": (
            (config.trainer,),
            lambda: config.trainer.model_dump(mode="json", exclude={"strategy"}) | {"fsdp": config.trainer.in_pieces},
        ),
    }


def _own(stage: Stage) -> dict[str, Any]:
    measured = zero_shot.asked(stage)
    written = {"zero_shot": None if measured is None else measured.model_dump(mode="json")}
    if isinstance(stage, PretrainStage):
        return written
    systems = stage.target.systems if stage.target.everything else sorted(stage.target.ids)
    stage_2 = stage.config.stage_2
    loads_heads = stage.variant == "pretrained" and stage_2 is not None and stage_2.loads_heads
    heads = {"heads": "loaded"} if loads_heads else {}
    return written | {"variant": stage.variant, "target": systems, "tasks": stage.target.tasks} | heads


def written(stage: Stage) -> dict[str, Any]:
    """The part of the document that the key of a stage stands for."""
    section = _section(stage)
    shared = {name: make() for name, (_, make) in _shared(stage).items()}
    return shared | {section.name: section.as_json()} | _own(stage)
