"""Callers of a served plant, and what makes their calls slow: each fault is made for real, on either kind of store."""

from __future__ import annotations

import itertools
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field

import grpc
import psycopg
from lotkeeper import Client
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb
from lotkeeper.inventory.v1 import inventory_service_pb2 as watch_pb
from lotkeeper_server.access.tokens import TokenEntry, add_token, new_token
from lotkeeper_server.engine.clock import IdSource, now_millis
from lotkeeper_server.store.db.connection import Store

from bench.flooding import Flood, flooding
from tests.callers import Callers
from tests.plants import ServedPlant
from tests.server_process import ServerProcess

EXECUTE = "/lotkeeper.inventory.v1.InventoryOperationService/ExecuteInventoryOperation"
BATCH_EXECUTE = "/lotkeeper.inventory.v1.InventoryOperationService/BatchExecuteInventoryOperations"
WATCH = "/lotkeeper.inventory.v1.InventoryService/WatchInventoryLotRecords"
OWN_SUBCHANNELS = (("grpc.use_local_subchannel_pool", 1),)


@dataclass
class BusyPlant:
    """A plant with a line of callers, each of whom takes in lots of its own.

    Attributes:
        server: that serves it.
        client: of an administrator.
    """

    server: ServerProcess
    client: Client
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.plant = ServedPlant(self.client)
        self.receive = self.plant.operation("RECEIVE")

    def token(self, principal: str, expires_millis: int | None = None) -> str:
        """Of a role that may everything."""
        text = new_token()
        entry = TokenEntry(IdSource()(), principal, ("admin",), False, now_millis(), expires_millis, None)
        with closing(Store(self.server.database_url)) as store, store.write() as connection:
            add_token(connection, text, entry)
        return text

    def request(self, lot: str) -> pb.ExecuteInventoryOperationRequest:
        """To take in a kilogram of a lot."""
        return pb.ExecuteInventoryOperationRequest(
            inventory_operation_id=self.receive.id, primary_lot_id_or_name=lot, quantity=1.0
        )

    def line(self, principal: str = "line-4", count: int = 4, timeout_seconds: float = 60.0) -> Callers:
        """So many callers of one principal, each again and again with a lot of its own."""
        return Callers(
            [self.server.address],
            self.token(principal),
            lambda number: self.request(f"{principal}-{number}"),
            count=count,
            timeout_seconds=timeout_seconds,
        )

    @contextmanager
    def locked_table(self) -> Iterator[int]:
        """Another program has locked what calls write; its process id, or that of its session."""
        url = self.server.database_url
        if url.startswith("sqlite"):
            with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                yield 0
                other.execute("ROLLBACK")
        else:
            plain = url.replace("+psycopg", "")
            with psycopg.connect(plain, application_name="monthly-report") as other:
                other.execute("LOCK TABLE inventory IN EXCLUSIVE MODE")
                yield other.info.backend_pid
                other.rollback()

    @contextmanager
    def hot_lot(self, lot: str = "HOT-1", count: int = 48, calls: int = 10) -> Iterator[None]:
        """Many callers with connections of their own change one lot, some times in each call.

        So they wait for each other, not for these callers: those take longer to send a call than a server to do it.
        """
        token = self.token("fillers")
        ending = threading.Event()
        channels = [grpc.insecure_channel(self.server.address, OWN_SUBCHANNELS) for _ in range(count // 2)]

        batch = pb.BatchExecuteInventoryOperationsRequest(requests=[self.request(lot)] * calls).SerializeToString()

        def call(number: int) -> None:
            method = channels[number % len(channels)].unary_unary(BATCH_EXECUTE)
            while not ending.is_set():
                with suppress(grpc.RpcError):
                    method(
                        batch,
                        metadata=(("authorization", f"Bearer {token}"),),
                        timeout=60,
                    )

        threads = [threading.Thread(target=call, args=(number,)) for number in range(count)]
        for one in threads:
            one.start()
        try:
            yield
        finally:
            ending.set()
            for one in threads:
                one.join()
            for channel in channels:
                channel.close()

    @contextmanager
    def flood(self, principal: str = "gateway-2") -> Iterator[None]:
        """One principal sends as much as it can."""
        bodies = [self.request(f"F-{number}").SerializeToString() for number in range(256)]
        with flooding(self.server.address, self.token(principal), Flood("flood", EXECUTE, "unary", bodies, 24, 64)):
            yield

    @contextmanager
    def expired_token(self, principal: str = "scale-7") -> Iterator[None]:
        """A busy caller goes on with a token that has expired."""
        with self._calling(self.token(principal, now_millis() - 1_000)):
            yield

    @contextmanager
    def _calling(self, token: str) -> Iterator[None]:
        ending = threading.Event()

        def call() -> None:
            with grpc.insecure_channel(self.server.address, OWN_SUBCHANNELS) as channel:
                method = channel.unary_unary(EXECUTE)
                for number in itertools.count():
                    with suppress(grpc.RpcError):
                        method(
                            self.request(f"E-{number}").SerializeToString(),
                            metadata=(("authorization", f"Bearer {token}"),),
                        )
                    if ending.wait(0.02):
                        return

        thread = threading.Thread(target=call)
        thread.start()
        try:
            yield
        finally:
            ending.set()
            thread.join()

    @contextmanager
    def lagging_watch(self, principal: str = "board-3") -> Iterator[None]:
        """A watcher that reads nothing."""
        with grpc.insecure_channel(self.server.address, OWN_SUBCHANNELS) as channel:
            request = watch_pb.WatchInventoryLotRecordsRequest(from_beginning=True)
            stream = channel.unary_stream(WATCH)(
                request.SerializeToString(), metadata=(("authorization", f"Bearer {self.token(principal)}"),)
            )
            next(stream)
            yield
            stream.cancel()
