"""CheckLocationHasCapacity."""

from dataclasses import dataclass

from lotkeeper.inventory.v1 import inventory_service_pb2 as pb

from lotkeeper_server.catalog.naming import LOCATION_FIELD, NamedEntity, NamedUnit
from lotkeeper_server.domain.ask.room import Rise, Room, find_room
from lotkeeper_server.domain.model.identifiers import LocationId, MaterialId, UnitId, format_id
from lotkeeper_server.domain.model.quantity import double_of
from lotkeeper_server.domain.refusals import Fault
from lotkeeper_server.engine.batch import ask
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.rpc.gate.call import Call
from lotkeeper_server.rpc.wire.exact import exact_text, read_needed_quantity
from lotkeeper_server.rpc.wire.naming import read_location, read_material, read_unit
from lotkeeper_server.rpc.wire.shape import Shape
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.state.loading import StateLoader


class LocationRoom:
    """What a location has room for."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def CheckLocationHasCapacity(  # noqa: N802 - named as in the contract
        self, request: pb.CheckLocationHasCapacityRequest, _call: Call
    ) -> pb.CheckLocationHasCapacityResponse:
        """Says whether a location would take a rise, and how much room it has."""
        query = _read_request(request)
        return _message(await self._engine.read(query.ask))


@dataclass(frozen=True, slots=True)
class _RoomQuery:
    """Whether a location has room, as a request asks: for `millionths` of the unit, of the material if one is named."""

    location: NamedEntity
    millionths: int
    unit: NamedUnit
    material: NamedEntity | None

    def ask(self, snapshot: Snapshot) -> Room:
        location_id, unit_id = LocationId(self.location.find(snapshot)), UnitId(self.unit.find(snapshot))
        material_id = None if self.material is None else MaterialId(self.material.find(snapshot))
        rise = Rise(location_id, self.millionths, unit_id, material_id)
        return ask(StateLoader(snapshot), lambda state: find_room(state, rise))


def _read_request(request: pb.CheckLocationHasCapacityRequest) -> _RoomQuery:
    shape = Shape()
    location = read_location(shape, request.location_id_or_path)
    if location is None:
        shape.fault(LOCATION_FIELD, Fault.required())
    millionths = read_needed_quantity(shape, request)
    unit = read_unit(shape, request, "unit_of_measure")
    material = read_material(shape, request.material_id_or_path)
    shape.check()
    assert location is not None
    assert millionths is not None
    return _RoomQuery(location, millionths, unit, material)


def _message(room: Room) -> pb.CheckLocationHasCapacityResponse:
    message = pb.CheckLocationHasCapacityResponse(has_capacity=room.suffices)
    if room.capacity_millionths is not None and room.stored_millionths is not None and room.unit is not None:
        message.capacity = double_of(room.capacity_millionths)
        message.stored = double_of(room.stored_millionths)
        message.free = double_of(room.capacity_millionths - room.stored_millionths)
        message.exact_capacity.value = exact_text(room.capacity_millionths)
        message.exact_stored.value = exact_text(room.stored_millionths)
        message.exact_free.value = exact_text(room.capacity_millionths - room.stored_millionths)
        message.unit_of_measure_id = format_id(room.unit.id)
        message.unit_of_measure_name = room.unit.name
        message.unit_of_measure_symbol = room.unit.symbol
    return message
