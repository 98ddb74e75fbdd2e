"""A small plant of one's own, made through the API: names begin with a prefix, so that tests do not meet."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from lotkeeper import Client
from lotkeeper.inventory.v1 import enums_pb2, inventory_lot_pb2, inventory_operation_pb2, master_data_pb2

_numbers = itertools.count(1)


def operation_type(name: str) -> Any:
    """CONSUME as the contract has it."""
    return enums_pb2.InventoryOperationType.Value(f"INVENTORY_OPERATION_TYPE_{name}")


@dataclass
class ServedPlant:
    """Kilogram, milk and a silo on a server, and whatever a test adds."""

    client: Client
    prefix: str = ""

    def __post_init__(self) -> None:
        self.prefix = self.prefix or f"P{next(_numbers)}"
        self.kg = self.client.save_unit_of_measure(
            master_data_pb2.UnitOfMeasure(name=f"{self.prefix} kilogram", symbol=f"{self.prefix}kg")
        )
        self.milk = self.material("Milk")
        self.silo = self.location("Silo")

    def material(self, name: str, **more: Any) -> master_data_pb2.Material:
        """A material in kilogram."""
        values = {"name": f"{self.prefix} {name}", "unit_of_measure_id": self.kg.id} | more
        return self.client.save_material(master_data_pb2.Material(**values))

    def location(self, name: str, **more: Any) -> master_data_pb2.Location:
        """A location at the root."""
        return self.client.save_location(master_data_pb2.Location(name=f"{self.prefix} {name}", **more))

    def lot(self, name: str, **more: Any) -> inventory_lot_pb2.InventoryLot:
        """A lot of milk."""
        values = {"name": name, "material_id": self.milk.id} | more
        return self.client.save_lot(inventory_lot_pb2.InventoryLot(**values))

    def operation(self, kind: str, **more: Any) -> inventory_operation_pb2.InventoryOperation:
        """A definition at the silo, for milk; lots are made where the type makes them."""
        rises = kind in {"PRODUCE", "UNCONSUME", "RECEIVE"}
        place = "destination_location_id" if rises else "source_location_id"
        values: dict[str, Any] = {
            "name": f"{self.prefix} {kind} {next(_numbers)}",
            "operation_type": operation_type(kind),
            place: self.silo.id,
            "material_id": self.milk.id,
            "primary_lot_resolution_strategy": enums_pb2.LOT_RESOLUTION_STRATEGY_MANUAL,
            "secondary_lot_resolution_strategy": enums_pb2.LOT_RESOLUTION_STRATEGY_MANUAL,
            "create_lot_if_not_found": True,
        }
        return self.client.save_inventory_operation(inventory_operation_pb2.InventoryOperation(**(values | more)))

    def stock(self, location: Any = None) -> dict[str, float]:
        """What is there, by lot."""
        place = location or self.silo
        return {
            row.inventory_lot_name: row.quantity
            for row in self.client.list_inventory(location_id_or_path=place.id, include_empty=True)
        }
