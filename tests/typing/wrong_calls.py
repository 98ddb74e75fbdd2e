"""Calls of the client that a type checker refuses: each line that ends in `# E: ...`, and no other."""

from datetime import datetime

from lotkeeper import AsyncClient, Client, actions, exactly
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1.inventory_lot_pb2 import InventoryLot


def without_asyncio(client: Client) -> None:
    """One fault each."""
    client.move("L", 5.0, source="Silo1")  # E: call-arg
    client.move("L", b"5", source="Silo1", destination="Silo2")  # E: arg-type
    client.move("L", 5.0, "Silo1", "Silo2")  # E: call-arg
    client.move("L", 5.0, source="Silo1", destination="Silo2", materiel="Milk")  # E: call-arg
    client.move("L", 5.0, source="Silo1", destination="Silo2", secondary_lot="M")  # E: call-arg
    client.produce(None, 1.0, destination="Silo1")  # E: arg-type
    client.split("L", 1.0, source="Silo1")  # E: call-arg
    client.merge("L", source="Silo1")  # E: call-arg
    client.edit_quantity("L", 0, location="Silo1")  # E: call-arg
    client.change_status("L", "QA_HOLD")  # E: arg-type
    client.change_status("L", enums_pb2.STATUS_IDLE)  # E: arg-type
    client.scrap_all("L", quantity=5.0, source="Silo1")  # E: call-arg
    client.consume("L", 5.0, source="Silo1", notes=5)  # E: arg-type
    client.execute_inventory_actions(actions.move("L", 5.0, source="A", destination="B"))  # E: arg-type
    client.import_master_data("a text", export_format=enums_pb2.EXPORT_FORMAT_JSON)  # E: arg-type
    client.import_master_data(b"{}")  # E: call-arg
    client.delete_location("Silo1", 3)  # E: call-arg
    client.list_terminal_lots("L")  # E: call-arg
    print(client.get_lot("L").no_such_field)  # E: attr-defined


def times_and_exact_answers(client: Client, moment: datetime) -> None:
    """One fault each."""
    client.consume("L", 5.0, source="Silo1", end_date=5)  # E: arg-type
    client.consume("L", 5.0, source="Silo1", end_date="2026-03-01")  # E: arg-type
    client.consume("L", 5.0, source="Silo1", end_date=moment.date())  # E: arg-type
    client.consume("L", 5.0, source="Silo1", end_date_millis=moment)  # E: arg-type
    client.consume("L", 5.0, source="Silo1", lot_expiration_date=moment)  # E: call-arg
    client.list_inventory(as_of_millis=moment)  # E: arg-type
    exactly("a text")  # E: call-overload
    print(exactly(client.get_lot("L")).exact_total_quantity)  # E: attr-defined
    print(exactly(client.get_lot("L")).expiration_date + 5)  # E: operator


def what_messages_are(client: Client) -> None:
    """One fault each."""
    [record] = client.consume("L", 5.0, source="Silo1")
    print(record.quantiti)  # E: attr-defined
    print(record.start_date.second)  # E: attr-defined
    print(record.exact_quantity.valu)  # E: attr-defined
    print(record.HasFeld("start_date"))  # E: attr-defined
    record.quantity = "5"  # E: assignment
    record.CopyFrom(client.get_lot("L"))  # E: arg-type
    print(client.execute_inventory_actions([]).inventory_lot_records[0].quantiti)  # E: attr-defined
    client.execute_inventory_actions([]).inventory_lot_records.append(5)  # E: arg-type
    for lot in client.list_lots():
        print(lot.nam)  # E: attr-defined
    InventoryLot(nam="L")  # E: call-arg
    InventoryLot(name=5)  # E: arg-type
    print(enums_pb2.LotStatus.Nam(1))  # E: attr-defined


async def on_asyncio(client: AsyncClient) -> None:
    """One fault each."""
    client.move("L", 5.0, source="Silo1", destination="Silo2").append(None)  # E: attr-defined
    list(client.list_inventory())  # E: call-overload
    await client.list_lots()  # E: misc
