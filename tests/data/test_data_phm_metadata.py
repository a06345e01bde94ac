"""The metadata table: spellings that are read, and every mistake told by row and column."""

from __future__ import annotations

import openpyxl
import pytest

from twostage.data.sources.phm_vibench.metadata import Row, read_metadata
from twostage.errors import DataError

HEADER = "Id,Dataset_id,Name,Label,Domain_id,Sample_rate"
FIRST = Row(id=1, system=3, name="RM_A", label=2, domain=0, bearing=None, sample_rate=12000.0)


def table(tmp_path, *lines, header=HEADER, name="metadata.csv", encoding="utf-8", separator=","):
    path = tmp_path / name
    text = "\n".join([header, *lines]) + "\n"
    path.write_bytes(text.replace(",", separator).encode(encoding))
    return path


def refused(path):
    with pytest.raises(DataError) as caught:
        read_metadata(path)
    return str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("separator", [",", "\t"])
def test_commas_tabs_and_a_byte_order_mark(tmp_path, encoding, separator):
    path = table(tmp_path, "1,3,RM_A,2,0,12000", encoding=encoding, separator=separator)
    assert read_metadata(path) == [FIRST]


def test_a_spreadsheet(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(HEADER.split(","))
    book.active.append([1, 3, "RM_A", 2.0, 0, 12000])
    book.active.append([None] * 6)
    book.active.append([2, 3, "RM_A", None, None, 12000.5])
    book.save(tmp_path / "metadata.xlsx")
    second = Row(id=2, system=3, name="RM_A", label=None, domain=None, bearing=None, sample_rate=12000.5)
    assert read_metadata(tmp_path / "metadata.xlsx") == [FIRST, second]


def test_older_spellings_quotes_blank_lines_and_other_columns(tmp_path):
    header = " Id ,Dataset_id,Name,Type,Description,Visiable,Label,Sample_Rate,Fault level,Length,Channels"
    path = table(tmp_path, '1,3,RM_A,x,"a, b\n轴承",0,2.0,12000,,5,1', "", ",,,,,,,,,,", header=header)
    (row,) = read_metadata(path)
    assert (row.id, row.label, row.domain, row.sample_rate) == (1, 2, None, 12000.0)


@pytest.mark.parametrize("cell", ["", "NaN", "-1", "-1.0", "nan"])
def test_no_label(tmp_path, cell):
    assert read_metadata(table(tmp_path, f"1,3,RM_A,{cell},0,12000"))[0].label is None


@pytest.mark.parametrize(("cell", "bearing"), [("B 7", "B 7"), ("", None), ("3", "3")])
def test_bearings(tmp_path, cell, bearing):
    path = table(tmp_path, f"1,3,RM_A,2,0,12000,{cell}", header=HEADER + ",Bearing_id")
    assert read_metadata(path)[0].bearing == bearing


def test_label_and_domain_may_be_absent(tmp_path):
    (row,) = read_metadata(table(tmp_path, "1,3,RM_A,12000", header="Id,Dataset_id,Name,Sample_rate"))
    assert (row.label, row.domain) == (None, None)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("x,3,RM_A,2,0,12000", "row 2, column Id: 'x' is not a number"),
        ("1.5,3,RM_A,2,0,12000", "row 2, column Id: 1.5 is not a whole number"),
        (",3,RM_A,2,0,12000", "row 2, column Id: the cell is empty"),
        ("1,,RM_A,2,0,12000", "row 2, column Dataset_id: the cell is empty"),
        ("1,3,,2,0,12000", "row 2, column Name: the cell is empty"),
        ("1,3,RM_A,inner,0,12000", "row 2, column Label: 'inner' is not a number"),
        ("1,3,RM_A,2,0.5,12000", "row 2, column Domain_id: 0.5 is not a whole number"),
        ("1,3,RM_A,2,inf,12000", "row 2, column Domain_id: inf is not a finite number"),
        ("1,3,RM_A,2,0,0", "row 2, column Sample_rate: 0; a rate in Hz is needed"),
        ("1,3,RM_A,2,0,-5", "row 2, column Sample_rate: -5; a rate in Hz is needed"),
        ("1,3,RM_A,2,0,NaN", "row 2, column Sample_rate: the cell is empty; a rate in Hz is needed"),
        ("1,3,RM_A,2,0,12000,7", "row 2: 7 cells, but the header has 6"),
    ],
)
def test_mistakes_are_told_by_row_and_column(tmp_path, line, told):
    assert told in refused(table(tmp_path, line))


def test_an_id_that_comes_twice(tmp_path):
    path = table(tmp_path, "1,3,RM_A,2,0,12000", "", "1,3,RM_A,2,0,12000")
    assert "row 4, column Id: 1 already stands in row 2" in refused(path)


def test_missing_columns_with_the_nearest_one(tmp_path):
    told = refused(table(tmp_path, "1,RM_A,5,8", header="ID,Name,Samplerate,Dataset"))
    assert "Id (nearest column present: 'ID')" in told
    assert "Dataset_id (nearest column present: 'Dataset')" in told
    assert "Sample_rate (nearest column present: 'Samplerate')" in told
    assert "Name (" not in told


def test_two_columns_of_one_meaning(tmp_path):
    told = refused(table(tmp_path, "1,3,RM_A,2,0,12000,1", header=HEADER + ",Sample_Rate"))
    assert "columns 'Sample_rate' and 'Sample_Rate' both mean Sample_rate" in told


def test_a_file_that_is_not_utf8(tmp_path):
    path = table(tmp_path, "1,3,轴承,2,0,12000", encoding="gb18030")
    told = refused(path)
    assert f"not UTF-8: byte 0xd6 at offset {len(HEADER) + 5} (line 2)" in told
    assert "iconv -f GB18030 -t UTF-8 metadata.csv" in told


def test_files_that_are_no_table(tmp_path):
    assert f"no metadata table at {tmp_path / 'none.csv'}" in refused(tmp_path / "none.csv")
    (tmp_path / "empty.csv").write_bytes(b"")
    assert "is empty" in refused(tmp_path / "empty.csv")
    assert "has a header but no rows" in refused(table(tmp_path))
    (tmp_path / "broken.xlsx").write_bytes(b"Id,Name\n")
    assert "not a readable xlsx file" in refused(tmp_path / "broken.xlsx")
    (tmp_path / "old.xls").write_bytes(b"")
    assert "old xls format" in refused(tmp_path / "old.xls")
