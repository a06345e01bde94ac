"""The presets as users run them, small: the real recordings, and the embedded default."""

from __future__ import annotations

import json

import pytest

from twostage import TwoStageRun
from twostage.config.presets import load_preset

SMALL = (
    "seeds=[0]",
    "data.window.length=512",
    "data.window.per_recording=4",
    "model.embedding.patches=8",
    "model.embedding.dim=16",
    "model.backbone.layers=1",
    "stage_1.epochs=1",
    "stage_2.epochs=1",
)


def small(preset, output, *overrides):
    return TwoStageRun(load_preset(preset, overrides=(*SMALL, f"output.root={output}", *overrides))).fit()


def segments(result, part):
    return json.loads((result.directory / "split.json").read_text())["parts"][part]["segments"]


@pytest.mark.realdata
def test_cwru_to_hit_on_the_real_recordings(realdata_root, tmp_path):
    """Pretrained without labels on CWRU, labels from one rig of HIT-SM, tested on the other, control beside it."""
    summary = small("cwru-to-hit", tmp_path, f"data.source.root={realdata_root}")
    pretraining, adapted, control, untrained, trivial = summary.stages
    assert {segment["system"] for part in ("train", "validation") for segment in segments(pretraining, part)} == {1}
    assert {segment["domain"] for part in ("train", "validation") for segment in segments(adapted, part)} == {0, 1, 2}
    assert {segment["domain"] for segment in segments(adapted, "test")} == {3, 4, 5}
    assert adapted.transfer.encoder_share == 1.0
    assert adapted.transfer.digest_saved == adapted.transfer.digest_started
    assert {each.metrics["test/windows/17"] for each in (adapted, control, untrained, trivial)} == {21 * 4}
    assert control.transfer is None


def test_the_embedded_default_on_the_simulated_rigs(tmp_path, monkeypatch):
    monkeypatch.setenv("TWOSTAGE_CACHE", str(tmp_path / "cache"))
    summary = small("default", tmp_path / "save", "data.source.seconds=0.5", "data.source.domains=1")
    pretraining, adapted, control, untrained, trivial = summary.stages
    seen = {segment["system"] for part in ("train", "validation") for segment in segments(pretraining, part)}
    tested = {segment["system"] for segment in segments(adapted, "test")}
    assert seen
    assert tested
    assert not seen & tested
    bearings = [{segment["bearing"] for segment in segments(adapted, part)} for part in ("train", "validation", "test")]
    assert not bearings[0] & bearings[1]
    assert not (bearings[0] | bearings[1]) & bearings[2]
    assert adapted.transfer.encoder_share == 1.0
    assert control.metrics.keys() == untrained.metrics.keys() == trivial.metrics.keys() == adapted.metrics.keys()
    assert len(summary.audit.comparisons) == 3
