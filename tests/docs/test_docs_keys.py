"""The table of old and new keys: never stale, complete, and true."""

from __future__ import annotations

import re
import runpy
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest
from legacy_examples import EXAMPLES

from twostage.config.schema import document_schema
from twostage.config.stage_1 import plugins
from twostage.legacy import rules
from twostage.legacy.convert import to_new, to_old
from twostage.legacy.core.backward import Wishes
from twostage.legacy.core.forward import View
from twostage.legacy.core.rule import Scalar
from twostage.legacy.effects.lookup import EFFECTS
from twostage.legacy.text.nodes import plain
from twostage.legacy.text.read import read_legacy

DOCS = Path(__file__).resolve().parents[2] / "docs"
OLD_NAME = re.compile(
    r"(environment|data|model|task|trainer|stage|finetune|output|reproducibility|pipeline_03)(\.\w+)+"
)
SCRIPT = runpy.run_path(str(DOCS / "generate_keys.py"), run_name="keys")
GROUPS = [group for groups in SCRIPT["sections"]().values() for group in groups]
LISTED = {re.sub(r"\.\*", "", name) for group in GROUPS for name in group.old}
# Read by rules only to understand other keys; kept, and listed among the keys without a new key.
HELPERS = {"data.unified_datasets", "data.dataset_ids", "environment.WANDB_MODE", "environment.SWANLAB_MODE"}
TELLING = ("as_executed", "crashes")  # their rules tell of keys that go nowhere, too


def test_the_page_is_what_the_rules_say():
    """Make it anew with ``.venv/bin/python docs/generate_keys.py``."""
    assert (DOCS / "migration" / "keys.md").read_text(encoding="utf-8") == SCRIPT["keys_text"]()


def names_in(value, seen):
    """Old names in a constant of a module of rules, however deep."""
    if isinstance(value, str):
        yield from [value] if OLD_NAME.fullmatch(value) else []
    elif isinstance(value, Scalar):
        yield from value.old
    elif isinstance(value, Mapping | tuple | list | frozenset | set):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from names_in(each, seen)
    elif type(value).__module__.startswith(rules.__name__) and type(value) not in seen:
        seen.add(type(value))
        for each in vars(type(value)).values():
            yield from names_in(each, seen)


@pytest.mark.parametrize("name", [module.name for module in iter_modules(rules.__path__)])
def test_every_old_name_of_a_rule_is_in_the_table(name):
    """Whoever gives a rule another old name says here which new key it decides."""
    module = import_module(f"{rules.__name__}.{name}")
    found = set(names_in({key: value for key, value in vars(module).items() if not key.startswith("__")}, set()))
    assert {key for key in found - HELPERS if not covered(key)} - (shown() if name in TELLING else set()) == set()


def covered(name):
    """Whether the table has a key, or one below it."""
    return name in LISTED or any(listed.startswith(f"{name}.") for listed in LISTED)


def shown():
    """Every old key that stands on the page."""
    page = (DOCS / "migration" / "keys.md").read_text(encoding="utf-8")
    return set(re.findall(r"^\| `([^`]+)`", page, re.MULTILINE))


def test_every_old_name_that_a_conversion_asks_for_is_in_the_table(monkeypatch):
    """Both ways, over the examples: whatever a rule looks for or puts into an old document."""
    asked = set()
    find, below, want = View.all, View.below, Wishes.want

    def noted_want(self, stage, names, *rest, **more):
        asked.update([names] if isinstance(names, str) else names)
        return want(self, stage, names, *rest, **more)

    monkeypatch.setattr(View, "all", lambda self, *names: asked.update(names) or find(self, *names))
    monkeypatch.setattr(View, "below", lambda self, name: asked.add(name) or below(self, name))
    monkeypatch.setattr(Wishes, "want", noted_want)
    for example in EXAMPLES:
        to_old(to_new([old_data(path) for path in example.paths], pipeline=example.pipeline).document)
    plainly = {re.sub(r"\.\d+(?=\.|$)", "", name) for name in asked}
    variations = "pipeline_03.experiment_matrix.variations."
    missing = {name for name in plainly - HELPERS if not covered(name) and not name.startswith(variations)}
    assert len(asked) > 100
    assert missing - shown() == set()


def old_data(path):
    return plain(read_legacy(path.read_text(encoding="utf-8"), path.name).root)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_table_says_where_the_keys_of_the_examples_went(example):
    """Every mapped leaf of an example stands in the table, beside the key that it went to."""
    conversion = to_new([old_data(path) for path in example.paths], pipeline=example.pipeline)
    wrong = [
        (old, new)
        for leaf in conversion.leaves
        for new in map(stageless, conversion.uses.get(leaf.path, ()))
        if not new.startswith("variants") and new not in targets(old := stageless(leaf.key))
    ]
    assert wrong == []


def stageless(key):
    """A key with a star for each entry of a list, and without the number of its stage."""
    dotted = ".".join("*" if isinstance(part, int) or part.isdigit() else part for part in key)
    return re.sub(r"^stage_[12](?=\.)", "stage_N", dotted)


def targets(old):
    """New keys of an old one, and the lists and sections around them, which a rule may write as a whole."""
    news = [
        re.sub(r"^stage_[12](?=\.)", "stage_N", key) for group in GROUPS if old in group.old for key in new_keys(group)
    ]
    parts = [key.split(".") for key in news]
    around = {".".join(part[:length]) for part in parts for length in range(2, len(part) + 1)}
    return around | {f"{key}.*.system" for key in news} | set(news)


def new_keys(group):
    return group.new.split(", ")


def schema_keys():
    """Every key that a document may have, dotted, without the numbers of entries."""
    script = runpy.run_path(str(DOCS / "generate_reference.py"), run_name="reference")
    root = document_schema()
    keys = set(root["properties"])
    for name, places in script["sections"](root).items():
        for path, _ in places:
            keys |= {f"{path}.{key}".replace("[]", "") for key in root["$defs"][name]["properties"]}
    return keys


def test_every_new_key_of_the_table_exists():
    keys = schema_keys()
    wanted = {key.replace(".*", "") for group in GROUPS for key in new_keys(group)}
    spelled = {key.replace("stage_N", stage) for key in wanted for stage in ("stage_1", "stage_2")}
    missing = {key for key in spelled - keys if not key.startswith("stage_1.params.")}
    unstaged = {re.sub(r"^stage_[12](?=\.)", "stage_N", key) for key in spelled & keys}
    # A key of one stage alone, such as a mode, is missing in the other.
    assert {key for key in missing if re.sub(r"^stage_[12](?=\.)", "stage_N", key) not in unstaged} == set()
    params = {
        key.removeprefix("stage_1.params.").partition(".")[0] for key in wanted if key.startswith("stage_1.params.")
    }
    assert params <= {*plugins.ClassificationPrediction.model_fields, *plugins.Flow.model_fields}


def test_known_keys_stand_in_the_table_or_below_it():
    holders = {name.rpartition(".")[0] for name in shown()}
    assert set(EFFECTS) - shown() - holders == set()
