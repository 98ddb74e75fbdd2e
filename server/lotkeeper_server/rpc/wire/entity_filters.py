"""The filters of lists of entities, read from their requests."""

from enum import IntEnum
from typing import Any, Final, TypeVar

from lotkeeper.inventory.v1 import inventory_operation_service_pb2, inventory_service_pb2

from lotkeeper_server.catalog.descriptions import Description
from lotkeeper_server.catalog.filters import EntityFilters, InventoryOperationFilters, LotFilters, MasterDataFilters
from lotkeeper_server.catalog.naming import NamedEntity
from lotkeeper_server.domain.model.enumerations import InventoryOperationType, LotStatus, Status
from lotkeeper_server.domain.refusals import Fault
from lotkeeper_server.rpc.wire.naming import read_by_id, read_location, read_material, read_named
from lotkeeper_server.rpc.wire.shape import Shape

_PARENTS: Final = {
    "parent_id_or_path": "parent_id",
    "material_class_id_or_path": "material_class_id",
    "material_id_or_path": "material_id",
}
"""Columns by the fields that ask for them."""
_PREFIXES: Final = {"name_prefix": "name", "reason_code_prefix": "reason_code"}
Vocabulary = TypeVar("Vocabulary", bound=IntEnum)


def read_filters(description: Description, request: Any, shape: Shape) -> EntityFilters:
    """The filters of a list.

    Args:
        description: of the entity.
        request: of its List method.
        shape: where faults go.
    """
    if isinstance(request, inventory_operation_service_pb2.ListInventoryOperationsRequest):
        return _of_inventory_operations(request, shape)
    if isinstance(request, inventory_service_pb2.ListLotsRequest):
        return _of_lots(request, shape)
    return _of_master_data(description, request, shape)


def _of_master_data(description: Description, request: Any, shape: Shape) -> MasterDataFilters:
    names = {one.name for one in request.DESCRIPTOR.fields}
    parents: dict[str, NamedEntity] = {}
    for field, column in _PARENTS.items():
        if field in names:
            target = next(one.target for one in description.references if one.column == column)
            if (parent := read_named(shape, field, target, getattr(request, field))) is not None:
                parents[column] = parent
    return MasterDataFilters(
        description,
        parents,
        enabled=request.enabled if request.HasField("enabled") else None,
        status=read_enumerated(shape, "status", request.status, Status) if "status" in names else None,
        prefixes={
            column: prefix
            for field, column in _PREFIXES.items()
            if field in names and (prefix := read_prefix(shape, field, getattr(request, field)))
        },
    )


def _of_inventory_operations(
    request: inventory_operation_service_pb2.ListInventoryOperationsRequest, shape: Shape
) -> InventoryOperationFilters:
    location = read_location(shape, request.location_id_or_path)
    if request.include_children and location is None:
        shape.fault("include_children", Fault.conflicting("needs a location"))
    operation = read_by_id(shape, "operation_id", "operation", request.operation_id)
    operation_type = read_enumerated(shape, "operation_type", request.operation_type, InventoryOperationType)
    status = read_enumerated(shape, "status", request.status, Status)
    return InventoryOperationFilters(
        location,
        request.include_children,
        operation,
        operation_type,
        status,
        read_prefix(shape, "name_prefix", request.name_prefix),
    )


def _of_lots(request: inventory_service_pb2.ListLotsRequest, shape: Shape) -> LotFilters:
    material = read_material(shape, request.material_id_or_path)
    status = read_enumerated(shape, "status", request.status, LotStatus)
    before = request.expiring_before_millis if request.HasField("expiring_before_millis") else None
    prefix = read_prefix(shape, "name_prefix", request.name_prefix)
    return LotFilters(
        material,
        status,
        prefix,
        shape.millis("expiring_before_millis", before),
        shape.name("supplier_lot_name", request.supplier_lot_name),
    )


def read_prefix(shape: Shape, field: str, text: str) -> str:
    """How a name begins; empty where absent."""
    return shape.beginning(field, text)


def read_enumerated(shape: Shape, field: str, number: int, vocabulary: type[Vocabulary]) -> Vocabulary | None:
    """The value of an enum; None where absent."""
    if not number:
        return None
    try:
        return vocabulary(number)
    except ValueError:
        shape.fault(field, Fault.unknown(f"{number} is not a value of {vocabulary.__name__}"))
        return None
