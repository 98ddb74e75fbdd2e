"""Files of definitions: cells and JSON values, rows and their lines."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lotkeeper_server.catalog.descriptions import INVENTORY_OPERATION
from lotkeeper_server.catalog.exchange_columns import NumberText, exported_columns, imported_columns
from lotkeeper_server.catalog.exchange_reading import READERS, Row
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.quantity import millionths_of

COLUMNS = imported_columns(INVENTORY_OPERATION)
HOSTILE = st.text(st.one_of(st.sampled_from("=+-@'\t\r\n\",; aé\u2028\U0001f95b\ufeff"), st.characters(codec="utf-8")))


def rows_of(data: bytes, file_format: str = "CSV") -> list[Row]:
    return list(READERS[file_format](io.BytesIO(data), INVENTORY_OPERATION, lambda: None))


def faults_of(data: bytes, file_format: str = "CSV") -> list[tuple[int, str, str]]:
    return [(row.line, row.fault_column, row.fault) for row in rows_of(data, file_format) if row.fault]


def test_an_export_has_neither_ids_nor_versions_dates_authors_or_states() -> None:
    """In the contract's order, references by path, name, symbol and code."""
    names = [column.json_name for column in exported_columns(INVENTORY_OPERATION)]
    assert names[:4] == ["name", "operationType", "operationName", "triggerSource"]
    assert {"sourceLocationPath", "destinationLocationPath", "materialPath", "secondaryMaterialPath"} <= set(names)
    assert {"unitOfMeasureSymbol", "materialReasonCode", "enabled", "spare3"} <= set(names)
    left_out = {field.json_name for field in INVENTORY_OPERATION.message.DESCRIPTOR.fields} - set(names)
    assert left_out == {
        *("id", "status", "currentRecordId", "version", "createdDate", "createdBy", "modifiedDate", "modifiedBy"),
        *("operationId", "sourceLocationId", "sourceLocationName", "destinationLocationId", "destinationLocationName"),
        *("materialId", "materialName", "secondaryMaterialId", "secondaryMaterialName"),
        *("unitOfMeasureId", "unitOfMeasureName", "materialReasonCodeId"),
    }


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "'", "\t", "\r"])
def test_a_cell_that_a_spreadsheet_would_run_gets_an_apostrophe_that_an_import_takes_off(start: str) -> None:
    """One only, so that a text that begins with one keeps it."""
    column = COLUMNS["notes"]
    assert column.cell_of(f"{start}1+1") == f"'{start}1+1"
    assert column.of_cell(f"'{start}1+1") == f"{start}1+1"
    assert column.cell_of(f"1{start}") == f"1{start}"


@given(HOSTILE)
def test_a_text_comes_back_from_a_csv_cell_as_it_was(text: str) -> None:
    """Quotes, line breaks, formula starts, Unicode; and no cell begins like a formula."""
    cell = COLUMNS["notes"].cell_of(text)
    assert not cell or cell[0] not in "=+-@\t\r"
    file = io.StringIO(newline="")
    csv.writer(file).writerows([["name", "notes", "spare1"], ["n", cell, "after"]])
    (row,) = rows_of(file.getvalue().encode())
    assert (row.message.notes, row.message.spare1, row.line) == (text, "after", 2)


@given(HOSTILE)
def test_a_text_comes_back_from_json_as_it_was(text: str) -> None:
    """Nothing is put in front there."""
    line = json.dumps({"name": "n", "notes": COLUMNS["notes"].json_of(text)}, ensure_ascii=False)
    (row,) = rows_of(line.encode(), "JSON")
    assert (row.message.notes, row.given) == (text, {"name", "notes"})


@given(st.floats(0, 9.2e12, exclude_max=True))
def test_a_quantity_comes_back_as_it_was_read(quantity: float) -> None:
    """What a double once said, a plain decimal says, too."""
    stored = millionths_of(quantity)
    column = COLUMNS["quantityOverflowValue"]
    assert millionths_of(column.of_cell(column.cell_of(stored))) == stored
    written = json.dumps(column.json_of(stored))
    assert millionths_of(column.of_json(json.loads(written, parse_float=NumberText, parse_int=NumberText))) == stored


def test_every_enum_value_is_written_and_read() -> None:
    """Short in CSV, as proto3 JSON has it in JSON; either is read in both."""
    column = COLUMNS["operationType"]
    for number in range(1, 10):
        assert column.of_cell(column.cell_of(number)) == number
        assert column.of_cell(column.json_of(number)) == number
        assert column.of_json(column.json_of(number)) == number
        assert column.of_json(column.cell_of(number)) == number
        assert column.of_json(NumberText(number)) == number
    assert (column.cell_of(5), column.json_of(5)) == ("SCRAP_ALL", "INVENTORY_OPERATION_TYPE_SCRAP_ALL")


def test_a_line_is_the_physical_one_where_its_row_begins() -> None:
    """The header's is 1; line breaks in cells and blank lines count."""
    data = b'\xef\xbb\xbfname,notes\r\nA,"one\ntwo\r\nthree"\r\n\r\nB,\r\nC,x\n"D",y'
    assert [(row.line, row.message.name) for row in rows_of(data)] == [(2, "A"), (6, "B"), (7, "C"), (8, "D")]
    assert [row.line for row in rows_of(b'\n{"name": "A"}\r\n\n{"name": "B"}', "JSON")] == [2, 4]


def test_an_absent_column_is_not_given_and_an_empty_cell_is() -> None:
    """So that an import leaves alone what a file does not have. An empty `enabled` is no value."""
    (row,) = rows_of(b"name,materialPath,enabled\r\nA,,\r\n")
    assert row.given == {"name", "material_path", "enabled"}
    assert not row.message.HasField("enabled")
    (row,) = rows_of(b'{"name": "A", "materialPath": null, "quantityOverflowValue": null}', "JSON")
    assert row.given == {"name", "material_path", "quantity_overflow_value"}
    assert not row.message.HasField("quantity_overflow_value")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", (1, "", "has no header")),
        (b"\r\n\r\n", (1, "", "has no header")),
        (b"notes\r\nA\r\n", (1, "name", "does not have this column")),
        (b"name,id\r\nA,1\r\n", (1, "id", "id is not a column of a definition")),
        (b"name,notes,name\r\nA,b,c\r\n", (1, "name", "is there twice")),
        (b"name,\r\nA,b\r\n", (1, "", "column 2 has no name")),
        (b"n\xffme\r\nA\r\n", (1, "", "is not UTF-8")),
        (b"name,notes\r\nA,b\r\nB\r\n", (3, "", "has 1 cells; the header has 2")),
        (b"name,notes\r\nA,b\r\nB,\xc3\r\n", (3, "", "is not UTF-8")),
    ],
)
def test_a_file_that_is_no_csv_of_definitions_names_the_line(data: bytes, expected: tuple[int, str, str]) -> None:
    """A header at fault is the only row; one row at fault leaves the others."""
    assert faults_of(data) == [expected]


def test_a_quote_out_of_place_ends_the_reading() -> None:
    """Where the next row begins is not known then."""
    ((line, _, text),) = faults_of(b'name,notes\r\nA,"b"c\r\nB,x\r\n')
    assert line == 2
    assert text.endswith("what follows in the file was not read")
    unclosed = b'name,notes\r\nA,"b\r\n' + b"B,x\r\n" * (limits.IMPORT_ROW_BYTES_MAX // 5)
    assert [line for line, _, _ in faults_of(unclosed)] == [2]


@pytest.mark.parametrize(
    ("line", "column"),
    [
        (b"[]", ""),
        (b"{", ""),
        (b"[" * 100_000, ""),
        (b'{"name": "A", "nonsense": 1}', "nonsense"),
        (b'{"name": "A", "id": "1"}', "id"),
        (b'{"name": "A", "name": "B"}', "name"),
        (b'{"name": "A", "sourceLocationPath": "a", "source_location_path": "b"}', "source_location_path"),
        (b'{"name": "\xff"}', ""),
        (b'{"name": ' + b"1" * 5_000 + b"}", ""),
        (b'{"name": "' + b"a" * limits.IMPORT_ROW_BYTES_MAX + b'"}', ""),
    ],
)
def test_a_line_that_is_no_json_object_of_a_definition_is_a_failed_row(line: bytes, column: str) -> None:
    """And the lines after it are read."""
    rows = rows_of(b'{"name": "A"}\n' + line + b'\n{"name": "B"}\n', "JSON")
    assert [(row.line, bool(row.fault or row.misread), row.fault_column) for row in rows] == [
        (1, False, ""),
        (2, True, column),
        (3, False, ""),
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("enabled", 1),
        ("operationType", "SHRED"),
        ("operationType", True),
        ("operationType", 99),
        ("quantityOverflowValue", "1,5"),
        ("quantityOverflowValue", True),
        ("quantityOverflowValue", 10**400),
        ("notes", 1),
        ("notes", {"a": []}),
        ("notes", "\ud800"),
    ],
)
def test_a_value_of_another_kind_is_misread_by_its_field(name: str, value: Any) -> None:
    """The other fields of the row are read."""
    (row,) = rows_of(json.dumps({"name": "A", name: value}).encode(), "JSON")
    assert list(row.misread) == [COLUMNS[name].field]
    assert row.message.name == "A"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_is_read_as_spreadsheets_write_it(delimiter: str, encoding: str) -> None:
    """Whatever stands between cells, with a mark, spaces around headers, rows of nothing but delimiters."""
    lines = [" name ; notes", ";", " ; ", "A;\U0001f95b", ";;", "", 'B;"x', 'y"', ";"]
    text = "\r\n".join(lines).replace(";", delimiter) + "\r\n"
    rows = rows_of(text.encode(encoding))
    assert [(row.line, row.message.name, row.message.notes, row.fault) for row in rows] == [
        (4, "A", "\U0001f95b", ""),
        (7, "B", "x\r\ny", ""),
    ]


def test_the_header_says_what_stands_between_cells() -> None:
    """Not how often something stands in it, or in a row; a first line of `sep=` does as well."""
    assert [row.message.notes for row in rows_of(b"notes;name\na,b,c,d;N\n")] == ["a,b,c,d"]
    assert [row.message.name for row in rows_of(b"name\nN;x\n")] == ["N;x"]
    told = rows_of(b"\xef\xbb\xbfsep=|\r\nname|notes\r\nN|x\r\n")
    assert [(row.line, row.message.name, row.message.notes) for row in told] == [(3, "N", "x")]


def test_a_cell_that_is_too_long_for_its_field_fails_its_row_alone() -> None:
    """Also one beyond what Python's reader takes by itself; the fault is that of a Save."""
    notes = "x" * 140_000
    rows = rows_of(f"name,notes\nA,\nB,{notes}\nC,\n".encode())
    assert [(row.line, row.fault, len(row.message.notes)) for row in rows] == [(2, "", 0), (3, "", 140_000), (4, "", 0)]


def test_bytes_that_are_not_utf16_end_the_reading() -> None:
    """With the line where they are."""
    ended = faults_of("name\nA\n".encode("utf-16") + b"\x00\xd8\x00")
    assert [(line, "UTF-16" in fault) for line, _, fault in ended] == [(3, True)]


def test_rows_of_nothing_are_counted_as_blank_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a file of delimiters alone comes to an end."""
    monkeypatch.setattr(limits, "IMPORT_BLANK_LINES_MAX", 10)
    assert faults_of(b"name,notes\n" + b",\n" * 10) == []
    (fault,) = faults_of(b"name,notes\n" + b",\n" * 11)
    assert (fault[0], "lines are blank" in fault[2]) == (12, True)


@pytest.mark.parametrize(
    "text", ["1_", "+1", ".5", "5.", "1e13", "1e-10", "0x10", "nan", "inf", " 1", "\u0661", "1e999999999"]
)
def test_a_number_is_what_the_one_reader_takes(text: str) -> None:
    """In a cell, and in JSON where that can write it."""
    (row,) = rows_of(f"name,quantityOverflowValue\nA,{text}\n".encode())
    assert list(row.misread) == ["quantity_overflow_value"]
    for value in {json.dumps(text), text.strip() if text.strip() != "1" else '"1 "'}:
        (row,) = rows_of(f'{{"name": "A", "quantityOverflowValue": {value}}}'.encode(), "JSON")
        assert row.misread or row.fault


def test_numbers_of_json_keep_their_place() -> None:
    """A number is no text, and an enum's number is one of its values."""
    (row,) = rows_of(b'{"name": 1, "quantityOverflowValue": 1e3, "operationType": 2, "triggerSource": 99}', "JSON")
    assert (row.message.quantity_overflow_value, row.message.operation_type) == (1_000, 2)
    assert set(row.misread) == {"name", "trigger_source"}
