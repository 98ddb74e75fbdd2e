"""What records are asked by, in a list and in a watch: read from the request, looked up in a snapshot."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from lotkeeper.inventory.v1 import inventory_service_pb2 as pb
from sqlalchemy import Connection

from lotkeeper_server.catalog.references import look_up
from lotkeeper_server.domain.model.enumerations import LotRecordType
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.rpc.wire.catalog_filters import at_location, find_lot
from lotkeeper_server.rpc.wire.shape import Shape
from lotkeeper_server.store.lists.conditions import Condition, among, equal, in_either

FilteredRequest = pb.ListInventoryLotRecordsRequest | pb.WatchInventoryLotRecordsRequest


@dataclass(frozen=True, slots=True)
class RecordCriteria:
    """What a list and a watch have in common; every criterion holds.

    Attributes:
        lot_id: the primary or the secondary lot; None for any.
        references: by column of `inventory_lot_record`, the id that it must hold.
        types: the record's type is one of these numbers; empty for any.
        location: the source or the destination, by id or path; None for any.
        include_children: whether what lies below the location counts.
    """

    lot_id: Id | None
    references: Mapping[str, Id]
    types: frozenset[int]
    location: Id | str | None
    include_children: bool


def read_record_criteria(request: FilteredRequest, shape: Shape) -> Callable[[Connection], RecordCriteria]:
    """How the criteria of a request are made, once there is a snapshot to look things up in.

    Args:
        request: of a list or a watch.
        shape: where faults go.

    Returns:
        What raises Refused where something named is not there.
    """
    lot = shape.id_or_name("lot_id_or_name", request.lot_id_or_name)
    material = shape.id_or_path("material_id_or_path", request.material_id_or_path)
    types = read_vocabulary(request, shape, "lot_record_types", LotRecordType)
    location = shape.id_or_path("location_id_or_path", request.location_id_or_path)
    if request.include_children and location is None:
        shape.fault("include_children", "needs a location")
    named = (
        (
            "inventory_operation_id",
            "inventory_operation",
            shape.id("inventory_operation_id", request.inventory_operation_id),
        ),
        (
            "production_order_id_or_name",
            "production_order",
            shape.id_or_name("production_order_id_or_name", request.production_order_id_or_name),
        ),
        (
            "material_reason_code_id",
            "material_reason_code",
            shape.id("material_reason_code_id", request.material_reason_code_id),
        ),
    )

    def made(connection: Connection) -> RecordCriteria:
        lot_id = None if lot is None else find_lot(connection, lot, material)
        references: dict[str, Id] = {}
        if lot is None and material is not None:
            references["material_id"] = look_up(connection, "material", material, "material_id_or_path")
        for field, target, given in named:
            if given is not None:
                references[f"{target}_id"] = look_up(connection, target, given, field)
        return RecordCriteria(lot_id, references, types, location, request.include_children)

    return made


def read_vocabulary(request: FilteredRequest, shape: Shape, field: str, vocabulary: type[IntEnum]) -> frozenset[int]:
    """The numbers given; none, or none but zero, stands for all."""
    numbers = frozenset(getattr(request, field)) - {0}
    if unknown := numbers - {int(member) for member in vocabulary}:
        shape.fault(field, f"{min(unknown)} is no {vocabulary.__name__}")
    return numbers


def conditions_on_records(connection: Connection, criteria: RecordCriteria) -> list[Condition]:
    """The criteria as conditions of a list.

    Raises:
        Refused: LOCATION_NOT_FOUND on `location_id_or_path`.
    """
    conditions = [equal(column, identifier) for column, identifier in criteria.references.items()]
    if criteria.lot_id is not None:
        conditions.append(in_either(("lot_id", "secondary_lot_id"), criteria.lot_id))
    if criteria.types:
        conditions.append(among("lot_record_type", criteria.types))
    if criteria.location is not None:
        ends = ("source_location_id", "destination_location_id")
        conditions.append(at_location(connection, ends, criteria.location, criteria.include_children))
    return conditions
