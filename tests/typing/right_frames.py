"""Calls of `lotkeeper.dataframe` that a type checker takes."""

from lotkeeper import AsyncClient, Client
from lotkeeper.dataframe import record_batches, schema, watch_batches
from lotkeeper.inventory.v1.inventory_lot_record_pb2 import InventoryLotRecord
from lotkeeper.inventory.v1.inventory_pb2 import Inventory


def without_asyncio(client: Client, record: InventoryLotRecord) -> None:
    """Lists, records and a watch."""
    for batch in record_batches(client.list_lots(), batch_rows=100):
        print(batch.num_rows, record_batches([record], InventoryLotRecord).read_all(), schema(Inventory).names)
    for watched_batch in watch_batches(client.watch_inventory_lot_records(), seconds=0.5):
        token: str = watched_batch.resume_token
        print(watched_batch.records.num_rows, token)


async def on_asyncio(client: AsyncClient) -> None:
    """The same, awaited."""
    async for batch in record_batches(client.list_lots()):
        print(batch.num_rows)
    async for records, token in watch_batches(client.watch_inventory_lot_records()):
        print(records.num_rows, token)
