"""Calls of the client that a type checker takes."""

from collections.abc import AsyncIterator, Iterator, Sequence
from decimal import Decimal
from pathlib import Path

from lotkeeper import AsyncClient, AsyncPages, Client, Pages, actions, decimal_of
from lotkeeper.dataframe import record_batches, schema, watch_batches
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1.inventory_action_pb2 import InventoryAction
from lotkeeper.inventory.v1.inventory_lot_pb2 import InventoryLot
from lotkeeper.inventory.v1.inventory_lot_record_pb2 import InventoryLotRecord
from lotkeeper.inventory.v1.inventory_pb2 import Inventory
from lotkeeper.inventory.v1.inventory_service_pb2 import WatchInventoryLotRecordsResponse
from lotkeeper.inventory.v1.master_data_pb2 import Location


def without_asyncio(client: Client, file: Path) -> None:
    """Every shape of call."""
    moved: Sequence[InventoryLotRecord] = client.move(
        "L-17", 5.0, material="Milk", unit="kg", source="Silo1", destination="Silo2"
    )
    [split] = client.split("L-17", 1, new_lot_name="L-18", source="Silo2", notes="a sample", request_id="once")
    client.consume(None, 5.0, source="Silo1", material="Milk", secondary_lot="C", create_lot_if_not_found=True)
    client.scrap_all(source="Silo1", material="Milk", validate_only=True)
    client.change_status(split.secondary_inventory_lot_id, enums_pb2.LOT_STATUS_QA_HOLD, timeout_seconds=1)
    client.produce("P", 2, destination="Silo1", production_order="O-1", increment_production_order_count=True)
    mixed: list[InventoryAction] = [
        actions.receive("L", 1.0, destination="Dock", secondary_lot="THEIRS", end_date_millis=1),
        actions.merge("KEPT", "GONE", source="Dock", secondary_material=None),
        actions.return_lot(None, 1.0, source="Dock", reason_code_id=None),
    ]
    records: Sequence[InventoryLotRecord] = client.execute_inventory_actions(mixed).inventory_lot_records
    stock: Iterator[Inventory] = client.list_inventory(as_of_millis=0, include_empty=True)
    location: Location = client.save_location(Location(name="Silo"), update_mask=["name"])
    client.delete_location(location.id, version=location.version)
    lot: InventoryLot = client.get_lot("L", material_id_or_path="Milk")
    client.delete_lot(lot.id)
    exact: Decimal = client.convert_quantity("0.1", from_unit_of_measure_symbol="kg", to_unit_of_measure_symbol="l")
    client.edit_quantity("L", Decimal("-0.5"), source="Silo1", material="Milk")
    for total in client.summarize_inventory(
        [enums_pb2.INVENTORY_GROUP_BY_LOT], include_children=True, location_id_or_path="S"
    ):
        exact += decimal_of(total.exact_quantity)
    litres: float = client.convert_quantity(1, from_unit_of_measure_symbol="kg", to_unit_of_measure_symbol="l")
    with file.open("rb") as pieces:
        client.import_inventory_operations(pieces, export_format=enums_pb2.EXPORT_FORMAT_CSV)
    client.import_master_data(file.read_bytes(), export_format=enums_pb2.EXPORT_FORMAT_YAML)
    document: Iterator[bytes] = client.export_master_data(export_format=enums_pb2.EXPORT_FORMAT_YAML)
    watched = client.watch_inventory_lot_records(from_beginning=True)
    first: WatchInventoryLotRecordsResponse = next(watched)
    watched.close()
    lots: Pages[InventoryLot] = client.list_lots()
    for batch in record_batches(lots, batch_rows=100):
        print(batch.num_rows, record_batches([split], InventoryLotRecord).read_all(), schema(Inventory).names)
    for watched_batch in watch_batches(client.watch_inventory_lot_records(), seconds=0.5):
        token: str = watched_batch.resume_token
        print(watched_batch.records.num_rows, token)
    print(moved, records, stock, litres, document, first)


async def on_asyncio(client: AsyncClient, pieces: AsyncIterator[bytes]) -> None:
    """The same, awaited."""
    moved: Sequence[InventoryLotRecord] = await client.move("L", 5.0, source="Silo1", destination="Silo2")
    stock: AsyncIterator[Inventory] = client.list_inventory()
    async for row in client.list_inventory():
        quantity: float = row.quantity
        print(quantity)
    await client.import_master_data(pieces, export_format=enums_pb2.EXPORT_FORMAT_JSON)
    await client.import_master_data([b"{}"], export_format=enums_pb2.EXPORT_FORMAT_JSON)
    watched = client.watch_inventory_lot_records()
    async for message in watched:
        print(message.inventory_lot_record.id, message.resume_token)
    await watched.aclose()
    lots: AsyncPages[InventoryLot] = client.list_lots()
    async for batch in record_batches(lots):
        print(batch.num_rows)
    async for records, token in watch_batches(client.watch_inventory_lot_records()):
        print(records.num_rows, token)
    print(moved, stock)
