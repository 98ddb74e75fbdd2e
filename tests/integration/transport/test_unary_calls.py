"""Unary calls, on gRPC's core and on grpc.aio."""

import asyncio
import threading
import time
from typing import Any

import grpc
import pytest
from lotkeeper_server.transport.call import DETAILS_KEY, Call, Status, Unary

from tests.integration.transport.served import SERVERS, Server, echo, path, serving, until

pytestmark = pytest.mark.parametrize("kind", SERVERS)


async def test_a_call_is_answered_and_leaves_nothing(kind: type[Server]) -> None:
    async with serving(kind, {"Echo": Unary(echo)}) as served:
        assert await served.unary("Echo", b"hello") == b"hello"
        assert await served.unary("Echo", b"") == b""
        large = bytes(3 << 20)
        assert await served.unary("Echo", large) == large
        await asyncio.gather(*(served.unary("Echo", b"%d" % number) for number in range(500)))
        await served.is_left_clean()


async def test_a_handler_sees_the_method_the_metadata_and_the_peer(kind: type[Server]) -> None:
    seen: list[tuple[str, dict[str, str | bytes], str, float | None]] = []

    def look(message: bytes, call: Call) -> None:
        seen.append((call.method, dict(call.metadata), call.peer, call.deadline_seconds))
        call.answer(message)

    async with serving(kind, {"Look": Unary(look)}) as served:
        metadata = (("authorization", "Bearer x"), ("key-bin", b"\0\xff"))
        await served.channel.unary_unary(path("Look"))(b"", metadata=metadata)
    method, received, peer, deadline_seconds = seen[0]
    assert method == path("Look")
    assert received["authorization"] == "Bearer x"
    assert received["key-bin"] == b"\0\xff"
    assert peer.startswith("ipv4:127.0.0.1:")
    assert deadline_seconds is None


async def test_the_first_end_of_a_call_counts(kind: type[Server]) -> None:
    def twice(message: bytes, call: Call) -> None:
        call.answer(message)
        call.answer(b"again")
        call.refuse(Status(13))

    async with serving(kind, {"Twice": Unary(twice)}) as served:
        assert await served.unary("Twice", b"first") == b"first"
        await served.is_left_clean()


async def test_a_call_is_answered_from_many_threads_at_once(kind: type[Server]) -> None:
    def by_threads(message: bytes, call: Call) -> None:
        for _ in range(3):
            threading.Thread(target=call.answer, args=(message,)).start()

    async with serving(kind, {"ByThreads": Unary(by_threads)}) as served:
        bodies = [b"%d" % number for number in range(100)]
        assert await asyncio.gather(*(served.unary("ByThreads", body) for body in bodies)) == bodies
        await served.is_left_clean()


async def test_a_refusal_has_code_text_and_details(kind: type[Server]) -> None:
    def refuse(_message: bytes, call: Call) -> None:
        call.refuse(Status(9, "no: é", b"\0details"))

    async with serving(kind, {"Refuse": Unary(refuse)}) as served:
        error = await served.refusal("Refuse")
        assert isinstance(error, grpc.aio.AioRpcError)
        assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
        assert error.details() == "no: é"
        assert error.trailing_metadata()[DETAILS_KEY] == b"\0details"
        await served.is_left_clean()


async def test_a_fault_of_a_handler_ends_its_call_alone(kind: type[Server]) -> None:
    faults: list[tuple[str, str]] = []

    def on_fault(method: str, error: Exception) -> Status:
        faults.append((method, str(error)))
        return Status(13, "see the log")

    def fail(_message: bytes, _call: Call) -> None:
        raise LookupError("here")

    async with serving(kind, {"Fail": Unary(fail), "Echo": Unary(echo)}, on_fault=on_fault) as served:
        error = await served.refusal("Fail")
        assert isinstance(error, grpc.aio.AioRpcError)
        assert (error.code(), error.details()) == (grpc.StatusCode.INTERNAL, "see the log")
        assert faults == [(path("Fail"), "here")]
        assert await served.unary("Echo", b"on") == b"on"
        del error
        await served.is_left_clean()


async def test_an_answer_that_is_not_bytes_is_a_fault(kind: type[Server]) -> None:
    def answer(_message: bytes, call: Call) -> None:
        wrong: Any = "text"
        call.answer(wrong)

    async with serving(kind, {"Answer": Unary(answer)}) as served:
        error = await served.refusal("Answer", timeout_seconds=10)
        assert isinstance(error, grpc.aio.AioRpcError)
        assert error.code() is grpc.StatusCode.INTERNAL
        del error
        await served.is_left_clean()


async def test_an_unknown_method_is_unimplemented(kind: type[Server]) -> None:
    async with serving(kind, {"Echo": Unary(echo)}) as served:
        error = await served.refusal("Other")
        assert isinstance(error, grpc.aio.AioRpcError)
        assert error.code() is grpc.StatusCode.UNIMPLEMENTED
        await served.is_left_clean()


async def test_a_request_above_the_limit_is_resource_exhausted(kind: type[Server]) -> None:
    async with serving(kind, {"Echo": Unary(echo)}) as served:
        for _ in range(20):
            error = await served.refusal("Echo", bytes((4 << 20) + 1))
            assert isinstance(error, grpc.aio.AioRpcError)
            assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert len(await served.unary("Echo", bytes(4 << 20))) == 4 << 20
        await served.is_left_clean()


async def test_messages_that_wait_for_a_busy_server_end_no_connection(kind: type[Server]) -> None:
    """Their bytes are there long before the server's thread hears of their calls."""

    def hold(message: bytes, call: Call) -> None:
        time.sleep(0.5 if not message else 0.0)
        call.answer(message)

    async with serving(kind, {"Hold": Unary(hold)}) as served:
        assert await served.unary("Hold", b"connected") == b"connected"
        messages = [b"", *[bytes(400_000)] * 20]
        answers = await asyncio.gather(*(served.unary("Hold", message) for message in messages))
        assert answers == messages
        await served.is_left_clean()


async def test_a_call_without_a_message_is_invalid(kind: type[Server]) -> None:
    async with serving(kind, {"Echo": Unary(echo)}) as served:
        call = served.channel.stream_unary(path("Echo"))()
        await call.done_writing()
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        del caught, call
        await served.is_left_clean()


async def test_a_compressed_message_is_unimplemented(kind: type[Server]) -> None:
    async with serving(kind, {"Echo": Unary(echo)}) as served:
        call = served.channel.unary_unary(path("Echo"))(bytes(10_000), compression=grpc.Compression.Gzip)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call
        assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
        del caught, call
        await served.is_left_clean()


async def test_a_deadline_is_known_and_ends_the_wait(kind: type[Server]) -> None:
    kept: list[Call] = []
    gone = threading.Event()

    def keep(_message: bytes, call: Call) -> None:
        kept.append(call)
        call.when_gone(gone.set)

    async with serving(kind, {"Keep": Unary(keep)}) as served:
        begun = time.monotonic()
        error = await served.refusal("Keep", timeout_seconds=0.3)
        assert isinstance(error, grpc.aio.AioRpcError)
        assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        await until(gone.is_set)
        call = kept.pop()
        assert call.is_gone
        assert call.deadline_seconds is not None
        assert 0.2 < call.deadline_seconds - begun < 0.5
        call.answer(b"too late")
        call.refuse(Status(13))
        await until(lambda: not served.server.in_progress)
        del call
        await served.is_left_clean()


async def test_a_call_that_was_cancelled_is_gone(kind: type[Server]) -> None:
    kept: list[Call] = []
    told: list[str] = []

    def keep(_message: bytes, call: Call) -> None:
        call.when_gone(lambda: told.append("replaced"))
        call.when_gone(lambda: told.append("gone"))
        kept.append(call)

    async with serving(kind, {"Keep": Unary(keep)}) as served:
        client_call = served.channel.unary_unary(path("Keep"))(b"")
        await until(lambda: kept)
        assert not kept[0].is_gone
        client_call.cancel()
        await until(lambda: kept[0].is_gone)
        await until(lambda: told)
        kept[0].when_gone(lambda: told.append("at once"))
        assert told == ["gone", "at once"]
        kept[0].answer(b"too late")
        kept.clear()
        await served.is_left_clean()


async def test_an_answered_call_does_not_tell_that_its_caller_went(kind: type[Server]) -> None:
    told: list[str] = []

    def answer(message: bytes, call: Call) -> None:
        call.when_gone(lambda: told.append("gone"))
        call.answer(message)

    async with serving(kind, {"Answer": Unary(answer)}) as served:
        await asyncio.gather(*(served.unary("Answer") for _ in range(50)))
        await served.is_left_clean()
    assert not told


async def test_a_call_may_be_refused_before_its_message_is_taken_in(kind: type[Server]) -> None:
    """grpc.aio has taken it by then, and does not ask."""
    asked: list[str] = []

    def too_much(call: Call) -> Status | None:
        asked.append(call.method)
        return Status(8, "Too much.") if dict(call.metadata).get("greedy") else None

    async with serving(kind, {"Echo": Unary(echo, too_much)}) as served:
        call = served.channel.unary_unary(path("Echo"))
        assert await call(b"modest") == b"modest"
        if not kind.has_a_thread:
            assert asked == []
            return
        refusals = [call(bytes(3 << 20), metadata=(("greedy", "1"),)) for _ in range(20)]
        for refused in await asyncio.gather(*refusals, return_exceptions=True):
            assert isinstance(refused, grpc.RpcError)
            assert (refused.code(), refused.details()) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "Too much.")
        assert len(asked) == 21
        await served.is_left_clean()
