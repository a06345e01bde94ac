"""The lock says everything, says where it came from, and loads to the same config."""

from __future__ import annotations

import re

import strategies
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twostage.config.load import load_config, load_document, load_text
from twostage.config.lock import explain_text, lock_text, yaml_value
from twostage.config.reading.provenance import leaves
from twostage.config.reading.tree import Layer, plain
from twostage.config.reading.yaml_scalars import resolve
from twostage.config.reading.yaml_tree import parse_value


@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(strategies.documents())
def test_loading_the_lock_gives_an_equal_config(document):
    loaded = load_document(document)

    again = load_text(lock_text(loaded), "lock")

    assert again.config == without_old_files(loaded.config)
    assert lock_text(load_text(lock_text(again), "lock")) == lock_text(again)


def without_old_files(config):
    carrier = config.legacy and config.legacy.model_copy(update={"files": ()})
    return config.model_copy(update={"legacy": carrier})


def test_the_lock_of_a_converted_document_keeps_what_may_stop_a_run_and_no_old_file():
    refused = [{"key": "task.loss", "reason": "no such loss", "write": ("stage_1.loss",)}]
    legacy = {"shape": "single", "refused": refused, "files": [{"kept": {"task": {"note": "old"}}}]}
    loaded = load_document({"stage_1": {"pretrain_mode": "reconstruction"}, "legacy": legacy})

    again = load_text(lock_text(loaded), "lock").config.legacy

    assert [each.model_dump() for each in again.refused] == refused
    assert again.files == ()
    assert "note" not in lock_text(loaded) + explain_text(loaded)


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(strategies.documents())
def test_every_leaf_has_an_origin(document):
    """A value that was written is from the mapping, and any other is a default."""
    loaded = load_document(document)
    written = {path for path, _ in leaves(document)}

    assert loaded.origins.keys() == {path for path, _ in leaves(loaded.config.model_dump(mode="json"))}
    for path, origin in loaded.origins.items():
        assert str(origin) == ("<mapping>" if path in written else "default")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner, max_size=3),
        max_leaves=5,
    )
)
def test_every_value_can_be_written(value):
    node, problems = parse_value(yaml_value(value), Layer("override", "x", "."))

    assert not problems
    assert plain(node) == value


def test_an_unwritten_default_that_a_rule_would_refuse_stays_unwritten():
    """Writing lr_multipliers.backbone beside a frozen backbone is refused, so the lock cannot write it."""
    document = {
        "stage_2": {
            "adapt_mode": "finetune",
            "targets": [{"system": 1}],
            "freeze": {"backbone": True},
            "lr_multipliers": {"embedding": 0.5},
        }
    }

    loaded = load_document(document)

    assert load_text(lock_text(loaded), "lock").config == loaded.config
    assert loaded.config.model_dump(mode="json")["stage_2"]["lr_multipliers"]["embedding"] == 0.5


def test_each_line_of_the_lock_names_its_origin(tmp_path):
    (tmp_path / "a.yaml").write_text("seeds: [1, 2]\nstage_1: {pretrain_mode: contrastive}\n", encoding="utf-8")

    text = lock_text(load_document(tmp_path / "a.yaml", overrides=["seeds.0=7", "name=a # b"]))

    assert f"seeds: [7, 2]  # override seeds.0=7; {tmp_path / 'a.yaml'}:1\n" in text
    assert "name: a  # override name=a # b\n" in text
    bare = [line for line in text.splitlines() if not re.search(r":$|  # ", line)]
    assert bare == [text.splitlines()[0]]


def test_explain_has_one_line_for_each_leaf_but_an_absent_carrier():
    loaded = load_document({"stage_1": {"pretrain_mode": "reconstruction"}})

    lines = explain_text(loaded).splitlines()

    assert {line.split(" ")[0] for line in lines} == {".".join(map(str, path)) for path in loaded.origins} - {"legacy"}
    assert len(lines) == len(loaded.origins) - 1
    assert any(re.fullmatch(r"stage_1\.mask\.ratio = 0\.4 +# default", line) for line in lines)


def test_resolving_is_the_inverse_of_quoting():
    assert resolve("yes", None, plain=True) == "yes"
    assert yaml_value("true") == '"true"'
    assert load_config({"name": "null", "stage_1": {"pretrain_mode": "contrastive"}}).name == "null"
