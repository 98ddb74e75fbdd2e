"""ImportMasterData and ExportMasterData: a whole plant as one document."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from typing import Final

from lotkeeper.inventory.v1 import master_data_service_pb2 as pb

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.enumerations import ExportFormat
from lotkeeper_server.domain.refusals import InvalidArgument, Refused
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.plant.applying import AppliedPlant, apply_plant
from lotkeeper_server.plant.exporting import export_plant
from lotkeeper_server.plant.permissions import check_export
from lotkeeper_server.plant.reading import read_plant
from lotkeeper_server.plant.trying import try_plant
from lotkeeper_server.rpc.gate.call import Call
from lotkeeper_server.rpc.gate.places import Places
from lotkeeper_server.rpc.wire.shape import Shape
from lotkeeper_server.store.db.snapshot import Snapshot

_FORMATS: Final = frozenset({ExportFormat.YAML, ExportFormat.JSON})


class PlantExchange:
    """Imports and exports a plant as one document."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._places = Places(limits.PLANTS_AT_ONCE_MAX)

    async def ImportMasterData(  # noqa: N802 - named as in the contract
        self, requests: AsyncIterator[pb.ImportMasterDataRequest], call: Call
    ) -> pb.ImportMasterDataResponse:
        """Receives the document, reads it outside of the loop, and applies it in one transaction, or tries it."""
        with self._places.one():
            document_format, validate_only, data = await _take_in(requests)
            plant = await asyncio.to_thread(read_plant, data, document_format)
            del data
            if validate_only:
                outcome = await self._engine.read_long(
                    lambda snapshot: try_plant(snapshot, plant, call.principal, call.may), call
                )
            else:
                # Until this returns, the commit has not begun or is unknown; then it is durable.
                outcome = await self._engine.transact(lambda tx: apply_plant(tx, plant, call.principal, call.may), call)
        return _response(outcome)

    async def ExportMasterData(  # noqa: N802
        self, request: pb.ExportMasterDataRequest, call: Call
    ) -> AsyncGenerator[pb.ExportMasterDataResponse, None]:
        """Writes the document from one snapshot, then sends it piece by piece."""
        document_format = _format_of(request.format)

        def work(snapshot: Snapshot) -> Iterable[bytes]:
            check_export(call.may, include_lots=request.include_lots)
            return export_plant(snapshot, document_format, include_lots=request.include_lots)

        with self._places.one():
            pieces = await self._engine.read_long(work, call)
        for data in pieces:
            yield pb.ExportMasterDataResponse(data=data)


async def _take_in(requests: AsyncIterator[pb.ImportMasterDataRequest]) -> tuple[ExportFormat, bool, bytes]:
    """The document's format, whether only to try it, and its bytes.

    Raises:
        Refused: where no format is named, or the document is too large.
    """
    document_format: ExportFormat | None = None
    validate_only = False
    pieces: list[bytes] = []
    length = 0
    async for request in requests:
        if document_format is None:
            document_format = _format_of(request.format)
            validate_only = request.validate_only
        pieces.append(request.data)
        length += len(request.data)
        if length > limits.PLANT_BYTES_MAX:
            raise Refused(InvalidArgument.on("data", f"is longer than {limits.PLANT_BYTES_MAX} bytes in all"))
    if document_format is None:
        document_format = _format_of(0)
    return document_format, validate_only, b"".join(pieces)


def _format_of(number: int) -> ExportFormat:
    shape = Shape()
    if number not in _FORMATS:
        shape.fault("format", "must be YAML or JSON")
    shape.check()
    return ExportFormat(number)


def _response(outcome: AppliedPlant) -> pb.ImportMasterDataResponse:
    return pb.ImportMasterDataResponse(
        created=outcome.created,
        updated=outcome.updated,
        unchanged=outcome.unchanged,
        changes=[
            pb.MasterDataChange(
                entity=change.entity,
                key=change.key,
                change="CREATE" if change.fields is None else "UPDATE",
                fields=change.fields or (),
            )
            for change in outcome.changes
        ],
    )
