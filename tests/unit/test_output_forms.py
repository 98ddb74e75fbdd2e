"""YAML that every reader understands, tables that fit a terminal and cut nothing, and what is said of a refusal."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import grpc
import pytest
import yaml
from google.protobuf.timestamp_pb2 import Timestamp
from google.type import decimal_pb2
from hypothesis import given, settings
from hypothesis import strategies as st
from lotkeeper import FailedPrecondition, FieldViolation
from lotkeeper.cli.columns import Amount, Column, Kind, columns_of, key, number, quantity, text
from lotkeeper.cli.fitting import fit, width_of, wrapped
from lotkeeper.cli.output import Output
from lotkeeper.cli.refusing import refusal_of, refuse, without_path
from lotkeeper.cli.table import Table
from lotkeeper.cli.yaml_text import item_lines, yaml_lines
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1.inventory_lot_pb2 import InventoryLot
from lotkeeper.inventory.v1.inventory_pb2 import InventorySummary
from lotkeeper.progress import Progress

TEXTS = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ["yes", "No", "null", "~", "1e3", "12:30", "0x1F", "- a", "a: b", "a #b", "2026-03-01", "\U000e0041\u202e", "=", ""]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=12
)
NAMES = st.text(st.characters(categories=["L", "N"]) | st.sampled_from("/ -"), min_size=1, max_size=60).map(
    lambda name: re.sub(" +", " ", name).strip() or "x"
)
ID = "01JPAND53P-BZ61RZHZ-V7C6EEHG"


@settings(deadline=None)
@given(VALUES)
def test_yaml_is_read_as_what_was_written(value: Any) -> None:
    """By a reader of YAML 1.1, the stricter of both: no text is taken for a number, a flag, a time."""
    assert yaml.safe_load("\n".join(yaml_lines(value))) == value


@given(st.lists(VALUES, min_size=1, max_size=3))
def test_items_of_yaml_are_one_sequence(values: list[Any]) -> None:
    """However many are written after one another."""
    assert yaml.safe_load("\n".join(line for value in values for line in item_lines(value))) == values


@given(NAMES, st.integers(1, 40))
def test_wrapping_loses_nothing_but_spaces_at_ends_of_lines(name: str, width: int) -> None:
    """And no line is wider, unless one character is."""
    lines = wrapped(name, width)
    assert "".join(lines).replace(" ", "") == name.replace(" ", "")
    assert all(width_of(line) <= max(width, 2) for line in lines)


@given(
    st.lists(st.tuples(NAMES, NAMES, st.decimals(-(10**9), 10**9, places=6)), min_size=1, max_size=5),
    st.integers(30, 170),
)
def test_no_id_or_quantity_is_cut_and_no_line_is_wider_than_the_terminal(
    rows: list[tuple[str, str, Any]], screen: int
) -> None:
    """What has no room is left out, and told; what is always shown may make a line longer where nothing else helps."""
    columns = [key("ID", "id"), text("PATH", "path"), quantity(), text("NAME", "name", rank=2)]
    values = [[ID, path, Amount(f"{amount:f}", "kg"), name] for path, name, amount in rows]
    table = Table(columns, str, screen)
    table.measure(values)
    lines = [line for row in values for line in table.lines(row)]
    shown = "\n".join(lines)
    assert shown.count(ID) == len(rows)
    assert all(str(row[2]) in shown for row in values)
    assert all(
        width_of(line) <= max(screen, width_of(ID) + 2 + len("-1000000000.000000 kg"))
        for line in [table.titles(), *lines]
    )
    assert {"ID", "QUANTITY"} & set(table.left_out()) == set()
    for place, title in ((1, "PATH"), (3, "NAME")):
        assert (title in table.titles()) == (title not in table.left_out())
        if title not in table.left_out() and len(table.left_out()) == 1 and len(rows) == 1:
            assert str(values[0][place])[:1] in shown


def test_columns_without_a_value_go_first_then_the_highest_rank() -> None:
    """Of one rank the rightmost."""
    columns = [key("ID", "id"), text("A", "a"), text("B", "b", rank=2), text("C", "c", rank=2), text("D", "d")]
    cells = [["ID", ID], ["A", "a" * 10], ["B", "b" * 10], ["C", "c" * 10], ["D", ""]]
    assert list(fit(columns, cells, 70).places) == [0, 1, 2, 3, 4]
    assert list(fit(columns, cells, 64).places) == [0, 1, 2, 3]
    assert list(fit(columns, cells, 52).places) == [0, 1, 2]
    assert list(fit(columns, cells, 10).places) == [0]


def test_numbers_stand_to_the_right_and_units_beside_them(capsys: pytest.CaptureFixture[str]) -> None:
    """With every digit."""
    rows = [InventorySummary(unit_of_measure_symbol=unit) for unit in ("kg", "pcs", "")]
    for row, exact in zip(rows, ("0.000001", "123456789012.5", "7"), strict=True):
        row.exact_quantity.value = exact
    Output().many(rows, [quantity(), number("ROWS", "rows")])
    assert capsys.readouterr().out.splitlines() == [
        "          QUANTITY  ROWS",
        "      0.000001 kg      0",
        "123456789012.5 pcs     0",
        "             7         0",
    ]


def lot() -> InventoryLot:
    """A lot with a name that a spreadsheet would run."""
    return InventoryLot(
        id=ID,
        name="=1+1",
        status=enums_pb2.LOT_STATUS_OPEN,
        total_quantity=-0.5,
        exact_total_quantity=decimal_pb2.Decimal(value="-0.5"),
        expiration_date=Timestamp(seconds=1_772_323_200),
        notes='a "b"\nc',
    )


def test_csv_has_the_fields_of_the_contract_and_no_formula(capsys: pytest.CaptureFixture[str]) -> None:
    """A quantity is one column, exact, and may be below zero."""
    Output("csv").many([lot()], [])
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (row["id"], row["name"], row["status"], row["total_quantity"]) == (ID, "'=1+1", "OPEN", "-0.5")
    assert (row["expiration_date"], row["closed_date"], row["notes"]) == ("2026-03-01T00:00:00Z", "", 'a "b"\nc')
    assert len(row) == len(columns_of(InventoryLot.DESCRIPTOR)) == len(InventoryLot.DESCRIPTOR.fields) - 1


@pytest.mark.parametrize("form", ["json", "yaml", "csv", "table"])
def test_columns_are_chosen_by_title_or_by_any_field(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In any letter case, in every form, of lists and of one thing."""
    output = Output(form, columns=("NAME", "total_quantity", "expirationDate"), utc=True)
    output.many([lot()], [text("NAME", "name")])
    shown = capsys.readouterr().out
    row = {"name": "=1+1", "totalQuantity": -0.5, "expirationDate": "2026-03-01T00:00:00Z"}
    if form == "json":
        assert json.loads(shown) == row
    elif form == "yaml":
        assert yaml.safe_load(shown) == [row]
    else:
        assert [re.split(r" {2,}|,", line) for line in shown.splitlines()] == {
            "csv": [["name", "total_quantity", "expiration_date"], ["'=1+1", "-0.5", "2026-03-01T00:00:00Z"]],
            "table": [["NAME", "TOTAL_QUANTITY", "EXPIRATION_DATE"], ["=1+1", "-0.5", "2026-03-01 00:00:00Z"]],
        }[form]
    output.one(lot())
    assert "=1+1" in capsys.readouterr().out


def test_nothing_is_an_empty_list_in_every_form(capsys: pytest.CaptureFixture[str]) -> None:
    """And titles, unless they are not wanted."""
    shown = []
    for form in ("json", "yaml", "csv", "table"):
        for headers in (True, False):
            Output(form, headers=headers, columns=("id",)).many([], [], InventoryLot)
            shown.append(capsys.readouterr().out)
    assert shown == ["", "", "[]\n", "[]\n", "id\n", "", "ID\n", ""]


REFUSAL = FailedPrecondition(
    grpc.StatusCode.FAILED_PRECONDITION,
    "actions[0].quantity is too much",
    reason="INSUFFICIENT_INVENTORY",
    metadata={"index": "0", "available": "5"},
    field_violations=(
        FieldViolation("actions[0].quantity", "actions[0].quantity is too much", "INSUFFICIENT_INVENTORY"),
    ),
    retry_after_seconds=1.5,
)


@pytest.mark.parametrize(("form", "load"), [("json", json.loads), ("yaml", yaml.safe_load)])
def test_a_refusal_is_an_object_for_programs(form: str, load: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error, with all that the server said."""
    with pytest.raises(SystemExit) as ended:
        refuse(REFUSAL, 1, Output(form))
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (1, "")
    assert load(err) == {
        "code": "FAILED_PRECONDITION",
        "reason": "INSUFFICIENT_INVENTORY",
        "message": "actions[0].quantity is too much",
        "metadata": {"index": "0", "available": "5"},
        "fields": [
            {
                "field": "actions[0].quantity",
                "description": "actions[0].quantity is too much",
                "reason": "INSUFFICIENT_INVENTORY",
            }
        ],
        "retryAfterSeconds": 1.5,
    }


def test_a_refusal_of_the_only_action_does_not_count() -> None:
    """Neither in its text, nor in its fields, nor in its metadata."""
    refusal = refusal_of(without_path(REFUSAL))
    assert refusal["message"] == "quantity is too much"
    assert refusal["metadata"] == {"available": "5"}
    assert refusal["fields"] == [
        {"field": "quantity", "description": "quantity is too much", "reason": "INSUFFICIENT_INVENTORY"}
    ]


def test_a_bar_says_what_how_much_and_how_long() -> None:
    """With a share only where the whole is known."""
    shown = Progress("sending", 4_000, "bytes")
    shown.done = 1_000
    assert shown.line(3.4) == f"sending  [{'#' * 6}{'-' * 18}]   25%  1,000 of 4,000 bytes  3 s"
    shown.say("checking and writing")
    assert shown.line(4) == "checking and writing  4 s"
    shown = Progress("reading", unit="rows")
    shown.done = 12_345
    assert shown.line(2) == "reading  12,345 rows  2 s"


def test_kinds_of_columns_follow_from_fields() -> None:
    """Ids stand on one line, texts wrap, numbers stand to the right."""
    kinds = {column.name: column.kind for column in columns_of(InventoryLot.DESCRIPTOR)}
    assert (kinds["id"], kinds["materialId"], kinds["status"]) == (Kind.WHOLE,) * 3
    assert (kinds["name"], kinds["notes"]) == (Kind.TEXT,) * 2
    assert (kinds["totalQuantity"], kinds["version"]) == (Kind.NUMBER,) * 2
    assert isinstance(columns_of(InventoryLot.DESCRIPTOR)[0], Column)
