"""SetInventoryMetadata: the name and the production order of an inventory row."""

from typing import Any

from lotkeeper.inventory.v1 import inventory_service_pb2 as pb

from lotkeeper_server.catalog.references import look_up
from lotkeeper_server.domain.refusals import NotFound, Refused
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.rpc.gate.call import Call, confirmed_by_engine
from lotkeeper_server.rpc.methods.stock_reads import inventory_message
from lotkeeper_server.rpc.wire.catalog_filters import find_lot
from lotkeeper_server.rpc.wire.shape import Shape
from lotkeeper_server.store.db.transaction import Transaction
from lotkeeper_server.store.lists.inventory import read_entries
from lotkeeper_server.store.state.inventory_metadata import name_of_row, set_metadata

_LOT, _LOCATION, _ORDER = "lot_id_or_name", "location_id_or_path", "production_order_id_or_name"


class InventoryMetadata:
    """What a row says beside its quantity."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @confirmed_by_engine
    async def SetInventoryMetadata(  # noqa: N802 - named as in the contract
        self, request: pb.SetInventoryMetadataRequest, call: Call
    ) -> pb.SetInventoryMetadataResponse:
        """Changes what is given; present but empty clears."""
        shape = Shape()
        lot = shape.id_or_name(_LOT, request.lot_id_or_name)
        location = shape.id_or_path(_LOCATION, request.location_id_or_path)
        for field, given in ((_LOT, lot), (_LOCATION, location)):
            if given is None:
                shape.fault(field, "must be given")
        material = shape.id_or_path("material_id_or_path", request.material_id_or_path)
        name = shape.name("name", request.name)
        order = shape.id_or_name(_ORDER, request.production_order_id_or_name)
        shape.check()
        assert lot is not None
        assert location is not None

        def work(transaction: Transaction) -> pb.SetInventoryMetadataResponse:
            connection = transaction.connection
            lot_id = find_lot(connection, lot, material)
            location_id = look_up(connection, "location", location, _LOCATION)
            changes: dict[str, Any] = {}
            if request.HasField("name"):
                changes["name"] = name or ""
            if request.HasField("production_order_id_or_name"):
                changes["production_order_id"] = order and look_up(connection, "production_order", order, _ORDER)
            if not set_metadata(connection, location_id, lot_id, changes):
                lot_name, path = name_of_row(connection, location_id, lot_id)
                raise Refused(NotFound(entity="inventory", name=lot_name, path=path).at(_LOT).at(_LOCATION))
            (entry,) = read_entries(connection, [(location_id, lot_id)])
            return pb.SetInventoryMetadataResponse(inventory=inventory_message(entry, transaction.now_millis))

        return await self._engine.transact(work, call)
