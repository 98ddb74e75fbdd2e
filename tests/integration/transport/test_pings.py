"""How often callers may ping: whoever keeps to it never meets GOAWAY too_many_pings, with calls or without."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from lotkeeper_server.transport.call import Unary
from lotkeeper_server.transport.core_server import CoreServer
from lotkeeper_server.transport.options import ServerOptions

from tests.integration.transport.raw_http2 import RawCaller, message, opening, ping
from tests.integration.transport.served import echo, path, serving, until

ECHO, KEEP = path("Echo"), path("Keep")
ALLOWED_SECONDS = 0.2
OPTIONS = ServerOptions(ping_seconds_min=ALLOWED_SECONDS)
PINGS = 12
"""Far more than the two that gRPC's core lets pass before the third ends the connection."""


@contextmanager
def connected(port: int, *, with_call: bool) -> Iterator[RawCaller]:
    """A caller whose only call, if there is one, is never answered."""
    with RawCaller(port) as caller:
        caller.write(opening(1, ECHO), message(1, b"x"))
        caller.wait_for([1])
        if with_call:
            caller.write(opening(3, KEEP), message(3, b"x"))
        yield caller


def pinged(port: int, pause_seconds: float, *, with_call: bool) -> RawCaller:
    """Pings often, each once the one before was answered and the pause is over."""
    with connected(port, with_call=with_call) as caller:
        for number in range(PINGS):
            began = time.monotonic()
            caller.write(ping(number))
            while caller.pongs <= number:
                caller.read()
            time.sleep(max(0.0, began + pause_seconds - time.monotonic()))  # the interval is what is tested
        caller.write(opening(5, ECHO), message(5, b"x"))
        caller.wait_for([5])
        return caller


@pytest.mark.parametrize("with_call", [False, True], ids=["idle", "with a call"])
async def test_a_caller_who_keeps_to_the_interval_keeps_the_connection(with_call: bool) -> None:
    """However long nothing else is sent."""
    async with serving(
        CoreServer, {"Echo": Unary(echo), "Keep": Unary(lambda _message, _call: None)}, OPTIONS
    ) as served:
        caller = await asyncio.to_thread(pinged, served.port, 1.5 * ALLOWED_SECONDS, with_call=with_call)
        assert caller.pongs == PINGS
        assert caller.statuses[5] == 0
        assert caller.goaway is None
        if with_call:
            await until(lambda: not served.server.in_progress)


@pytest.mark.parametrize("with_call", [False, True], ids=["idle", "with a call"])
async def test_a_caller_who_pings_all_the_time_is_told_so(with_call: bool) -> None:
    """By GOAWAY, and its words."""
    async with serving(
        CoreServer, {"Echo": Unary(echo), "Keep": Unary(lambda _message, _call: None)}, OPTIONS
    ) as served:

        def pings() -> RawCaller:
            with connected(served.port, with_call=with_call) as caller:
                for number in range(100):
                    if caller.goaway is not None:
                        break
                    caller.write(ping(number))
                    caller.read()
                return caller

        caller = await asyncio.to_thread(pings)
        assert caller.goaway == "too_many_pings"


def test_what_the_docs_promise_is_what_is_served() -> None:
    """Once in ten seconds."""
    assert ServerOptions().ping_seconds_min == 10.0
    arguments = dict(ServerOptions().channel_arguments())
    assert arguments["grpc.http2.min_ping_interval_without_data_ms"] == 10_000
