"""Bases, local files and overrides: who wins, what is lost, where paths start, where values came from."""

from __future__ import annotations

import pytest

from twostage.config.load import load_config, load_document
from twostage.config.problems import DocumentError

STAGES = """
stage_1: {pretrain_mode: contrastive, epochs: 7}
stage_2: {adapt_mode: finetune, targets: [{system: 2}, {system: 3}]}
""".lstrip()


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write documents into the working folder, by name."""
    monkeypatch.chdir(tmp_path)

    def write(**texts):
        for name, text in texts.items():
            path = tmp_path / (name.replace("__", "/") + ".yaml")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    return write


def problems_of(*args, **kwargs):
    with pytest.raises(DocumentError) as caught:
        load_config(*args, **kwargs)
    return caught.value.problems


def origin(loaded, dotted):
    path = tuple(int(part) if part.isdigit() else part for part in dotted.split("."))
    return str(loaded.origins[path])


def test_later_layers_win(write):
    """Bases in order, then the file, then the local file, then overrides."""
    write(
        a="name: a\nseeds: [1]\ndata: {batch_size: 1, workers: 1, normalize: none}\n" + STAGES,
        b="data: {batch_size: 2}\n",
        main="bases: [a.yaml, b.yaml]\ndata: {workers: 3}\n",
        mine="seeds: [5, 6]\n",
    )

    loaded = load_document("main.yaml", local="mine.yaml", overrides=["data.normalize=minmax"])

    config = loaded.config
    assert (config.name, config.seeds, config.data.batch_size, config.data.workers) == ("a", (5, 6), 2, 3)
    assert config.data.normalize == "minmax"
    assert origin(loaded, "name") == "base a.yaml:1"
    assert origin(loaded, "data.batch_size") == "base b.yaml:1"
    assert origin(loaded, "data.workers") == "main.yaml:2"
    assert origin(loaded, "seeds.0") == "local mine.yaml:1"
    assert origin(loaded, "data.normalize") == "override data.normalize=minmax"
    assert origin(loaded, "trainer.devices") == "default"
    assert [str(path) for path in loaded.files] == ["main.yaml", "a.yaml", "b.yaml", "mine.yaml"]


def test_bases_are_found_from_the_file_that_names_them(write):
    write(main="bases: [sub/a.yaml]\n", sub__a="bases: [../b.yaml]\nname: a\n", b="name: b\n" + STAGES)

    loaded = load_document("main.yaml")

    assert loaded.config.name == "a"
    assert origin(loaded, "stage_1.epochs") == "base b.yaml:2"


def test_one_base_may_be_reached_twice(write):
    write(main="bases: [a.yaml, b.yaml]\n", a="bases: [c.yaml]\n", b="bases: [c.yaml]\n", c=STAGES)

    assert load_config("main.yaml").stage_1.epochs == 7


def test_a_circle_of_bases_names_the_chain(write):
    write(main="bases: [a.yaml]\n" + STAGES, a="bases: [b.yaml]\n", b="bases: [a.yaml]\n")

    (problem,) = problems_of("main.yaml")

    assert "main.yaml -> a.yaml -> b.yaml -> a.yaml" in problem.message
    assert (problem.file, problem.line, problem.included_from) == ("b.yaml", 1, ("a.yaml:1:9", "main.yaml:1:9"))


@pytest.mark.parametrize("bases", ["a.yaml", "[1]", "{a: b}", "['']", "null"])
def test_bases_must_be_a_list_of_names(write, bases):
    write(main=f"bases: {bases}\n{STAGES}")

    (problem,) = problems_of("main.yaml")

    assert (problem.code, problem.line) == ("bases", 1)


def test_a_missing_base_is_told_where_it_is_named(write):
    write(main="name: x\nbases: [gone.yaml]\n")

    (problem,) = problems_of("main.yaml")

    assert (problem.file, problem.line, problem.code) == ("main.yaml", 2, "no_file")


def test_another_variant_replaces_the_mapping_and_says_so(write):
    write(
        a="stage_1: {pretrain_mode: contrastive, scheduler: {kind: step, gamma: 0.5, every: 3}}\n",
        main="bases: [a.yaml]\nstage_1: {scheduler: {kind: cosine}}\n",
    )

    loaded = load_document("main.yaml")

    assert loaded.config.stage_1.scheduler.kind == "cosine"
    (note,) = loaded.notes
    assert "stage_1.scheduler becomes kind cosine instead of step" in note
    assert "gamma, every" in note


def test_the_same_variant_merges(write):
    write(a=STAGES, main="bases: [a.yaml]\nstage_1: {pretrain_mode: contrastive, pairing: views}\n")

    assert load_config("main.yaml").stage_1.epochs == 7


def test_a_list_replaces_a_list(write):
    write(a=STAGES, main="bases: [a.yaml]\nstage_2: {adapt_mode: finetune, targets: [{system: 9}]}\n")

    assert [target.system for target in load_config("main.yaml").stage_2.targets] == [9]


def test_overrides_reach_into_lists_and_keep_the_rest(write):
    write(main=STAGES)

    loaded = load_document("main.yaml", overrides=["stage_2.targets.1.system=8", "seeds=[3, 4]", "seeds[0]=5"])

    assert [target.system for target in loaded.config.stage_2.targets] == [2, 8]
    assert loaded.config.seeds == (5, 4)
    assert origin(loaded, "stage_2.targets.0.system") == "main.yaml:2"


@pytest.mark.parametrize("turned", [False, True])
def test_overrides_that_choose_a_variant_come_first(write, turned):
    """The order on the command line does not matter."""
    write(main=STAGES)
    overrides = ["stage_1.pretrain_mode=reconstruction", "stage_1.epochs=3", "stage_1.loss=mae"]

    loaded = load_document("main.yaml", overrides=overrides[::-1] if turned else overrides)

    assert (loaded.config.stage_1.pretrain_mode, loaded.config.stage_1.epochs) == ("reconstruction", 3)
    assert loaded.config.stage_1.loss == "mae"


def test_an_override_inside_a_default_keeps_its_variant(write):
    write(main=STAGES)

    loaded = load_document("main.yaml", overrides=["stage_1.optimizer.lr=3e-4", "data.split.train=0.6"])

    assert (loaded.config.stage_1.optimizer.kind, loaded.config.stage_1.optimizer.lr) == ("adamw", 3e-4)
    assert origin(loaded, "stage_1.optimizer.kind") == "default"


@pytest.mark.parametrize(
    ("override", "code"),
    [
        ("data.batch_size", "override"),
        ("=3", "override"),
        ("a..b=3", "override"),
        ("bases=[a.yaml]", "override"),
        ("stage_2.targets.2.system=1", "override"),
        ("stage_2.targets.x=1", "override"),
        ("name=@x", "yaml_syntax"),
        ("name='x", "yaml_syntax"),
        ("name=.nan", "not_finite"),
        ("data.batch_size=0", "out_of_range"),
        ("data.batchsize=2", "unknown_key"),
        ("data.batch_size.x=2", "wrong_type"),
    ],
)
def test_a_bad_override_is_one_problem_that_names_it(write, override, code):
    write(main=STAGES)

    (problem,) = problems_of("main.yaml", overrides=[override])

    assert (problem.file, problem.line, problem.code) == (f"override {override}", None, code)


def test_relative_paths_start_at_the_file_that_wrote_them(write, tmp_path):
    write(
        sub__a="data: {source: {kind: phm_vibench, root: ../here}}\n",
        main="bases: [sub/a.yaml]\n"
        "stage_2: {adapt_mode: finetune, targets: [{system: 1}], init: {checkpoint: x/y.safetensors}}\n",
    )

    config = load_config("main.yaml")
    overridden = load_config("main.yaml", overrides=["data.source.root=there"])

    assert config.data.source.root == str(tmp_path / "here")
    assert config.stage_2.init.checkpoint == str(tmp_path / "x/y.safetensors")
    assert overridden.data.source.root == str(tmp_path / "there")
    assert config.output.root == "save"


def test_mappings_and_configs_load_like_files(write):
    data = {"stage_1": {"pretrain_mode": "reconstruction"}, "seeds": (1, 2)}

    config = load_config(data, overrides=["data.batch_size=8"])

    assert (config.seeds, config.data.batch_size) == ((1, 2), 8)
    assert load_config(config) is config
    assert load_config(config, overrides=["data.batch_size=64"]) == load_config(data)
    assert origin(load_document(data), "seeds.0") == "<mapping>"


@pytest.mark.parametrize("value", [float("nan"), {1}, {3: 1}, object()])
def test_a_mapping_holds_only_what_yaml_could(value):
    (problem,) = problems_of({"name": value, "stage_1": {"pretrain_mode": "reconstruction"}})

    assert (problem.file, problem.line, problem.key) == ("<mapping>", None, "name")


def test_a_mapping_inside_itself_is_refused():
    data = {}
    data["data"] = data

    assert problems_of(data)[0].code == "too_deep"


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda path: None, "no_file"),
        (lambda path: path.mkdir(), "folder"),
        (lambda path: path.write_bytes(b"name: ok\nx: a\xff"), "encoding"),
        (lambda path: path.write_bytes(b"#" * 2_000_000), "too_large"),
        (lambda path: path.symlink_to(path), "unreadable"),
    ],
    ids=["missing", "folder", "latin-1", "large", "loop"],
)
def test_a_file_that_cannot_be_read_is_told(tmp_path, make, code):
    make(tmp_path / "a.yaml")

    (problem,) = problems_of(tmp_path / "a.yaml")

    assert problem.code == code
    assert (problem.line, problem.column) == ((2, 5) if code == "encoding" else (None, None))


def test_a_byte_order_mark_is_accepted(tmp_path):
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbf" + STAGES.encode())

    assert load_config(tmp_path / "a.yaml").stage_1.epochs == 7
