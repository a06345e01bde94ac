"""Recordings that share an encoder are sampled alike, are brought to one rate, or the report says that they are not."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from rigs import LENGTH, document, write_rig

from twostage import TwoStageError, TwoStageRun, run_adapt, run_pretrain
from twostage.config.band import CommonBand
from twostage.data.band.filters import Resampling
from twostage.errors import DataError, SplitError, TransferError

COMMON = {"kind": "common", "rate": 1000.0}
FEW = {"adapt_mode": "finetune", "targets": [{"system": 3}], "epochs": 1, "control": "none"}


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """System 3 claims twice the rate of the others."""
    root = write_rig(tmp_path_factory.mktemp("mixed"), bearings=3)
    table = pd.read_csv(root / "metadata.csv")
    table.loc[table["Dataset_id"] == 3, "Sample_rate"] *= 2
    table.to_csv(root / "metadata.csv", index=False)
    return root


@pytest.fixture(autouse=True)
def _cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("TWOSTAGE_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


def written(root, output, band=None, data=None, **changes):
    found = document(root, output, **{"stage_2": FEW} | changes)
    window = {"placement": "evenly_spaced", "length": 128, "per_recording": 4}
    found["data"] |= {"band": band, "window": window} | (data or {})
    found["stage_1"] = found["stage_1"] and found["stage_1"] | {"epochs": 1}
    return found


def test_different_rates_under_one_encoder_are_refused_with_what_to_write(mixed, tmp_path):
    with pytest.raises(DataError) as caught:
        TwoStageRun(written(mixed, tmp_path)).preview()
    assert str(caught.value) == (
        "recordings that share an encoder are sampled at different rates: 2000 Hz (systems 1, 2), 4000 Hz (system 3). "
        "Write data.band: {kind: common, rate: 2000} to bring them to one rate and band, or data.band: {kind: "
        "as_recorded} to take them as they are, which every report then says"
    )


def test_encoders_that_meet_one_rate_each_are_fine(mixed, tmp_path):
    both = FEW | {"targets": [{"system": 1}, {"system": 3}]}
    notices = [each.notices for each in TwoStageRun(written(mixed, tmp_path, stage_1=None, stage_2=both)).preview()]
    assert not any(notice.code == "mixed-rates" for found in notices for notice in found)
    together = FEW | {"targets": [{"systems": [1, 3]}]}
    with pytest.raises(DataError, match=r"2000 Hz \(system 1\), 4000 Hz \(system 3\)"):
        TwoStageRun(written(mixed, tmp_path, stage_1=None, stage_2=together)).preview()


def test_taking_them_as_they_are_is_labelled(mixed, tmp_path):
    summary = TwoStageRun(written(mixed, tmp_path, {"kind": "as_recorded"})).fit()
    for result in summary.stages:
        assert "mixed-rates" in {notice.code for notice in result.notices}
        assert "mixed-rates" in json.loads((result.directory / "metrics.json").read_text())["labels"]


def test_a_common_band_trains_on_resampled_windows(mixed, tmp_path):
    summary = TwoStageRun(written(mixed, tmp_path, COMMON)).fit()
    assert not any(notice.code == "mixed-rates" for result in summary.stages for notice in result.notices)
    plain = TwoStageRun(written(mixed, tmp_path / "other", {"kind": "as_recorded"})).fit()
    assert summary.stages[-1].digest != plain.stages[-1].digest
    assert summary.stages[-1].key != plain.stages[-1].key
    assert summary.stages[-1].metrics["test/windows/3"] == plain.stages[-1].metrics["test/windows/3"]


def test_the_split_is_told_in_samples_as_they_were_taken(mixed, tmp_path):
    time = {"unit": "time", "train": 0.3, "validation": 0.0, "test": 0.7}
    checkpoint = {"monitor": "train/loss", "mode": "min"}
    own = FEW | {"split": time, "checkpoint": checkpoint}
    short = {"window": {"placement": "evenly_spaced", "length": 48, "per_recording": 4}}
    summary = TwoStageRun(written(mixed, tmp_path, COMMON, stage_1=None, stage_2=own, data=short)).fit()
    parts = json.loads((summary.stages[0].directory / "split.json").read_text())["parts"]
    stretches = {part: {s["recording"]: (s["start"], s["stop"]) for s in parts[part]["segments"]} for part in parts}
    how = Resampling.of(4000.0, CommonBand(**COMMON))
    for recording, (start, stop) in stretches["train"].items():
        test_start, test_stop = stretches["test"][recording]
        assert 0 <= start < stop < test_start < test_stop <= LENGTH
        assert test_start - stop >= 4 * 48  # a gap of a window, in original samples: four for each that is left
        assert test_stop - start > 0.95 * LENGTH
    assert how.length(LENGTH) < LENGTH / 4


def test_blocks_that_the_filters_would_join_are_refused(mixed, tmp_path):
    """A gap of one short window is less than the filters reach, and then blocks share original samples."""
    time = {"unit": "time", "train": 0.5, "validation": 0.0, "test": 0.5, "gap": 32}
    own = FEW | {"split": time, "checkpoint": {"monitor": "train/loss", "mode": "min"}}
    short = {"window": {"placement": "sequential", "length": 32, "stride": 1}}
    with pytest.raises(SplitError, match="train and test share") as caught:
        TwoStageRun(written(mixed, tmp_path, COMMON, stage_1=None, stage_2=own, data=short)).preview()
    assert any("split.gap" in note for note in caught.value.__notes__)
    own["split"] = time | {"gap": None}
    assert TwoStageRun(written(mixed, tmp_path, COMMON, stage_1=None, stage_2=own, data=short)).preview()


def test_what_was_seen_in_one_band_is_not_tested_in_another(mixed, tmp_path):
    everything = {"unit": "recording", "train": 0.8, "validation": 0.2, "test": 0.0}
    first = {"pretrain_mode": "contrastive", "systems": [1], "epochs": 1, "split": everything}
    pretrained = run_pretrain(written(mixed, tmp_path / "first", COMMON, stage_1=first, stage_2=None))
    again = written(mixed, tmp_path / "second", None, stage_2=FEW | {"targets": [{"system": 1}]})
    with pytest.raises(TransferError, match="was pretrained on samples of"):
        run_adapt(again, pretrained.stages[0].checkpoint)


def test_weights_of_another_band_are_refused_unless_the_document_says_so(mixed, tmp_path):
    first = {"pretrain_mode": "contrastive", "systems": [1], "epochs": 1}
    pretrained = run_pretrain(written(mixed, tmp_path / "first", COMMON, stage_1=first, stage_2=None)).stages[0]
    with pytest.raises(TransferError, match="was trained with 1000 Hz in a common band, but this adaptation has 4000"):
        run_adapt(written(mixed, tmp_path / "second"), pretrained.checkpoint)
    other = COMMON | {"high": 300.0}
    with pytest.raises(TransferError, match=r"with the band {.*'high': None}, but this adaptation has the b"):
        run_adapt(written(mixed, tmp_path / "third", other), pretrained.checkpoint)
    for band, codes in ((COMMON, set()), ({"kind": "as_recorded"}, {"mixed-rates"})):
        summary = run_adapt(written(mixed, tmp_path / band["kind"], band), pretrained.checkpoint)
        assert summary.stages[0].transfer.encoder_share == 1.0
        assert {notice.code for notice in summary.stages[0].notices} == codes


@pytest.mark.parametrize(
    ("band", "message"),
    [
        (
            {"kind": "common", "rate": 8000.0},
            "was sampled at 2000 Hz, but data.band reaches to 3200 Hz, more than 0.45",
        ),
        (COMMON | {"low": 0.5}, f"has {LENGTH} samples, but the filters of data.band need"),
    ],
)
def test_recordings_that_lack_the_band_are_named(mixed, tmp_path, band, message):
    with pytest.raises(TwoStageError, match=message):
        TwoStageRun(written(mixed, tmp_path, band)).preview()


def test_a_second_run_reads_the_cache(mixed, tmp_path, monkeypatch):
    first = TwoStageRun(written(mixed, tmp_path / "first", COMMON)).fit()
    monkeypatch.setattr(Resampling, "apply", None)
    second = TwoStageRun(written(mixed, tmp_path / "second", COMMON)).fit()
    assert [result.digest for result in first.stages] == [result.digest for result in second.stages]
    assert np.isfinite(list(second.stages[-1].metrics.values())).all()
