"""A day of a caller with the client of an earlier version: it is run by that client, and prints what it was told.

    python -P tests/story_of_before.py ADDRESS CLIENT

CLIENT is the folder from which `lotkeeper` must have been imported. All that it uses, the client of then had.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import lotkeeper
from lotkeeper import Client, LotkeeperError, to_dict
from lotkeeper.inventory.v1 import enums_pb2, inventory_operation_pb2, master_data_pb2


def _refused(what: Any, *arguments: Any, **more: Any) -> LotkeeperError:
    try:
        what(*arguments, **more)
    except LotkeeperError as error:
        return error
    raise AssertionError("it was not refused")


def _told(error: LotkeeperError) -> list[Any]:
    return [type(error).__name__, str(error.reason)]


def main() -> None:
    """Prints one object."""
    address, client_folder = sys.argv[1:]
    assert lotkeeper.__file__.startswith(client_folder), lotkeeper.__file__
    told: dict[str, Any] = {}
    with Client(address) as client:
        kg = client.save_unit_of_measure(master_data_pb2.UnitOfMeasure(name="Old kilogram", symbol="oldkg"))
        milk = client.save_material(master_data_pb2.Material(name="Old milk", unit_of_measure_id=kg.id))
        tank = master_data_pb2.Location(name="Old silo", storage_capacity=10, storage_capacity_unit_id=kg.id)
        silo = client.save_location(tank)
        ids = {}
        for kind, place in (("RECEIVE", "destination_location_id"), ("CONSUME", "source_location_id")):
            operation = inventory_operation_pb2.InventoryOperation(
                name=f"Old {kind}",
                operation_type=enums_pb2.InventoryOperationType.Value(f"INVENTORY_OPERATION_TYPE_{kind}"),
                material_id=milk.id,
                primary_lot_resolution_strategy=enums_pb2.LOT_RESOLUTION_STRATEGY_MANUAL,
                create_lot_if_not_found=True,
                **{place: silo.id},
            )
            ids[kind] = client.save_inventory_operation(operation).id
        execute = client.execute_inventory_operation
        received = execute(ids["RECEIVE"], "OLD-1", 8, request_id="old-1")
        told["received"] = received.exact_quantity.value
        told["repeated"] = execute(ids["RECEIVE"], "OLD-1", 8, request_id="old-1").id == received.id
        consumed = execute(ids["CONSUME"], "OLD-1", 2.5)
        client.reverse_inventory_lot_record(consumed.id)
        rows = client.list_inventory(location_id_or_path=silo.id)
        told["stock"] = {row.inventory_lot_name: row.quantity for row in rows}
        records = client.list_inventory_lot_records(location_id_or_path=silo.id, oldest_first=True)
        names = enums_pb2.LotRecordType
        told["kinds"] = [names.Name(one.lot_record_type).removeprefix("LOT_RECORD_TYPE_") for one in records]
        for message in client.watch_inventory_lot_records(from_beginning=True, inventory_operation_id=ids["RECEIVE"]):
            if message.HasField("inventory_lot_record"):
                told["watched"] = message.inventory_lot_record.id == received.id
                break
        short = _refused(execute, ids["CONSUME"], "OLD-1", 9)
        told["short"] = [*_told(short), short.metadata["available"]]
        wrong = _refused(execute, ids["CONSUME"], "OLD-1", -1)
        told["wrong"] = [*_told(wrong), [one.field for one in wrong.field_violations]]
        told["unknown"] = _told(_refused(client.get_lot, "NO-SUCH", material_id_or_path=milk.id))
        told["reused"] = _told(_refused(execute, ids["RECEIVE"], "OLD-1", 7, request_id="old-1"))
        room = client.check_location_has_capacity(silo.id, 1, unit_of_measure_id=kg.id)
        told["capacity"] = room.capacity
        told["json"] = {key: value for key, value in to_dict(room).items() if key in {"capacity", "hasCapacity"}}
        graph = client.get_lot_trace_graph("OLD-1", material_id_or_path=milk.id)
        told["traced"] = [node.inventory_lot_name for node in graph.nodes]
    print(json.dumps(told))


if __name__ == "__main__":
    main()
