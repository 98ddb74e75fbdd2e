"""ImportMasterData and ExportMasterData: a whole plant as one document."""

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Final

from lotkeeper.inventory.v1 import master_data_service_pb2 as pb

from lotkeeper_server.catalog.breathing import Breath, Stopped
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.enumerations import ExportFormat
from lotkeeper_server.domain.refusals import Cancelled, InvalidArgument, Refused
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.plant.applying import AppliedPlant, apply_plant
from lotkeeper_server.plant.exporting import export_plant
from lotkeeper_server.plant.reading import Plant, read_plant
from lotkeeper_server.plant.trying import try_plant
from lotkeeper_server.rpc.gate.call import Call
from lotkeeper_server.rpc.gate.places import Places
from lotkeeper_server.rpc.wire.shape import Shape

_FORMATS: Final = frozenset({ExportFormat.YAML, ExportFormat.JSON})


class PlantExchange:
    """Imports and exports a plant as one document."""

    def __init__(self, engine: Engine, bytes_max: int) -> None:
        """Serves one engine.

        Args:
            engine: reads and writes.
            bytes_max: what a document may take in memory.
        """
        self._engine = engine
        self._bytes_max = bytes_max
        self._places = Places(limits.PLANTS_AT_ONCE_MAX)

    async def ImportMasterData(  # noqa: N802 - named as in the contract
        self, requests: AsyncIterator[pb.ImportMasterDataRequest], call: Call
    ) -> pb.ImportMasterDataResponse:
        """Receives the document, reads it outside of the loop, and applies it in one transaction, or tries it."""
        with self._places.one(), _plant_of_call() as plant:
            document_format, validate_only, data = await _take_in(requests)
            await asyncio.to_thread(plant.read, data, document_format, self._bytes_max)
            del data
            principal = call.principal
            if validate_only:
                outcome = await self._engine.read_long(
                    lambda snapshot: plant.worked_on(
                        lambda whole, breath: try_plant(snapshot, whole, principal, breath)
                    )
                )
            else:
                # Until this returns, the commit has not begun or is unknown; then it is durable.
                outcome = await self._engine.transact(
                    lambda tx: plant.worked_on(lambda whole, breath: apply_plant(tx, whole, principal, breath)), call
                )
        return _response(outcome)

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


class _PlantOfCall:
    """A plant that threads work on, one after the other, as long as its call lasts."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._breath = Breath(self._stopped)
        self._used = threading.Lock()
        self._plant = Plant()

    def read(self, data: bytearray, document_format: ExportFormat, bytes_max: int) -> None:
        """Reads it.

        Raises:
            Refused: where it cannot be read, or the call has ended.
        """
        with self._in_use():
            self._plant = read_plant(data, document_format, self._breath, bytes_max)

    def worked_on(self, work: Callable[[Plant, Breath], AppliedPlant]) -> AppliedPlant:
        """What work on it returns.

        Raises:
            Refused: what the work raised; CANCELLED where the call has ended.
        """
        with self._in_use():
            return work(self._plant, self._breath)

    def end(self) -> None:
        """Stops whoever works on it, and then gives it up, little by little; returns at once."""
        self._stopped.set()
        asyncio.get_running_loop().run_in_executor(None, self._let_go)

    @contextmanager
    def _in_use(self) -> Iterator[None]:
        with self._used:
            if self._stopped.is_set():
                raise Refused(Cancelled())
            try:
                yield
            except Stopped:
                raise Refused(Cancelled()) from None

    def _let_go(self) -> None:
        with self._used:
            self._plant.let_go()


@contextmanager
def _plant_of_call() -> Iterator[_PlantOfCall]:
    """A plant that ends with the block."""
    plant = _PlantOfCall()
    try:
        yield plant
    finally:
        plant.end()


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
