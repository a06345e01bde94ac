"""A fan-out changes nothing: every training of it has the bits that it has in a document of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import h5py
import pytest
from rigs import document, write_rig

from twostage import TwoStageRun, make_plan, run_pretrain, run_stage
from twostage.config.document import TwoStageConfig
from twostage.engine.observer import Silent
from twostage.engine.transfer.checkpoints import load_checkpoint
from twostage.engine.transfer.digest import tensors_digest
from twostage.engine.workshop import Workshop
from twostage.errors import DataError, TransferError
from twostage.models.network import encoder_state

DLINEAR = {"kind": "dlinear", "window": 3}
PATCHTST = {"kind": "patchtst", "layers": 1, "heads": 2, "feedforward": 16}
PRETRAINING = {"pretrain_mode": "contrastive", "systems": [1], "epochs": 1}
ADAPTATION = {"adapt_mode": "finetune", "targets": [{"system": 3}], "epochs": 1}


def small(rig, output, *, stage_1=None, stage_2=None, **changes):
    both = {"stage_1": PRETRAINING | (stage_1 or {}), "stage_2": ADAPTATION | (stage_2 or {})}
    written = document(rig, output, **both, **changes)
    if (stage_1 or {}).get("backbones"):
        del written["model"]["backbone"]
    return written


def plan_of(rig, **changes):
    return make_plan(TwoStageConfig.model_validate(small(rig, rig, **changes)))


def names_of(rig, **changes):
    return [stage.name for stage in plan_of(rig, **changes).stages]


@pytest.fixture(scope="module")
def compared(rig, tmp_path_factory):
    backbones = [DLINEAR, PATCHTST]
    written = small(rig, tmp_path_factory.mktemp("save"), stage_1={"backbones": backbones}, stage_2={"repeats": 2})
    return TwoStageRun(written).fit()


@pytest.fixture(scope="module")
def varied(rig, tmp_path_factory):
    changed = {"stage_1.window": {"placement": "random", "length": 128, "per_recording": 3}, "data.batch_size": 16}
    variants = [{"name": "base"}, {"name": "other", "set": changed | {"model.backbone": DLINEAR}}]
    return TwoStageRun(small(rig, tmp_path_factory.mktemp("save"), variants=variants)).fit()


def test_plain_documents_have_plain_names(rig):
    plain = ["stage_1/seed-0", "stage_2/seed-0/system-3/pretrained", "stage_2/seed-0/system-3/from_scratch"]
    assert names_of(rig) == plain
    assert names_of(rig, stage_1={"backbones": [PATCHTST]}) == plain


def test_what_fans_out_stands_in_the_names(rig):
    fewshot = {"adapt_mode": "fewshot", "shots": [1, 5], "repeats": 2, "control": "none"}
    several = {"stage_1": {"backbones": [DLINEAR, PATCHTST]}, "stage_2": fewshot, "seeds": [4]}
    found = names_of(rig, **several, variants=[{"name": "a"}])
    family = [
        "stage_1/variant-a/dlinear/seed-4",
        "stage_2/variant-a/dlinear/seed-4/repeat-0/system-3/shots-1/pretrained",
        "stage_2/variant-a/dlinear/seed-4/repeat-0/system-3/shots-5/pretrained",
        "stage_2/variant-a/dlinear/seed-4/repeat-1/system-3/shots-1/pretrained",
        "stage_2/variant-a/dlinear/seed-4/repeat-1/system-3/shots-5/pretrained",
    ]
    assert found == [*family, *(name.replace("dlinear", "patchtst") for name in family)]


def test_each_stage_has_a_document_of_its_own(rig):
    fewshot = {"adapt_mode": "fewshot", "shots": [1, 5]}
    plan = plan_of(rig, stage_1={"backbones": [DLINEAR, PATCHTST]}, stage_2=fewshot)
    for stage in plan.stages:
        assert stage.config.model.backbone.kind == stage.branch.backbone
        assert stage.config.stage_1.backbones is None
        assert stage.branch.shots is None or stage.config.stage_2.shots == (stage.branch.shots,)
        TwoStageConfig.model_validate(stage.config.model_dump(mode="json"))  # it holds by itself


def test_an_adaptation_starts_from_the_checkpoint_of_its_backbone(compared):
    assert compared.directory.parent.name == "hse_dlinear+patchtst"
    for kind in ("dlinear", "patchtst"):
        pretrained = load_checkpoint(compared.stage(f"stage_1/{kind}/seed-0").checkpoint)
        assert pretrained.model.backbone.kind == kind
        for repeat in (0, 1):
            result = compared.stage(f"stage_2/{kind}/seed-0/repeat-{repeat}/system-3/pretrained")
            assert result.transfer.digest_started == tensors_digest(encoder_state(pretrained.tensors))
            assert load_checkpoint(result.checkpoint).model.backbone.kind == kind


@pytest.mark.parametrize("backbone", [DLINEAR, PATCHTST])
def test_a_compared_backbone_trains_as_it_does_alone(compared, rig, tmp_path, backbone):
    written = small(rig, tmp_path)
    written["model"]["backbone"] = backbone
    alone = TwoStageRun(written).fit()
    for result in alone.stages:
        name = result.name.replace("seed-0", f"{backbone['kind']}/seed-0")
        again = compared.stage(name if name.startswith("stage_1") else name.replace("seed-0", "seed-0/repeat-0"))
        assert (again.digest, again.key, again.metrics) == (result.digest, result.key, result.metrics)


def test_a_repeat_draws_anew_and_its_control_with_it(compared):
    for start in ("pretrained", "from_scratch"):
        first, second = (compared.stage(f"stage_2/dlinear/seed-0/repeat-{n}/system-3/{start}") for n in (0, 1))
        assert (first.stage.seed, first.stage.branch.seed, second.stage.branch.seed) == (0, 0, 0)
        assert second.stage.seed != 0
        assert first.digest != second.digest
        assert first.key != second.key
        assert first.data_digest == second.data_digest


def test_a_variant_trains_as_its_document_does_alone(varied, rig, tmp_path):
    window = {"placement": "random", "length": 128, "per_recording": 3}
    written = small(rig, tmp_path, stage_1={"window": window})
    written["data"] |= {"batch_size": 16}
    written["model"]["backbone"] = DLINEAR
    for folder, alone in (("base", small(rig, tmp_path)), ("other", written)):
        for result in TwoStageRun(alone).fit().stages:
            again = varied.stage(result.name.replace("/", f"/variant-{folder}/", 1))
            assert (again.digest, again.key, again.metrics) == (result.digest, result.key, result.metrics)
            assert (again.directory / "split.json").read_text() == (result.directory / "split.json").read_text()


def test_the_manifest_says_what_each_training_belongs_to(varied):
    manifest = json.loads((varied.directory / "manifest.json").read_text())
    assert manifest["variants"]["base"] == {}
    assert manifest["variants"]["other"]["data.batch_size"] == 16
    assert [stage["branch"]["variant"] for stage in manifest["stages"]] == ["base"] * 3 + ["other"] * 3
    assert {stage["precision"] for stage in manifest["stages"]} == {"32-true"}


def test_a_stage_of_a_variant_runs_by_itself_with_its_pretraining(varied, rig, tmp_path):
    variants = [{"name": "base"}, {"name": "x", "set": {"data.batch_size": 16}}]
    (stage,) = (each for each in plan_of(rig, variants=variants).stages if each.name.endswith("base/seed-0"))
    config = stage.document.model_copy(
        update={"output": stage.document.output.model_copy(update={"root": str(tmp_path)})}
    )
    (again,) = (each for each in make_plan(config).stages if each.name == stage.name)
    assert run_stage(again).digest == varied.stage("stage_1/variant-base/seed-0").digest


def test_pretraining_alone_runs_every_backbone(rig, tmp_path):
    summary = run_pretrain(small(rig, tmp_path, stage_1={"backbones": [DLINEAR, PATCHTST]}))
    assert [result.name for result in summary.stages] == ["stage_1/dlinear/seed-0", "stage_1/patchtst/seed-0"]


def test_a_number_of_shots_adapts_as_it_does_alone(rig, tmp_path):
    few = {"adapt_mode": "fewshot", "support_unit": "recording", "queries": 2, "episodes": 3, "episodes_per_epoch": 2}
    both, alone = (
        TwoStageRun(small(rig, tmp_path / name, stage_2=few | {"shots": shots, "control": "none"})).fit()
        for name, shots in (("both", [1, 2]), ("alone", [2]))
    )
    again, result = both.stage("stage_2/seed-0/system-3/shots-2/pretrained"), alone.stages[-1]
    assert (again.digest, again.key, again.metrics) == (result.digest, result.key, result.metrics)
    assert both.stages[1].metrics != again.metrics


def prepared(rig, **changes):
    config = TwoStageConfig.model_validate(small(rig, rig, **changes))
    workshop = Workshop(config)
    return [workshop.prepare(stage) for stage in make_plan(config).stages]


def test_stages_have_their_own_windows_and_batches(rig):
    own = {"window": {"placement": "sequential", "length": 100, "stride": 300}, "batch_size": 7}
    pretraining, adaptation, control = prepared(rig, stage_1=own)
    assert (pretraining.windows["train"].length, pretraining.config.batch_size) == (100, 7)
    assert (adaptation.windows["train"].length, adaptation.config.batch_size) == (256, 32)
    assert control is adaptation


@pytest.mark.parametrize("lengths", [(256, 64), (64, 256), (200, 200)])
def test_stages_with_other_windows_never_share_a_tested_sample(rig, lengths):
    """Both cut a recording with the gap of the longer window, and so alike."""
    first, second = ({"placement": "sequential", "length": length, "stride": 30} for length in lengths)
    time = {"unit": "time", "train": 0.4, "validation": 0.3, "test": 0.3}
    pretraining, adaptation, _ = prepared(
        rig,
        stage_1={"systems": [3], "window": first, "split": time},
        stage_2={"window": second, "split": time},
    )
    blocks = {part: adaptation.split.parts[part] for part in ("train", "validation", "test")}
    for before, after in (("train", "validation"), ("validation", "test")):
        gaps = {right.start - left.stop for left, right in zip(blocks[before], blocks[after], strict=True)}
        assert gaps == {max(lengths)}
    tested = {segment.recording: (segment.start, segment.stop) for segment in blocks["test"]}
    for part in ("train", "validation"):
        index = pretraining.windows[part]
        assert len(index)
        for row, start in zip(index.rows, index.starts, strict=True):
            first_tested, end = tested[pretraining.recordings[row].id]
            assert start + index.length <= first_tested or start >= end


def test_a_mistake_in_the_data_names_its_variant(rig, tmp_path):
    variants = [{"name": "ok"}, {"name": "gone", "set": {"stage_2.targets.0.system": 9}}]
    with pytest.raises(DataError, match="9") as caught:
        TwoStageRun(small(rig, tmp_path / "save", variants=variants)).fit()
    assert caught.value.__notes__ == ["This is variant gone."]
    assert not (tmp_path / "save").exists()


def test_mixed_precision_takes_what_the_device_offers_and_says_so(rig, tmp_path):
    mixed, written = (
        TwoStageRun(
            document(
                rig,
                tmp_path / name,
                stage_1=PRETRAINING,
                stage_2=None,
                trainer={"accelerator": "cpu", "precision": name},
            )
        ).fit()
        for name in ("mixed", "bf16-mixed")
    )
    assert mixed.stages[0].precision == written.stages[0].precision == "bf16-mixed"
    assert mixed.stages[0].digest == written.stages[0].digest
    (entry,) = json.loads((mixed.directory / "manifest.json").read_text())["stages"]
    assert entry["precision"] == "bf16-mixed"


def test_planning_and_counting_need_no_torch():
    program = "import sys, twostage.engine.planning.plan, twostage.config.variants; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "pydantic" in loaded
    assert loaded & {"torch", "lightning", "numpy", "pandas", "h5py", "scipy"} == set()


def test_points_that_change_stage_2_alone_start_from_one_pretraining(rig, tmp_path):
    """And each has the bits that it has in a document of its own."""
    axis = {"kind": "grid", "name": "rate", "key": "stage_2.optimizer.lr", "values": [1e-3, 1e-2]}
    summary = TwoStageRun(small(rig, tmp_path, stage_2={"control": "none"}, sweep=[axis])).fit()
    folder = "stage_2/variant-rate-{}/seed-0/system-3/pretrained"
    names = ["stage_1/seed-0", folder.format("0.001"), folder.format("0.01")]
    assert [result.name for result in summary.stages] == names
    alone = TwoStageRun(
        small(rig, tmp_path, stage_2={"control": "none", "optimizer": {"kind": "adamw", "lr": 1e-2}})
    ).fit()
    assert [(each.digest, each.metrics) for each in alone.stages] == [
        (summary.stage(name).digest, summary.stage(name).metrics) for name in (names[0], names[2])
    ]


def test_an_edited_grid_trains_what_is_new_alone_and_no_control_once_for_each_point_of_stage_1(rig, tmp_path):
    """A control does not depend on stage 1, so that all points of an axis of stage 1 have one."""

    def grid(*rates):
        axis = {"kind": "grid", "name": "rate", "key": "stage_1.optimizer.lr", "values": list(rates)}
        return TwoStageRun(small(rig, tmp_path, sweep=[axis]))

    before = grid(1e-3, 1e-2).status()
    assert (before.count("to do"), len(before.trainings)) == (6, 5)
    grid(1e-3, 1e-2).fit()
    after = grid(1e-3, 3e-3, 1e-2).status()
    new = ["stage_1/variant-rate-0.003/seed-0", "stage_2/variant-rate-0.003/seed-0/system-3/pretrained"]
    assert [stage.name for stage in after.trainings] == new
    assert after.count("done") == 7
    listener = Trained()
    TwoStageRun(grid(1e-3, 3e-3, 1e-2).config.model_dump(), observer=listener).fit()
    assert listener.names == new


class Trained(Silent):
    def __init__(self):
        self.names = []

    def stage_started(self, stage, **_):
        self.names.append(stage.name)


def test_a_shared_pretraining_has_seen_nothing_that_any_of_its_points_tests_on(tmp_path):
    """Here system 4 is system 1 under another number, and only the second point tests on it."""
    root = write_rig(tmp_path / "rig", systems=(1, 3, 4))
    shutil.copy(root / "RIG_1.h5", root / "copied.h5")
    with h5py.File(root / "copied.h5") as source, h5py.File(root / "RIG_4.h5", "w") as target:
        for key, value in source.items():
            target[f"4{key[1:]}"] = value[()]
    axis = {"kind": "grid", "name": "on", "key": "stage_2.targets", "values": [[{"system": 3}], [{"system": 4}]]}
    with pytest.raises(TransferError, match="that this run tests on"):
        TwoStageRun(small(root, tmp_path / "save", sweep=[axis])).fit()
    assert not (tmp_path / "save").exists()
