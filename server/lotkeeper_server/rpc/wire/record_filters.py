"""The filters of records, in a list and in a watch: read from the request, looked up in a snapshot."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import IntEnum

from lotkeeper.inventory.v1 import inventory_service_pb2 as pb

from lotkeeper_server.catalog.naming import LOT_FIELD, NamedEntity, NamedLot
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.enumerations import LotRecordType, Status
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.domain.refusals import Fault
from lotkeeper_server.rpc.wire.naming import read_by_id, read_location, read_material, read_named
from lotkeeper_server.rpc.wire.shape import Shape
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.entities.paths import locations_at_or_below
from lotkeeper_server.store.feed.entries import FeedFilter
from lotkeeper_server.store.lists.conditions import LocationFilter
from lotkeeper_server.store.lists.records import RecordFilter

FilteredRequest = pb.ListInventoryLotRecordsRequest | pb.WatchInventoryLotRecordsRequest


@dataclass(frozen=True, slots=True)
class RecordCriteria:
    """The criteria of both a list and a watch; a record must meet all of them.

    Attributes:
        lot: the primary or the secondary lot; None for any.
        references: for each column of `inventory_lot_record`, what it must refer to.
        types: the record's type is one of these numbers; empty for any.
        location: the source or the destination; None for any.
        include_children: whether what lies below the location counts.
    """

    lot: NamedLot | None
    references: Mapping[str, NamedEntity]
    types: frozenset[int]
    location: NamedEntity | None
    include_children: bool

    def feed_filter(self, snapshot: Snapshot) -> FeedFilter:
        """The filter of a watch.

        Raises:
            Refused: where something that it names does not exist.
        """
        lot_id, references = self._ids(snapshot)
        location_ids: frozenset[Id] | None = None
        if self.location is not None:
            location_id = self.location.find(snapshot)
            below = self.include_children
            location_ids = locations_at_or_below(snapshot, location_id) if below else frozenset({location_id})
        return FeedFilter(lot_id, references, self.types, location_ids)

    def record_filter(
        self, snapshot: Snapshot, statuses: frozenset[int], from_millis: int | None, before_millis: int | None
    ) -> RecordFilter:
        """The filter of a list, which can also ask for status and moment.

        Raises:
            Refused: where something that it names does not exist.
        """
        lot_id, references = self._ids(snapshot)
        location: LocationFilter | None = None
        if self.location is not None:
            location = LocationFilter(self.location.find(snapshot), self.include_children)
        return RecordFilter(lot_id, references, self.types, statuses, location, from_millis, before_millis)

    def _ids(self, snapshot: Snapshot) -> tuple[Id | None, Mapping[str, Id]]:
        lot_id = None if self.lot is None else self.lot.find(snapshot)
        return lot_id, {column: named.find(snapshot) for column, named in self.references.items()}


@dataclass(frozen=True, slots=True)
class RecordQuery:
    """What a list of records asks for.

    Attributes:
        criteria: those that a watch has, too.
        statuses: the record's status is one of these numbers; empty for any.
        from_millis: its moment is at or after this one.
        before_millis: its moment is before this one.
    """

    criteria: RecordCriteria
    statuses: frozenset[int]
    from_millis: int | None
    before_millis: int | None

    def filter_in(self, snapshot: Snapshot) -> RecordFilter:
        """The filter, after looking up what it names.

        Raises:
            Refused: where something that it names does not exist.
        """
        return self.criteria.record_filter(snapshot, self.statuses, self.from_millis, self.before_millis)


def read_record_criteria(request: FilteredRequest, shape: Shape) -> RecordCriteria:
    """The criteria of a list or a watch; faults go to the shape."""
    lot = shape.id_or_name(LOT_FIELD, request.lot_id_or_name)
    material = read_material(shape, request.material_id_or_path)
    types = read_vocabulary(shape, "lot_record_types", request.lot_record_types, LotRecordType)
    location = read_location(shape, request.location_id_or_path)
    if request.include_children and location is None:
        shape.fault("include_children", Fault.conflicting("needs a location"))
    named = {
        "material_id": material if lot is None else None,
        "inventory_operation_id": read_by_id(
            shape, "inventory_operation_id", "inventory_operation", request.inventory_operation_id
        ),
        "production_order_id": read_named(
            shape, "production_order_id_or_name", "production_order", request.production_order_id_or_name
        ),
        "material_reason_code_id": read_by_id(
            shape, "material_reason_code_id", "material_reason_code", request.material_reason_code_id
        ),
    }
    return RecordCriteria(
        None if lot is None else NamedLot(lot, material),
        {column: one for column, one in named.items() if one is not None},
        types,
        location,
        request.include_children,
    )


def read_record_query(request: pb.ListInventoryLotRecordsRequest, shape: Shape) -> RecordQuery:
    """What a list asks for; faults go to the shape."""
    criteria = read_record_criteria(request, shape)
    statuses = read_vocabulary(shape, "statuses", request.statuses, Status)
    start = shape.millis(
        "start_date_millis", request.start_date_millis if request.HasField("start_date_millis") else None
    )
    end = shape.millis("end_date_millis", request.end_date_millis if request.HasField("end_date_millis") else None)
    if start is not None and end is not None and end < start:
        shape.fault("start_date_millis", Fault.conflicting("is after end_date_millis"))
        shape.fault("end_date_millis", Fault.conflicting("is before start_date_millis"))
    return RecordQuery(criteria, statuses, start, end)


def read_vocabulary(shape: Shape, field: str, given: Collection[int], vocabulary: type[IntEnum]) -> frozenset[int]:
    """The given numbers; none, or only zeros, means all."""
    if len(given) > limits.FILTER_VALUES_MAX:
        shape.fault(
            field, Fault.out_of_range(f"has {len(given)} values; at most {limits.FILTER_VALUES_MAX} are allowed")
        )
        return frozenset()
    numbers = frozenset(given) - {0}
    if unknown := numbers - {int(member) for member in vocabulary}:
        shape.fault(field, Fault.unknown(f"{min(unknown)} is not a value of {vocabulary.__name__}"))
    return numbers
