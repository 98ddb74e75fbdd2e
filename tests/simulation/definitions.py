"""The plant of the model as it stands in a store in memory, and changes of it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from lotkeeper_server.domain.keys import NameKey
from lotkeeper_server.domain.model import definitions as stored
from lotkeeper_server.domain.model.enumerations import (
    InventoryNameResolutionStrategy,
    InventoryOperationType,
    LotRecordType,
    LotResolutionStrategy,
    LotStatus,
    LotStorageStrategy,
    LotUseStrategy,
    MaterialSource,
    Status,
    UnitOfMeasureResolutionStrategy,
)
from lotkeeper_server.domain.model.stock import Common, Lot, OperationRun

from tests.model.edits import Switch
from tests.model.plant import Operation, Plant
from tests.simulation.database import Database
from tests.simulation.scheduling import EPOCH_MILLIS

ENTITIES = {"operation": "inventory_operation", "location": "location", "material": "material"}


def millionths(quantity: Fraction) -> int:
    """Exactly."""
    exact = quantity * 1_000_000
    assert exact.denominator == 1, quantity
    return exact.numerator


class Building:
    """Puts a plant into an empty database.

    Attributes:
        ids: the store's id by the model's key.
    """

    def __init__(self, database: Database, plant: Plant) -> None:
        self.ids: dict[str, bytes] = {}
        self._database = database
        self._plant = plant
        self._build()

    def _build(self) -> None:
        plant, database = self._plant, self._database
        for unit in plant.units.values():
            identifier = self._id(unit.key)
            value: Any = stored.Unit(identifier, unit.symbol, unit.symbol, unit.enabled, unit.whole)  # type: ignore[arg-type]
            self._keep("unit_of_measure", value)
            for column in ("name", "symbol"):
                database.ids_by_name[NameKey("unit_of_measure", column, unit.symbol)] = value.id
        for material in plant.materials.values():
            identifier = self._id(material.key)
            value = stored.Material(
                identifier,  # type: ignore[arg-type]
                material.path,
                material.enabled,
                self._unit(material.unit),
                material.shelf_life_days,
            )
            self._keep("material", value)
        self._build_conversions()
        for location in plant.locations.values():
            value = stored.Location(
                self._id(location.key),  # type: ignore[arg-type]
                location.name,
                location.path,
                location.enabled,
                location.allow_negative,
                None if location.capacity is None else millionths(location.capacity),
                self._unit(location.capacity_unit),
                LotStorageStrategy[location.storage],
                LotUseStrategy[location.use],
            )
            self._keep("location", value)
        for order in plant.orders.values():
            product, unit_of_order = self._known(order.product), self._unit(order.unit)
            value = stored.ProductionOrder(self._id(order.key), order.name, product, unit_of_order)  # type: ignore[arg-type]
            self._keep("production_order", value)
            database.ids_by_name[NameKey("production_order", "name", order.name)] = value.id
            database.counts[value.id] = 0
        for process in plant.process_operations.values():
            identifier, works_on = self._id(process.key), self._known(process.order)
            self._keep("operation", stored.ProcessOperation(identifier, process.operation_record, works_on))  # type: ignore[arg-type]
        for code in plant.reason_codes.values():
            serves = None if code.record_type is None else LotRecordType[code.record_type]
            identifier = self._id(code.key)
            value = stored.ReasonCode(identifier, code.code, code.enabled, serves, code.require_comments)  # type: ignore[arg-type]
            self._keep("material_reason_code", value)
        self._build_lots()
        for operation in plant.operations.values():
            self._build_operation(operation)

    def _build_conversions(self) -> None:
        factors: dict[Any, dict[Any, Decimal]] = defaultdict(dict)
        for one in self._plant.conversions:
            if one.enabled:
                factor = Decimal(one.factor.numerator) / Decimal(one.factor.denominator)
                factors[self._known(one.material)][self.ids[one.source], self.ids[one.target]] = factor
        for owner, of_owner in factors.items():
            self._database.conversions[owner] = stored.Conversions(of_owner)

    def _build_lots(self) -> None:
        for one in self._plant.lots.values():
            lot = Lot(
                self._id(one.key),  # type: ignore[arg-type]
                one.name,
                self.ids[one.material],  # type: ignore[arg-type]
                LotStatus[one.status],
                0,
                self.ids[one.unit],  # type: ignore[arg-type]
                one.expiration,
                None,
                0,
                Common(EPOCH_MILLIS, "setup", enabled=one.enabled),
                one.supplier,
            )
            self._database.lots[lot.id] = lot
            self._database.lot_ids_by_name[lot.material_id, lot.name] = lot.id

    def _build_operation(self, one: Operation) -> None:
        value: Any = stored.InventoryOperation(
            id=self._id(one.key),  # type: ignore[arg-type]
            name=one.name,
            enabled=one.enabled,
            notes=one.notes,
            operation_type=InventoryOperationType[one.type],
            operation_id=self._known(one.process_operation),
            source_location_id=self._known(one.source),
            destination_location_id=self._known(one.destination),
            material_source=MaterialSource[one.material_source],
            material_id=self._known(one.material),
            secondary_material_id=self._known(one.secondary_material),
            primary_lot_resolution_strategy=LotResolutionStrategy[one.primary_strategy],
            secondary_lot_resolution_strategy=LotResolutionStrategy[one.secondary_strategy],
            create_lot_if_not_found=one.create_lot,
            inventory_name_resolution_strategy=InventoryNameResolutionStrategy[one.name_strategy],
            inventory_name=one.inventory_name,
            unit_of_measure_resolution_strategy=UnitOfMeasureResolutionStrategy[one.unit_strategy],
            unit_id=self._known(one.unit),
            material_reason_code_id=self._known(one.reason_code),
            increment_production_order_count=one.increment,
        )
        self._keep("inventory_operation", value)
        self._database.runs[value.id] = OperationRun(Status.IDLE)

    def _id(self, key: str) -> bytes:
        return self.ids.setdefault(key, (len(self.ids) + 1).to_bytes(16, "big"))

    def _known(self, key: str | None) -> Any:
        return None if key is None else self.ids[key]

    def _unit(self, key: str | None) -> Any:
        return None if key is None else self._database.definitions["unit_of_measure", self.ids[key]]

    def _keep(self, entity: str, value: Any) -> None:
        self._database.definitions[entity, value.id] = value
        if entity in {"material", "location"}:
            self._database.ids_by_path[entity, value.path] = value.id


def switch(database: Database, wanted: Switch, identifier: bytes) -> None:
    """A Save that switches a definition on or off."""
    entity = ENTITIES[wanted.key.split()[0]]
    value = database.definitions[entity, identifier]
    database.change_definition(entity, identifier, replace(value, enabled=wanted.enabled))
