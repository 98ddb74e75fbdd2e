"""What the health service says of the store, over real connections."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from lotkeeper_server.engine.health import CHECK_SECONDS_MAX, StoreHealth
from lotkeeper_server.transport import ServerOptions
from lotkeeper_server.transport.core_server import CoreServer
from lotkeeper_server.transport.health import Health

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
SERVICE = "lotkeeper.inventory.v1.InventoryService"


@dataclass
class FileStore:
    """A database file, opened anew by each check; while `answers` is clear a check hangs."""

    path: Path
    answers: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        sqlite3.connect(self.path).close()
        self.answers.set()

    def fault(self) -> str | None:
        """As a store says it."""
        self.answers.wait(20)
        try:
            with closing(sqlite3.connect(f"file:{self.path}?mode=rw", uri=True)) as connection:
                connection.execute("SELECT 1")
        except sqlite3.Error as error:
            return str(error)
        return None

    write_fault = fault

    def lose(self) -> None:
        """It cannot be opened any more."""
        self.path.rename(self.path.with_suffix(".lost"))

    def find(self) -> None:
        """It can again."""
        self.path.with_suffix(".lost").rename(self.path)


class Watcher:
    """Follows one service's health on a connection of its own."""

    def __init__(self, address: str, service: str) -> None:
        self.channel = grpc.aio.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)])
        self._stream: Any = health_pb2_grpc.HealthStub(self.channel).Watch(
            health_pb2.HealthCheckRequest(service=service)
        )

    async def next(self, within_seconds: float = 2.0) -> tuple[int, float]:
        """What it is told next, and after how many seconds; the second promised, and one for a busy machine."""
        begun = time.monotonic()
        answer = await asyncio.wait_for(self._stream.read(), within_seconds)
        return answer.status, time.monotonic() - begun


@dataclass
class Served:
    """A health service that follows a store."""

    address: str
    health: Health
    follower: StoreHealth
    watchers: list[Watcher] = field(default_factory=list)

    def watch(self, service: str) -> Watcher:
        """A new watcher."""
        self.watchers.append(Watcher(self.address, service))
        return self.watchers[-1]

    async def status(self, service: str = "") -> int:
        """Asked once."""
        async with grpc.aio.insecure_channel(self.address) as channel:
            answer = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=service))
            return int(answer.status)


@asynccontextmanager
async def served(store: FileStore) -> AsyncIterator[Served]:
    """On a free port."""
    health = Health([SERVICE])
    server = CoreServer(health.methods(), ServerOptions(), asyncio.get_running_loop())
    address = f"127.0.0.1:{server.listen('127.0.0.1:0')}"
    server.start()
    follower = StoreHealth(store, health.tell)
    await follower.begin()
    following = asyncio.create_task(follower.follow())
    one = Served(address, health, follower)
    try:
        yield one
    finally:
        following.cancel()
        store.answers.set()
        for watcher in one.watchers:
            await watcher.channel.close()
        await server.close()


async def test_it_follows_the_store_within_a_second(tmp_path: Path) -> None:
    """For the server and for each service, to whoever asks and to whoever watches; an unknown service is none."""
    store = FileStore(tmp_path / "store.db")
    async with served(store) as one:
        watchers = [one.watch(""), one.watch(SERVICE)]
        assert [(await watcher.next())[0] for watcher in watchers] == [SERVING, SERVING]
        for _ in range(2):
            store.lose()
            assert [(await watcher.next())[0] for watcher in watchers] == [NOT_SERVING, NOT_SERVING]
            assert (await one.status(), await one.status(SERVICE)) == (NOT_SERVING, NOT_SERVING)
            store.find()
            assert [(await watcher.next())[0] for watcher in watchers] == [SERVING, SERVING]
            assert (await one.status(), await one.status(SERVICE)) == (SERVING, SERVING)
        with pytest.raises(grpc.aio.AioRpcError) as unknown:
            await one.status("no.such.Service")
        assert unknown.value.code() is grpc.StatusCode.NOT_FOUND
        assert (await one.watch("no.such.Service").next())[0] == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN


async def test_a_store_that_is_not_there_at_the_start_is_not_serving(tmp_path: Path) -> None:
    """Until it is."""
    store = FileStore(tmp_path / "store.db")
    store.lose()
    async with served(store) as one:
        assert await one.status() == NOT_SERVING
        watcher = one.watch("")
        await watcher.next()
        store.find()
        assert (await watcher.next())[0] == SERVING


async def test_a_check_without_an_answer_counts_as_failed(tmp_path: Path) -> None:
    """After three seconds; and when it does answer, within a second."""
    store = FileStore(tmp_path / "store.db")
    async with served(store) as one:
        watcher = one.watch("")
        await watcher.next()
        store.answers.clear()
        status, seconds = await watcher.next(CHECK_SECONDS_MAX + 1)
        assert (status, seconds > CHECK_SECONDS_MAX - 0.5) == (NOT_SERVING, True)
        store.answers.set()
        assert (await watcher.next())[0] == SERVING


async def test_what_a_call_has_met_counts_at_once(tmp_path: Path) -> None:
    """A failure before the next check, and longer than a check that had begun earlier; a success as well."""
    store = FileStore(tmp_path / "store.db")
    async with served(store) as one:
        watcher = one.watch("")
        await watcher.next()
        one.follower.report(usable=False)
        status, seconds = await watcher.next()
        assert (status, seconds < 0.2) == (NOT_SERVING, True)
        one.follower.report(usable=True)
        status, seconds = await watcher.next()
        assert (status, seconds < 0.2) == (SERVING, True)

        store.answers.clear()  # a check begins, and hangs
        await asyncio.sleep(0.6)
        one.follower.report(usable=False)
        assert (await watcher.next())[0] == NOT_SERVING
        store.answers.set()
        status, seconds = await watcher.next()
        assert (status, seconds > 0.2) == (SERVING, True), "the check from before the failure was believed"


async def test_while_calls_keep_failing_no_check_says_otherwise(tmp_path: Path) -> None:
    """A store may be read and yet take no writes."""
    store = FileStore(tmp_path / "store.db")
    async with served(store) as one:
        for _ in range(10):
            one.follower.report(usable=False)
            await asyncio.sleep(0.15)
            assert await one.status() == NOT_SERVING
        await asyncio.sleep(1)
        assert await one.status() == SERVING


async def test_a_watcher_that_leaves_or_does_not_read_keeps_nothing_from_the_others(tmp_path: Path) -> None:
    """Of three who watch the same service, two."""
    store = FileStore(tmp_path / "store.db")
    async with served(store) as one:
        leaves, rests, stays = one.watch(""), one.watch(""), one.watch("")
        assert (await leaves.next(), await stays.next())[1][0] == SERVING
        await leaves.channel.close()
        one.follower.report(usable=False)
        assert (await stays.next())[0] == NOT_SERVING
        one.follower.report(usable=True)
        assert (await stays.next())[0] == SERVING
        assert (await rests.next())[0] == SERVING


async def test_a_server_at_its_end_does_not_serve_whatever_the_store_says(tmp_path: Path) -> None:
    """For good."""
    store = FileStore(tmp_path / "store.db")
    async with served(store) as one:
        watcher = one.watch(SERVICE)
        await watcher.next()
        one.health.end()
        assert (await watcher.next())[0] == NOT_SERVING
        store.lose()
        await asyncio.sleep(0.6)
        store.find()
        await asyncio.sleep(0.6)
        assert await one.status() == NOT_SERVING
