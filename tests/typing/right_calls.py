"""Calls of the client that a type checker takes."""

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from lotkeeper import (
    AsyncClient,
    AsyncPages,
    Client,
    FieldReason,
    LotkeeperError,
    Pages,
    Reason,
    actions,
    decimal_of,
    exact,
    exactly,
    millis_of,
    timestamp_of,
    to_json,
)
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
    print(moved, records, stock, litres, document, first, lots)


def times_and_exact_answers(client: Client, moment: datetime) -> Sequence[exact.InventoryLotRecord]:
    """Datetimes in, datetimes and decimals out."""
    day_before = moment - timedelta(days=1)
    client.consume("L", 1, source="S", start_date=day_before, end_date=moment, material="M")
    client.receive("L", 1, destination="S", lot_expiration_date=moment, end_date_millis=millis_of(moment))
    client.execute_inventory_operation("O", "L", 1.0, end_date=moment, lot_expiration_date=None)
    client.start_inventory_operation("O", start_date=moment)
    client.stop_inventory_operation("O", 1, end_date=moment)
    client.save_lot(InventoryLot(name="L", expiration_date=timestamp_of(moment)))
    total = Decimal(0)
    for record in map(exactly, client.list_inventory_lot_records(start_date=day_before, end_date=moment)):
        lasted: timedelta | None = record.duration
        total += record.quantity
        print(record.end_date.isoformat() if record.end_date else "RUNNING", lasted)
    expiring: list[datetime | None] = [
        exactly(lot).expiration_date for lot in client.list_lots(expiring_before=datetime.now(UTC))
    ]
    stock: dict[str, Decimal] = {
        row.location_path: exactly(row).quantity for row in client.list_inventory(as_of=day_before)
    }
    graph: exact.GetLotTraceGraphResponse = exactly(client.get_lot_trace_graph("L"))
    for edge in graph.edges:
        total += edge.quantity
    room: Decimal | None = exactly(client.check_location_has_capacity("S", 1, unit_of_measure_symbol="kg")).free
    print(expiring, stock, room, total)
    return [exactly(record) for record in client.consume("L", 1, source="S")]


def what_messages_are(client: Client) -> bytes:
    """Their fields, and what all of them have."""
    lot = InventoryLot()
    lot.CopyFrom(client.get_lot("L"))
    seconds: int = lot.expiration_date.seconds if lot.HasField("expiration_date") else 0
    status: str = enums_pb2.LotStatus.Name(lot.status)
    held: enums_pb2.LotStatus.ValueType = enums_pb2.LotStatus.Value("LOT_STATUS_QA_HOLD")
    done = client.execute_inventory_actions([])
    first: InventoryLotRecord = done.inventory_lot_records[0]
    places: list[int] = list(done.action_indexes)
    text: str = first.exact_quantity.value
    read: InventoryLot = InventoryLot.FromString(lot.SerializeToString(deterministic=True))
    print(seconds, status, held, places, text, to_json(read))
    return read.SerializeToString()


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
    print(moved, stock, lots)


def what_was_refused(error: LotkeeperError) -> str:
    """A reason is a text, and compared with names; also one that the client does not know."""
    match error.reason:
        case Reason.LOT_NOT_FOUND | Reason.MATERIAL_NOT_FOUND:
            return error.metadata["name"]
        case "A_REASON_OF_A_NEWER_SERVER":
            return error.message
        case _:
            wrong: list[str] = [one.field for one in error.field_violations if one.reason == FieldReason.REQUIRED]
            return wrong[0] if error.reason == Reason.INVALID_ARGUMENT else error.reason
