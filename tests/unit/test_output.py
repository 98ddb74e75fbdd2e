"""What the command line prints."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lotkeeper.cli.columns import date, quantity, text
from lotkeeper.cli.output import ROWS_MEASURED, Output
from lotkeeper.inventory.v1.inventory_pb2 import Inventory

COLUMNS = [text("LOT", "inventoryLotName"), quantity(), date("ARRIVED", "arrivedDate")]


def row(name: str) -> Inventory:
    """A row of 2.5 kg that arrived at the beginning of 2026."""
    made = Inventory(inventory_lot_name=name, quantity=2.5, unit_of_measure_symbol="kg")
    made.arrived_date.FromJsonString("2026-01-01T00:00:00Z")
    return made


def test_a_table_is_aligned_and_times_are_in_the_zone_that_is_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Local, or UTC; wide characters count twice."""
    monkeypatch.setenv("TZ", "UTC-01")
    import time

    time.tzset()
    Output(utc=True).many([row("牛奶"), row("A")], COLUMNS)
    assert capsys.readouterr().out.splitlines() == [
        "LOT   QUANTITY  ARRIVED",
        "牛奶    2.5 kg  2026-01-01 00:00:00Z",
        "A       2.5 kg  2026-01-01 00:00:00Z",
    ]
    Output().many([row("A")], COLUMNS)
    assert capsys.readouterr().out.splitlines()[1] == "A      2.5 kg  2026-01-01 01:00:00+0100"
    monkeypatch.undo()
    time.tzset()


def test_a_name_that_looks_like_a_time_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """Only dates are times."""
    Output().many([row("ABCD-TZ")], COLUMNS)
    assert "ABCD-TZ" in capsys.readouterr().out


@pytest.mark.parametrize("as_json", [True, False])
def test_large_results_stream(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """Rows are out while others have not come, and none is kept."""

    def endless() -> Iterator[Inventory]:
        for number in range(3 * ROWS_MEASURED):
            yield row(f"L{number}")
        raise ConnectionError

    with pytest.raises(ConnectionError):
        Output("json" if as_json else "table").many(endless(), COLUMNS)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 * ROWS_MEASURED + (not as_json)


def test_a_later_row_that_is_wider_is_shown_whole(capsys: pytest.CaptureFixture[str]) -> None:
    """Where no terminal limits it."""
    rows = [*(row("L") for _ in range(ROWS_MEASURED)), row("a much longer name")]
    Output(utc=True).many(rows, COLUMNS)
    assert capsys.readouterr().out.splitlines()[-1] == "a much longer name    2.5 kg  2026-01-01 00:00:00Z"


def test_no_rows_are_a_header(capsys: pytest.CaptureFixture[str]) -> None:
    """And no JSON at all."""
    Output(utc=True).many([], COLUMNS)
    Output("json").many([], COLUMNS)
    assert capsys.readouterr().out == "LOT  QUANTITY  ARRIVED\n"
