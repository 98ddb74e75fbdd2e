"""Streams, on gRPC's core and on grpc.aio."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from lotkeeper_server.transport.call import DETAILS_KEY, CallerGone, Status, Stream, Streaming

from tests.integration.transport.served import SERVERS, Server, echo_stream, path, serving, until

pytestmark = pytest.mark.parametrize("kind", SERVERS)


async def sent(*messages: bytes) -> AsyncIterator[bytes]:
    for message in messages:
        yield message


async def test_both_sides_stream(kind: type[Server]) -> None:
    async with serving(kind, {"Echo": Streaming(echo_stream)}) as served:
        bodies = [b"%d" % number for number in range(200)]
        call = served.channel.stream_stream(path("Echo"))(sent(*bodies))
        assert [message async for message in call] == bodies
        assert await call.code() is grpc.StatusCode.OK
        del call
        await served.is_left_clean()


async def test_a_stream_is_collected_to_one_answer(kind: type[Server]) -> None:
    async def collect(stream: Stream) -> None:
        parts = []
        while (message := await stream.receive()) is not None:
            parts.append(message)
        assert await stream.receive() is None
        stream.answer(b"".join(parts))

    async with serving(kind, {"Collect": Streaming(collect)}) as served:
        assert await served.channel.stream_unary(path("Collect"))(sent(b"a", b"b", b"c")) == b"abc"
        assert await served.channel.stream_unary(path("Collect"))(sent()) == b""
        await served.is_left_clean()


async def test_a_stream_ends_with_a_status_after_its_messages(kind: type[Server]) -> None:
    async def give(stream: Stream) -> None:
        assert await stream.receive() == b"go"
        await stream.send(b"1")
        await stream.send(b"2")
        stream.finish(Status(10, "stop", b"why"))

    async with serving(kind, {"Give": Streaming(give)}) as served:
        call = served.channel.unary_stream(path("Give"))(b"go")
        assert [await call.read(), await call.read()] == [b"1", b"2"]
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call.read()
        assert caught.value.code() is grpc.StatusCode.ABORTED
        assert caught.value.details() == "stop"
        assert caught.value.trailing_metadata()[DETAILS_KEY] == b"why"
        del caught, call
        await served.is_left_clean()


async def test_a_method_may_end_while_the_caller_still_sends(kind: type[Server]) -> None:
    async def enough(stream: Stream) -> None:
        assert await stream.receive() == b"1"
        stream.answer(b"enough")

    async with serving(kind, {"Enough": Streaming(enough)}) as served:
        call = served.channel.stream_unary(path("Enough"))()
        await call.write(b"1")
        assert await call == b"enough"
        del call
        await served.is_left_clean()


async def test_a_fault_ends_the_stream_with_internal(kind: type[Server]) -> None:
    async def fail(stream: Stream) -> None:
        await stream.send(b"1")
        raise LookupError("here")

    faults: list[str] = []

    def on_fault(method: str, _error: Exception) -> Status:
        faults.append(method)
        return Status(13, "see the log")

    async with serving(kind, {"Fail": Streaming(fail)}, on_fault=on_fault) as served:
        call = served.channel.unary_stream(path("Fail"))(b"")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            [message async for message in call]
        assert caught.value.code() is grpc.StatusCode.INTERNAL
        assert faults == [path("Fail")]
        del caught, call
        await served.is_left_clean()


async def test_a_slow_reader_holds_back_the_sender(kind: type[Server]) -> None:
    taken = 0

    async def give(stream: Stream) -> None:
        nonlocal taken
        for _ in range(200):
            await stream.send(bytes(100_000))
            taken += 1

    async with serving(kind, {"Give": Streaming(give)}) as served:
        call = served.channel.unary_stream(path("Give"))(b"")
        assert await call.read() == bytes(100_000)
        before = -1
        while taken != before:
            before = taken
            await asyncio.sleep(0.2)
        assert taken < 150
        while await call.read() is not grpc.aio.EOF:
            pass
        assert taken == 200
        del call
        await served.is_left_clean()


async def test_a_slow_method_holds_back_the_caller(kind: type[Server]) -> None:
    go_on = asyncio.Event()

    async def take(stream: Stream) -> None:
        await go_on.wait()
        while await stream.receive() is not None:
            pass
        stream.answer(b"")

    written = 0
    async with serving(kind, {"Take": Streaming(take)}) as served:
        call = served.channel.stream_unary(path("Take"))()

        async def write(call: Any) -> None:
            nonlocal written
            for _ in range(200):
                await call.write(bytes(100_000))
                written += 1
            await call.done_writing()

        writing = asyncio.create_task(write(call))
        before = -1
        while written != before:
            before = written
            await asyncio.sleep(0.2)
        assert written < 150
        go_on.set()
        await writing
        assert await call == b""
        assert written == 200
        del call
        await served.is_left_clean()


async def test_a_receive_that_ran_out_of_time_loses_no_message(kind: type[Server]) -> None:
    got: list[bytes | None] = []
    waited = asyncio.Event()

    async def take(stream: Stream) -> None:
        try:
            async with asyncio.timeout(0.05):
                await stream.receive()
        except TimeoutError:
            waited.set()
        while (message := await stream.receive()) is not None:
            got.append(message)
        stream.answer(b"")

    async with serving(kind, {"Take": Streaming(take)}) as served:
        call = served.channel.stream_unary(path("Take"))()
        await waited.wait()
        await call.write(b"1")
        await call.write(b"2")
        await call.done_writing()
        assert await call == b""
        assert got == [b"1", b"2"]
        del call
        await served.is_left_clean()


async def test_a_send_that_ran_out_of_time_is_followed_by_a_status(kind: type[Server]) -> None:
    async def give(stream: Stream) -> None:
        try:
            async with asyncio.timeout(0.3):
                while True:
                    await stream.send(bytes(100_000))
        except TimeoutError:
            stream.finish(Status(4, "too slow"))

    async with serving(kind, {"Give": Streaming(give)}) as served:
        call = served.channel.unary_stream(path("Give"))(b"")
        await asyncio.sleep(0.6)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            [message async for message in call]
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert caught.value.details() == "too slow"
        del caught, call
        await served.is_left_clean()


@pytest.mark.parametrize("answers_before", [False, True])
async def test_a_caller_who_breaks_off_never_looks_like_one_who_has_sent_all(
    kind: type[Server], answers_before: bool
) -> None:
    ends: list[str] = []

    async def take(stream: Stream) -> None:
        try:
            if answers_before:
                await stream.send(b"hello")
            while await stream.receive() is not None:
                pass
            ends.append("all")
        except CallerGone:
            ends.append("gone")
            raise
        except asyncio.CancelledError:
            ends.append("gone")
            raise

    async with serving(kind, {"Take": Streaming(take)}) as served:
        for _ in range(300):
            call = served.channel.stream_stream(path("Take"))()
            await call.write(b"1")
            if answers_before:
                assert await call.read() == b"hello"
            call.cancel()
        del call
        await served.is_left_clean()
        assert set(ends) <= {"gone"}
        assert ends


async def test_a_stream_that_waits_for_something_else_is_cancelled_when_its_caller_goes(kind: type[Server]) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def wait(_stream: Stream) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with serving(kind, {"Wait": Streaming(wait)}) as served:
        call = served.channel.stream_stream(path("Wait"))()
        await begun.wait()
        call.cancel()
        async with asyncio.timeout(10):
            await ended.wait()
        begun.clear()
        ended.clear()
        call = served.channel.stream_stream(path("Wait"))(timeout=0.2)
        await begun.wait()
        async with asyncio.timeout(10):
            await ended.wait()
        del call
        await served.is_left_clean()


async def test_a_sender_learns_that_its_reader_went(kind: type[Server]) -> None:
    ended: list[str] = []

    async def give(stream: Stream) -> None:
        try:
            while True:
                await stream.send(bytes(100_000))
        except CallerGone:
            ended.append("gone")
            raise

    async with serving(kind, {"Give": Streaming(give)}) as served:
        call = served.channel.unary_stream(path("Give"))(b"")
        await call.read()
        await asyncio.sleep(0.3)  # it waits in send now
        call.cancel()
        await until(lambda: ended)
        assert ended == ["gone"]
        del call
        await served.is_left_clean()
