"""The filters of stock: read from the request, looked up in a snapshot."""

from dataclasses import dataclass

from lotkeeper.inventory.v1 import inventory_service_pb2 as pb

from lotkeeper_server.catalog.naming import LOT_FIELD, NamedEntity, NamedLot
from lotkeeper_server.domain.refusals import Fault
from lotkeeper_server.rpc.wire.naming import read_location, read_material
from lotkeeper_server.rpc.wire.shape import Shape
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.entities.within import within
from lotkeeper_server.store.lists.conditions import LocationFilter
from lotkeeper_server.store.lists.inventory import InventoryFilter


@dataclass(frozen=True, slots=True)
class InventoryQuery:
    """What a list of stock asks for; None for any.

    Attributes:
        location: where.
        include_children: whether what lies below it counts.
        lot: which lot.
        material: the lot's, where no lot is given.
        name: of the row.
        include_empty: whether rows of exactly zero are listed.
        at_millis: the moment; None for now.
    """

    location: NamedEntity | None
    include_children: bool
    lot: NamedLot | None
    material: NamedEntity | None
    name: str | None
    include_empty: bool
    at_millis: int | None

    def filter_in(self, snapshot: Snapshot) -> InventoryFilter:
        """The filter, after looking up what it names.

        Raises:
            Refused: where something that it names does not exist.
        """
        location: LocationFilter | None = None
        if self.location is not None:
            location = LocationFilter(self.location.find(snapshot), self.include_children)
        elif (seen := within(snapshot)) is not None and len(seen.trees) == 1:  # by its index: all else is not seen
            location = LocationFilter(next(iter(seen.trees)), include_children=True)
        lot_id = None if self.lot is None else self.lot.find(snapshot)
        material_id = None if self.material is None else self.material.find(snapshot)
        return InventoryFilter(location, lot_id, material_id, self.name, self.include_empty)


def read_inventory_query(
    request: pb.ListInventoryRequest | pb.SummarizeInventoryRequest, shape: Shape
) -> InventoryQuery:
    """What a list or a summary of stock asks for; faults go to the shape."""
    location = read_location(shape, request.location_id_or_path)
    lot = shape.id_or_name(LOT_FIELD, request.lot_id_or_name)
    material = read_material(shape, request.material_id_or_path)
    name = shape.name("inventory_name", request.inventory_name)
    at_millis = shape.millis("as_of_millis", request.as_of_millis if request.HasField("as_of_millis") else None)
    if request.inventory_name and request.HasField("as_of_millis"):
        shape.fault(
            "inventory_name", Fault.conflicting("cannot be given with as_of_millis: former names of rows are not kept")
        )
    if request.include_children and location is None:
        shape.fault("include_children", Fault.conflicting("needs a location"))
    return InventoryQuery(
        location,
        request.include_children,
        None if lot is None else NamedLot(lot, material),
        material if lot is None else None,
        name,
        request.include_empty,
        at_millis,
    )
