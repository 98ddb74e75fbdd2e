"""Calls of the client that a type checker refuses: each line that ends in `# E: ...`, and no other."""

from lotkeeper import AsyncClient, Client, actions
from lotkeeper.dataframe import record_batches, watch_batches
from lotkeeper.inventory.v1 import enums_pb2


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
    record_batches(client.list_lots(), batch_size=10)  # E: call-overload
    watch_batches(client.list_lots())  # E: arg-type


async def on_asyncio(client: AsyncClient) -> None:
    """One fault each."""
    client.move("L", 5.0, source="Silo1", destination="Silo2").append(None)  # E: attr-defined
    for row in client.list_inventory():  # E: attr-defined
        print(row)
    await client.list_lots()  # E: misc
