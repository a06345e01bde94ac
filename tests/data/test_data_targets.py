"""What recordings can teach, and the columns of the metadata table that say so."""

from __future__ import annotations

import numpy as np
import pytest
from strategies import recording

from twostage.data.sources.phm_vibench.metadata import read_metadata
from twostage.data.targets import anomaly, column, fault_class, known, lacks, remaining_life, scale_of_life
from twostage.errors import DataError

HEADER = "Id,Dataset_id,Name,Sample_rate,Label,RUL_label,Fault_Diagnosis,Anomaly_Detection,Remaining_Life"


def rows(tmp_path, *lines):
    path = tmp_path / "metadata.csv"
    path.write_text("\n".join([HEADER, *lines]) + "\n")
    return read_metadata(path)


def test_the_table_gives_lives_and_what_a_recording_is_not_meant_for(tmp_path):
    first, second, third = rows(
        tmp_path, "1,3,A,1000,0,0.5,TRUE,1,yes", "2,3,A,1000,1,,FALSE,0.0,no", "3,3,A,1000,1,nan,,,"
    )
    assert (first.rul, first.declined) == (0.5, ())
    assert (second.rul, second.declined) == (None, ("classification", "anomaly_detection", "rul_prediction"))
    assert (third.rul, third.declined) == (None, ())


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("1,3,A,1000,0,-1,1,1,1", "row 2, column RUL_label: -1 is negative"),
        ("1,3,A,1000,0,long,1,1,1", "row 2, column RUL_label: 'long' is not a number"),
        ("1,3,A,1000,0,1,perhaps,1,1", "row 2, column Fault_Diagnosis: 'perhaps' is neither yes nor no"),
    ],
)
def test_a_cell_that_cannot_be_understood_is_told(tmp_path, line, told):
    with pytest.raises(DataError, match=told):
        rows(tmp_path, line)


def test_every_label_but_0_is_an_anomaly():
    found = column([recording(1, label=0), recording(2, label=3), recording(3, label=None)], anomaly)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, [0, 1, np.nan])


def test_what_the_table_declines_is_no_target():
    every = ("classification", "anomaly_detection", "rul_prediction")
    kept, declined = recording(1, label=2, rul=4.0), recording(2, label=2, rul=4.0, declined=every)
    for target, value in ((fault_class, 2), (anomaly, 1.0), (remaining_life, 4.0)):
        assert (target(kept), target(declined)) == (value, None)
    assert known([kept, declined], every) == [kept]
    assert known([kept, declined], ["signal_prediction"]) == [kept, declined]


def test_a_task_needs_answers_to_tell_apart():
    normal, faulty, unlabelled = recording(1, label=0), recording(2, label=1), recording(3, label=None)
    assert lacks("classification", [normal, faulty]) is None
    assert "two classes or more (column Label)" in lacks("classification", [faulty, unlabelled])
    assert "label 0 and with another" in lacks("anomaly_detection", [faulty, recording(4, label=2)])
    assert lacks("signal_prediction", [unlabelled]) is None
    assert "column RUL_label" in lacks("rul_prediction", [normal])
    assert lacks("rul_prediction", [recording(5, rul=0.0)]) is None


def test_a_table_that_declines_is_named():
    declined = recording(1, rul=3.0, declined=("rul_prediction",))
    assert "says of 1 of its recordings that they are not meant for it" in lacks("rul_prediction", [declined])


def test_lives_are_divided_by_the_longest():
    assert scale_of_life([recording(1, rul=3.0), recording(2, rul=12.5), recording(3)]) == 12.5
    with pytest.raises(DataError, match="every remaining life in the training part is 0"):
        scale_of_life([recording(1, rul=0.0)])
