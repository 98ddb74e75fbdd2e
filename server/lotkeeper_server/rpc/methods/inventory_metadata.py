"""SetInventoryMetadata: the name and the production order of an inventory row."""

from dataclasses import dataclass
from typing import Final

from lotkeeper.inventory.v1 import inventory_service_pb2 as pb

from lotkeeper_server.catalog.naming import LOCATION_FIELD, LOT_FIELD, NamedEntity, NamedLot
from lotkeeper_server.domain.model.audit import Effect
from lotkeeper_server.domain.refusals import Fault, NotFound, Refused
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.rpc.gate.call import Call, confirmed_by_engine
from lotkeeper_server.rpc.methods.stock_reads import inventory_message
from lotkeeper_server.rpc.wire.naming import read_location, read_material, read_named
from lotkeeper_server.rpc.wire.shape import Shape
from lotkeeper_server.store.db.transaction import Transaction
from lotkeeper_server.store.lists.inventory import read_entries
from lotkeeper_server.store.state.inventory_metadata import MetadataChanges, name_of_row, set_metadata

_ORDER: Final = "production_order_id_or_name"


class InventoryMetadata:
    """The fields of a row besides its quantity."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @confirmed_by_engine
    async def SetInventoryMetadata(  # noqa: N802 - named as in the contract
        self, request: pb.SetInventoryMetadataRequest, call: Call
    ) -> pb.SetInventoryMetadataResponse:
        """Changes the given fields; an empty one clears."""
        wanted = _read_request(request)
        return await self._engine.transact(wanted.apply, call)


@dataclass(frozen=True, slots=True)
class _MetadataRequest:
    """What to set, on the row of a lot at a location.

    Attributes:
        lot: whose row.
        location: where.
        name: None leaves it; empty clears it.
        sets_order: whether the production order is set.
        order: None clears it.
    """

    lot: NamedLot
    location: NamedEntity
    name: str | None
    sets_order: bool
    order: NamedEntity | None

    def apply(self, tx: Transaction) -> pb.SetInventoryMetadataResponse:
        """Sets it; returns the changed row."""
        connection = tx.connection
        lot_id, location_id = self.lot.find(connection), self.location.find(connection)
        changes: MetadataChanges = {}
        if self.name is not None:
            changes["name"] = self.name
        if self.sets_order:
            changes["production_order_id"] = None if self.order is None else self.order.find(connection)
        if not set_metadata(connection, location_id, lot_id, changes):
            lot_name, path = name_of_row(connection, location_id, lot_id)
            raise Refused(NotFound(entity="inventory", name=lot_name, path=path).at(LOT_FIELD).at(LOCATION_FIELD))
        if changes:
            tx.effects.append(Effect("inventory_lot", lot_id))
        (entry,) = read_entries(connection, [(location_id, lot_id)])
        return pb.SetInventoryMetadataResponse(inventory=inventory_message(entry, tx.now_millis))


def _read_request(request: pb.SetInventoryMetadataRequest) -> _MetadataRequest:
    shape = Shape()
    lot = shape.id_or_name(LOT_FIELD, request.lot_id_or_name)
    location = read_location(shape, request.location_id_or_path)
    for field, named in ((LOT_FIELD, lot), (LOCATION_FIELD, location)):
        if named is None:
            shape.fault(field, Fault.required())
    material = read_material(shape, request.material_id_or_path)
    name = shape.name("name", request.name)
    order = read_named(shape, _ORDER, "production_order", request.production_order_id_or_name)
    shape.check()
    assert lot is not None
    assert location is not None
    return _MetadataRequest(
        NamedLot(lot, material),
        location,
        name=(name or "") if request.HasField("name") else None,
        sets_order=request.HasField(_ORDER),
        order=order,
    )
