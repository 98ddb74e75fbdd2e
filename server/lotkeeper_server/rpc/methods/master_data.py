"""What MasterDataService has beside Save, Get, List and Delete: the conversion of a quantity."""

from lotkeeper.inventory.v1 import master_data_service_pb2 as pb

from lotkeeper_server.domain.apply.converting import convert
from lotkeeper_server.domain.model.identifiers import MaterialId, UnitId
from lotkeeper_server.domain.model.quantity import double_of
from lotkeeper_server.engine.deciding import answer
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.rpc.gate.call import Call
from lotkeeper_server.rpc.wire.naming import read_material, read_unit
from lotkeeper_server.rpc.wire.shape import Shape
from lotkeeper_server.store.db.snapshot import Snapshot


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
        material = read_material(shape, request.material_id_or_path)
        shape.check()

        assert millionths is not None

        def work(snapshot: Snapshot) -> int:
            one, other = UnitId(from_unit.find(snapshot)), UnitId(to_unit.find(snapshot))
            material_id = None if material is None else MaterialId(material.find(snapshot))
            return answer(snapshot, lambda state: convert(state, millionths, one, other, material_id))

        converted = await self._engine.read(work)
        return pb.ConvertQuantityResponse(quantity=double_of(converted))
