"""Import and export of inventory operations, as streams of any size: each goes through a temporary file.

An import is checked after its stream has ended, so that a slow sender holds only its file. An export is written at the
store's speed and sent at the reader's, so that a slow reader holds no snapshot.
"""

import asyncio
import tempfile
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from typing import BinaryIO, Final

from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb

from lotkeeper_server.catalog.descriptions import INVENTORY_OPERATION
from lotkeeper_server.catalog.exporting import write_export
from lotkeeper_server.catalog.importing import Import, ImportCounts, plan_import, write_import
from lotkeeper_server.catalog.saving import Saver
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.domain.refusals import InvalidArgument, Refused
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.rpc.gate.call import Call
from lotkeeper_server.rpc.gate.places import Places
from lotkeeper_server.rpc.wire.shape import Shape
from lotkeeper_server.store.import_plan import ImportPlan

_FORMATS: Final[dict[int, str]] = {enums_pb2.EXPORT_FORMAT_CSV: "CSV", enums_pb2.EXPORT_FORMAT_JSON: "JSON"}
_WRITE_BYTES: Final = 1024 * 1024
"""How much is collected before a thread writes it."""
_PLANS_MAX: Final = 3
"""How often an import is planned while others work; after that it is planned within its transaction."""


class DefinitionExchange:
    """ImportInventoryOperations and ExportInventoryOperations."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._imports = Places(limits.IMPORTS_AT_ONCE_MAX)
        self._exports = Places(limits.EXPORTS_AT_ONCE_MAX)

    async def ExportInventoryOperations(  # noqa: N802 - named as in the contract
        self, request: pb.ExportInventoryOperationsRequest, call: Call
    ) -> AsyncGenerator[pb.ExportInventoryOperationsResponse, None]:
        """Writes the definitions to a file, then sends it piece by piece."""
        shape = Shape()
        file_format = _read_format(shape, request.format)
        places = _read_places(shape, request)
        shape.check()
        stopped = threading.Event()
        with self._exports.one(), _held_as_long_as_used(stopped) as held:
            file = _temporary_file(held)
            await self._engine.read_long(
                lambda snapshot: write_export(snapshot, file, file_format, places, stopped), call
            )
            file.seek(0)
            while data := await asyncio.to_thread(file.read, limits.STREAM_PIECE_BYTES):
                yield pb.ExportInventoryOperationsResponse(data=data)

    async def ImportInventoryOperations(  # noqa: N802
        self, requests: AsyncIterator[pb.ImportInventoryOperationsRequest], call: Call
    ) -> pb.ImportInventoryOperationsResponse:
        """Reads the stream, checks it, and writes the good rows."""
        stopped = threading.Event()
        with self._imports.one(), _held_as_long_as_used(stopped) as held:
            file = _temporary_file(held)
            first = await _take_in(requests, file)
            one = Import(
                file=file,
                format=_FORMATS[first.format],
                keep_good_rows=first.keep_good_rows,
                saver=Saver(call.principal, call.may),
                plan=ImportPlan(INVENTORY_OPERATION.table),
                stopped=stopped,
            )
            held.callback(one.plan.close)
            await self._run(one, call, validate_only=first.validate_only)
            return _response(one.result())

    async def _run(self, one: Import, call: Call, *, validate_only: bool) -> None:
        for attempt in range(1, _PLANS_MAX + 1):
            await self._engine.read_long(lambda snapshot: plan_import(snapshot, one), call)
            if validate_only or not one.writes:
                return
            last = attempt == _PLANS_MAX
            # Until this returns, the commit has not begun or is unknown; then it is durable, or has to be planned
            # again.
            if await self._engine.transact(lambda tx, last=last: write_import(tx, one, plan_again=last), call):  # type: ignore[misc]
                return


@contextmanager
def _held_as_long_as_used(stopped: threading.Event) -> Iterator[ExitStack]:
    """Closes what is entered at the end; if the call was cancelled, once the thread that uses it has ended."""
    with ExitStack() as held:
        try:
            yield held
        except asyncio.CancelledError:
            stopped.set()
            held.pop_all()
            raise


def _temporary_file(held: ExitStack) -> BinaryIO:
    file: BinaryIO = held.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack closes it
    return file


async def _take_in(
    requests: AsyncIterator[pb.ImportInventoryOperationsRequest], file: BinaryIO
) -> pb.ImportInventoryOperationsRequest:
    """Writes the stream's data to a file; returns its first message.

    Raises:
        Refused: where no message names a format, or the stream is too large.
    """
    first: pb.ImportInventoryOperationsRequest | None = None
    gathered: list[bytes] = []
    waiting_bytes = total_bytes = 0
    async for request in requests:
        if first is None:
            first = request
            _check_format(first.format)
        gathered.append(request.data)
        waiting_bytes += len(request.data)
        total_bytes += len(request.data)
        if total_bytes > limits.IMPORT_BYTES_MAX:
            raise Refused(InvalidArgument.on("data", f"is larger than {limits.IMPORT_BYTES_MAX} bytes in all"))
        if waiting_bytes >= _WRITE_BYTES:
            await asyncio.to_thread(file.write, b"".join(gathered))
            gathered, waiting_bytes = [], 0
    if first is None:
        first = pb.ImportInventoryOperationsRequest()
        _check_format(first.format)
    await asyncio.to_thread(file.write, b"".join(gathered))
    return first


def _check_format(number: int) -> None:
    shape = Shape()
    _read_format(shape, number)
    shape.check()


def _read_format(shape: Shape, number: int) -> str:
    if number not in _FORMATS:
        shape.fault("format", "must be CSV or JSON")
    return _FORMATS.get(number, "")


def _read_places(shape: Shape, request: pb.ExportInventoryOperationsRequest) -> list[Id | str]:
    if len(request.location_ids_or_paths) > limits.EXPORT_LOCATIONS_MAX:
        shape.fault("location_ids_or_paths", f"are more than {limits.EXPORT_LOCATIONS_MAX}")
        return []
    places: list[Id | str] = []
    for number, text in enumerate(request.location_ids_or_paths):
        field = f"location_ids_or_paths[{number}]"
        place = shape.id_or_path(field, text)
        if place is None:
            shape.fault(field, "must be given")
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
