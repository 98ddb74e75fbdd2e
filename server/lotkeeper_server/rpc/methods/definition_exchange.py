"""Import and export of inventory operations, as streams of any size: each goes through a temporary file.

An import is checked after its stream has ended, so that a slow sender holds only its file. An export is written at the
store's speed and sent at the reader's, so that a slow reader holds no snapshot.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from functools import partial
from typing import BinaryIO, Final

from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb

from lotkeeper_server.catalog.descriptions import INVENTORY_OPERATION
from lotkeeper_server.catalog.exporting import write_export
from lotkeeper_server.catalog.importing import (
    Import,
    ImportCounts,
    plan_import,
    staged_pieces,
    switch_import,
    write_import,
)
from lotkeeper_server.catalog.saving import Saver
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.domain.refusals import Contention, Fault, InvalidArgument, Refused
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.engine.long_writes import ROWS_AT_ONCE, LongWrites
from lotkeeper_server.rpc.gate.call import Call
from lotkeeper_server.rpc.gate.places import Place, Places
from lotkeeper_server.rpc.wire.shape import Shape
from lotkeeper_server.store.import_plan import ImportPlan
from lotkeeper_server.store.temporary_files import TemporaryFile, TemporaryFiles

_FORMATS: Final[dict[int, str]] = {enums_pb2.EXPORT_FORMAT_CSV: "CSV", enums_pb2.EXPORT_FORMAT_JSON: "JSON"}
_WRITE_BYTES: Final = 1024 * 1024
"""How much is collected before a thread writes it."""
_PLANS_MAX: Final = 3
"""How often an import is planned while others work; the last time within its transaction, where others do not wait."""


class DefinitionExchange:
    """ImportInventoryOperations and ExportInventoryOperations."""

    def __init__(self, engine: Engine, long_writes: LongWrites, files: TemporaryFiles) -> None:
        self._engine = engine
        self._long_writes = long_writes
        self._files = files
        self._imports = Places(limits.IMPORTS_AT_ONCE_MAX, limits.IMPORTS_OF_PRINCIPAL_MAX, "imports of definitions")
        self._exports = Places(limits.EXPORTS_AT_ONCE_MAX, limits.EXPORTS_OF_PRINCIPAL_MAX, "exports of definitions")

    async def ExportInventoryOperations(  # noqa: N802 - named as in the contract
        self, request: pb.ExportInventoryOperationsRequest, call: Call
    ) -> AsyncGenerator[pb.ExportInventoryOperationsResponse, None]:
        """Writes the definitions to a file, then sends it piece by piece."""
        shape = Shape()
        file_format = _read_format(shape, request.format)
        places = _read_places(shape, request)
        shape.check()
        with self._exports.one(call.principal) as place:
            room = place.resources.enter_context(self._files.room(call.principal))
            file = place.resources.enter_context(TemporaryFile(room))
            write = place.using(write_export)
            await self._engine.read_long(
                lambda snapshot: write(snapshot, file, file_format, places, place.stopped), call
            )
            call.check_ended()
            file.seek(0)
            read = place.using(file.read)
            while data := await asyncio.to_thread(read, limits.STREAM_PIECE_BYTES):
                yield pb.ExportInventoryOperationsResponse(data=data)

    async def ImportInventoryOperations(  # noqa: N802
        self, requests: AsyncIterator[pb.ImportInventoryOperationsRequest], call: Call
    ) -> pb.ImportInventoryOperationsResponse:
        """Reads the stream, checks it, and writes the good rows."""
        with self._imports.one(call.principal) as place:
            room = place.resources.enter_context(self._files.room(call.principal))
            file = place.resources.enter_context(TemporaryFile(room))
            first = await _take_in(requests, file, place)
            one = Import(
                file=file,
                format=_FORMATS[first.format],
                keep_good_rows=first.keep_good_rows,
                saver=Saver(call.principal, call.may, scope_of=call.scope_of),
                plan=ImportPlan(INVENTORY_OPERATION.table, room),
                stopped=place.stopped,
            )
            place.resources.callback(one.plan.close)
            await self._run(one, call, place, validate_only=first.validate_only)
            return _response(one.result())

    async def _run(self, one: Import, call: Call, place: Place, *, validate_only: bool) -> None:
        plan, write = place.using(plan_import), place.using(write_import)
        for attempt in range(1, _PLANS_MAX + 1):
            await self._engine.read_long(lambda snapshot: plan(snapshot, one), call)
            call.check_ended()
            if validate_only or not one.writes:
                return
            last = attempt == _PLANS_MAX
            if self._long_writes.are_staged:
                if await self._written(one, call, place, last=last):
                    return
                continue
            # Until this returns, the commit has not begun or is unknown; then it is durable, or has to be planned
            # again.
            if await self._engine.transact(partial(write, one=one, plan_again=last), call):
                return

    async def _written(self, one: Import, call: Call, place: Place, *, last: bool) -> bool:
        """Writes a plan where one transaction holds the store; False if it has to be planned again.

        Raises:
            Refused: CONTENTION if there is no further try.
        """
        try:
            if one.is_long:
                pieces = place.each(
                    staged_pieces(one, self._engine.new_id, self._engine.clock.now_millis(), ROWS_AT_ONCE)
                )
                written = await self._long_writes.write(pieces, partial(place.using(switch_import), one=one), call)
            else:
                written = await self._engine.transact(
                    partial(place.using(write_import), one=one, plan_again=False), call
                )
        except Refused as refused:
            if last or not isinstance(refused.refusal, Contention):
                raise
            return False
        if last and not written:
            raise Refused(Contention())
        return written


async def _take_in(
    requests: AsyncIterator[pb.ImportInventoryOperationsRequest], file: BinaryIO, place: Place
) -> pb.ImportInventoryOperationsRequest:
    """Writes the stream's data to a file; returns its first message.

    Raises:
        Refused: where no message names a format, or the stream is too large.
    """
    first: pb.ImportInventoryOperationsRequest | None = None
    write = place.using(file.write)
    gathered = bytearray()  # a list would take more for each piece than a piece may have
    total_bytes = 0
    async for request in requests:
        if first is None:
            first = request
            _check_format(first.format)
        gathered += request.data
        total_bytes += len(request.data)
        if total_bytes > limits.IMPORT_BYTES_MAX:
            raise Refused(
                InvalidArgument.on("data", Fault.too_long(f"is larger than {limits.IMPORT_BYTES_MAX} bytes in all"))
            )
        if len(gathered) >= _WRITE_BYTES:
            await asyncio.to_thread(write, bytes(gathered))
            gathered.clear()
    if first is None:
        first = pb.ImportInventoryOperationsRequest()
        _check_format(first.format)
    await asyncio.to_thread(write, bytes(gathered))
    return first


def _check_format(number: int) -> None:
    shape = Shape()
    _read_format(shape, number)
    shape.check()


def _read_format(shape: Shape, number: int) -> str:
    if number not in _FORMATS:
        shape.fault("format", Fault.required("must be CSV or JSON"))
    return _FORMATS.get(number, "")


def _read_places(shape: Shape, request: pb.ExportInventoryOperationsRequest) -> list[Id | str]:
    if len(request.location_ids_or_paths) > limits.EXPORT_LOCATIONS_MAX:
        shape.fault("location_ids_or_paths", Fault.out_of_range(f"are more than {limits.EXPORT_LOCATIONS_MAX}"))
        return []
    places: list[Id | str] = []
    for number, text in enumerate(request.location_ids_or_paths):
        field = f"location_ids_or_paths[{number}]"
        place = shape.id_or_path(field, text)
        if place is None:
            shape.fault(field, Fault.required())
        else:
            places.append(place)
    return places


def _response(outcome: ImportCounts) -> pb.ImportInventoryOperationsResponse:
    return pb.ImportInventoryOperationsResponse(
        created=outcome.created,
        updated=outcome.updated,
        unchanged=outcome.unchanged,
        failed=outcome.failed,
        failed_rows=[
            pb.ImportFailure(line=one.line, reason=one.reason, field=one.column, description=one.description)
            for one in outcome.failures
        ],
    )
