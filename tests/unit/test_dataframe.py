"""Messages as Arrow's columns."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.decimal_pb2 import Decimal as Text
from hypothesis import given, settings
from hypothesis import strategies as st
from lotkeeper import to_dict
from lotkeeper.dataframe import record_batches, schema, watch_batches
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as operations_pb
from lotkeeper.inventory.v1 import inventory_service_pb2 as inventory_pb
from lotkeeper.inventory.v1 import master_data_service_pb2 as master_data_pb
from lotkeeper.inventory.v1 import trace_service_pb2 as trace_pb
from lotkeeper.inventory.v1.inventory_lot_pb2 import InventoryLot
from lotkeeper.inventory.v1.inventory_lot_record_pb2 import InventoryLotRecord
from lotkeeper.inventory.v1.inventory_pb2 import Inventory, InventorySummary, UnconvertibleStock
from lotkeeper.inventory.v1.inventory_service_pb2 import WatchInventoryLotRecordsResponse
from lotkeeper.inventory.v1.master_data_pb2 import Location, Material, UnitOfMeasureConversion

COLUMNS = Path(__file__).with_name("dataframe_columns.txt")
SERVICES = (inventory_pb, master_data_pb, operations_pb, trace_pb)
MESSAGES = st.builds(
    InventoryLotRecord,
    id=st.text(),
    lot_record_type=st.sampled_from(enums_pb2.LotRecordType.values()),
    quantity=st.none() | st.integers(-(2**53), 2**53).map(lambda millionths: millionths / 1e6),
    start_date=st.none()
    | st.builds(Timestamp, seconds=st.integers(0, 253402300799), nanos=st.integers(0, 999_999_999)),
    duration=st.none() | st.integers(0, 2**63 - 1),
    enabled=st.none() | st.booleans(),
    notes=st.text(),
)


def table(*messages: Any) -> Any:
    """All of them."""
    return record_batches(messages).read_all()


def listed() -> dict[str, Any]:
    """The descriptor of whatever comes in pages, by name."""
    found = {}
    for module in SERVICES:
        for answer in module.DESCRIPTOR.message_types_by_name.values():
            if "next_page_token" in answer.fields_by_name:
                [item] = [field.message_type for field in answer.fields if field.is_repeated]
                found[item.name] = item
    return found


def test_the_columns_of_every_list_are_those_on_record_to_which_versions_only_add_at_the_end() -> None:
    text = ""
    for name, descriptor in sorted(listed().items()):
        columns = schema(descriptor._concrete_class)
        text += f"{name}\n" + "".join(f"  {column.name}: {column.type}\n" for column in columns)
    assert text == COLUMNS.read_text()


def test_every_field_is_a_column_and_an_exact_twin_is_that_of_the_field() -> None:
    for descriptor in listed().values():
        names = [field.name for field in descriptor.fields if not field.name.startswith("exact_")]
        assert schema(descriptor._concrete_class).names == names


@settings(deadline=None)
@given(MESSAGES)
def test_a_row_says_what_json_says(message: InventoryLotRecord) -> None:
    [row] = table(message).to_pylist()
    for value, (name, written) in zip(row.values(), to_dict(message).items(), strict=False):
        if isinstance(value, Decimal):
            assert float(value) == (written or 0.0)
        elif isinstance(value, datetime):
            assert value == datetime.fromisoformat(written)
        else:
            assert value == written, name


@settings(deadline=None)
@given(st.integers(-(2**63), 2**63 - 1))
def test_quantities_are_exact_whatever_the_double_says(millionths: int) -> None:
    exact = Decimal(millionths).scaleb(-6)
    read = table(Inventory(quantity=float(exact), exact_quantity=Text(value=f"{exact:f}")))["quantity"]
    assert read.type == pa.decimal128(19, 6)
    assert read.to_pylist() == [exact]


@settings(deadline=None)
@given(st.integers(-(10**15), 10**15))
def test_of_a_server_without_exact_texts_the_doubles_shortest_text_counts(millionths: int) -> None:
    assert table(Inventory(quantity=millionths / 1e6))["quantity"].to_pylist() == [Decimal(millionths).scaleb(-6)]


def test_sums_may_be_larger_than_any_quantity() -> None:
    parts = [UnconvertibleStock(exact_quantity=Text(value="0.5"), unit_of_measure_symbol="box")]
    sums = table(InventorySummary(exact_quantity=Text(value="123456789012345678.000001"), not_converted=parts))
    assert sums["quantity"].to_pylist() == [Decimal("123456789012345678.000001")]
    [[part]] = sums["not_converted"].to_pylist()
    assert (part["quantity"], part["unit_of_measure_symbol"], part["unit_of_measure_id"]) == (
        Decimal("0.5"),
        "box",
        None,
    )


def test_a_list_in_a_row_may_be_empty_and_each_row_has_its_own() -> None:
    rows = table(
        InventorySummary(not_converted=[UnconvertibleStock(quantity=1), UnconvertibleStock(quantity=2)]),
        InventorySummary(),
        InventorySummary(not_converted=[UnconvertibleStock(quantity=3)]),
    )
    assert [[part["quantity"] for part in parts] for parts in rows["not_converted"].to_pylist()] == [[1, 2], [], [3]]


def test_a_capacity_is_a_quantity_and_a_factor_keeps_its_digits() -> None:
    places = table(Location(storage_capacity=0.1), Location(storage_capacity=0), Location())
    assert places["storage_capacity"].to_pylist() == [Decimal("0.1"), 0, None]
    assert table(UnitOfMeasureConversion(factor=1e-9))["factor"].to_pylist() == [1e-9]


def test_times_are_cut_to_milliseconds_in_utc() -> None:
    stamp = Timestamp(seconds=1_700_000_000, nanos=123_999_999)
    [date] = table(InventoryLot(expiration_date=stamp))["expiration_date"].to_pylist()
    assert date == datetime.fromtimestamp(1_700_000_000.123, UTC)


def test_all_batches_have_the_same_names_and_unspecified_is_null() -> None:
    lots = [InventoryLot(status=status) for status in (0, 3, 6)]
    batches = list(record_batches(lots, batch_rows=1))
    assert [batch["status"].to_pylist() for batch in batches] == [[None], ["QA_HOLD"], ["CLOSED"]]
    names = ["OPEN", "AVAILABLE", "QA_HOLD", "EXPIRED", "SHIPPED", "CLOSED"]
    assert all(batch["status"].dictionary.to_pylist() == names for batch in batches)


def test_a_value_that_this_version_does_not_know_is_its_number() -> None:
    status = table(InventoryLot(status=99), InventoryLot(status=1), InventoryLot(status=98))["status"]  # type: ignore[arg-type]
    assert status.to_pylist() == ["99", "OPEN", "98"]
    assert status.chunk(0).dictionary.to_pylist()[-3:] == ["CLOSED", "98", "99"]


@pytest.mark.parametrize(("rows", "sizes"), [(0, []), (1, [1]), (4, [4]), (5, [4, 1]), (8, [4, 4])])
async def test_batches_are_full_but_for_the_last(rows: int, sizes: list[int]) -> None:
    async def on_asyncio() -> AsyncIterator[Inventory]:
        for row in stock:
            yield row

    stock = [Inventory(quantity=number) for number in range(rows)]
    batches = list(record_batches(stock, Inventory, batch_rows=4))
    awaited = [batch async for batch in record_batches(on_asyncio(), batch_rows=4)]
    assert [batch.num_rows for batch in batches] == sizes
    assert batches == awaited


def test_no_more_than_a_batch_is_in_memory() -> None:
    def stock() -> Iterator[Inventory]:
        for number in range(50_000):
            yield Inventory(location_id=f"L{number}", quantity=number)

    before = pa.total_allocated_bytes()
    most, rows = 0, 0
    for batch in record_batches(stock(), batch_rows=1_000):
        most, rows = max(most, pa.total_allocated_bytes() - before), rows + batch.num_rows
    assert rows == 50_000
    assert most < 1_000_000


def test_what_has_no_columns_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="Material is not a row of Inventory"):
        table(Inventory(), Material())
    with pytest.raises(TypeError, match="has no columns: its inventory_lot_record is a message"):
        table(WatchInventoryLotRecordsResponse())
    with pytest.raises(ValueError, match="give the message_class"):
        table()
    with pytest.raises(ValueError, match="batch_rows is not 1 or more"):
        record_batches([], Inventory, batch_rows=0)
    with pytest.raises(ValueError, match="batch_rows is not 1 or more"):
        watch_batches(iter([]), batch_rows=0)


def message(number: int) -> WatchInventoryLotRecordsResponse:
    """A message of a watch; of 0, a heartbeat."""
    record = InventoryLotRecord(version=number) if number else None
    return WatchInventoryLotRecordsResponse(inventory_lot_record=record, resume_token=f"{number}")


@pytest.mark.parametrize(
    ("numbers", "seconds", "batches"),
    [
        ([0, 0], 60, []),
        ([0, 1, 2, 3, 4, 5], 60, [([1, 2, 3], "3"), ([4, 5], "5")]),
        ([0, 1, 0, 0, 2, 3], 60, [([1], "0"), ([2, 3], "3")]),
        ([0, 1, 2], 0, [([1], "1"), ([2], "2")]),
    ],
    ids=["nothing but heartbeats", "full", "a heartbeat", "no waiting"],
)
async def test_what_is_watched_waits_for_a_full_batch_a_heartbeat_or_its_time(
    numbers: list[int], seconds: float, batches: list[tuple[list[int], str]]
) -> None:
    async def on_asyncio() -> AsyncIterator[WatchInventoryLotRecordsResponse]:
        for number in numbers:
            yield message(number)

    found = list(watch_batches(map(message, numbers), batch_rows=3, seconds=seconds))
    awaited = [one async for one in watch_batches(on_asyncio(), batch_rows=3, seconds=seconds)]
    assert [(one.records["version"].to_pylist(), one.resume_token) for one in found] == batches
    assert found == awaited


async def test_closing_the_batches_ends_the_watch() -> None:
    ended = []

    def watch() -> Iterator[WatchInventoryLotRecordsResponse]:
        try:
            while True:
                yield message(1)
        finally:
            ended.append("without")

    async def on_asyncio() -> AsyncIterator[WatchInventoryLotRecordsResponse]:
        try:
            while True:
                yield message(1)
        finally:
            ended.append("with")

    watched = watch()
    batches = watch_batches(watched, seconds=0)
    next(batches)
    batches.close()
    awaited = watch_batches(on_asyncio(), seconds=0)
    await anext(awaited)
    await awaited.aclose()
    assert ended == ["without", "with"]


def test_the_client_and_its_command_line_do_not_import_pyarrow() -> None:
    code = "import sys, lotkeeper, lotkeeper.cli.main; sys.exit('pyarrow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_pyarrow_the_error_says_what_to_install() -> None:
    code = "import sys; sys.modules['pyarrow'] = None; import lotkeeper.dataframe"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == (
        "ModuleNotFoundError: pyarrow is not installed; run: pip install 'lotkeeper[dataframe]'"
    )
