"""What MasterDataService has besides Save, Get, List and Delete: the conversion of a quantity."""

from dataclasses import dataclass

from lotkeeper.inventory.v1 import master_data_service_pb2 as pb

from lotkeeper_server.catalog.naming import NamedEntity, NamedUnit
from lotkeeper_server.domain.apply.converting import convert
from lotkeeper_server.domain.model.identifiers import MaterialId, UnitId
from lotkeeper_server.domain.model.quantity import double_of
from lotkeeper_server.engine.batch import ask
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.rpc.gate.call import Call
from lotkeeper_server.rpc.wire.exact import exact, read_needed_quantity
from lotkeeper_server.rpc.wire.naming import read_material, read_unit
from lotkeeper_server.rpc.wire.shape import Shape
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.state.loading import StateLoader


class MasterData:
    """Methods in addition to those that the catalog has for every entity."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def ConvertQuantity(  # noqa: N802 - named as in the contract
        self, request: pb.ConvertQuantityRequest, _call: Call
    ) -> pb.ConvertQuantityResponse:
        """Converts a quantity to another unit."""
        query = _read_request(request)
        converted = await self._engine.read(query.ask)
        return pb.ConvertQuantityResponse(quantity=double_of(converted), exact_quantity=exact(converted))


@dataclass(frozen=True, slots=True)
class _ConversionQuery:
    """What a quantity is in another unit, as a request asks, by the material's own conversions if one is named."""

    millionths: int
    from_unit: NamedUnit
    to_unit: NamedUnit
    material: NamedEntity | None

    def ask(self, snapshot: Snapshot) -> int:
        from_id, to_id = UnitId(self.from_unit.find(snapshot)), UnitId(self.to_unit.find(snapshot))
        material_id = None if self.material is None else MaterialId(self.material.find(snapshot))
        return ask(StateLoader(snapshot), lambda state: convert(state, self.millionths, from_id, to_id, material_id))


def _read_request(request: pb.ConvertQuantityRequest) -> _ConversionQuery:
    shape = Shape()
    millionths = read_needed_quantity(shape, request)
    from_unit = read_unit(shape, request, "from_unit_of_measure")
    to_unit = read_unit(shape, request, "to_unit_of_measure")
    material = read_material(shape, request.material_id_or_path)
    shape.check()
    assert millionths is not None
    return _ConversionQuery(millionths, from_unit, to_unit, material)
