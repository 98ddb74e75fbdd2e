"""ImportMasterData and ExportMasterData: a whole plant as one document."""

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Final

from lotkeeper.inventory.v1 import master_data_service_pb2 as pb

from lotkeeper_server.catalog.breathing import Breath, Stopped
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.enumerations import ExportFormat
from lotkeeper_server.domain.refusals import Cancelled, Contention, InvalidArgument, Refused
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.engine.long_writes import ROWS_AT_ONCE, LongWrites
from lotkeeper_server.plant.applying import AppliedPlant, apply_plant
from lotkeeper_server.plant.exporting import export_plant
from lotkeeper_server.plant.planning import PlannedPlant, is_long, plan_plant, switch_plant
from lotkeeper_server.plant.reading import Plant, read_plant
from lotkeeper_server.plant.trying import try_plant
from lotkeeper_server.rpc.gate.call import Call
from lotkeeper_server.rpc.gate.places import Places
from lotkeeper_server.rpc.wire.shape import Shape
from lotkeeper_server.store.db.transaction import Transaction

_FORMATS: Final = frozenset({ExportFormat.YAML, ExportFormat.JSON})
_PLANS_MAX: Final = 3
"""How often a long document is planned while others work, if they change what it relies on."""


class PlantExchange:
    """Imports and exports a plant as one document."""

    def __init__(self, engine: Engine, long_writes: LongWrites, bytes_max: int) -> None:
        """Serves one engine.

        Args:
            engine: reads and writes.
            long_writes: where one transaction would hold the store for too long.
            bytes_max: what a document may take in memory.
        """
        self._engine = engine
        self._long_writes = long_writes
        self._bytes_max = bytes_max
        self._places = Places(limits.PLANTS_AT_ONCE_MAX)

    async def ImportMasterData(  # noqa: N802 - named as in the contract
        self, requests: AsyncIterator[pb.ImportMasterDataRequest], call: Call
    ) -> pb.ImportMasterDataResponse:
        """Receives the document, reads it outside of the loop, and applies it in one transaction, or tries it."""
        with self._places.one(), _breath_of_call() as breath:
            document_format, validate_only, data = await _take_in(requests)
            plant = await asyncio.to_thread(read_plant, data, document_format, breath, self._bytes_max)
            del data
            try:
                if validate_only:
                    outcome = await self._engine.read_long(
                        lambda snapshot: try_plant(snapshot, plant, call.principal, breath)
                    )
                else:
                    # Until this returns, the commit has not begun or is unknown; then it is durable.
                    outcome = await self._apply(plant, breath, call)
            finally:
                await asyncio.to_thread(plant.let_go)
        return _response(outcome)

    async def _apply(self, plant: Plant, breath: Breath, call: Call) -> AppliedPlant:
        def work(tx: Transaction) -> AppliedPlant:
            try:
                return apply_plant(tx, plant, call.principal, breath)
            except Stopped:
                raise Refused(Cancelled()) from None

        if not (self._long_writes.are_staged and is_long(plant)):
            return await self._engine.transact(work, call)
        for attempts_left in reversed(range(_PLANS_MAX)):
            planned = await self._engine.read_long(
                lambda snapshot: plan_plant(snapshot, plant, call.principal, self._engine.new_id, breath)
            )
            try:
                if not planned.changes.rows or await self._written(planned, call):
                    return planned.outcome
            except Refused as refused:
                # Something was made meanwhile that the document makes, too, or deleted that it refers to.
                if not (attempts_left and isinstance(refused.refusal, Contention)):
                    raise
        raise Refused(Contention())

    async def _written(self, planned: PlannedPlant, call: Call) -> bool:
        pieces = planned.pieces(ROWS_AT_ONCE)
        orders = planned.changes.orders
        return await self._long_writes.write(pieces, lambda tx: switch_plant(tx, planned), call, orders)

    async def ExportMasterData(  # noqa: N802
        self, request: pb.ExportMasterDataRequest, _call: Call
    ) -> AsyncGenerator[pb.ExportMasterDataResponse, None]:
        """Writes the document from one snapshot, then sends it piece by piece."""
        document_format = _format_of(request.format)
        with self._places.one():
            pieces = await self._engine.read_long(
                lambda snapshot: export_plant(snapshot, document_format, include_lots=request.include_lots)
            )
        for data in pieces:
            yield pb.ExportMasterDataResponse(data=data)


@contextmanager
def _breath_of_call() -> Iterator[Breath]:
    """The breath of threads that work for a call: they are stopped where that ends before they do."""
    stopped = threading.Event()
    try:
        yield Breath(stopped)
    finally:
        stopped.set()


async def _take_in(requests: AsyncIterator[pb.ImportMasterDataRequest]) -> tuple[ExportFormat, bool, bytearray]:
    """The document's format, whether only to try it, and its bytes.

    Raises:
        Refused: where no format is named, or the document is too large.
    """
    document_format: ExportFormat | None = None
    validate_only = False
    data = bytearray()
    async for request in requests:
        if document_format is None:
            document_format = _format_of(request.format)
            validate_only = request.validate_only
        data += request.data
        if len(data) > limits.PLANT_BYTES_MAX:
            raise Refused(InvalidArgument.on("data", f"is longer than {limits.PLANT_BYTES_MAX} bytes in all"))
    if document_format is None:
        document_format = _format_of(0)
    return document_format, validate_only, data


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
