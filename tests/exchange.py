"""Import and export of definitions as the contract has them, by the generated stub."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import grpc
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb
from lotkeeper.inventory.v1 import inventory_operation_service_pb2_grpc as stubs

from tests.server_process import ServerProcess

CSV, JSON = enums_pb2.EXPORT_FORMAT_CSV, enums_pb2.EXPORT_FORMAT_JSON
PIECE_BYTES = 64 * 1024


class Exchange:
    """One caller of a server's import and export."""

    def __init__(self, server: ServerProcess) -> None:
        self._channel = grpc.insecure_channel(server.address)
        self.stub: Any = stubs.InventoryOperationServiceStub(self._channel)  # type: ignore[no-untyped-call]
        self.metadata = (("authorization", f"Bearer {server.token}"),)

    def __enter__(self) -> Exchange:
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()

    def take_in(self, data: bytes | Iterable[bytes], export_format: Any = CSV, **more: Any) -> Any:
        """Imports; `keep_good_rows` and `validate_only` as in the contract."""
        pieces = pieces_of(data) if isinstance(data, bytes) else data

        def requests() -> Iterator[Any]:
            yield pb.ImportInventoryOperationsRequest(format=export_format, **more)
            for piece in pieces:
                yield pb.ImportInventoryOperationsRequest(data=piece)

        return self.stub.ImportInventoryOperations(requests(), metadata=self.metadata, timeout=900)

    def give(self, export_format: Any = CSV, places: Iterable[str] = ()) -> bytes:
        """Exports."""
        request = pb.ExportInventoryOperationsRequest(format=export_format, location_ids_or_paths=places)
        answers = self.stub.ExportInventoryOperations(request, metadata=self.metadata, timeout=250)
        return b"".join(answer.data for answer in answers)


def pieces_of(data: bytes) -> Iterator[bytes]:
    """A file as it is sent."""
    for begin in range(0, len(data), PIECE_BYTES):
        yield data[begin : begin + PIECE_BYTES]
