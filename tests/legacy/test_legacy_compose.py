"""An old document over its bases and under this machine's file and the command line, as its own loader had it."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shared_data import CORPUS

from twostage.config.problems import DocumentError
from twostage.config.reading.files import text_layer
from twostage.config.reading.mapping import mapping_tree
from twostage.config.reading.tree import Layer, Node, plain
from twostage.legacy.compose import compose_files, compose_legacy, compose_text
from twostage.legacy.compose.overrides import apply_override, parse_override
from twostage.legacy.compose.reading import merge_old
from twostage.legacy.core.leaves import leaves
from twostage.legacy.text.nodes import find as find_old
from twostage.legacy.text.nodes import plain as plain_old
from twostage.legacy.text.read import decode_legacy, read_legacy

TOP = "model: {name: M_01_ISFM}\ntask: {lr: 0.1, type: DG}\ndata: {data_dir: there}\n"
STAGES = """\
task: {lr: 0.1, epochs: 5}
stages:
- name: one
  overrides: {task: {lr: 0.2}}
- name: two
  overrides: {task: {lr: 0.3, "epochs": 7}}
  config: {task: {lr: 0.4}}
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder, **files):
    """Files by name, with ``__`` for a slash; the path of the first."""
    paths = [folder / f"{name.replace('__', '/')}.yaml" for name in files]
    for path, text in zip(paths, files.values(), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return paths[0]


def composed(folder, text, **options):
    return compose_legacy(write(folder, old=text), **options)


def refused(folder, text, **options):
    with pytest.raises(DocumentError) as error:
        composed(folder, text, **options)
    return str(error.value)


def test_bases_lie_under_the_document_and_later_ones_win(here):
    document = "base_configs: {b: b.yaml, a: a.yaml}\ntask: {lr: 3}\n"
    path = write(here, sub__old=document, sub__b="task: {lr: 1, k: 1, l: [1, 2]}\n", sub__a="task: {k: 2, l: [3]}\n")
    found = compose_legacy(path)
    assert found.file == {"task": {"lr": 3, "k": 2, "l": [3]}}
    assert list(found.file["task"]) == ["lr", "k", "l"]
    assert [file.name for file in found.files] == ["old.yaml", "b.yaml", "a.yaml"]
    assert (found.place(("task", "k")).layer.name, found.place(("task", "k")).line) == (str(here / "sub/a.yaml"), 1)
    assert str(found.place(("task", "lr"))) == f"{path}:2:8"


def test_null_in_a_document_wipes_the_section_of_a_base(here):
    path = write(here, old="base_configs: {a: a.yaml}\ntask:\n", a="task: {lr: 1}\n")
    assert compose_legacy(path).file == {"task": None}


def test_only_configs_starts_at_the_working_folder(here):
    document = "base_configs: {a: configs/a.yaml, b: near.yaml}\n"
    path = write(here, sub__old=document, configs__a="task: {lr: 1}\n", sub__near="model: {name: M}\n")
    assert compose_legacy(path).file == {"task": {"lr": 1}, "model": {"name": "M"}}


def test_a_missing_base_is_told_where_it_is_named(here):
    text = refused(here, "task: {}\nbase_configs:\n  trainer: gone.yaml\n")
    assert "old.yaml:3:12" in text
    assert "gone.yaml: there is no such file" in text


@pytest.mark.parametrize("named", ["[a.yaml]", "a.yaml", "{a: [a.yaml]}", "{a: }"])
def test_what_is_no_mapping_of_files_is_refused(here, named):
    assert "expected" in refused(here, f"base_configs: {named}\n")


def test_a_base_without_its_section_is_told_and_has_no_effect(here):
    path = write(here, old="base_configs: {trainer: a.yaml}\ntask: {lr: 1}\n", a="num_epochs: 3\n")
    found = compose_legacy(path)
    assert found.file == {"task": {"lr": 1}}
    assert "not applied" in found.notes[0]
    assert "num_epochs" in found.notes[0]


def test_the_bases_of_a_base_are_not_read(here):
    path = write(here, old="base_configs: {t: a.yaml}\n", a="base_configs: {t: gone.yaml}\ntask: {lr: 1}\n")
    found = compose_legacy(path)
    assert found.file == {"task": {"lr": 1}}
    assert "a.yaml:1:1: base_configs is not read here" in found.notes[0]


def test_bases_lie_under_the_common_sections_of_stages(here):
    path = write(here, old="base_configs: {t: a.yaml}\n" + STAGES, a="task: {lr: 9, decay: 0}\n")
    file = compose_legacy(path).file
    assert file["task"] == {"lr": 0.1, "decay": 0, "epochs": 5}
    assert len(file["stages"]) == 2


def test_the_file_of_this_machine_wins_where_it_is_asked_for(here):
    path = write(here, old=TOP, mine="data: {data_dir: here}\n", configs__local__local="data: {data_dir: auto}\n")
    silent, named, auto = (compose_legacy(path, local=local) for local in (None, "mine.yaml", "auto"))
    assert [each.file["data"]["data_dir"] for each in (silent, named, auto)] == ["there", "here", "auto"]
    assert "is not used" in silent.notes[0]
    assert "mine.yaml is laid over" in named.notes[0]
    assert "local.yaml is laid over" in auto.notes[0]
    assert named.place(("data", "data_dir")).layer.name == "mine.yaml"


def test_a_named_file_of_this_machine_must_exist(here):
    assert "gone.yaml: there is no such file" in refused(here, TOP, local="gone.yaml")
    assert "there is no" in composed(here, TOP, local="auto").notes[0]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1e-3", 0.001),
        ("yes", "yes"),
        ("None", "None"),
        ("null", None),
        ("[a, b]", ["a", "b"]),
        ("010", 10),
        ("", None),
    ],
)
def test_overrides_are_read_as_yaml_1_2(here, written, value):
    found = composed(here, TOP, overrides=[f"task.lr={written}"])
    assert found.file["task"] == {"lr": value, "type": "DG"}
    assert found.place(("task", "lr")).layer.name == f"override task.lr={written}"


def test_mappings_on_the_command_line_merge_and_later_ones_win(here):
    found = composed(here, TOP, overrides=["task={lr: 2, new: {a: 1}}", "task.lr=3", "trainer.num_epochs=1"])
    assert found.file["task"] == {"lr": 3, "type": "DG", "new": {"a": 1}}
    assert found.file["trainer"] == {"num_epochs": 1}


@pytest.mark.parametrize(
    "text", ["task.lr", "=1", "task..lr=1", "stage_0.task.lr=1", "stages[2].task.lr=1", "stage_3.task.lr=1"]
)
def test_what_cannot_be_applied_is_refused(here, text):
    assert f"override {text}" in refused(here, STAGES, overrides=[text])


@pytest.mark.parametrize("text", ["stages=1", "stages[0]=1", "stage_1=1", "stages.last.task.lr=1", "task.lr=[1"])
def test_half_an_address_is_refused(here, text):
    assert "override" in refused(here, STAGES, overrides=[text])


def test_a_stage_is_addressed_where_its_own_value_stands(here):
    one, two = (composed(here, STAGES, overrides=[text]) for text in ("stage_1.task.lr=9", "stages[1].task.lr=9"))
    assert one.file["stages"][0]["overrides"]["task"]["lr"] == 9
    assert two.file["stages"][1]["config"]["task"]["lr"] == 9
    assert two.file["stages"][1]["overrides"]["task"]["lr"] == 0.3
    fresh = composed(here, STAGES, overrides=["stage_2.data.batch_size=4"])
    assert fresh.file["stages"][1]["overrides"]["data"] == {"batch_size": 4}


def test_a_stage_that_is_a_whole_document_keeps_its_other_keys(here):
    text = "stages: [{task: {lr: 1, k: 2}}, {task: {lr: 3}}]\n"
    found = composed(here, text, overrides=["stage_1.task.lr=9"])
    assert found.file["stages"] == [{"task": {"lr": 9, "k": 2}}, {"task": {"lr": 3}}]


def test_stages_of_the_other_layouts_are_addressed_too(here):
    for holder in ("training", "pipeline_03"):
        text = f"{holder}: {{stage_1_pretraining: {{epochs: 5}}, stage_2_finetuning: {{}}}}\n"
        found = composed(here, text, overrides=["stage_1.epochs=1"])
        assert found.file[holder]["stage_1_pretraining"] == {"epochs": 1}
    assert "leave the stage out" in refused(here, TOP, overrides=["stage_1.task.lr=1"])


def test_a_dotted_key_in_a_stage_is_changed_and_not_doubled(here):
    text = 'stages: [{overrides: {"task.lr": 1}}, {overrides: {}}]\n'
    found = composed(here, text, overrides=["stage_1.task.lr=2"])
    assert found.file["stages"][0] == {"overrides": {"task.lr": 2}}


def test_a_common_value_that_a_stage_hides_is_told(here):
    notes = composed(here, STAGES, overrides=["task.lr=1", "task.epochs=1"]).notes
    assert [note.partition(":")[0] for note in notes] == ["override task.lr=1"] * 2 + ["override task.epochs=1"]
    assert "old.yaml:7" in notes[1]
    assert "stage_2.task.lr" in notes[1]


def test_items_of_lists_have_indices(here):
    found = composed(here, "task: {ids: [1, 2]}\n", overrides=["task.ids[1]=5"])
    assert found.file == {"task": {"ids": [1, 5]}}
    assert "expected the index of one of 2" in refused(here, "task: {ids: [1, 2]}\n", overrides=["task.ids.2=5"])


def test_each_file_of_a_pair_is_a_stage(here):
    paths = [write(here, one="task: {lr: 1}\n"), write(here, two="task: {lr: 2}\n")]
    overrides = ["stage_1.task.lr=3", "stages[1].task.k=4", "data.batch_size=5"]
    first, second = compose_files(paths, overrides=overrides)
    assert first.file == {"task": {"lr": 3}, "data": {"batch_size": 5}}
    assert second.file == {"task": {"lr": 2, "k": 4}, "data": {"batch_size": 5}}
    with pytest.raises(DocumentError, match="no such stage"):
        compose_files(paths, overrides=["stage_3.task.lr=1"])


@pytest.mark.parametrize(
    ("text", "places"),
    [
        (TOP, [("data", "data_dir")]),
        ("task: {}\n", [("data", "data_dir")]),
        ("data:\n", [("data", "data_dir")]),
        ("data: {args: {data_dir: x}}\n", [("data", "args", "data_dir")]),
        ("stages: [{overrides: {data: {data_dir: x}}}]\n", [("stages", 0, "overrides", "data", "data_dir")]),
        (
            "data: {data_dir: x}\nstage_1: {data: {data_dir: y}}\n",
            [("data", "data_dir"), ("stage_1", "data", "data_dir")],
        ),
    ],
)
def test_another_data_folder_replaces_every_one_that_is_written(here, text, places):
    found = composed(here, text, data_root="new")
    for place in places:
        value = found.file
        for key in place:
            value = value[key]
        assert value == "new"
    assert json.dumps(found.file).count('"new"') == len(places)


def test_keys_in_capitals_are_listed_and_not_exported(here, monkeypatch):
    monkeypatch.delenv("VBENCH_HOME", raising=False)
    found = composed(here, "environment: {VBENCH_HOME: x, SEED_2: 3, seed: 4, PHMBench: y, MAP: {a: 1}}\n")
    assert found.environment == {"VBENCH_HOME": "x", "SEED_2": "3"}


def test_old_bytes_are_read_as_the_old_loader_did(here):
    path = here / "old.yaml"
    path.write_bytes("task: {name: 中文}\n".encode("gb18030"))
    found = compose_legacy(path)
    assert found.file == {"task": {"name": "中文"}}
    assert [notice.code for notice in found.text.notices] == ["encoding"]


def test_a_text_that_has_been_read_gets_its_bases(here):
    write(here, sub__a="task: {lr: 1}\n")
    text = "base_configs: {t: a.yaml}\ndata: {}\n"
    for folder in (here, here / "sub"):  # where values start, not bases
        layer = text_layer("sub/old.yaml", text, "file", str(folder))
        found = compose_text(read_legacy(text, "sub/old.yaml"), layer)
        assert found.file == {"task": {"lr": 1}, "data": {}}
        assert found.place(("data",)).layer is layer


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
MAPPINGS = st.dictionaries(st.sampled_from("abc"), TREES, max_size=3)


def naive(under, over):
    if not (isinstance(under, dict) and isinstance(over, dict)):
        return over
    result = {key: naive(value, over[key]) if key in over else value for key, value in under.items()}
    return result | {key: value for key, value in over.items() if key not in under}


@given(MAPPINGS, MAPPINGS, MAPPINGS)
def test_merging_is_that_of_plain_mappings_and_associative(one, two, three):
    nodes = [mapping_tree(each, Layer("mapping", "test", "")) for each in (one, two, three)]
    merged = merge_old(merge_old(*nodes[:2]), nodes[2])
    expected = naive(naive(one, two), three)
    assert json.dumps(plain(merged)) == json.dumps(expected)  # the order of keys as well


@given(MAPPINGS, st.lists(st.sampled_from("abc"), min_size=1, max_size=3), st.integers())
def test_an_override_sets_its_key_and_touches_no_other(data, path, value):
    tree = mapping_tree(data, Layer("mapping", "test", ""))
    override = parse_override(f"x.{'.'.join(path)}={value}")
    root = Node({"x": tree}, tree.place)
    holder = {}
    for key in reversed(path):
        holder = {key: holder or value}
    try:
        found = plain(apply_override(root, override, pytest.fail))["x"]
    except DocumentError:
        lists = [data]
        for key in path[:-1]:
            lists.append(lists[-1].get(key) if isinstance(lists[-1], dict) else None)
        assert any(isinstance(each, list) for each in lists)  # there is no item of that name
        return
    assert found == naive(data, holder)


def readable():
    """The real files that the old loader could read and that name no other ones."""
    for path in sorted(CORPUS.glob("*.yaml")):
        with suppress(DocumentError):
            text = read_legacy(decode_legacy(path.read_bytes())[0], str(path))
            if "base_configs" not in text.root.value:
                yield path, text.root


@pytest.mark.realdata
@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no legacy files: {CORPUS} is absent")
def test_a_real_file_alone_is_itself_and_every_value_stays_at_its_place(here):
    count = 0
    for path, old in readable():
        found = compose_legacy(path)
        assert found.file == plain_old(old), path
        assert found.notes == ()
        for leaf, _ in leaves(found.file):
            place = found.place(leaf)
            assert (place.line, place.column) == find_old(old, leaf).start, (path, leaf)
        count += 1
    assert count > 100
