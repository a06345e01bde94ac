"""``twostage convert`` as a user runs it: what it prints, writes, keeps and returns."""

import json

import pytest
import yaml

from twostage.config.document import TwoStageConfig

OLD = """\
# A file of the old project
environment: {project: demo, seed: 42, iterations: 2, PYTHONPATH: somewhere}
data:
  data_dir: recordings      # where they are
  metadata_file: metadata.csv
  batch_size: 8
  window_size: 512
  normalization: true
  normalization: standardization
  train_ratio: 0.8
model: {name: M_01_ISFM, type: ISFM, embedding: E_01_HSE, patch_size_L: 32, patch_size_C: 1, num_patches: 16,
  output_dim: 16, backbone: B_04_Dlinear, task_head: H_01_Linear_cla}
task: {type: DG, name: classification, target_system_id: [1, 2], target_domain_num: 1, lr: 5e-4, optimizer: adam,
  scheduler: true, scheduler_type: step, step_size: 3, gamma: 0.5}
trainer: {name: Default_trainer, num_epochs: 2, gpus: 1, device: cuda, monitor: val_loss, wandb: false}
"""
PRETRAIN = OLD.replace("type: DG, name: classification", "type: pretrain, name: hse_contrastive")


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "old.yaml"
    path.write_text(OLD, encoding="utf-8")
    return path


def documents(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_without_an_option_the_document_is_printed_and_nothing_is_written(command, old, tmp_path):
    code, out, err = command("convert", old)
    config = TwoStageConfig.model_validate(yaml.safe_load(out))
    assert code == 0
    assert config.seeds == (42, 43)
    assert config.stage_2.optimizer.lr == 5e-4
    assert "# where they are" in out
    assert "mapped" in err
    assert documents(tmp_path) == ["old.yaml"]
    assert old.read_text(encoding="utf-8") == OLD


def test_output_is_written_once_and_replaced_only_with_write(command, old, tmp_path):
    target = tmp_path / "new.yaml"
    assert command("convert", old, "-o", target)[0] == 0
    first = target.read_text(encoding="utf-8")
    target.write_text("mine: 1\n", encoding="utf-8")
    code, _, err = command("convert", old, "-o", target)
    assert code == 1
    assert "exists already" in err
    assert command("convert", old, "-o", target, "--write")[0] == 0
    assert target.read_text(encoding="utf-8") == first
    assert (tmp_path / "new.yaml.bak").read_text(encoding="utf-8") == "mine: 1\n"


def test_write_replaces_the_file_and_keeps_a_backup_and_a_second_time_does_nothing(command, old, tmp_path):
    assert command("convert", old, "--write")[0] == 0
    new = old.read_text(encoding="utf-8")
    assert (tmp_path / "old.yaml.bak").read_text(encoding="utf-8") == OLD
    assert command("convert", old, "--write")[0] == 0
    assert old.read_text(encoding="utf-8") == new
    assert documents(tmp_path) == ["old.yaml", "old.yaml.bak"]


def test_check_tells_by_its_exit_code(command, old, tmp_path):
    assert command("convert", old, "--check")[0] == 2
    command("convert", old, "--write")
    assert command("convert", old, "--check")[0] == 0
    broken = tmp_path / "broken.yaml"
    broken.write_text("a: [1\n", encoding="utf-8")
    assert command("convert", broken, "--check")[0] == 1


def test_a_converted_document_gives_its_original_again(command, old, tmp_path):
    target = tmp_path / "new.yaml"
    command("convert", old, "-o", target)
    code, out, _ = command("convert", target, "--to", "legacy")
    assert code == 0
    assert yaml.safe_load(out) == yaml.safe_load(OLD)
    assert "# where they are" in out


def test_an_edit_of_the_new_document_survives_the_way_back(command, old, tmp_path):
    target = tmp_path / "new.yaml"
    command("convert", old, "-o", target)
    target.write_text(target.read_text(encoding="utf-8").replace("lr: 0.0005", "lr: 0.002"), encoding="utf-8")
    _, out, _ = command("convert", target, "--to", "legacy")
    assert yaml.safe_load(out)["task"]["lr"] == 0.002


def test_explain_accounts_for_every_key_with_its_line(command, old):
    _, out, _ = command("convert", old, "--explain")
    assert f"{old}:7: data.window_size -> data.window.length" in out
    assert "environment.PYTHONPATH kept" in out
    assert "[duplicate-key]" in out
    assert "[retyped]" in out
    assert "[schedule-applies]" in out
    sums = out.splitlines()[-1].split(";")[0]
    total, mapped, kept, refused = (int(word) for word in sums.split() if word.isdigit())
    assert total == mapped + kept + refused


def test_json_gives_one_record_per_file(command, old, tmp_path):
    (tmp_path / "pre.yaml").write_text(PRETRAIN, encoding="utf-8")
    code, out, _ = command("convert", tmp_path, "--json")
    records = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [record["modes"] for record in records] == [{"stage_2": "finetune"}, {"stage_1": "contrastive"}]
    for record in records:
        counts = record["leaves"]
        assert counts["total"] == counts["mapped"] + counts["kept"] + counts["refused"] == len(record["fates"])
    assert records[0]["runs"]["total"] == 2


def test_a_folder_is_converted_as_a_whole_with_a_table_also_in_parallel(command, old, tmp_path):
    source = tmp_path / "configs"
    (source / "deep").mkdir(parents=True)
    (source / "a.yaml").write_text(OLD, encoding="utf-8")
    (source / "deep" / "b.yml").write_text(PRETRAIN, encoding="utf-8")
    (source / "broken.yaml").write_text("- 1\n", encoding="utf-8")
    code, out, err = command("convert", source, "-o", tmp_path / "out", "--jobs", 2)
    assert code == 1
    assert "2 changed, 1 failed" in out
    assert "expected a mapping" in err
    assert documents(tmp_path / "out") == ["a.yaml", "deep/b.yml"]


def test_two_files_are_a_pair_unless_each_is_said(command, old, tmp_path):
    pretrain = tmp_path / "pretrain.yaml"
    pretrain.write_text(PRETRAIN, encoding="utf-8")
    _, out, _ = command("convert", pretrain, old)
    both = yaml.safe_load(out)
    assert both["stage_1"]["pretrain_mode"] == "contrastive"
    assert both["stage_2"]["repeats"] == 2
    target = tmp_path / "both.yaml"
    target.write_text(out, encoding="utf-8")
    _, out, _ = command("convert", target, "--to", "legacy")
    assert list(yaml.safe_load_all(out)) == [yaml.safe_load(PRETRAIN), yaml.safe_load(OLD)]
    _, out, _ = command("convert", pretrain, old, "--each")
    assert "2 changed" in out


def test_another_data_folder_is_written_where_it_is_asked_for(command, old, tmp_path):
    _, out, _ = command("convert", old, "--data-root", tmp_path / "elsewhere")
    assert yaml.safe_load(out)["data"]["source"]["root"] == str(tmp_path / "elsewhere")


def test_a_diff_is_printed_on_request(command, old):
    _, out, _ = command("convert", old, "--diff")
    assert out.startswith(f"--- {old}")
    assert "+stage_2:" in out


def test_a_pipeline_by_name_of_the_option_makes_it_unified(command, old):
    _, out, _ = command("convert", old, "--pipeline", "04")
    assert yaml.safe_load(out)["stage_1"]["pretrain_mode"] == "unified_metric"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"a:\n\tb: 1\n", "tab"),
        (b"a: 1\n---\nb: 2\n", "document"),
        (b"- a\n", "is a list; expected a mapping"),
        (b"on: 1\n", "which the old loader reads as True"),
        (b"name: x\nvalues: 3\n", "no configuration of the old project"),
        (b"[" * 400_000, "nested"),
        (b"", "empty"),
        (b"# a comment\n", "empty"),
        (b"\x00", "control character"),
        (b"1: 2\n", "expected text as key"),
        (b"null: 2\n", "expected text as key"),
        (b"? [a, b]\n: 1\n", "expected text as key"),
        (b"x: *none\n", "not defined above"),
        (b"x: &x [*x]\n", "would never end"),
        (b"x: {<<: 3}\n", "expected a mapping or a list of mappings to merge"),
        (b"x: !!python/object:os.system {}\n", "is not allowed"),
        (b"x: " + 2000 * b"9", "a number of more than 1000 digits"),
        (b"".join(b" " * depth + b"k:\n" for depth in range(1400)), "nested"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_bad_files_get_one_sentence(command, tmp_path, content, sentence):
    path = tmp_path / "bad.yaml"
    path.write_bytes(content)
    code, out, err = command("convert", path)
    assert (code, out) == (1, "")
    assert sentence in err
    assert "Traceback" not in err


def test_values_that_are_no_numbers_are_kept_and_come_back(command, old, tmp_path):
    """The old loader reads ``.inf``; nothing here takes it, and the new document loads all the same."""
    old.write_text(OLD.replace("batch_size: 8", "batch_size: .inf").replace("gamma: 0.5", "gamma: .nan"), "utf-8")
    target = tmp_path / "new.yaml"
    assert command("convert", old, "-o", target)[0] == 0
    assert command("validate", target)[:2] == (0, f"{target}: ok\n")
    _, out, _ = command("convert", target, "--to", "legacy")
    back = yaml.safe_load(out)
    assert (back["data"]["batch_size"], str(back["task"]["gamma"])) == (float("inf"), "nan")
    target.write_text("seeds: [.inf]\n" + target.read_text("utf-8"), encoding="utf-8")
    assert "expected a finite number" in command("validate", target)[1]


@pytest.mark.parametrize("change", [lambda text: "\ufeff" + text, lambda text: text.replace("\n", "\r\n")])
def test_marks_and_line_ends_of_other_systems_are_read(command, old, change):
    old.write_bytes(change(OLD).encode("utf-8"))
    code, out, _ = command("convert", old)
    assert code == 0
    assert "\r" not in out
    assert yaml.safe_load(out)["seeds"] == [42, 43]


@pytest.mark.parametrize("value", ["2024-01-01", "2024-01-01 10:00:00", "1e400", "1.0e+400", "0x1F", "017", "1:30:00"])
def test_what_the_old_loader_reads_in_its_own_way_comes_back(command, old, tmp_path, value):
    old.write_text(OLD + f"when: {value}\n", encoding="utf-8")
    target = tmp_path / "new.yaml"
    assert command("convert", old, "-o", target)[0] == 0
    assert command("validate", target)[:2] == (0, f"{target}: ok\n")
    _, out, _ = command("convert", target, "--to", "legacy")
    was, back = yaml.safe_load(value), yaml.safe_load(out)["when"]
    assert str(back) == str(was)  # a date comes back as its text, which a notice tells


def test_a_folder_without_files_and_a_file_that_is_none_get_a_sentence(command, tmp_path):
    (tmp_path / "folder.yaml").mkdir()
    code, out, err = command("convert", tmp_path / "folder.yaml")
    assert (code, out) == (1, "")
    assert "folder.yaml holds no YAML file" in err


def test_a_file_in_the_old_encoding_is_read_and_told(command, tmp_path):
    path = tmp_path / "gb.yaml"
    path.write_bytes(OLD.replace("A file of the old project", "旧项目的文件").encode("gb18030"))
    code, out, _ = command("convert", path, "--explain")
    assert code == 0
    assert "[encoding]" in out


def test_anchors_and_merge_keys_are_read_as_the_old_loader_did(command, tmp_path):
    path = tmp_path / "anchors.yaml"
    path.write_text(
        OLD.replace("trainer: {", "base: &base {num_epochs: 7}\ntrainer:\n  {<<: *base, ").replace(
            "num_epochs: 2, ", ""
        ),
        encoding="utf-8",
    )
    _, out, _ = command("convert", path)
    assert yaml.safe_load(out)["stage_2"]["epochs"] == 7


def test_old_files_validate_as_they_are(command, old):
    code, out, err = command("validate", old)
    assert code == 0
    assert "ok" in out
    assert "old document of shape single" in err


def test_another_data_folder_takes_the_place_of_one_that_is_missing(command, old):
    old.write_text(OLD.replace("  data_dir: recordings      # where they are\n", ""), encoding="utf-8")
    _, out, _ = command("convert", old, "--data-root", "elsewhere")
    document = yaml.safe_load(out)
    assert document["data"]["source"] == {"kind": "phm_vibench", "metadata": "metadata.csv", "root": "elsewhere"}
    assert "refused" not in document["legacy"]


def test_a_path_of_one_machine_is_told_unless_it_is_replaced(command, old):
    old.write_text(OLD.replace("data_dir: recordings", "data_dir: /srv/recordings"), encoding="utf-8")
    told = "data.data_dir: /srv/recordings is a path of the machine where the file was written [machine-path]"
    assert told in command("convert", old, "--explain")[1]
    assert "[machine-path]" not in command("convert", old, "--explain", "--data-root", "elsewhere")[1]


def test_a_file_that_is_not_there_gets_a_sentence(command, tmp_path):
    code, out, err = command("convert", tmp_path / "none.yaml")
    assert (code, out) == (1, "")
    assert "none.yaml: there is no such file" in err


@pytest.mark.parametrize(
    "text", ["data: {data_dir: data}\n", "task: {lr: 0.1}\ntrainer:\n", "name: Default_trainer\nnum_epochs: 3\n"]
)
def test_a_part_of_an_old_document_is_in_order_and_does_not_run_alone(command, tmp_path, text):
    path = tmp_path / "part.yaml"
    path.write_text(text, encoding="utf-8")
    code, out, err = command("validate", path)
    assert (code, out) == (0, f"{path}: ok\n")
    assert "is a part of an old document" in err
    code, _, err = command("run", path, "--dry-run")
    assert code == 1
    assert "has no stage" in err


@pytest.mark.parametrize("text", ["data: {batch_size: 3}\n", "model: {name: x}\nstage_1: 3\n", "name: x\nseeds: [1]\n"])
def test_a_new_document_with_mistakes_is_no_part_of_an_old_one(command, tmp_path, text):
    path = tmp_path / "new.yaml"
    path.write_text(text, encoding="utf-8")
    code, _, err = command("validate", path)
    assert code == 1
    assert "old document" not in err


@pytest.mark.parametrize("arguments", [("--pipeline", "05"), ("--reading", "men")])
def test_a_word_that_an_option_does_not_have_is_told_in_our_words(command, old, arguments):
    code, _, err = command("convert", old, *arguments)
    assert code == 2
    assert f"{arguments[1]!r} is not one of" in " ".join(err.replace("│", "").split())
    assert "Value error" not in err
