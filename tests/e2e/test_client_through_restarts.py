"""One client of many threads or tasks, while its server is killed, stalls, and comes back: every call counts once."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Callable
from concurrent import futures
from dataclasses import dataclass, field
from typing import Any

import pytest
from lotkeeper import AsyncClient, Client, LotkeeperError

from tests.plants import ServedPlant
from tests.server_process import ServerProcess
from tests.tcp_proxy import TcpProxy

CALLERS = 24
DEADLINE_SECONDS = 60.0


@dataclass
class Counted:
    """What was answered, and what failed."""

    answered: int = 0
    failures: list[LotkeeperError] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self) -> None:
        """One more answer."""
        with self.lock:
            self.answered += 1


def on_threads(address: str, token: str, operation: str, counted: Counted, coalesce: bool) -> None:
    """Calls with a Client, until it is stopped."""
    with Client(address, token=token, timeout_seconds=DEADLINE_SECONDS, coalesce=coalesce) as client:

        def call(number: int) -> None:
            while not counted.stopping.is_set():
                try:
                    record = client.execute_inventory_operation(operation, f"L{number % 5}", 1.0)
                except LotkeeperError as error:
                    counted.failures.append(error)
                else:
                    assert record.inventory_lot_name == f"L{number % 5}"
                    counted.add()

        with futures.ThreadPoolExecutor(CALLERS) as pool:
            for done in [pool.submit(call, number) for number in range(CALLERS)]:
                done.result()


def on_tasks(address: str, token: str, operation: str, counted: Counted, coalesce: bool) -> None:
    """The same with an AsyncClient."""

    async def call(client: AsyncClient, number: int) -> None:
        while not counted.stopping.is_set():
            try:
                record = await client.execute_inventory_operation(operation, f"L{number % 5}", 1.0)
            except LotkeeperError as error:
                counted.failures.append(error)
            else:
                assert record.inventory_lot_name == f"L{number % 5}"
                counted.add()

    async def calls() -> None:
        async with AsyncClient(address, token=token, timeout_seconds=DEADLINE_SECONDS, coalesce=coalesce) as client:
            await asyncio.gather(*(call(client, number) for number in range(CALLERS)))

    asyncio.run(calls())


@pytest.mark.parametrize("way", [on_threads, on_tasks])
@pytest.mark.parametrize("coalesce", [False, True])
def test_every_call_counts_once_while_the_server_is_killed(
    own_server: ServerProcess, way: Callable[..., None], coalesce: bool
) -> None:
    """Three times, once for longer than five seconds: no call fails before its deadline, none is done twice."""
    with Client(own_server.address, token=own_server.token) as client:
        plant = ServedPlant(client)
        operation = plant.operation("PRODUCE")
    counted = Counted()
    load = threading.Thread(target=way, args=(own_server.address, own_server.token, operation.id, counted, coalesce))
    load.start()
    for away_seconds in (0.0, 6.0 if (way, coalesce) in ((on_threads, False), (on_tasks, True)) else 0.5, 0.0):
        time.sleep(random.uniform(0.3, 0.8))
        own_server.kill()
        time.sleep(away_seconds)
        own_server.start()
    time.sleep(0.3)
    counted.stopping.set()
    load.join(DEADLINE_SECONDS)
    assert counted.failures == []
    with Client(own_server.address, token=own_server.token) as client:
        stock = {
            row.inventory_lot_name: row.quantity for row in client.list_inventory(location_id_or_path=plant.silo.id)
        }
    assert sum(stock.values()) == counted.answered
    assert counted.answered > 3 * CALLERS
    own_server.verify()


@pytest.mark.parametrize("way", [on_threads, on_tasks])
def test_every_call_counts_once_while_connections_are_reset_and_stall(server: ServerProcess, way: Any) -> None:
    """The answers of calls that were done are lost on the way, too."""
    with Client(server.address, token=server.token) as client:
        plant = ServedPlant(client)
        operation = plant.operation("PRODUCE")
    counted = Counted()
    with TcpProxy(int(server.address.rpartition(":")[2])) as proxy:
        address = f"127.0.0.1:{proxy.port}"
        load = threading.Thread(target=way, args=(address, server.token, operation.id, counted, True))
        load.start()
        for _ in range(6):
            time.sleep(random.uniform(0.1, 0.3))
            proxy.delay_seconds = random.choice([0.0, 0.02])
            proxy.reset()
        proxy.delay_seconds = 0.0
        time.sleep(0.3)
        counted.stopping.set()
        load.join(DEADLINE_SECONDS)
    assert counted.failures == []
    assert sum(plant_stock(server, plant).values()) == counted.answered


def plant_stock(server: ServerProcess, plant: ServedPlant) -> dict[str, float]:
    """What is there, by lot."""
    with Client(server.address, token=server.token) as client:
        rows = client.list_inventory(location_id_or_path=plant.silo.id, include_empty=True)
        return {row.inventory_lot_name: row.quantity for row in rows}


def said(call: Callable[[], Any]) -> tuple[Any, ...]:
    """All that an error says."""
    with pytest.raises(LotkeeperError) as refused:
        call()
    error = refused.value
    return type(error), error.reason, error.message, error.metadata, error.field_violations, error.index


def test_a_refusal_says_the_same_whether_it_travelled_alone_or_with_others(
    server: ServerProcess, client: Client
) -> None:
    """Of the lot, of the stock, of the shape, of the request id."""
    plant = ServedPlant(client)
    produce, consume = plant.operation("PRODUCE"), plant.operation("CONSUME")
    client.execute_inventory_operation(produce.id, "L", 5.0, request_id="used")
    wrong: list[tuple[Any, ...]] = [
        (consume.id, "none", 1.0),
        (consume.id, "L", 50.0, None, None, None, None, time.time_ns() // 1_000_000),  # else each has its own moment
        (consume.id, "L", -1.0),
        (consume.id, "L", None),
        ("01J00000000000000000000000", "L", 1.0),
        ("no ULID", "L", 1.0),
    ]
    alone = [said(lambda one=one: client.execute_inventory_operation(*one)) for one in wrong]
    reused = said(lambda: client.execute_inventory_operation(produce.id, "L", 6.0, request_id="used"))
    with (
        TcpProxy(int(server.address.rpartition(":")[2])) as proxy,
        Client(f"127.0.0.1:{proxy.port}", token=server.token, coalesce=True) as own,
        futures.ThreadPoolExecutor(50) as pool,
    ):
        proxy.delay_seconds = 0.02  # so that they wait for one another
        good = [pool.submit(own.execute_inventory_operation, produce.id, f"N{number}", 1.0) for number in range(30)]
        bad = [pool.submit(said, lambda one=one: own.execute_inventory_operation(*one)) for one in wrong]
        again = pool.submit(said, lambda: own.execute_inventory_operation(produce.id, "L", 6.0, request_id="used"))
        assert [one.result(30) for one in bad] == alone
        assert again.result(30) == reused
        assert sum(one.result(30).quantity for one in good) == 30.0
        repeated = own.execute_inventory_operation(produce.id, "L", 5.0, request_id="used")
    assert (repeated.quantity, plant_stock(server, plant)["L"]) == (5.0, 5.0)
