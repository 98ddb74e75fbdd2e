"""ImportMasterData and ExportMasterData: a whole plant as one document."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import UTC, tzinfo
from functools import partial
from typing import Final

from lotkeeper.inventory.v1 import master_data_service_pb2 as pb

from lotkeeper_server.catalog.breathing import Breath
from lotkeeper_server.catalog.lot_rules import STATUS_CHANGE_PERMISSION
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.enumerations import ExportFormat
from lotkeeper_server.domain.refusals import Contention, Fault, InvalidArgument, Refused
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.engine.long_writes import ROWS_AT_ONCE, LongWrites
from lotkeeper_server.plant.applying import AppliedPlant, Change, apply_plant
from lotkeeper_server.plant.exporting import export_plant
from lotkeeper_server.plant.permissions import SECTION_PERMISSIONS, STOCK_READ, check_export
from lotkeeper_server.plant.planning import PlannedPlant, is_long, plan_plant, switch_plant
from lotkeeper_server.plant.reading import Plant, read_plant
from lotkeeper_server.plant.trying import try_plant
from lotkeeper_server.rpc.gate.call import Call
from lotkeeper_server.rpc.gate.places import Place, Places
from lotkeeper_server.rpc.wire.shape import Shape
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.db.transaction import Transaction

_FORMATS: Final = frozenset({ExportFormat.YAML, ExportFormat.JSON})
_WRITING: Final = (*SECTION_PERMISSIONS.values(), STATUS_CHANGE_PERMISSION)
_PLANS_MAX: Final = 3
"""How often a long document is planned while others work, if they change what it relies on."""


class PlantExchange:
    """Imports and exports a plant as one document."""

    def __init__(self, engine: Engine, long_writes: LongWrites, bytes_max: int, zone: tzinfo = UTC) -> None:
        """Serves one engine.

        Args:
            engine: reads and writes.
            long_writes: where one transaction would hold the store for too long.
            bytes_max: what a document may take in memory.
            zone: the plant's time zone, in which a document means a day.
        """
        self._engine = engine
        self._long_writes = long_writes
        self._bytes_max = bytes_max
        self._zone = zone
        self._imports = Places(limits.PLANTS_AT_ONCE_MAX, limits.PLANTS_OF_PRINCIPAL_MAX, "imports of a plant")
        self._exports = Places(limits.PLANTS_AT_ONCE_MAX, limits.PLANTS_OF_PRINCIPAL_MAX, "exports of a plant")

    async def ImportMasterData(  # noqa: N802 - named as in the contract
        self, requests: AsyncIterator[pb.ImportMasterDataRequest], call: Call
    ) -> pb.ImportMasterDataResponse:
        """Receives the document, reads it outside of the loop, and applies it in one transaction, or tries it."""
        await self._engine.read(call.check_everywhere)  # before a document is taken in that is refused anyway
        with self._imports.one(call.principal) as place:
            breath = Breath(place.stopped)
            document_format, validate_only, data = await _take_in(requests)
            read = place.using(partial(_read, place, asyncio.get_running_loop(), self._zone))
            plant = await asyncio.to_thread(read, data, document_format, breath, self._bytes_max)
            del data
            call.check_ended()
            if validate_only:
                attempt = place.using(try_plant)

                def tried(snapshot: Snapshot) -> AppliedPlant:
                    call.check_everywhere(snapshot, *_WRITING)
                    return attempt(snapshot, plant, call.principal, call.may, breath, self._engine.clock)

                outcome = await self._engine.read_long(tried, call)
                call.check_ended()
            else:
                # Until this returns, the commit has not begun or is unknown; then it is durable.
                outcome = await self._apply(plant, breath, call, place)
        return _response(outcome)

    async def _apply(self, plant: Plant, breath: Breath, call: Call, place: Place) -> AppliedPlant:
        if not (self._long_writes.are_staged and is_long(plant)):
            apply = place.using(apply_plant)

            def applied(tx: Transaction) -> AppliedPlant:
                call.check_everywhere(tx.connection, *_WRITING)
                return apply(tx, plant, call.principal, call.may, breath)

            return await self._engine.transact(applied, call)
        plan, engine = place.using(plan_plant), self._engine

        def planned_on(snapshot: Snapshot) -> PlannedPlant:
            call.check_everywhere(snapshot, *_WRITING)
            return plan(snapshot, plant, call.principal, call.may, engine.new_id, breath, engine.clock)

        for attempts_left in reversed(range(_PLANS_MAX)):
            planned = await self._engine.read_long(planned_on, call)
            call.check_ended()
            try:
                if not planned.changes.rows or await self._written(planned, call, place):
                    return planned.outcome
            except Refused as refused:
                # Something was made meanwhile that the document makes, too, or deleted that it refers to.
                if not (attempts_left and isinstance(refused.refusal, Contention)):
                    raise
        raise Refused(Contention())

    async def _written(self, planned: PlannedPlant, call: Call, place: Place) -> bool:
        pieces = place.each(planned.pieces(ROWS_AT_ONCE))
        switch = place.using(switch_plant)

        def switched(tx: Transaction) -> bool:
            call.check_everywhere(tx.connection, *_WRITING)
            return switch(tx, planned)

        return await self._long_writes.write(pieces, switched, call, planned.changes.orders)

    async def ExportMasterData(  # noqa: N802
        self, request: pb.ExportMasterDataRequest, call: Call
    ) -> AsyncGenerator[pb.ExportMasterDataResponse, None]:
        """Writes the document from one snapshot, then sends it piece by piece."""
        document_format = _format_of(request.format)

        def work(snapshot: Snapshot) -> list[bytes]:
            check_export(call.may, include_lots=request.include_lots)
            return export_plant(
                snapshot,
                document_format,
                place.stopped,
                include_lots=request.include_lots,
                stock_scope=call.scope_of(STOCK_READ),
            )

        with self._exports.one(call.principal) as place:
            pieces = await self._engine.read_long(place.using(work), call)
            call.check_ended()
            pieces.reverse()
            while pieces:  # what is sent is let go
                data = pieces.pop()
                for begin in range(0, len(data), limits.STREAM_PIECE_BYTES):
                    yield pb.ExportMasterDataResponse(data=data[begin : begin + limits.STREAM_PIECE_BYTES])


def _read(
    place: Place,
    loop: asyncio.AbstractEventLoop,
    zone: tzinfo,
    data: bytearray,
    document_format: ExportFormat,
    breath: Breath,
    bytes_max: int,
) -> Plant:
    """Reads a document that is given up, little by little, once nobody works on it any more."""
    plant = read_plant(data, document_format, breath, bytes_max, zone)
    place.resources.callback(loop.call_soon_threadsafe, loop.run_in_executor, None, plant.let_go)
    return plant


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
            raise Refused(
                InvalidArgument.on("data", Fault.too_long(f"is longer than {limits.PLANT_BYTES_MAX} bytes in all"))
            )
    if document_format is None:
        document_format = _format_of(0)
    return document_format, validate_only, data


def _format_of(number: int) -> ExportFormat:
    shape = Shape()
    if number not in _FORMATS:
        shape.fault("format", Fault.required("must be YAML or JSON"))
    shape.check()
    return ExportFormat(number)


def _response(outcome: AppliedPlant) -> pb.ImportMasterDataResponse:
    return pb.ImportMasterDataResponse(
        created=outcome.created,
        updated=outcome.updated,
        unchanged=outcome.unchanged,
        not_applied=outcome.not_applied,
        changes=map(_change, outcome.changes),
    )


def _change(change: Change) -> pb.MasterDataChange:
    message = pb.MasterDataChange(entity=change.entity, key=change.key, fields=change.fields or ())
    if change.difference is not None:
        message.change = "NOT_APPLIED"
        message.stored, message.given = change.difference.stored, change.difference.given
    else:
        message.change = "CREATE" if change.fields is None else "UPDATE"
    return message
