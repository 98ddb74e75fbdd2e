"""Calls a second of one Python program with 128 executions in flight: each by itself, and with `coalesce=True`.

python -m bench.coalescing [--seconds 3] [--runs 3]

The server is pinned to one core, the program to another. Each run of one kind is followed by one of the other; the
store is audited at the end, so each answered call was counted exactly once.
"""

import argparse
import asyncio
import itertools
import random
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Final

from lotkeeper import AsyncClient, Client

from bench.process_memory import processor_seconds
from bench.served import Bench, lots_named, plant_of_lots, served

IN_FLIGHT: Final = 128
LOTS: Final = 1_000


def by_threads(bench: Bench, operation: str, seconds: float, coalesce: bool) -> float:
    """Calls a second of so many threads."""
    lots = lots_named(LOTS)
    counts = [0] * IN_FLIGHT
    with Client(bench.server.address, token=bench.server.token, coalesce=coalesce) as client:
        client.list_permissions()
        begin = threading.Barrier(IN_FLIGHT + 1)
        ends: list[float] = []

        def call(number: int) -> None:
            choice = random.Random(number)
            begin.wait()
            while time.monotonic() < ends[0]:
                client.execute_inventory_operation(operation, choice.choice(lots), 0.1)
                counts[number] += 1

        threads = [threading.Thread(target=call, args=(number,)) for number in range(IN_FLIGHT)]
        for thread in threads:
            thread.start()
        began = time.monotonic()
        ends.append(began + seconds)
        begin.wait()
        for thread in threads:
            thread.join()
        took = time.monotonic() - began
    bench.acknowledged += sum(counts)
    return sum(counts) / took


def by_tasks(bench: Bench, operation: str, seconds: float, coalesce: bool) -> float:
    """Calls a second of so many tasks."""
    return asyncio.run(_by_tasks(bench, operation, seconds, coalesce))


async def _by_tasks(bench: Bench, operation: str, seconds: float, coalesce: bool) -> float:
    lots = lots_named(LOTS)
    calls = itertools.count()
    async with AsyncClient(bench.server.address, token=bench.server.token, coalesce=coalesce) as client:
        await client.list_permissions()
        began = time.monotonic()

        async def call(number: int) -> None:
            choice = random.Random(number)
            while time.monotonic() < began + seconds:
                await client.execute_inventory_operation(operation, choice.choice(lots), 0.1)
                next(calls)

        await asyncio.gather(*(call(number) for number in range(IN_FLIGHT)))
        took = time.monotonic() - began
    count = next(calls)
    bench.acknowledged += count
    return count / took


def _measured(bench: Bench, way: Callable[[], float]) -> tuple[float, float, float]:
    """Calls a second, and the processor time of one in microseconds, the program's and the server's."""
    assert bench.server.process is not None
    before, own, server = bench.acknowledged, time.process_time(), processor_seconds(bench.server.process.pid)
    rate = way()
    calls = bench.acknowledged - before
    server = processor_seconds(bench.server.process.pid) - server
    return rate, (time.process_time() - own) / calls * 1e6, server / calls * 1e6


def main() -> int:
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="length of one run [3]")
    parser.add_argument("--runs", type=int, default=3, help="pairs of runs [3]")
    chosen = parser.parse_args()
    ways: dict[str, Callable[[Bench, str, float, bool], float]] = {"threads": by_threads, "tasks": by_tasks}
    with served() as bench:
        plant_of_lots(bench, LOTS)
        with bench.client() as client:
            operation = next(one.id for one in client.list_inventory_operations() if " CONSUME " in one.name)
        for name, way in ways.items():
            way(bench, operation, 0.5, True)
            pairs = [
                tuple(
                    _measured(bench, partial(way, bench, operation, chosen.seconds, coalesce))
                    for coalesce in (False, True)
                )
                for _ in range(chosen.runs)
            ]
            for title, runs in zip(("each by itself", "together"), zip(*pairs, strict=True), strict=True):
                rate, client, server = (median(values) for values in zip(*runs, strict=True))
                print(f"{IN_FLIGHT} {name}, {title}: {rate:,.0f} calls/s; processor time of a call: ", end="")
                print(f"client {client:.0f} us, server {server:.0f} us")
            ratio = median(after[0] / before[0] for before, after in pairs)
            print(f"{IN_FLIGHT} {name}: {ratio:.1f} times")
        print(bench.audit())
    return 0


if __name__ == "__main__":
    sys.exit(main())
