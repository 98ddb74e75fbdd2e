"""Callers who break the protocol's promises, frame by frame: nothing of their calls stays, and others are served."""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from lotkeeper_server.transport.call import Call, CallerGone, Status, Stream, Streaming, Unary
from lotkeeper_server.transport.core_server import CoreServer
from lotkeeper_server.transport.options import ServerOptions

from bench.http2_load import CANCELLED, DATA, OK, frame, framed
from tests.integration.transport.raw_http2 import (
    RawCaller,
    end,
    half_message,
    message,
    opening,
    ping,
    reset,
    window_update,
)
from tests.integration.transport.served import Served, echo, echo_stream, path, serving, until

INVALID_ARGUMENT, DEADLINE_EXCEEDED, UNIMPLEMENTED = 3, 4, 12
ECHO, KEEP, STREAM, GIVE = path("Echo"), path("Keep"), path("Stream"), path("Give")


@dataclass(slots=True)
class Seen:
    """What the methods below saw.

    Attributes:
        kept: unary calls that nobody answers.
        sent_all: how many streams were whole to their method.
        gone: how many streams were broken off to their method.
        given: messages that a stream gave.
    """

    kept: list[Call] = field(default_factory=list)
    sent_all: int = 0
    gone: int = 0
    given: int = 0


@asynccontextmanager
async def methods(options: ServerOptions | None = None) -> AsyncIterator[tuple[Served, Seen]]:
    seen = Seen()

    async def take(stream: Stream) -> None:
        try:
            await echo_stream(stream)
            seen.sent_all += 1
        except (CallerGone, asyncio.CancelledError):
            seen.gone += 1
            raise

    async def give(stream: Stream) -> None:
        try:
            while True:
                await stream.send(bytes(50_000))
                seen.given += 1
        except (CallerGone, asyncio.CancelledError):
            seen.gone += 1
            raise

    served_methods: dict[str, Unary | Streaming] = {
        "Echo": Unary(echo),
        "Keep": Unary(lambda _message, call: seen.kept.append(call)),
        "Stream": Streaming(take),
        "Give": Streaming(give),
    }
    async with serving(CoreServer, served_methods, options) as served:
        yield served, seen
        seen.kept.clear()
        assert await served.unary("Echo", b"others are served") == b"others are served"
        await served.is_left_clean()


STEPS: dict[str, Callable[[int], tuple[bytes, ...]]] = {
    "after the headers of a unary call": lambda stream: (opening(stream, ECHO),),
    "in the middle of a message": lambda stream: (opening(stream, ECHO), half_message(stream, bytes(1000))),
    "before the answer": lambda stream: (opening(stream, KEEP), message(stream, b"x")),
    "with a message, but open": lambda stream: (opening(stream, KEEP), message(stream, b"x", last=False)),
    "after the headers of a stream": lambda stream: (opening(stream, STREAM),),
    "in a stream": lambda stream: (opening(stream, STREAM), message(stream, b"x", last=False)),
    "in a message of a stream": lambda stream: (
        opening(stream, STREAM),
        message(stream, b"x", last=False),
        half_message(stream, bytes(1000)),
    ),
    "while a stream is given": lambda stream: (opening(stream, GIVE), message(stream, b"x")),
    "with an unknown method": lambda stream: (opening(stream, path("None")),),
    "with a deadline": lambda stream: (opening(stream, KEEP, ("grpc-timeout", "5S")), message(stream, b"x")),
}


@pytest.mark.parametrize("how", ["reset", "vanish", "close"])
@pytest.mark.parametrize("step", STEPS)
async def test_a_caller_goes(step: str, how: str) -> None:
    # Once in some hundred times gRPC's core 1.75 overlooks a connection that was reset, until it pings it.
    async with methods(ServerOptions(keepalive_seconds=1.0)) as (served, seen):
        with RawCaller(served.port, window=100_000) as caller:
            streams = range(1, 41, 2)
            for stream in streams:
                caller.write(*STEPS[step](stream))
            await asyncio.to_thread(caller.write, ping(1))
            while not caller.pongs:
                await asyncio.to_thread(caller.read)
            await asyncio.sleep(0.05)
            if how == "reset":
                caller.write(*(reset(stream) for stream in streams))
                await until(lambda: not served.server.in_progress)
            elif how == "vanish":
                caller.vanish()
        await until(lambda: not served.server.in_progress)
        assert not seen.sent_all
        assert all(call.is_gone for call in seen.kept)


async def test_a_flood_of_resets_is_survived() -> None:
    async with methods() as (served, seen):
        with RawCaller(served.port) as caller:
            for first in range(1, 20_001, 400):
                flood = [
                    part
                    for stream in range(first, first + 400, 4)
                    for part in (
                        *(opening(stream, ECHO), message(stream, b"x"), reset(stream)),
                        *(opening(stream + 2, STREAM), reset(stream + 2)),
                    )
                ]
                try:
                    await asyncio.to_thread(caller.write, *flood)
                except ConnectionError:  # the server may well end such a connection
                    break
                await asyncio.sleep(0)
            await until(lambda: not served.server.in_progress)
        assert not seen.sent_all


class Ended:
    """The calls that have ended."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def __call__(self, path: str, *, is_unary: bool) -> Ended:  # noqa: ARG002 - the protocol's
        """The same for each method."""
        return self

    def begun(self) -> None:
        """Nothing is noted."""

    def ended(self, call: Call, _status: Status) -> None:
        """One more."""
        self.calls.append(call)


async def test_whose_call_it_was_is_known_also_once_the_connection_is_gone() -> None:
    """The core of gRPC has forgotten it then: the log named nobody."""
    ended = Ended()
    async with serving(CoreServer, {"Echo": Unary(echo)}, ServerOptions(observe=ended)) as served:
        with RawCaller(served.port) as caller:
            caller.write(*(opening(stream, ECHO) for stream in range(1, 41, 2)))
            await until(lambda: served.server.in_progress == 20)
            caller.vanish()
        await until(lambda: len(ended.calls) == 20)
        assert {call.peer for call in ended.calls} == {caller.peer}
        ended.calls.clear()


async def test_a_stream_that_sent_all_and_one_that_was_reset_are_told_apart() -> None:
    async with methods() as (served, seen):
        with RawCaller(served.port) as caller:
            for stream in range(1, 2001, 4):
                caller.write(opening(stream, STREAM), message(stream, b"x", last=False), end(stream))
                caller.write(opening(stream + 2, STREAM), message(stream + 2, b"x", last=False), reset(stream + 2))
                if stream % 100 == 1:
                    await asyncio.to_thread(caller.wait_for, [stream])
            await asyncio.to_thread(caller.wait_for, range(1, 2001, 4))
            await until(lambda: not served.server.in_progress)
            assert {caller.statuses[stream] for stream in range(1, 2001, 4)} == {OK}
        assert seen.sent_all == 500


async def test_answers_that_nobody_reads_stay_with_their_connection() -> None:
    async with methods() as (served, seen):
        with RawCaller(served.port, window=0) as caller:
            for stream in range(1, 41, 4):
                caller.write(opening(stream, ECHO), message(stream, bytes(1000)))
                caller.write(opening(stream + 2, GIVE), message(stream + 2, b""))
            await asyncio.sleep(0.5)
            assert served.server.in_progress == 20
            assert seen.given <= 20
            caller.write(window_update(1, 10_000))
            await asyncio.to_thread(caller.wait_for, [1])
            assert caller.statuses == {1: OK}
        await until(lambda: seen.gone == 10)


async def test_a_stream_goes_on_as_its_window_opens() -> None:
    async with methods() as (served, seen):
        with RawCaller(served.port, window=100) as caller:
            caller.write(opening(1, GIVE), message(1, b""))
            caller.write(opening(3, STREAM), message(3, bytes(1000), last=False), end(3))
            await asyncio.sleep(0.2)
            assert not seen.sent_all
            assert seen.given <= 1
            caller.write(window_update(3, 10_000))
            await asyncio.to_thread(caller.wait_for, [3])
            before = seen.given
            caller.write(window_update(1, 1_000_000), window_update(0, 1_000_000))
            while caller.data.get(1, 0) < 900_000:
                await asyncio.to_thread(caller.read)
            assert seen.given - before >= 15


async def test_half_a_message_and_silence_ends_at_the_deadline() -> None:
    async with methods() as (served, _seen):
        with RawCaller(served.port) as caller:
            begun = time.monotonic()
            for stream, method in ((1, ECHO), (3, STREAM), (5, KEEP), (7, path("None"))):
                caller.write(opening(stream, method, ("grpc-timeout", "300m")), half_message(stream, bytes(100)))
            await asyncio.to_thread(caller.wait_for, [1, 3, 5, 7])
            assert 0.2 < time.monotonic() - begun < 5
            assert caller.statuses[7] == UNIMPLEMENTED
            assert {caller.statuses[stream] for stream in (1, 3, 5)} <= {DEADLINE_EXCEEDED, CANCELLED, None}
            await until(lambda: not served.server.in_progress)


async def test_a_unary_call_that_ends_without_a_message_is_invalid() -> None:
    async with methods() as (served, _seen):
        with RawCaller(served.port) as caller:
            streams = range(1, 201, 2)
            for stream in streams:
                caller.write(opening(stream, ECHO), end(stream))
            await asyncio.to_thread(caller.wait_for, streams)
            assert set(caller.statuses.values()) == {INVALID_ARGUMENT}


async def test_a_unary_call_is_answered_before_its_caller_has_sent_all() -> None:
    async with methods() as (served, _seen):
        with RawCaller(served.port) as caller:
            caller.write(opening(1, ECHO), message(1, b"x", last=False))
            await asyncio.to_thread(caller.wait_for, [1])
            assert caller.statuses[1] == OK


async def test_bytes_that_are_no_message_reach_no_method() -> None:
    async with methods() as (served, seen):
        with RawCaller(served.port) as caller:
            length_of_a_gigabyte = frame(DATA, 1, 1, b"\0" + struct.pack(">I", 1 << 30) + b"x")
            compressed = frame(DATA, 1, 3, b"\1" + framed(b"x")[1:])
            caller.write(opening(1, KEEP), length_of_a_gigabyte)
            caller.write(opening(3, KEEP, ("grpc-encoding", "gzip")), compressed)
            await asyncio.to_thread(caller.wait_for, [1, 3])
            assert caller.statuses[1] != OK
            assert caller.statuses[3] == UNIMPLEMENTED
            assert not seen.kept


def ping_until_it_ends(caller: RawCaller) -> None:
    for number in range(1000):
        caller.write(ping(number))
        caller.read()


async def test_pings_are_answered_and_too_many_end_the_connection() -> None:
    async with methods(ServerOptions(ping_seconds_min=60)) as (served, _seen):
        with RawCaller(served.port) as caller:
            caller.write(ping(1))
            while not caller.pongs:
                await asyncio.to_thread(caller.read)
        with RawCaller(served.port) as caller, pytest.raises(ConnectionError):
            await asyncio.to_thread(ping_until_it_ends, caller)
    async with methods(ServerOptions(more=(("grpc.http2.max_ping_strikes", 0),))) as (served, _seen):
        with RawCaller(served.port) as caller:
            for number in range(100):
                caller.write(ping(number))
            while caller.pongs < 100:
                await asyncio.to_thread(caller.read)


async def test_a_silent_connection_is_pinged_and_given_up() -> None:
    options = ServerOptions(
        keepalive_seconds=0.2,
        more=(("grpc.keepalive_timeout_ms", 300), ("grpc.http2.ping_timeout_ms", 300)),
    )
    async with methods(options) as (served, seen):
        with RawCaller(served.port) as caller:  # it reads nothing, so it answers no ping
            caller.write(opening(1, KEEP), message(1, b"x"))
            await until(lambda: seen.kept)
            await until(lambda: not served.server.in_progress)
            assert seen.kept[0].is_gone


async def test_headers_that_are_not_text_end_their_call_at_most() -> None:
    not_text = b"\xff\xfe\xfd\xfc"
    async with methods() as (served, _seen):
        with RawCaller(served.port) as caller:
            for number in range(100):
                first, second = 4 * number + 1, 4 * number + 3
                in_value = opening(first, ECHO, ("key", "HERE"), ("timeout", "HERE")).replace(b"HERE", not_text)
                in_path = opening(second, path("HERE")).replace(b"HERE", not_text)
                caller.write(in_value, message(first, b"x"), in_path, message(second, b"x"))
            await asyncio.to_thread(caller.wait_for, range(1, 401, 2))
            assert OK not in {caller.statuses[stream] for stream in range(3, 401, 4)}


async def test_a_deadline_that_has_passed_or_is_far_away_is_no_fault() -> None:
    async with methods() as (served, _seen):
        with RawCaller(served.port) as caller:
            timeouts = ["0n", "1n", "99999999H", "-1S", "99999999999S", "x"]
            for position, timeout in enumerate(timeouts):
                stream = 2 * position + 1
                caller.write(opening(stream, ECHO, ("grpc-timeout", timeout)), message(stream, b"x"))
            await asyncio.to_thread(caller.wait_for, range(1, 2 * len(timeouts), 2))
            assert caller.statuses[5] == OK
