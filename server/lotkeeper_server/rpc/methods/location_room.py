"""CheckLocationHasCapacity."""

from lotkeeper.inventory.v1 import inventory_service_pb2 as pb
from sqlalchemy import Connection

from lotkeeper_server.catalog.references import look_up
from lotkeeper_server.domain.ask.room import Rise, Room, find_room
from lotkeeper_server.domain.model.identifiers import LocationId, MaterialId, UnitId, format_id
from lotkeeper_server.domain.model.quantity import double_of
from lotkeeper_server.engine.batch import ask
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.rpc.gate.call import Call
from lotkeeper_server.rpc.methods.master_data import read_unit
from lotkeeper_server.rpc.wire.shape import Shape
from lotkeeper_server.store.state.loading import StateLoader


class LocationRoom:
    """What a location has room for."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def CheckLocationHasCapacity(  # noqa: N802 - named as in the contract
        self, request: pb.CheckLocationHasCapacityRequest, _call: Call
    ) -> pb.CheckLocationHasCapacityResponse:
        """Says whether a rise would be taken, and what there is room for."""
        shape = Shape()
        location = shape.id_or_path("location_id_or_path", request.location_id_or_path)
        if not request.location_id_or_path:
            shape.fault("location_id_or_path", "must be given")
        millionths = shape.quantity("quantity", request.quantity)
        unit = read_unit(shape, request, "unit_of_measure")
        material = shape.id_or_path("material_id_or_path", request.material_id_or_path)
        shape.check()

        def work(connection: Connection) -> Room:
            assert location is not None  # or the shape would have been refused
            assert millionths is not None
            location_id = LocationId(look_up(connection, "location", location, "location_id_or_path"))
            unit_id = UnitId(unit(connection))
            material_id = None
            if material is not None:
                material_id = MaterialId(look_up(connection, "material", material, "material_id_or_path"))
            rise = Rise(location_id, millionths, unit_id, material_id)
            return ask(StateLoader(connection), lambda state: find_room(state, rise))

        return _message(await self._engine.read(work))


def _message(room: Room) -> pb.CheckLocationHasCapacityResponse:
    message = pb.CheckLocationHasCapacityResponse(has_capacity=room.suffices)
    if room.capacity_millionths is not None and room.stored_millionths is not None and room.unit is not None:
        message.capacity = double_of(room.capacity_millionths)
        message.stored = double_of(room.stored_millionths)
        message.free = double_of(room.capacity_millionths - room.stored_millionths)
        message.unit_of_measure_id = format_id(room.unit.id)
        message.unit_of_measure_name = room.unit.name
        message.unit_of_measure_symbol = room.unit.symbol
    return message
