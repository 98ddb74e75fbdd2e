"""A server of a few lines that answers executions, for tests of how a client connects and what it sends together."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from concurrent import futures
from types import TracebackType
from typing import Any

import grpc
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb
from lotkeeper.inventory.v1 import inventory_operation_service_pb2_grpc as pb_grpc

Answer = pb.ExecuteInventoryOperationResponse


class Answering(pb_grpc.InventoryOperationServiceServicer):
    """Answers every execution with a record of its lot and quantity, unless it is told otherwise.

    Attributes:
        address: where it listens, from `with` to its end.
        singles: the requests that came alone.
        batches: of how many requests each batch was, in order.
        peers: the other ends of all calls.
        metadata: of each execution that came alone.
        on_single: called with each request that comes alone, before its answer.
        on_batch: the same, with each batch; a message that it gives is the answer.
    """

    def __init__(self, credentials: grpc.ServerCredentials | None = None, host: str = "127.0.0.1") -> None:
        self.address = f"{host}:0"
        self.singles: list[pb.ExecuteInventoryOperationRequest] = []
        self.batches: list[int] = []
        self.peers: set[str] = set()
        self.metadata: list[dict[str, Any]] = []
        self.on_single: Callable[[Any, grpc.ServicerContext], None] = _nothing
        self.on_batch: Callable[[Any, grpc.ServicerContext], Any] = _nothing
        self._credentials = credentials
        self._lock = threading.Lock()

    def ExecuteInventoryOperation(self, request: Any, context: Any) -> Any:  # noqa: N802 - the contract's name
        with self._lock:
            self.singles.append(request)
            self.peers.add(context.peer())
            self.metadata.append(dict(context.invocation_metadata()))
        self.on_single(request, context)
        return answer_to(request)

    def BatchExecuteInventoryOperations(self, request: Any, context: Any) -> Any:  # noqa: N802
        with self._lock:
            self.batches.append(len(request.requests))
            self.peers.add(context.peer())
        told = self.on_batch(request, context)
        if told is not None:
            return told
        results = [pb.BatchExecuteResult(response=answer_to(one)) for one in request.requests]
        return pb.BatchExecuteInventoryOperationsResponse(results=results)

    def start(self) -> None:
        """Begins to answer, on the port of before if there was one."""
        self._pool = futures.ThreadPoolExecutor(64)
        self._server = grpc.server(self._pool, options=[("grpc.so_reuseport", 0)])
        pb_grpc.add_InventoryOperationServiceServicer_to_server(self, self._server)
        if self._credentials is None:
            port = self._server.add_insecure_port(self.address)
        else:
            port = self._server.add_secure_port(self.address, self._credentials)
        self.address = f"{self.address.rpartition(':')[0]}:{port}"
        self._server.start()

    def stop(self) -> None:
        """Breaks off every call, and closes the port."""
        self._server.stop(None).wait(20)
        self._pool.shutdown(wait=False)

    def __enter__(self) -> Answering:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


def _nothing(_request: Any, _context: Any) -> None:
    """What is done where a test tells nothing."""


def answer_to(request: pb.ExecuteInventoryOperationRequest) -> Answer:
    """A record of the request's lot and quantity."""
    answer = Answer()
    answer.inventory_lot_record.inventory_lot_name = request.primary_lot_id_or_name
    answer.inventory_lot_record.quantity = request.quantity
    return answer


def free_port(host: str = "127.0.0.1") -> int:
    """A port on which nobody listens now."""
    with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as listening:
        port: int = listening.getsockname()[1]
        return port
