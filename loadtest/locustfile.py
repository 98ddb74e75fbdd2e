"""What `python -m loadtest locust SCENARIO` has Locust do: the calls of WORK, counted by kind and status into REPORT.

Locust's users are greenlets, so gRPC has to be told to wait as they do, before anything is called.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import random
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import grpc
import grpc.experimental.gevent
from locust import LoadTestShape, User, constant, constant_throughput, events, task
from lotkeeper import Client, LotkeeperError

grpc.experimental.gevent.init_gevent()
WORK: dict[str, Any] = json.loads(Path(os.environ["WORK"]).read_text())
CALLS: list[dict[str, Any]] = WORK["calls"]
BODIES = [base64.b64decode(call["bytes"]) for call in CALLS]
WEIGHTS = list(itertools.accumulate(call["weight"] for call in CALLS))
METADATA = (("authorization", f"Bearer {WORK['token']}"),)
CHANNELS = [
    grpc.insecure_channel(WORK["address"], options=[("grpc.use_local_subchannel_pool", 1), ("lotkeeper", number)])
    for number in range(WORK["connections"])
]
COALESCING = Client(WORK["address"], token=WORK["token"], coalesce=True) if WORK["coalesces"] else None
TAKEN = itertools.count()
STATUSES: defaultdict[str, Counter[str]] = defaultdict(Counter)
BEGAN = time.monotonic()


def _next() -> int | None:
    if WORK["mixed"]:
        return random.choices(range(len(CALLS)), cum_weights=WEIGHTS)[0]  # noqa: S311 - a load, no secret
    number = next(TAKEN)
    return None if WORK["once"] and number >= len(CALLS) else number % len(CALLS)


class Caller(User):  # type: ignore[misc]
    """Makes one call after the other."""

    wait_time = constant_throughput(1) if WORK["rates"] else constant(0)

    def on_start(self) -> None:
        """Takes one of the connections."""
        self._channel = random.choice(CHANNELS)  # noqa: S311

    @task
    def call(self) -> None:
        """Makes a call, and counts how it ended."""
        number = _next()
        if number is None:
            self.environment.runner.quit()
            time.sleep(1)
            return
        call, began, failed = CALLS[number], time.perf_counter(), None
        try:
            self._made(call, BODIES[number])
            status = "OK"
        except (grpc.RpcError, LotkeeperError) as error:
            failed = error
            status = (error.code() if isinstance(error, grpc.RpcError) else error.code).name
        STATUSES[call["kind"]][status] += 1
        self.environment.events.request.fire(
            request_type="grpc",
            name=call["kind"],
            response_time=(time.perf_counter() - began) * 1e3,
            response_length=0,
            exception=failed,
            context={},
        )

    def _made(self, call: dict[str, Any], body: bytes) -> None:
        if COALESCING is not None:
            asked = call["json"]
            COALESCING.execute_inventory_operation(
                asked["inventoryOperationId"], asked["primaryLotIdOrName"], asked["quantity"]
            )
        else:
            self._channel.unary_unary(f"/{call['method']}")(body, metadata=METADATA, timeout=20)


class Day(LoadTestShape):  # type: ignore[misc]
    """So many users as calls a second are to be made, or as many as are to be in flight, until the time is over."""

    def tick(self) -> tuple[int, float] | None:
        """How many users there are to be now."""
        now, rates = self.get_run_time(), WORK["rates"]
        if now >= WORK["seconds"] and not WORK["once"]:
            return None
        if not rates:
            return WORK["in_flight"], WORK["in_flight"]
        for (began, low), (ends, high) in itertools.pairwise(rates):
            if now < ends:
                return max(round(low + (high - low) * (now - began) / (ends - began)), 1), 100
        return max(rates[-1][1], 1), 100


@events.test_stop.add_listener
def _report(environment: Any, **_: object) -> None:
    total = environment.stats.total
    report = {
        "statuses": STATUSES,
        "seconds": time.monotonic() - BEGAN,
        "p50_millis": total.get_response_time_percentile(0.5),
        "p99_millis": total.get_response_time_percentile(0.99),
    }
    Path(os.environ["REPORT"]).write_text(json.dumps(report))
