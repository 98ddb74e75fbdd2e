"""A plant of the model on a real server: set up through the API, asked by bare stubs."""

from __future__ import annotations

import itertools
import re
import time
from dataclasses import dataclass, field, fields
from typing import Any

import grpc
from google.protobuf import field_mask_pb2
from google.rpc import status_pb2
from google.type.decimal_pb2 import Decimal
from grpc_status import rpc_status
from lotkeeper.inventory.v1 import (
    enums_pb2,
    inventory_action_pb2,
    inventory_lot_pb2,
    inventory_operation_pb2,
    inventory_operation_service_pb2,
    inventory_operation_service_pb2_grpc,
    inventory_service_pb2,
    inventory_service_pb2_grpc,
    master_data_pb2,
    master_data_service_pb2,
    master_data_service_pb2_grpc,
    trace_service_pb2_grpc,
)
from ulid import ULID

from tests.model.edits import ChangeLot, ChangeStorage, Edit
from tests.model.plant import ById, Location, Lot, Operation, Plant, Reference
from tests.model.requests import Batch, Cancel, Execute, Request, Start, Stop
from tests.model.stock_requests import ActionItem, Actions, Annotate, Reverse, SetMetadata, StockRequest

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MESSAGES = inventory_operation_service_pb2
STOCK_MESSAGES = inventory_service_pb2
STUBS: dict[type, tuple[Any, str]] = {
    Execute: (MESSAGES.ExecuteInventoryOperationRequest, "ExecuteInventoryOperation"),
    Start: (MESSAGES.StartInventoryOperationRequest, "StartInventoryOperation"),
    Stop: (MESSAGES.StopInventoryOperationRequest, "StopInventoryOperation"),
    Cancel: (MESSAGES.CancelInventoryOperationRequest, "CancelInventoryOperation"),
    Batch: (MESSAGES.BatchExecuteInventoryOperationsRequest, "BatchExecuteInventoryOperations"),
    Actions: (STOCK_MESSAGES.ExecuteInventoryActionsRequest, "ExecuteInventoryActions"),
    Reverse: (STOCK_MESSAGES.ReverseInventoryLotRecordRequest, "ReverseInventoryLotRecord"),
    Annotate: (STOCK_MESSAGES.AnnotateInventoryLotRecordRequest, "AnnotateInventoryLotRecord"),
    SetMetadata: (STOCK_MESSAGES.SetInventoryMetadataRequest, "SetInventoryMetadata"),
    ActionItem: (inventory_action_pb2.InventoryAction, ""),
}
ENUMS = {
    "type": (enums_pb2.InventoryActionType, "INVENTORY_ACTION_TYPE"),
    "lot_status": (enums_pb2.LotStatus, "LOT_STATUS"),
}


def now_millis() -> int:
    """Milliseconds since the epoch, rounded down."""
    return time.time_ns() // 1_000_000


@dataclass
class Reply:
    """What came back, and between which moments.

    Attributes:
        message: the answer, or None where the call was refused.
        status: the refusal, or None.
    """

    message: Any
    status: status_pb2.Status | None
    begun: int
    ended: int


@dataclass
class ServedSide:
    """The server's side of a plant.

    Attributes:
        ids: the server's id by the model's key.
        names: the generated name by the model's name for it ("uuid 7").
    """

    channel: grpc.Channel
    token: str
    ids: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._forms = itertools.cycle(["hyphenated", "lower case", "canonical"])
        self.operations = inventory_operation_service_pb2_grpc.InventoryOperationServiceStub(self.channel)
        self.inventory = inventory_service_pb2_grpc.InventoryServiceStub(self.channel)
        self.trace = trace_service_pb2_grpc.TraceServiceStub(self.channel)
        self.master_data = master_data_service_pb2_grpc.MasterDataServiceStub(self.channel)

    def call(self, method: Any, request: Any) -> Any:
        """A call that must succeed."""
        return method(request, metadata=[("authorization", f"Bearer {self.token}")], timeout=30)

    # Setting up.

    def build(self, plant: Plant) -> None:
        """Saves everything that the plant has, in the order of the keys."""
        for unit in plant.units.values():
            self._save(
                "unit_of_measure",
                unit.key,
                name=unit.symbol,
                symbol=unit.symbol,
                enabled=unit.enabled,
                whole_only=unit.whole,
            )
        for material in plant.materials.values():
            self._save(
                "material",
                material.key,
                name=material.path,
                unit_of_measure_id=self._id(material.unit),
                shelf_life_days=material.shelf_life_days,
                enabled=material.enabled,
            )
        for number, conversion in enumerate(plant.conversions):
            self._save(
                "unit_of_measure_conversion",
                f"conversion {number}",
                from_unit_id=self._id(conversion.source),
                to_unit_id=self._id(conversion.target),
                factor=float(conversion.factor),
                material_id=self._id(conversion.material),
                enabled=conversion.enabled,
            )
        for location in plant.locations.values():
            self._save_location(location)
        for order in plant.orders.values():
            self._save(
                "production_order",
                order.key,
                name=order.name,
                product_material_id=self._id(order.product),
                unit_of_measure_id=self._id(order.unit),
            )
        for process in plant.process_operations.values():
            self._save(
                "operation",
                process.key,
                name=f"{next(iter(plant.materials.values())).path} {process.key}",
                current_operation_record_id=process.operation_record,
                current_production_order_id=self._id(process.order),
            )
        for code in plant.reason_codes.values():
            self._save(
                "material_reason_code",
                code.key,
                reason_code=code.code,
                lot_record_type=_enum(enums_pb2.LotRecordType, "LOT_RECORD_TYPE", code.record_type or "UNSPECIFIED"),
                require_comments=code.require_comments,
                enabled=code.enabled,
            )
        for lot in plant.lots.values():
            self._create_lot(lot)
        for operation in plant.operations.values():
            self._create_operation(operation)

    def _save(self, entity: str, key: str, **values: Any) -> None:
        kind = "".join(word.capitalize() for word in entity.split("_")).replace("OfMeasure", "OfMeasure")
        message = getattr(master_data_pb2, kind)(**{name: value for name, value in values.items() if value is not None})
        request = getattr(master_data_service_pb2, f"Save{kind}Request")(**{entity: message})
        response = self.call(getattr(self.master_data, f"Save{kind}"), request)
        self.ids[key] = getattr(response, entity).id

    def _save_location(self, location: Location) -> None:
        self._save(
            "location",
            location.key,
            name=location.name,
            parent_id=self._id(location.parent),
            allow_negative_inventory=location.allow_negative,
            storage_capacity=None if location.capacity is None else float(location.capacity),
            storage_capacity_unit_id=self._id(location.capacity_unit),
            lot_storage_strategy=_enum(enums_pb2.LotStorageStrategy, "LOT_STORAGE_STRATEGY", location.storage),
            lot_use_strategy=_enum(enums_pb2.LotUseStrategy, "LOT_USE_STRATEGY", location.use),
            enabled=location.enabled,
        )

    def _create_lot(self, lot: Lot) -> None:
        message = inventory_lot_pb2.InventoryLot(
            name=lot.name,
            material_id=self._id(lot.material),
            unit_of_measure_id=self._id(lot.unit),
            status=_enum(enums_pb2.LotStatus, "LOT_STATUS", lot.status),
            enabled=lot.enabled,
            supplier_lot_name=lot.supplier,
        )
        if lot.expiration is not None:
            message.expiration_date.FromMilliseconds(lot.expiration)
        request = inventory_service_pb2.SaveLotRequest(lot=message)
        self.ids[lot.key] = self.call(self.inventory.SaveLot, request).lot.id

    def _create_operation(self, operation: Operation) -> None:
        message = inventory_operation_pb2.InventoryOperation(
            name=operation.name,
            operation_type=_enum(enums_pb2.InventoryOperationType, "INVENTORY_OPERATION_TYPE", operation.type),
            operation_id=self._id(operation.process_operation),
            source_location_id=self._id(operation.source),
            destination_location_id=self._id(operation.destination),
            material_source=_enum(enums_pb2.MaterialSource, "MATERIAL_SOURCE", operation.material_source),
            material_id=self._id(operation.material),
            secondary_material_id=self._id(operation.secondary_material),
            primary_lot_resolution_strategy=_lot_strategy(operation.primary_strategy),
            secondary_lot_resolution_strategy=_lot_strategy(operation.secondary_strategy),
            create_lot_if_not_found=operation.create_lot,
            inventory_name_resolution_strategy=_enum(
                enums_pb2.InventoryNameResolutionStrategy,
                "INVENTORY_NAME_RESOLUTION_STRATEGY",
                operation.name_strategy,
            ),
            inventory_name=operation.inventory_name,
            unit_of_measure_resolution_strategy=_enum(
                enums_pb2.UnitOfMeasureResolutionStrategy,
                "UNIT_OF_MEASURE_RESOLUTION_STRATEGY",
                operation.unit_strategy,
            ),
            unit_of_measure_id=self._id(operation.unit),
            material_reason_code_id=self._id(operation.reason_code),
            increment_production_order_count=operation.increment,
            notes=operation.notes,
            enabled=operation.enabled,
        )
        request = MESSAGES.SaveInventoryOperationRequest(inventory_operation=message)
        self.ids[operation.key] = self.call(self.operations.SaveInventoryOperation, request).inventory_operation.id

    def _id(self, key: str | None) -> str:
        if key is None:
            return ""
        if key.startswith("unknown"):
            return self.ids.setdefault(key, _hyphenated(str(ULID())))
        return self.ids[key]

    # Asking.

    def wire(self, reference: Reference) -> str:
        """What a caller writes."""
        if isinstance(reference, ById):
            identifier = self._id(reference.key)
            form = next(self._forms)
            if form == "lower case":
                return identifier.lower()
            return identifier.replace("-", "") if form == "canonical" else identifier
        return self.names.get(reference, reference)

    def message(self, request: Any) -> Any:
        """A request, or one of its items, as a message."""
        values: dict[str, Any] = {}
        for name in (one.name for one in fields(request)):
            value = getattr(request, name)
            if name == "exact_quantity":
                values[name] = None if value is None else Decimal(value=value)
            elif name in ENUMS:
                values[name] = _enum(*ENUMS[name], value or "UNSPECIFIED")
            elif isinstance(value, tuple):
                values[name] = [self.message(item) for item in value]
            elif value is not None:
                values[name] = self.wire(value) if isinstance(value, ById | str) else value
        return STUBS[type(request)][0](**values)

    def edit(self, wanted: Edit) -> Any:
        """Saves with a mask; the entity as answered."""
        if isinstance(wanted, ChangeLot):
            message = inventory_lot_pb2.InventoryLot(
                id=self._id(wanted.lot),
                status=_enum(enums_pb2.LotStatus, "LOT_STATUS", wanted.status),
                enabled=wanted.enabled,
                supplier_lot_name=wanted.supplier,
            )
            if wanted.expiration is not None:
                message.expiration_date.FromMilliseconds(wanted.expiration)
            mask = field_mask_pb2.FieldMask(paths=["status", "enabled", "expiration_date", "supplier_lot_name"])
            request = inventory_service_pb2.SaveLotRequest(lot=message, update_mask=mask)
            return self.call(self.inventory.SaveLot, request).lot
        if isinstance(wanted, ChangeStorage):
            location = master_data_pb2.Location(
                id=self._id(wanted.location),
                lot_storage_strategy=_enum(enums_pb2.LotStorageStrategy, "LOT_STORAGE_STRATEGY", wanted.storage),
            )
            strategy = field_mask_pb2.FieldMask(paths=["lot_storage_strategy"])
            change = master_data_service_pb2.SaveLocationRequest(location=location, update_mask=strategy)
            return self.call(self.master_data.SaveLocation, change).location
        entity = wanted.key.split()[0]
        values: dict[str, Any] = {"id": self._id(wanted.key), "enabled": wanted.enabled}
        mask = field_mask_pb2.FieldMask(paths=["enabled"])
        if entity == "operation":
            operation = inventory_operation_pb2.InventoryOperation(**values)
            save = MESSAGES.SaveInventoryOperationRequest(inventory_operation=operation, update_mask=mask)
            return self.call(self.operations.SaveInventoryOperation, save).inventory_operation
        message_type = getattr(master_data_pb2, entity.capitalize())
        request_type = getattr(master_data_service_pb2, f"Save{entity.capitalize()}Request")
        save = request_type(**{entity: message_type(**values), "update_mask": mask})
        return getattr(self.call(getattr(self.master_data, f"Save{entity.capitalize()}"), save), entity)

    def status_changes(self, lot: str) -> list[Any]:
        """The STATUS_CHANGE records of a lot, newest first."""
        request = inventory_service_pb2.ListInventoryLotRecordsRequest(
            lot_id_or_name=self.ids[lot], lot_record_types=[enums_pb2.LOT_RECORD_TYPE_STATUS_CHANGE]
        )
        return list(self.call(self.inventory.ListInventoryLotRecords, request).inventory_lot_records)

    def send(self, request: Request | StockRequest) -> Reply:
        """Calls, and takes what comes."""
        name = STUBS[type(request)][1]
        service: Any = self.inventory if isinstance(request, StockRequest) else self.operations
        return self.ask(getattr(service, name), self.message(request))

    def ask(self, method: Any, message: Any) -> Reply:
        """A call that may be refused."""
        begun = now_millis()
        try:
            answer = self.call(method, message)
        except grpc.RpcError as error:
            return Reply(None, rpc_status.from_call(error), begun, now_millis())  # type: ignore[arg-type]
        return Reply(answer, None, begun, now_millis())


def _hyphenated(identifier: str) -> str:
    return f"{identifier[:10]}-{identifier[10:18]}-{identifier[18:]}"


def _enum(kind: Any, prefix: str, name: str) -> Any:
    return kind.Value(f"{prefix}_{name}")


def _lot_strategy(name: str) -> Any:
    return _enum(enums_pb2.LotResolutionStrategy, "LOT_RESOLUTION_STRATEGY", name)
