"""Spreadsheets as people have them: bytes, cells, values, and the places that they came from."""

from __future__ import annotations

import csv
import io
import json
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lotkeeper.numbers import number_fault
from lotkeeper.spreadsheets import CsvOptions, OptionFault, SpreadsheetFaults, read_plant, read_section, write_plant
from lotkeeper.spreadsheets.sections import SECTIONS as COLUMNS
from lotkeeper.spreadsheets.values import as_cell, as_text
from lotkeeper_server.domain.model.quantity import NotANumber, number_of_text
from lotkeeper_server.plant.sections import SECTIONS, field_readers, references

HOSTILE = st.text(
    st.one_of(
        st.sampled_from("=+-@'~\t\n\",; aé\u2028\U0001f95b\ufeff"),
        st.characters(codec="utf-8", exclude_characters="\r"),
    )
)
NUMBERS = st.text(st.sampled_from("0123456789+-._eExo \u0661nainf"), max_size=12)


def entries(data: str | bytes, section: str = "locations", **options: Any) -> list[dict[str, Any]]:
    raw = data.encode() if isinstance(data, str) else data
    tables = read_section(section, raw, "f.csv", CsvOptions(**options))
    read: list[dict[str, Any]] = json.loads(tables.document(), parse_float=Decimal)[section]
    return read


def faults(data: str | bytes, section: str = "locations", **options: Any) -> list[str]:
    with pytest.raises(SpreadsheetFaults) as found:
        entries(data, section, **options)
    return [str(fault) for fault in found.value.faults]


def test_a_file_has_the_columns_that_its_section_has_fields() -> None:
    """Those of the server, references by name."""
    for section, description in SECTIONS.items():
        readers = {*field_readers(description), *references(description), "id"}
        assert set(COLUMNS[section]) == readers, section


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_delimiter_line_ends_and_encoding_are_found_out(delimiter: str, ending: str, encoding: str) -> None:
    """With spaces around headers, blank rows, and cells that are left out at the end of a row."""
    lines = ["|", " Name | SORT order|Notes|", "||", 'A|1|"x|""y"""|', "B", "", " | ", "C||z"]
    data = ending.join(lines).replace("|", delimiter).encode(encoding)
    assert entries(data) == [
        {"name": "A", "sort_order": 1, "notes": f'x{delimiter}"y"'},
        {"name": "B"},
        {"name": "C", "notes": "z"},
    ]


def test_the_headers_say_what_stands_between_cells() -> None:
    """Then the number of cells; a first line of `sep=`, or whoever reads, says it before them."""
    assert entries("name;notes\nA;a,b,c\n") == [{"name": "A", "notes": "a,b,c"}]
    assert entries("name\nA;B,\n") == [{"name": "A;B"}]
    assert entries("sep=|\nname|notes\nA|b\n") == [{"name": "A", "notes": "b"}]
    assert entries("name|notes\nA|b\n", delimiter="|") == [{"name": "A", "notes": "b"}]
    assert entries('Lot, number;Product\n1,5;"M"\n', "lots", columns={"Lot, number": "name", "Product": "material"})


def test_what_is_not_text_or_not_cells_is_said_with_its_line() -> None:
    """And what could mend it."""
    assert faults("name\nA\n\nW\xfcrfel\n".encode("cp1252")) == [
        "f.csv, line 4: is not utf-8 from byte 9 on; if it has another encoding, it must be named"
    ]
    assert entries("name\nW\xfcrfel\n".encode("cp1252"), encoding="cp1252") == [{"name": "Würfel"}]
    assert faults('name,notes\nA,"b\n') == ["f.csv, line 2, column 2: has a quote that is never closed"]
    assert faults('name,notes\nA,"b"c\n') == ["f.csv, line 2, column 2: has a quote in the wrong place"]
    assert entries('name,notes\nA,3" pipe\nB,"x" \n') == [
        {"name": "A", "notes": '3" pipe'},
        {"name": "B", "notes": "x"},
    ]
    assert faults(" \n,,\n") == ["f.csv, line 1: has no header"]


def test_headers_are_mapped_left_out_or_refused() -> None:
    """In any letter case, with any separators; twice is a fault, as is content below no header."""
    assert entries("Ort,Remark,sortOrder\nA,x,1\n", columns={"ort": "name", "REMARK": ""}) == [
        {"name": "A", "sort_order": 1}
    ]
    (unknown,) = faults("name,Remark\nA,x\n")
    assert unknown.startswith("f.csv, line 1, column 2: Remark is not a field of locations, which has id, name, ")
    assert faults("name,Ort\nA,x\n", columns={"Ort": "name"}) == ["f.csv, line 1, column 2: Ort is name, as name is"]
    assert faults("name,\nA,x\n") == ["f.csv, line 2, column 2: x stands below no header"]
    assert faults("name\nA,x\n", delimiter=",") == ["f.csv, line 2, column 2: x stands beyond the last header"]


def test_values_that_every_row_has_are_said_once() -> None:
    """For the section that has the field; if several have it, the section must be named."""
    assert entries("name\nA\nB\n", values={"parent": "P"}) == [
        {"name": "A", "parent": "P"},
        {"name": "B", "parent": "P"},
    ]
    with pytest.raises(OptionFault, match="cannot be the same in every row"):
        entries("name,parent\nA,B\n", values={"parent": "P"})
    assert faults("name\nA\n", values={"sort_order": "x"})[0].startswith(
        "f.csv, line 2 (sort_order): x is not a number"
    )


def test_a_folder_has_a_file_for_each_section(tmp_path: Path) -> None:
    """Other files are left alone; a file of no section, or two of one, are faults. The order is the document's."""
    (tmp_path / "Inventory.CSV").write_text("lot,quantity\nL,1\n")
    (tmp_path / "locations.csv").write_text("name\nA\n")
    for ignored in ("README.md", ".lots.csv", "~$lots.csv"):
        (tmp_path / ignored).write_text("x")
    document = json.loads(read_plant(tmp_path, CsvOptions(values={"opening_stock.location": "A"})).document())
    assert document == {"locations": [{"name": "A"}], "opening_stock": [{"lot": "L", "quantity": 1, "location": "A"}]}
    (tmp_path / "operations.csv").write_text("name\nO\n")
    with pytest.raises(OptionFault, match=r"operations, opening_stock: name one, operations\.location"):
        read_plant(tmp_path, CsvOptions(values={"location": "A"}))
    (tmp_path / "silos.csv").write_text("name\n")
    (tmp_path / "opening_stock.csv").write_text("lot\n")
    with pytest.raises(SpreadsheetFaults) as found:
        read_plant(tmp_path)
    assert [fault.cell.file for fault in found.value.faults] == ["opening_stock.csv", "silos.csv"]


def test_a_place_of_the_document_is_a_cell_of_a_file() -> None:
    """A column that is not there is named by its field."""
    tables = read_section("lots", b"Material,Name\n\nM,L\n", "f.csv", CsvOptions(values={"notes": "n"}))
    assert str(tables.cell_at("lots[0].name")) == "f.csv, line 3, column 2 (Name): L"
    assert str(tables.cell_at("lots[0].notes")) == "f.csv, line 3 (notes): n"
    assert str(tables.cell_at("lots[0].status")) == "f.csv, line 3 (status)"
    assert str(tables.cell_at("lots[0]")) == "f.csv, line 3"
    assert str(tables.cell_at("lots")) == "f.csv, line 1"
    assert tables.cell_at("locations[0].name") is None
    assert tables.cell_at("data") is None


@pytest.mark.parametrize(
    ("cell", "decimal", "value"),
    [
        ("1,5", ",", "1.5"),
        ("1.5", ".", "1.5"),
        ("007", ".", "7"),
        ("4000", ".", "4000"),
        ("0.050", ".", "0.050"),
        ("-0", ".", "0"),
        ("1,5e3", ",", "1500"),
        ("90000000001,099997", ",", "90000000001.099997"),
    ],
)
def test_a_number_keeps_its_digits(cell: str, decimal: str, value: str) -> None:
    """Zeros, decimals, all of them."""
    (entry,) = entries(f"lot;quantity\nL;{cell}\n", "opening_stock", decimal=decimal)
    assert Decimal(entry["quantity"]) == Decimal(value)


@pytest.mark.parametrize(
    "cell", ["1.234,5", "1 234", "1_000", "+1", ".5", "5.", "1e13", "0x10", "1'000", "\u0661", "nan"]
)
@pytest.mark.parametrize("decimal", [".", ","])
def test_what_is_not_a_number_is_not_guessed(cell: str, decimal: str) -> None:
    """The cell is named, with what was read there."""
    (fault,) = faults(f"lot;quantity\nL;{cell}\n", "opening_stock", decimal=decimal)
    assert fault.startswith(f"f.csv, line 2, column 2 (quantity): {cell} ")
    assert faults("lot;quantity\nL;1,5\n", "opening_stock") == [
        "f.csv, line 2, column 2 (quantity): 1,5 has a decimal comma; a decimal point is expected"
    ]


@pytest.mark.parametrize(
    ("cell", "form", "value"),
    [
        ("2039-12-31", None, "2039-12-31"),
        ("20391231", None, "2039-12-31"),
        ("2039-12-31T08:00:00+02:00", None, "2039-12-31T08:00:00+02:00"),
        ("31/12/2039", "%d/%m/%Y", "2039-12-31"),
        ("31.12.39 08:30", "%d.%m.%y %H:%M", "2039-12-31T08:30:00.000Z"),
    ],
)
def test_a_day_stays_a_day(cell: str, form: str | None, value: str) -> None:
    """What it means is the server's to say, who knows the plant's zone."""
    assert entries(f"name,expiration_date\nL,{cell}\n", "lots", dates=form) == [{"name": "L", "expiration_date": value}]


@pytest.mark.parametrize(
    ("cell", "form"),
    [("31/12/2039", None), ("2039-02-30", None), ("2039-12-31 08:00", None), ("12/31/2039", "%d/%m/%Y"), ("39", None)],
)
def test_a_date_is_not_guessed(cell: str, form: str | None) -> None:
    """Another form, or a day that there is not, is a fault of its cell."""
    (fault,) = faults(f"name,expiration_date\nL,{cell}\n", "lots", dates=form)
    assert fault.startswith(f"f.csv, line 2, column 2 (expiration_date): {cell} is not ")


def test_an_empty_cell_leaves_its_field_and_a_tilde_empties_it() -> None:
    """A hold is not undone by a cell that nobody filled in."""
    assert entries("name,notes,enabled,sort_order\nA,,,\nB,~,TRUE,~\n") == [
        {"name": "A"},
        {"name": "B", "notes": None, "enabled": True, "sort_order": None},
    ]


def test_a_cell_is_as_long_as_its_field_may_be() -> None:
    """Also beyond what Python's own reader takes; a longer one is a fault of that cell alone."""
    assert entries(f"name,notes\nA,{'x' * 4_000}\n")[0]["notes"] == "x" * 4_000
    (fault,) = faults(f"name,notes\nA,{'x' * 140_000}\nB,\n")
    assert fault.endswith("… has 140000 characters; no field takes more than 4000")
    assert entries(f"name,Remark\nA,{'x' * 140_000}\n", columns={"Remark": ""}) == [{"name": "A"}]


def test_a_hundred_faults_are_enough() -> None:
    """What follows is not looked at."""
    assert len(faults("name,sort_order\n" + "A,x\n" * 1_000)) == 100


@given(HOSTILE)
def test_a_text_comes_back_from_its_cell(text: str) -> None:
    """And no cell begins like a formula."""
    assert as_text(as_cell(text)) == text
    assert as_cell(text)[:1] not in {"=", "+", "-", "@"}


@given(st.lists(st.tuples(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1), HOSTILE)))
def test_a_document_comes_back_from_its_files(written: list[tuple[str, str]]) -> None:
    """Whatever stands in its names and notes."""
    from tempfile import TemporaryDirectory

    some = [{"name": name, "notes": notes, "sort_order": -3} if notes else {"name": name} for name, notes in written]
    document = json.dumps({"locations": some}).encode()
    with TemporaryDirectory() as folder:
        write_plant(document, Path(folder), include_lots=False)
        read = json.loads(read_plant(Path(folder)).document())
    assert read["locations"] == some
    assert [section for section, entries in read.items() if entries and section != "locations"] == []


@given(st.lists(st.lists(HOSTILE, min_size=2, max_size=2)), st.sampled_from(",;\t"))
def test_cells_are_read_as_pythons_writer_writes_them(rows: list[list[str]], delimiter: str) -> None:
    """Whatever stands between them, and in them."""
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter).writerows(
        [["name", "notes"], *([f"n{row[0]}", f"n{row[1]}"] for row in rows)]
    )
    read = entries(file.getvalue(), delimiter=delimiter)
    assert read == [{"name": f"n{row[0]}", "notes": f"n{row[1]}"} for row in rows]


@given(st.binary(max_size=80), st.sampled_from(["locations", "opening_stock", "lots"]))
def test_any_bytes_are_a_table_or_faults(data: bytes, section: str) -> None:
    """Never anything else."""
    with suppress(SpreadsheetFaults):
        json.loads(read_section(section, data, "f.csv").document())


@given(NUMBERS, st.booleans())
def test_client_and_server_read_the_same_numbers(text: str, may_be_negative: bool) -> None:
    """One rule, on both sides of the wire."""
    try:
        number_of_text(text, may_be_negative=may_be_negative)
    except NotANumber:
        assert number_fault(text, may_be_negative=may_be_negative) is not None
    else:
        assert number_fault(text, may_be_negative=may_be_negative) is None


def test_files_that_would_be_read_but_were_not_written_are_not_left_beside(tmp_path: Path) -> None:
    """An export without lots does not make a plant of an older export's lots."""
    write_plant(b"{}", tmp_path, include_lots=True)
    assert {path.stem for path in tmp_path.iterdir()} == set(COLUMNS)
    with pytest.raises(FileExistsError, match=r"lots\.csv"):
        write_plant(b"{}", tmp_path, include_lots=False)
