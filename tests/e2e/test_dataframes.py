"""Lists and watches of a real server as columns, and what pandas, Polars and Parquet make of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from decimal import Decimal
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from lotkeeper import AsyncClient, Client, NotFound, Unavailable, actions, dataframe
from lotkeeper.inventory.v1.inventory_lot_record_pb2 import InventoryLotRecord
from lotkeeper.inventory.v1.inventory_pb2 import Inventory

from tests.frames_at_size import read_records, served_records
from tests.plants import ServedPlant
from tests.server_process import ServerProcess

RECORDS = 2_500


def receive(plant: ServedPlant, count: int) -> list[InventoryLotRecord]:
    """Records of 0.1, 0.2, ... kilogram in the silo, each in a lot of its own."""
    wanted = [
        actions.receive(
            f"{plant.prefix} {number}",
            number / 10,
            material=plant.milk.id,
            destination=plant.silo.id,
            create_lot_if_not_found=True,
        )
        for number in range(1, count + 1)
    ]
    written: list[InventoryLotRecord] = []
    for start in range(0, count, 1_000):
        written += plant.client.execute_inventory_actions(wanted[start : start + 1_000]).inventory_lot_records
    return written


@pytest.fixture(scope="module")
def silo(server: ServerProcess) -> Iterator[str]:
    """The ULID of a silo with more records than two pages hold."""
    with Client(server.address, token=server.token) as client:
        plant = ServedPlant(client)
        receive(plant, RECORDS)
        yield plant.silo.id


def test_a_list_is_a_reader_of_all_of_it(client: Client, silo: str) -> None:
    expected = list(client.list_inventory_lot_records(location_id_or_path=silo, page_size=1_000))
    table = dataframe.record_batches(client.list_inventory_lot_records(location_id_or_path=silo)).read_all()
    assert table.num_rows == RECORDS
    assert table["id"].to_pylist() == [record.id for record in expected]
    assert table["quantity"].to_pylist() == [Decimal(number) / 10 for number in range(RECORDS, 0, -1)]
    ends = [record.end_date.ToDatetime(UTC) for record in expected]
    assert table["end_date"].to_pylist() == ends
    assert set(table["lot_record_type"].to_pylist()) == {"RECEIVE"}


async def test_on_asyncio_the_batches_are_the_same(client: Client, server: ServerProcess, silo: str) -> None:
    expected = list(dataframe.record_batches(client.list_inventory(location_id_or_path=silo), batch_rows=700))
    async with AsyncClient(server.address, token=server.token) as own:
        stock = own.list_inventory(location_id_or_path=silo)
        found = [batch async for batch in dataframe.record_batches(stock, batch_rows=700)]
    assert [batch.num_rows for batch in found] == [700, 700, 700, 400]
    assert found == expected


async def test_an_empty_list_has_its_columns(client: Client, server: ServerProcess) -> None:
    empty = ServedPlant(client).silo.id
    reader = dataframe.record_batches(client.list_inventory(location_id_or_path=empty))
    assert reader.schema == dataframe.schema(Inventory)
    assert reader.read_all().num_rows == 0
    assert pl.DataFrame(client.list_inventory(location_id_or_path=empty)).columns == dataframe.schema(Inventory).names
    async with AsyncClient(server.address, token=server.token) as own:
        stock = own.list_inventory(location_id_or_path=empty)
        assert [batch async for batch in dataframe.record_batches(stock)] == []


def test_polars_and_pandas_take_a_list_as_it_is(client: Client, silo: str) -> None:
    polars = pl.DataFrame(client.list_inventory(location_id_or_path=silo))
    assert polars.schema["quantity"] == pl.Decimal(19, 6)
    assert polars.schema["arrived_date"] == pl.Datetime("ms", "UTC")
    assert polars["quantity"].sum() == Decimal(RECORDS * (RECORDS + 1)) / 20
    pandas = pd.DataFrame.from_arrow(client.list_inventory(location_id_or_path=silo))
    assert pandas["quantity"].sum() == Decimal(RECORDS * (RECORDS + 1)) / 20
    assert str(pandas["arrived_date"].dtype) == "datetime64[ms, UTC]"
    assert list(pandas["lot_status"].unique()) == ["OPEN"]
    assert pa.table(client.list_inventory(location_id_or_path=silo)).num_rows == RECORDS


def test_a_file_has_every_record_once_whatever_batches_it_was_written_in(
    client: Client, silo: str, tmp_path: Path
) -> None:
    records = dataframe.record_batches(client.list_inventory_lot_records(location_id_or_path=silo), batch_rows=999)
    with pq.ParquetWriter(tmp_path / "records.parquet", records.schema) as file:
        for batch in records:
            file.write_batch(batch)
    read = pq.read_table(tmp_path / "records.parquet")
    whole = dataframe.record_batches(client.list_inventory_lot_records(location_id_or_path=silo)).read_all()
    assert read.schema.equals(whole.schema)
    assert read.combine_chunks().equals(whole.combine_chunks())


def test_what_a_call_wrote_is_a_frame(client: Client) -> None:
    plant = ServedPlant(client)
    receive(plant, 1)
    [record] = client.scrap(f"{plant.prefix} 1", 0.05, material=plant.milk.id, source=plant.silo.id)
    [row] = dataframe.record_batches([record]).read_all().to_pylist()
    assert (row["id"], row["source_quantity_change"]) == (record.id, Decimal("-0.05"))


async def test_a_watch_comes_in_batches_and_goes_on_after_any_of_them(client: Client, server: ServerProcess) -> None:
    plant = ServedPlant(client)
    written = [record.id for record in receive(plant, 10)]
    batches = dataframe.watch_batches(
        client.watch_inventory_lot_records(from_beginning=True, location_id_or_path=plant.silo.id),
        batch_rows=4,
        seconds=60,
    )
    first = next(batches)
    assert first.records.schema == dataframe.schema(InventoryLotRecord)
    assert first.records["id"].to_pylist() == written[:4]
    batches.close()
    async with AsyncClient(server.address, token=server.token) as own:
        watch = own.watch_inventory_lot_records(resume_token=first.resume_token, location_id_or_path=plant.silo.id)
        resumed = dataframe.watch_batches(watch, batch_rows=3, seconds=60)
        following = [await anext(resumed), await anext(resumed)]
        await resumed.aclose()
    assert [one.records["id"].to_pylist() for one in following] == [written[4:7], written[7:]]


@pytest.mark.slow
def test_what_is_watched_comes_with_the_next_heartbeat_at_the_latest(client: Client) -> None:
    plant = ServedPlant(client)
    [written] = receive(plant, 1)
    watch = client.watch_inventory_lot_records(from_beginning=True, location_id_or_path=plant.silo.id)
    batches = dataframe.watch_batches(watch, seconds=60)
    assert next(batches).records["id"].to_pylist() == [written.id]
    batches.close()


async def test_what_a_call_raises_comes_out_of_the_reader(client: Client, server: ServerProcess) -> None:
    reader = dataframe.record_batches(client.list_inventory(location_id_or_path="Nowhere"))
    with pytest.raises(NotFound):
        reader.read_all()
    with pytest.raises(pl.exceptions.PolarsError, match="Nowhere"):
        pl.DataFrame(client.list_inventory(location_id_or_path="Nowhere"))
    async with AsyncClient(server.address, token=server.token) as own:
        with pytest.raises(NotFound):
            await anext(dataframe.record_batches(own.list_inventory(location_id_or_path="Nowhere")))


def test_a_server_that_goes_away_ends_the_reader_and_never_as_if_it_were_whole(own_server: ServerProcess) -> None:
    with Client(own_server.address, token=own_server.token, timeout_seconds=3) as client:
        receive(ServedPlant(client), RECORDS)
        reader = dataframe.record_batches(client.list_inventory_lot_records(), batch_rows=500)
        assert reader.read_next_batch().num_rows == 500
        own_server.kill()
        with pytest.raises(Unavailable):
            reader.read_all()


@pytest.mark.slow
def test_what_a_list_needs_of_memory_does_not_grow_with_it(tmp_path: Path) -> None:
    """`python -m tests.frames_at_size` reads 1,000,000 records the same way."""
    with served_records(tmp_path, 60_000) as (address, token):
        few, many = (read_records(address, token, rows) for rows in (20_000, 60_000))
    assert (few.rows, many.rows) == (20_000, 60_000)
    assert many.peak_kibibytes - few.peak_kibibytes < 16 * 1024
