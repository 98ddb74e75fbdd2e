"""Every entity that can be saved, described: its table, its message, its fields, its key, what is unique.

An eleventh entity is one more description, its table and its messages in the contract; its own rules, if it has
some, go to `rules`.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from google.protobuf.message import Message
from lotkeeper.inventory.v1 import inventory_lot_pb2, inventory_operation_pb2, master_data_pb2

from lotkeeper_server.catalog.fields import (
    Enumerated,
    Factor,
    Field,
    Flag,
    Moment,
    Name,
    Quantity,
    Reference,
    Text,
    Whole,
)
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model import enumerations as e
from lotkeeper_server.store.entities.row import EntityTable
from lotkeeper_server.store.schema import tables

_SHORT = limits.SPARE_CODE_POINTS_MAX
COMMON_FIELDS: Final[tuple[Field, ...]] = (
    Text("notes", "notes"),
    Text("spare1", "spare1", _SHORT),
    Text("spare2", "spare2", _SHORT),
    Text("spare3", "spare3", _SHORT),
)


@dataclass(frozen=True, eq=False)
class Description:
    """One kind of entity.

    Attributes:
        entity: in snake_case; the request's field, and the table's name, except for lots.
        message: of the contract.
        table: where it is stored.
        fields: its own, without references; all entities have the common ones.
        references: what it refers to.
        key: the column that names it, in addition to its id, or None.
        unique: sets of columns whose values no two share, with the field that a refusal names.
        parent: the reference that its paths are made from, or None.
        is_definition: whether caches keep it.
        shown: what the server sets and answers show.
    """

    entity: str
    message: type[Message]
    table: EntityTable
    fields: tuple[Field, ...]
    references: tuple[Reference, ...] = ()
    key: str | None = None
    unique: tuple[tuple[tuple[str, ...], str], ...] = ()
    parent: str | None = None
    is_definition: bool = True
    shown: tuple[Field, ...] = field(default=())

    @cached_property
    def refusal_entity(self) -> str:
        """The name that refusals use."""
        return self.table.name

    @cached_property
    def all_fields(self) -> tuple[Field, ...]:
        """Its own fields and the common ones."""
        return self.fields + COMMON_FIELDS

    @cached_property
    def maskable(self) -> frozenset[str]:
        """Every field of the message: what a mask may name."""
        return frozenset(one.name for one in self.message.DESCRIPTOR.fields)


def _unit(name: str, *, required: bool = False) -> Reference:
    beside = {f"{name}_name": "name", f"{name}_symbol": "symbol"}
    return Reference(name, f"{name}_id", "unit_of_measure", beside, required)


def _at_path(name: str, target: str, *, required: bool = False) -> Reference:
    return Reference(name, f"{name}_id", target, {f"{name}_name": "name", f"{name}_path": "path"}, required)


def _named(name: str, target: str) -> Reference:
    return Reference(name, f"{name}_id", target, {f"{name}_name": "name"})


UNIT_OF_MEASURE = Description(
    "unit_of_measure",
    master_data_pb2.UnitOfMeasure,
    tables.unit_of_measure,
    (Name("name", "name"), Name("symbol", "symbol"), Flag("whole_only", "whole_only")),
    key="name",
    unique=((("name",), "name"), (("symbol",), "symbol")),
)
UNIT_OF_MEASURE_CONVERSION = Description(
    "unit_of_measure_conversion",
    master_data_pb2.UnitOfMeasureConversion,
    tables.unit_of_measure_conversion,
    (Factor("factor", "factor"),),
    (_unit("from_unit", required=True), _unit("to_unit", required=True), _at_path("material", "material")),
    unique=((("from_unit_id", "to_unit_id", "material_key"), "to_unit_id"),),
)
MATERIAL_CLASS = Description(
    "material_class",
    master_data_pb2.MaterialClass,
    tables.material_class,
    (Name("name", "name", part_of_path=True),),
    (_at_path("parent", "material_class"),),
    key="path",
    unique=((("path",), "name"),),
    parent="parent",
    shown=(Text("path", "path"),),
)
MATERIAL = Description(
    "material",
    master_data_pb2.Material,
    tables.material,
    (
        Name("name", "name", part_of_path=True),
        Text("erp_id", "erp_id", _SHORT),
        Text("description", "description"),
        Whole("shelf_life_days", "shelf_life_days", optional=True, minimum=0),
    ),
    (_at_path("material_class", "material_class"), _unit("unit_of_measure")),
    key="path",
    unique=((("path",), "name"),),
    parent="material_class",
    shown=(Text("path", "path"),),
)
MATERIAL_REASON_CODE = Description(
    "material_reason_code",
    master_data_pb2.MaterialReasonCode,
    tables.material_reason_code,
    (
        Name("reason_code", "reason_code"),
        Text("description", "description"),
        Enumerated("lot_record_type", "lot_record_type", e.LotRecordType, None),
        Flag("require_comments", "require_comments"),
    ),
    key="reason_code",
    unique=((("reason_code",), "reason_code"),),
)
LOCATION = Description(
    "location",
    master_data_pb2.Location,
    tables.location,
    (
        Name("name", "name", part_of_path=True),
        Enumerated("type", "type", e.LocationType, e.LocationType.UNIT),
        Enumerated("process_type", "process_type", e.ProcessType, e.ProcessType.NONE),
        Whole("sort_order", "sort_order"),
        Flag("allow_negative_inventory", "allow_negative_inventory"),
        Quantity("storage_capacity", "storage_capacity", optional=True),
        Enumerated(
            "lot_storage_strategy",
            "lot_storage_strategy",
            e.LotStorageStrategy,
            e.LotStorageStrategy.ALLOW_MULTIPLE,
        ),
        Enumerated("lot_use_strategy", "lot_use_strategy", e.LotUseStrategy, e.LotUseStrategy.FIFO),
    ),
    (_at_path("parent", "location"), _unit("storage_capacity_unit")),
    key="path",
    unique=((("path",), "name"),),
    parent="parent",
    shown=(Text("path", "path"),),
)
OPERATION = Description(
    "operation",
    master_data_pb2.Operation,
    tables.operation,
    (Name("name", "name"), Text("current_operation_record_id", "current_operation_record_id", _SHORT)),
    (_at_path("location", "location"), _named("current_production_order", "production_order")),
    key="name",
    unique=((("name",), "name"),),
)
PRODUCTION_ORDER = Description(
    "production_order",
    master_data_pb2.ProductionOrder,
    tables.production_order,
    (
        Name("name", "name"),
        Quantity("quantity", "quantity", exact="exact_quantity"),
        Enumerated("status", "status", e.Status, e.Status.IDLE),
    ),
    (_at_path("product_material", "material"), _unit("unit_of_measure")),
    key="name",
    unique=((("name",), "name"),),
    shown=(Quantity("quantity_produced", "quantity_produced", exact="exact_quantity_produced"),),
)
_STRATEGY = e.LotResolutionStrategy
INVENTORY_OPERATION = Description(
    "inventory_operation",
    inventory_operation_pb2.InventoryOperation,
    tables.inventory_operation,
    (
        Name("name", "name"),
        Enumerated("operation_type", "operation_type", e.InventoryOperationType, e.InventoryOperationType.CONSUME),
        Enumerated("trigger_source", "trigger_source", e.TriggerSource, e.TriggerSource.EXPRESSION),
        Text("start_trigger_expression", "start_trigger_expression"),
        Enumerated("start_trigger_type", "start_trigger_type", e.TriggerType, e.TriggerType.RISING_EDGE),
        Text("stop_trigger_expression", "stop_trigger_expression"),
        Enumerated("stop_trigger_type", "stop_trigger_type", e.TriggerType, e.TriggerType.FALLING_EDGE),
        Enumerated("material_source", "material_source", e.MaterialSource, e.MaterialSource.STATIC),
        Text("material_expression", "material_expression"),
        Enumerated(
            "primary_lot_resolution_strategy",
            "primary_lot_resolution_strategy",
            _STRATEGY,
            _STRATEGY.AUTO_GENERATE,
        ),
        Enumerated(
            "secondary_lot_resolution_strategy",
            "secondary_lot_resolution_strategy",
            _STRATEGY,
            _STRATEGY.AUTO_GENERATE,
        ),
        Text("primary_lot_code_expression", "primary_lot_code_expression"),
        Text("secondary_lot_code_expression", "secondary_lot_code_expression"),
        Flag("create_lot_if_not_found", "create_lot_if_not_found"),
        Enumerated(
            "inventory_name_resolution_strategy",
            "inventory_name_resolution_strategy",
            e.InventoryNameResolutionStrategy,
            e.InventoryNameResolutionStrategy.STATIC,
        ),
        Name("inventory_name", "inventory_name", required=False),
        Text("inventory_name_expression", "inventory_name_expression"),
        Enumerated("quantity_source", "quantity_source", e.QuantitySource, e.QuantitySource.EXPRESSION),
        Text("quantity_expression", "quantity_expression"),
        Enumerated("quantity_calc_type", "quantity_calc_type", e.QuantityCalcType, e.QuantityCalcType.DELTA),
        Quantity("quantity_overflow_value", "quantity_overflow_value", optional=True),
        Enumerated(
            "unit_of_measure_resolution_strategy",
            "unit_of_measure_resolution_strategy",
            e.UnitOfMeasureResolutionStrategy,
            e.UnitOfMeasureResolutionStrategy.STATIC,
        ),
        Flag("increment_production_order_count", "increment_production_order_count"),
    ),
    (
        _named("operation", "operation"),
        _at_path("source_location", "location"),
        _at_path("destination_location", "location"),
        _at_path("material", "material"),
        _at_path("secondary_material", "material"),
        _unit("unit_of_measure"),
        Reference(
            "material_reason_code",
            "material_reason_code_id",
            "material_reason_code",
            {"material_reason_code": "reason_code"},
        ),
    ),
    unique=((("name", "operation_type", "route"), "name"),),
)
LOT = Description(
    "lot",
    inventory_lot_pb2.InventoryLot,
    tables.inventory_lot,
    (
        Name("name", "name"),
        Enumerated("status", "status", e.LotStatus, e.LotStatus.OPEN),
        Moment("expiration_date", "expiration_millis"),
        Name("supplier_lot_name", "supplier_lot_name", required=False),
    ),
    (_at_path("material", "material", required=True), _unit("unit_of_measure")),
    unique=((("material_id", "name"), "name"),),
    is_definition=False,
    shown=(
        Quantity("total_quantity", "total_quantity", exact="exact_total_quantity"),
        Moment("closed_date", "closed_millis"),
    ),
)

MASTER_DATA: Final = (
    UNIT_OF_MEASURE,
    UNIT_OF_MEASURE_CONVERSION,
    MATERIAL_CLASS,
    MATERIAL,
    MATERIAL_REASON_CODE,
    LOCATION,
    OPERATION,
    PRODUCTION_ORDER,
)
UNIQUE_NAME_TARGETS: Final[dict[str, tuple[str, ...]]] = {
    "inventory_operation": (),
    "unit_of_measure": ("name", "symbol"),
    "material_class": ("path",),
    "material": ("path",),
    "location": ("path",),
    "material_reason_code": ("reason_code",),
    "operation": ("name",),
    "production_order": ("name",),
}
"""The columns by which a thing can be looked up, in addition to its id."""
