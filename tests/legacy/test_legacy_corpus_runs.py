"""One real old file of each shape, converted and trained for one epoch per stage on the synthetic source."""

from __future__ import annotations

import json
from typing import NamedTuple

import pytest
import yaml
from shared_data import CORPUS

from twostage import TwoStageRun
from twostage.config.carrier import Pipeline
from twostage.config.variants import count_stages
from twostage.legacy.command.job import Wish, convert_files

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not CORPUS.is_dir(), reason="the real old files are not here"),
]

TINY = ("data.source.kind=synthetic", "trainer.accelerator=cpu", "trainer.devices=1", "data.workers=0")
SMALL = ("model.embedding.dim=16", "model.embedding.patches=16", "model.embedding.patch_length=64")
FEW = ("data.window.per_recording=8", "data.batch_size=64")
EPISODE = ("stage_2.domains_per_episode=1", "stage_2.shots=[1]", "stage_2.queries=1")
AT_ONCE = tuple(f"stage_{number}.scheduler={{kind: constant}}" for number in (1, 2))  # a warm-up needs more epochs
KINDS = "[{kind: fno, modes: 4}, {kind: dlinear}, {kind: timesnet, feedforward: 8}, {kind: patchtst}]"


class Case(NamedTuple):
    """Old files, what is overridden so that it is fast, and the numbers of trainings that they state."""

    files: str
    more: tuple[str, ...]
    shape: str
    stated: tuple[int, int]
    pipeline: Pipeline | None = None


CASES = {
    "single": Case("086", SMALL, "single", (0, 2)),
    "pair": Case("329 328", (*SMALL, *EPISODE), "pair", (2, 4)),
    "p03 backbones": Case("075", (*SMALL, *FEW, f"stage_1.backbones={KINDS}"), "p03", (4, 44)),
    "p03 variations": Case("079", (*SMALL, FEW[0], *AT_ONCE, "seeds=[42]"), "p03", (6, 30)),
    "p04 flat": Case("132", (*SMALL, "seeds=[42]"), "single", (1, 0), pipeline="04"),
    "p04 blocks": Case("195", (*SMALL, *FEW, "seeds=[42]"), "p04", (1, 5)),
    "stages": Case("033", (*SMALL, *FEW), "stages", (1, 1)),
}


@pytest.mark.parametrize("name", CASES)
def test_a_real_file_runs_with_the_trainings_that_it_states(tmp_path, name):
    files, more, shape, stated, pipeline = CASES[name]
    paths = [path for number in files.split() for path in CORPUS.glob(f"{number}__*")]
    document = yaml.safe_load(convert_files(paths, Wish(pipeline=pipeline)).text)
    assert document["legacy"]["shape"] == shape
    epochs = [f"{stage}.epochs=1" for stage in ("stage_1", "stage_2") if document.get(stage)]
    run = TwoStageRun(document, overrides=(*TINY, *more, *epochs, f"output.root={tmp_path}"))
    counts = count_stages(run.config)
    assert (counts["pretrainings"], counts["adaptations"]) == stated
    summary = run.fit()
    (manifest,) = tmp_path.rglob("manifest.json")
    assert len(json.loads(manifest.read_text(encoding="utf-8"))["stages"]) == len(summary.stages) == sum(stated)


def test_a_real_file_over_its_bases_runs(tmp_path, monkeypatch):
    """Its base files are parts that are here too; of the trainers one for several devices, which are set to one."""
    for path in CORPUS.glob("*__configs__base__*"):
        *_, room, name, _ = path.name.split("__")
        place = tmp_path / "configs" / "base" / room / name.replace("multi", "single")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(path.read_bytes())
    monkeypatch.chdir(tmp_path)
    (path,) = CORPUS.glob("027__*")
    document = yaml.safe_load(convert_files([path], Wish()).text)
    assert document["model"]["backbone"]["kind"] == "dlinear"
    assert "base_configs" not in str(document["legacy"].get("refused"))
    summary = TwoStageRun(document, overrides=(*TINY, *SMALL, "stage_1.epochs=1")).fit()
    assert [stage.name for stage in summary.stages] == [f"stage_1/seed-{document['seeds'][0]}"]
