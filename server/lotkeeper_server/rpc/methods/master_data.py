"""What MasterDataService has beside Save, Get, List and Delete: the conversion of a quantity."""

from collections.abc import Callable
from typing import Any, Final

from lotkeeper.inventory.v1 import master_data_service_pb2 as pb
from sqlalchemy import Connection, select

from lotkeeper_server.catalog.references import look_up
from lotkeeper_server.domain.apply.converting import convert
from lotkeeper_server.domain.model.identifiers import Id, MaterialId, UnitId, format_id
from lotkeeper_server.domain.model.quantity import double_of
from lotkeeper_server.domain.refusals import FieldViolation, InvalidArgument, NotFound, Refused
from lotkeeper_server.engine.batch import ask
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.rpc.gate.call import Call
from lotkeeper_server.rpc.wire.shape import Shape
from lotkeeper_server.store.schema.tables import unit_of_measure
from lotkeeper_server.store.state.loading import StateLoader

_UNIT_PARTS: Final = ("id", "name", "symbol")


class MasterData:
    """Beside the methods that the catalog has for every entity."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def ConvertQuantity(  # noqa: N802 - named as in the contract
        self, request: pb.ConvertQuantityRequest, _call: Call
    ) -> pb.ConvertQuantityResponse:
        """Says what a quantity is in another unit."""
        shape = Shape()
        millionths = shape.quantity("quantity", request.quantity)
        from_unit = read_unit(shape, request, "from_unit_of_measure")
        to_unit = read_unit(shape, request, "to_unit_of_measure")
        material = shape.id_or_path("material_id_or_path", request.material_id_or_path)
        shape.check()

        def work(connection: Connection) -> int:
            one, other = UnitId(from_unit(connection)), UnitId(to_unit(connection))
            material_id = None
            if material is not None:
                material_id = MaterialId(look_up(connection, "material", material, "material_id_or_path"))
            assert millionths is not None  # or the shape would have been refused
            return ask(StateLoader(connection), lambda state: convert(state, millionths, one, other, material_id))

        converted = await self._engine.read(work)
        return pb.ConvertQuantityResponse(quantity=double_of(converted))


def read_unit(shape: Shape, request: Any, field: str) -> Callable[[Connection], Id]:
    """How the unit is found that a request names by id, by name, by symbol, or by several of them."""
    given: dict[str, Id | str] = {}
    for part in _UNIT_PARTS:
        name = f"{field}_{part}"
        text = getattr(request, name)
        value = shape.id(name, text) if part == "id" else shape.name(name, text)
        if value is not None:
            given[part] = value
    if not any(getattr(request, f"{field}_{part}") for part in _UNIT_PARTS):
        shape.fault(f"{field}_id", "must be given, or its name or symbol")

    def find(connection: Connection) -> Id:
        found = {part: _find_unit(connection, part, value, f"{field}_{part}") for part, value in given.items()}
        if len(set(found.values())) > 1:
            text = "does not name the same as the others given of it"
            raise Refused(InvalidArgument.of(tuple(FieldViolation(f"{field}_{part}", text) for part in found)))
        return next(iter(found.values()))

    return find


def _find_unit(connection: Connection, part: str, value: Id | str, field: str) -> Id:
    found: Id | None = connection.execute(select(unit_of_measure.c.id).where(unit_of_measure.c[part] == value)).scalar()
    if found is None:
        shown = format_id(value) if isinstance(value, bytes) else value
        raise Refused(NotFound.by("unit_of_measure", part, shown).at(field))
    return found
