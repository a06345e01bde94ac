"""The commands validate, schema and init, as a user calls them."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from twostage.cli import app as app_module
from twostage.config.presets import preset_names, preset_text
from twostage.config.schema import schema_text
from twostage.errors import TwoStageError

GOOD = "stage_1: {pretrain_mode: contrastive}\n"


@pytest.fixture
def call(tmp_path, monkeypatch, capsys):
    """Run the console entry point in an empty folder: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "bad.yaml").write_text("seeds: [x]\nnmae: 1\n" + GOOD, encoding="utf-8")

    def call(*arguments):
        monkeypatch.setattr("sys.argv", ["twostage", *arguments])
        with pytest.raises(SystemExit) as caught:
            app_module.main()
        return caught.value.code or 0, *capsys.readouterr()

    return call


def test_good_files_get_one_line_each(call):
    assert call("validate", "good.yaml", "./good.yaml") == (0, "good.yaml: ok\ngood.yaml: ok\n", "")


def test_a_bad_file_fails_and_the_others_are_still_checked(call):
    code, out, _ = call("validate", "bad.yaml", "good.yaml", "none.yaml")

    assert code == 1
    assert "bad.yaml:1:9: seeds[0]: expected a whole number" in out
    assert "bad.yaml:2:1: nmae: unknown key" in out
    assert "did you mean name?" in out
    assert "good.yaml: ok" in out
    assert "none.yaml: there is no such file" in out


def test_json_is_one_list_of_all_files(call):
    code, out, _ = call("validate", "bad.yaml", "none.yaml", "good.yaml", "--format", "json")

    assert code == 1
    assert [(each["file"], each["line"], each["code"]) for each in json.loads(out)] == [
        ("bad.yaml", 1, "wrong_type"),
        ("bad.yaml", 2, "unknown_key"),
        ("none.yaml", None, "no_file"),
    ]
    assert call("validate", "good.yaml", "--format", "json") == (0, "[]\n", "")


def test_github_gets_one_command_for_each_problem(call):
    code, out, _ = call("validate", "bad.yaml", "--format", "github")

    assert code == 1
    assert [line.split("::")[1] for line in out.splitlines()] == [
        "error file=bad.yaml,line=1,col=9,title=wrong_type",
        "error file=bad.yaml,line=2,col=1,title=unknown_key",
    ]
    assert call("validate", "good.yaml", "--format", "github") == (0, "", "")


def test_overrides_and_a_local_file_count(call, tmp_path):
    (tmp_path / "mine.yaml").write_text("data: {workers: 2}\n", encoding="utf-8")

    code, out, _ = call(
        "validate", "good.yaml", "-o", "stage_1.epochs=3", "--override", "name=x", "--local", "mine.yaml", "--explain"
    )

    assert code == 0
    assert " ".join(_line(out, "stage_1.epochs =").split()) == "stage_1.epochs = 3 # override stage_1.epochs=3"
    assert _line(out, "name =").endswith("# override name=x")
    assert _line(out, "data.workers =").endswith("# local mine.yaml:1")
    assert _line(out, "data.batch_size =").endswith("# default")
    assert call("validate", "good.yaml", "-o", "stage_1.epochs=0")[0] == 1


def _line(text, start):
    (line,) = [line for line in text.splitlines() if line.startswith(start)]
    return line


def test_what_another_variant_leaves_out_is_told(call, tmp_path):
    (tmp_path / "long.yaml").write_text("stage_1: {pretrain_mode: contrastive, epochs: 9}\n", encoding="utf-8")

    code, out, err = call("validate", "long.yaml", "-o", "stage_1.pretrain_mode=reconstruction")

    assert (code, out) == (0, "long.yaml: ok\n")
    assert err.startswith("note: override stage_1.pretrain_mode=reconstruction: stage_1 becomes")
    assert "left out: epochs" in err


def test_schema_prints_and_writes(call, tmp_path):
    assert call("schema") == (0, schema_text(), "")
    assert call("schema", "--output", "new/folder")[0] == 0
    assert (tmp_path / "new/folder/twostage.schema.json").read_text(encoding="utf-8") == schema_text()


def test_schema_tells_what_it_cannot_write(call):
    code, _, err = call("schema", "--output", "good.yaml")

    assert code == 1
    assert err.startswith("error: good.yaml")


@pytest.mark.parametrize("name", preset_names())
def test_init_writes_a_document_that_validates(call, tmp_path, name):
    code, out, _ = call("init", name, "new.yaml")

    assert code == 0
    assert "twostage validate new.yaml" in out
    assert (tmp_path / "new.yaml").read_text(encoding="utf-8") == preset_text(name)
    assert call("validate", "new.yaml")[0] == 0


def test_init_has_defaults_and_never_overwrites_by_accident(call, tmp_path):
    file = tmp_path / "twostage.yaml"

    assert call("init")[0] == 0
    assert file.read_text(encoding="utf-8") == preset_text("default")
    file.write_text("mine", encoding="utf-8")
    code, _, err = call("init")
    assert (code, file.read_text(encoding="utf-8")) == (1, "mine")
    assert "--force" in err
    assert call("init", "minimal", "--force")[0] == 0
    assert file.read_text(encoding="utf-8") == preset_text("minimal")


def test_init_knows_its_presets(call, tmp_path):
    code, _, err = call("init", "defualt")

    assert (code, err) == (1, "error: there is no preset 'defualt'; did you mean default?\n")
    assert not (tmp_path / "twostage.yaml").exists()


def test_version(call):
    code, out, _ = call("--version")

    assert code == 0
    assert out.startswith("twostage ")


@pytest.mark.parametrize(
    ("raised", "code", "told"),
    [(TwoStageError("no luck"), 1, "error: no luck\n"), (KeyboardInterrupt(), 130, "interrupted\n")],
)
def test_exit_codes_mean_something(call, monkeypatch, raised, code, told):
    def fail():
        raise raised

    monkeypatch.setattr(app_module, "app", fail)

    assert call() == (code, "", told)


def test_our_own_mistakes_keep_their_traceback(monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr("twostage.config.load.load_document", broken)

    assert isinstance(CliRunner().invoke(app_module.app, ["validate", "a.yaml"]).exception, ZeroDivisionError)
