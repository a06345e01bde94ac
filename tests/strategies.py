"""The one home of Hypothesis strategies."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st
from pydantic import ValidationError

from twostage.config.base import Section
from twostage.config.checking.shapes import Shape, root_shape
from twostage.config.document import TwoStageConfig
from twostage.config.splits import BearingSplit, DomainSplit, RecordingSplit, Split, TimeSplit
from twostage.config.windows import EvenlySpaced, RandomlyPlaced, Sequential, Windows
from twostage.data.recordings import Recording

# Recordings and splits -------------------------------------------------------------------------------------------

SHARES = ((0.6, 0.2, 0.2), (0.8, 0.2, 0.0), (0.5, 0.25, 0.25), (0.7, 0.0, 0.3), (1.0, 0.0, 0.0))


def recording(id_: int = 1, **changes: object) -> Recording:
    """A recording of 1000 samples, one channel, class 0 of system 1; ``changes`` replace any of it."""
    usual = {"system": 1, "name": "RM_A", "label": 0, "domain": 0, "bearing": "b", "sample_rate": 1000.0}
    return Recording(**({"id": id_, "length": 1000, "channels": 1} | usual | changes))


@st.composite
def any_recordings(draw: st.DrawFn) -> list[Recording]:
    """Recordings of any kind, most of them unfit for most splits: few, short, without label, domain or bearing."""
    ids = draw(st.lists(st.integers(0, 10_000), min_size=1, max_size=25, unique=True))
    few = st.integers(0, 2)
    return [
        recording(
            id_,
            system=draw(st.integers(1, 2)),
            label=draw(st.none() | few if draw(st.booleans()) else few),
            domain=draw(few) if id_ % 17 else None,
            bearing=draw(st.sampled_from("abcde")) if id_ % 13 else None,
            length=draw(st.integers(1, 200)),
        )
        for id_ in ids
    ]


@st.composite
def fit_recordings(draw: st.DrawFn) -> list[Recording]:
    """Recordings that every split accepts: in each class 3 or 4 bearings, each of them in 2 or 3 domains."""
    domains = draw(st.integers(2, 3))
    made: list[Recording] = []
    for system in range(1, draw(st.integers(1, 2)) + 1):
        for label in (0, 4):
            for bearing in range(draw(st.integers(3, 4))):
                for domain in range(domains):
                    made.append(
                        recording(
                            7 * len(made) + 3,
                            system=system,
                            label=label,
                            domain=domain,
                            bearing=f"{label}-{bearing}",
                            length=draw(st.integers(100, 160)),
                        )
                    )
    return draw(st.permutations(made))


def windows(max_length: int = 10) -> st.SearchStrategy[Windows]:
    """Every placement of windows of 8 samples or a few more."""
    length, some = st.integers(8, max_length), st.integers(1, 200)
    return st.one_of(
        st.builds(EvenlySpaced, length=length, per_recording=some),
        st.builds(Sequential, length=length, stride=st.integers(1, 30), per_recording=st.none() | some),
        st.builds(RandomlyPlaced, length=length, per_recording=some, seed=st.integers(0, 5)),
    )


def _shared(config: type[Section], **fields: st.SearchStrategy[object]) -> st.SearchStrategy[Split]:
    def build(shares: tuple[float, float, float], **values: object) -> Split:
        return config(train=shares[0], validation=shares[1], test=shares[2], **values)

    return st.builds(build, st.sampled_from(SHARES), seed=st.integers(0, 9), **fields)


def splits() -> st.SearchStrategy[Split]:
    """Splits by every unit."""
    rest = {
        "validation": st.sampled_from([0.0, 0.2]),
        "validation_unit": st.sampled_from(["recording", "bearing", "time"]),
    }
    return st.one_of(
        _shared(RecordingSplit),
        _shared(BearingSplit, few_bearings=st.sampled_from(["error", "train_only", "exclude"])),
        _shared(TimeSplit, gap=st.sampled_from([None, 10])),
        st.builds(DomainSplit, last=st.integers(1, 3), seed=st.integers(0, 9), **rest),
        st.builds(DomainSplit, test_domains=st.just((1,)), seed=st.integers(0, 9), **rest),
    )


# Documents -------------------------------------------------------------------------------------------------------

HELD_OUT = {"test_domains": [3], "train_domains": [0, 1]}
OPEN: tuple[dict[str, Any], ...] = ({}, {"x": 1}, {"a b": {"c": [None, "d"]}})
ANYTHING = (None, True, 3, 2.5, "x", ["y", {"z": None}], *OPEN)
MONITORS = ("validation/loss", "train/loss", "validation/macro_f1")
PERTURBATIONS = (None, True, 0, 1, -1, 2.5, 1e-9, "x", "contrastive", [], [0.5], [1, 2], ["x"], {}, {"kind": "sgd"})


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A valid document as plain data, drawn from the schema; most keys are left to their default."""
    document = draw(_mappings(root_shape()))
    if document.get("stage_1") is None and document.get("stage_2") is None:
        document["stage_1"] = {"pretrain_mode": "reconstruction"}
    if document.get("stage_1") is not None and document.get("stage_2") is not None:
        document["stage_2"].pop("init", None)
    _as_one_reading(document)
    assume(_is_valid(document))
    return document


def _as_one_reading(document: dict[str, Any]) -> None:
    """Let both stages split as executed where one does, in a document that was converted so."""
    sections = [section for name in ("data", "stage_1", "stage_2") if (section := document.get(name)) is not None]
    splits = [section["split"] for section in sections if section.get("split") is not None]
    leaking = [split for split in splits if split["unit"] == "as_executed"]
    if leaking:
        for section in sections:
            section.pop("split", None)
        document["data"] = document.get("data", {}) | {"split": leaking[0]}
        document["legacy"] = {"shape": "single", "reading": "as_executed"}


@st.composite
def perturbed_documents(draw: st.DrawFn) -> dict[str, Any]:
    """A document with one value put in, changed or taken out somewhere."""
    document = deepcopy(draw(documents()))  # parts of it are values that other documents are drawn from
    holder, key = draw(st.sampled_from(list(entries(document))))
    change = draw(st.sampled_from(("set", "delete", "add")))
    if change == "add" and isinstance(holder, dict):
        name = draw(st.sampled_from(("lr", "stride", "epochs", "kind", "unit", "seed", "x", "")))
        holder[name] = draw(st.sampled_from(PERTURBATIONS))
    elif change == "delete":
        del holder[key]
    else:
        holder[key] = draw(st.sampled_from(PERTURBATIONS))
    return document


def _is_valid(document: dict[str, Any]) -> bool:
    try:
        TwoStageConfig.model_validate(document)
    except ValidationError:
        return False
    return True


def entries(data: Any) -> Iterator[tuple[Any, Any]]:
    """Each mapping or list with each of its keys or indices."""
    for key, value in list(data.items() if isinstance(data, dict) else enumerate(data)):
        yield data, key
        if isinstance(value, dict | list):
            yield from entries(value)


def checked_entries(data: Any, shape: Shape | None = None) -> Iterator[tuple[Any, Any]]:
    """Those of a document that the models check: nothing inside an open mapping, and no value of any kind."""
    shape = root_shape() if shape is None else shape
    shape = shape.tags[data[shape.discriminator]] if shape.discriminator else shape
    for key, value in list(data.items() if isinstance(data, dict) else enumerate(data)):
        below = shape.properties.get(key) if isinstance(data, dict) else shape.item(key)
        if below is None or not all(each.keys() & {"type", "const", "enum", "discriminator"} for each in below.schemas):
            continue
        yield data, key
        if isinstance(value, dict | list):
            yield from checked_entries(value, _chosen_beside(below, data) if isinstance(data, dict) else below)


@st.composite
def _mappings(draw: st.DrawFn, shape: Shape) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if shape.discriminator:
        made[shape.discriminator] = draw(st.sampled_from(sorted(shape.tags)))
        shape = shape.tags[made[shape.discriminator]]
    required = {name for each in shape.schemas for name in each.get("required", ())}
    for name, below in shape.properties.items():
        if name not in made and (name in required or draw(st.integers(0, 3)) == 0):
            made[name] = draw(_values(_chosen_beside(below, made)))
    return _obeying_rules(draw, made, shape)


def _chosen_beside(shape: Shape, made: dict[str, Any]) -> Shape:
    """The variant of a mapping where the key that chooses it stands beside the mapping and not in it."""
    tag = shape.discriminator
    if tag is None or any(tag in variant.properties for variant in shape.tags.values()):
        return shape
    return shape.tags.get(made[tag], Shape(({"type": "object"},)))


def _obeying_rules(draw: st.DrawFn, made: dict[str, Any], shape: Shape) -> dict[str, Any]:
    """The mapping, changed where a rule compares its keys."""
    known = shape.properties
    made = _parts_that_hold(draw, made, known)
    if {"system", "systems"} <= known.keys():
        which = draw(st.sampled_from(({"system": 2}, {"systems": [3, 1]}, {"systems": "all"})))
        made = which | {key: value for key, value in made.items() if key == "tasks"}
    if "targets" in known and "tasks" not in known:
        made["targets"] = [{key: target[key] for key in target if key != "tasks"} for target in made["targets"]]
    made = _tasks_as_they_have_effect(made, known)
    if known.keys() == {"name", "set"}:
        made["set"] = draw(st.sampled_from(({}, {"data.batch_size": 8}, {"trainer": {"accelerator": "cpu"}})))
    if "episodes_per_epoch" in known:
        made = _episodes_as_they_have_effect(made)
    if made.get("variants"):
        made["variants"] = [each | {"name": f"{each['name']}-{number}"} for number, each in enumerate(made["variants"])]
    for name in ("seeds", "systems", "channels", "test_systems"):
        if isinstance(made.get(name), list):
            made[name] = sorted(set(made[name]))
    return made


def _parts_that_hold(draw: st.DrawFn, made: dict[str, Any], known: Mapping[str, Shape]) -> dict[str, Any]:
    """A split whose shares add up, or that holds out what it names."""
    if {"train", "validation", "test"} <= known.keys():
        made |= dict(zip(("train", "validation", "test"), draw(st.sampled_from(SHARES)), strict=True))
    if "test_last" in known:
        made = {key: value for key, value in made.items() if key in {"unit", "train"}}
        made |= draw(st.sampled_from(({"test_last": 2}, {"test_last": 1, "pooled": True}, HELD_OUT, {})))
    elif "test_domains" in known:
        rule = draw(st.sampled_from(({"last": 2}, HELD_OUT, {"test_domains": [2]})))
        made = {
            key: value for key, value in made.items() if key not in {"last", "test_domains", "train_domains"}
        } | rule
    return made


def _tasks_as_they_have_effect(made: dict[str, Any], known: Mapping[str, Shape]) -> dict[str, Any]:
    """A multitask stage whose targets choose tasks that are written, and whose forecast leaves something to see."""
    if "signal_prediction" in known and not any(task is not None for task in made.values()):
        made["classification"] = {}
    if made.get("normalize_targets") is False:
        made.pop("max_rul", None)
    if not {"targets", "tasks"} <= known.keys():
        return made
    written = [name for name, task in made["tasks"].items() if task is not None]
    made["targets"] = [target | ({"tasks": written} if target.get("tasks") else {}) for target in made["targets"]]
    if "signal_prediction" in written:
        made["tasks"]["signal_prediction"] |= {"length": 1}
    if not set(written) & {"classification", "anomaly_detection"}:
        made.pop("unlabelled", None)
    return made


def _episodes_as_they_have_effect(made: dict[str, Any]) -> dict[str, Any]:
    """A few-shot stage without keys that would have no effect."""
    kind = made.get("method", {"kind": "prototypical"})["kind"]
    frozen = made.get("freeze", {})
    idle = {"batch_size"}
    if kind in {"neighbours", "linear_probe"}:
        idle.add("freeze")
    if kind not in {"prototypical", "matching"} or (frozen.get("embedding") and frozen.get("backbone")):
        idle |= {"epochs", "optimizer", "scheduler", "checkpoint", "early_stopping", "episodes_per_epoch"}
    return {key: value for key, value in made.items() if key not in idle}


def _values(shape: Shape) -> st.SearchStrategy[Any]:
    if shape.properties:
        nullable = any(each.get("type") == "null" for each in shape.schemas)
        return st.one_of(_mappings(shape), st.none()) if nullable else _mappings(shape)
    return st.one_of([_schema_values(each) for each in shape.schemas])


def _schema_values(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "const" in schema or "enum" in schema:
        return st.sampled_from(schema.get("enum", [schema.get("const")]))
    if "type" not in schema:
        return st.sampled_from(ANYTHING).map(copy.deepcopy)
    kinds = {"boolean": st.booleans(), "null": st.none(), "object": st.sampled_from(OPEN).map(copy.deepcopy)}
    if schema["type"] in {"integer", "number"}:
        return _numbers(schema)
    if schema["type"] == "array":
        return _lists(schema)
    if schema["type"] == "string":
        return _texts(schema.get("pattern"))
    return kinds[schema["type"]]


def _texts(pattern: str | None) -> st.SearchStrategy[str]:
    if pattern is None:
        return st.text(min_size=1, max_size=8)
    if re.fullmatch(pattern, MONITORS[0]):
        return st.sampled_from(MONITORS)
    return st.from_regex(pattern, fullmatch=True, alphabet=st.characters(codec="ascii")).filter(lambda x: len(x) < 30)


def _numbers(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    low = schema.get("minimum", schema.get("exclusiveMinimum", -1000))
    high = schema.get("maximum", schema.get("exclusiveMaximum", low + 1000))
    if schema["type"] == "integer":
        return st.integers(low, high - ("exclusiveMaximum" in schema))
    return st.floats(low, high, exclude_min="exclusiveMinimum" in schema, exclude_max="exclusiveMaximum" in schema)


def _lists(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "prefixItems" in schema:
        return st.tuples(*(_values(Shape.of(each)) for each in schema["prefixItems"])).map(list)
    least = schema.get("minItems", 0)
    return st.lists(_values(Shape.of(schema["items"])), min_size=least, max_size=least + 2)
