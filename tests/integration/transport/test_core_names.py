"""Each inner name of grpcio that we stand on, proven by use: to be run with the oldest and the newest grpcio."""

import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from lotkeeper_server.transport.core_names import LONG_PAST, NAMES, cygrpc, faults

PATH = "/test.Test/Method"


class BareServer:
    """A server of nothing but the inner names, polled by the test itself."""

    def __init__(self, arguments: tuple[tuple[str, int], ...] = ()) -> None:
        self.queue = cygrpc.CompletionQueue()
        self.server = cygrpc.Server(arguments, False)
        self.server.register_completion_queue(self.queue)
        self.port = self.server.add_http2_port(b"127.0.0.1:0")
        self.server.start()
        self.server.request_call(self.queue, self.queue, "arrived")
        self.events: list[Any] = []

    def event(self, tag: str) -> Any:
        """The event of a tag, whatever else comes before it."""
        end = time.time() + 10
        while time.time() < end:
            for position, event in enumerate(self.events):
                if event.tag == tag:
                    return self.events.pop(position)
            event = self.queue.poll(deadline=end)
            if event.tag is not None:
                self.events.append(event)
        raise TimeoutError(tag)

    def close(self) -> None:
        """Ends the server, then the queue."""
        self.server.shutdown(self.queue, "shutdown")
        self.server.cancel_all_calls()
        self.event("shutdown")
        self.queue.shutdown()
        while self.queue.poll().completion_type != cygrpc.CompletionType.queue_shutdown:
            pass
        self.server.destroy()


@pytest.fixture
def server() -> Iterator[BareServer]:
    bare = BareServer()
    yield bare
    bare.close()


@pytest.fixture
def channel(server: BareServer) -> Iterator[Any]:
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as opened:
        yield opened


def test_the_installed_grpcio_has_all_of_it() -> None:
    assert faults() == []


def test_a_missing_name_is_told() -> None:
    assert faults(None) == ["grpcio has no module cygrpc"]
    assert "cygrpc has no Server" in faults(SimpleNamespace())
    rest = {name: getattr(cygrpc, name) for name in NAMES}
    changed = SimpleNamespace(**(rest | {"CompletionQueue": SimpleNamespace(poll=None)}))
    assert faults(changed) == ["CompletionQueue has no shutdown"]
    other_form = SimpleNamespace(**(rest | {"SendMessageOperation": lambda: None}))
    assert [fault.partition(":")[0] for fault in faults(other_form)] == ["operations"]


def test_a_unary_call_makes_its_round(server: BareServer, channel: Any) -> None:
    answer = channel.unary_unary(PATH).future(b"request", timeout=30, metadata=(("key", "value"), ("key-bin", b"\0")))
    arrived = server.event("arrived")
    assert arrived.success
    assert arrived.call_details.method == PATH.encode()
    assert 20 < arrived.call_details.deadline - time.time() < 31
    assert {"key": "value", "key-bin": b"\0"}.items() <= dict(arrived.invocation_metadata).items()
    assert isinstance(arrived.invocation_metadata, tuple)
    call = arrived.call
    assert call.peer().startswith(b"ipv4:127.0.0.1:")
    assert not call.start_server_batch((cygrpc.ReceiveCloseOnServerOperation(0),), "closed")
    assert not call.start_server_batch((cygrpc.ReceiveMessageOperation(0),), "received")
    assert server.event("received").batch_operations[0].message() == b"request"
    end = (
        cygrpc.SendInitialMetadataOperation((), 0),
        cygrpc.SendMessageOperation(b"answer", 0),
        cygrpc.SendStatusFromServerOperation((("end-bin", b"\1"),), 0, b"", 0),
    )
    assert not call.start_server_batch(end, "sent")
    assert server.event("sent").success
    assert not server.event("closed").batch_operations[0].cancelled()
    assert answer.result(10) == b"answer"
    assert [tuple(one) for one in answer.trailing_metadata()] == [("end-bin", b"\1")]


def test_without_a_deadline_it_is_far_away(server: BareServer, channel: Any) -> None:
    answer = channel.unary_unary(PATH).future(b"")
    assert server.event("arrived").call_details.deadline > 1e11
    answer.cancel()


def test_a_status_has_its_text_as_str(server: BareServer, channel: Any) -> None:
    answer = channel.unary_unary(PATH).future(b"")
    call = server.event("arrived").call
    call.start_server_batch((cygrpc.ReceiveCloseOnServerOperation(0),), "closed")
    refusal = (cygrpc.SendInitialMetadataOperation((), 0), cygrpc.SendStatusFromServerOperation((), 5, "é", 0))
    call.start_server_batch(refusal, "sent")
    error = answer.exception(10)
    assert isinstance(error, grpc.Call)
    assert (error.code(), error.details()) == (grpc.StatusCode.NOT_FOUND, "é")
    server.event("closed")


def test_a_caller_who_cancels_is_told_by_the_close(server: BareServer, channel: Any) -> None:
    answer = channel.unary_unary(PATH).future(b"")
    call = server.event("arrived").call
    call.start_server_batch((cygrpc.ReceiveCloseOnServerOperation(0),), "closed")
    answer.cancel()
    assert server.event("closed").batch_operations[0].cancelled()
    call.start_server_batch((cygrpc.SendInitialMetadataOperation((), 0),), "word")
    assert not server.event("word").success  # what a stream that was broken off is told from a whole one by


def test_a_deadline_is_kept_by_the_server_too(server: BareServer, channel: Any) -> None:
    answer = channel.unary_unary(PATH).future(b"", timeout=0.2)
    call = server.event("arrived").call
    call.start_server_batch((cygrpc.ReceiveCloseOnServerOperation(0),), "closed")
    assert answer.exception(10) is not None
    assert server.event("closed").batch_operations[0].cancelled()


def test_the_end_of_what_a_caller_sends_is_none(server: BareServer, channel: Any) -> None:
    answer = channel.stream_unary(PATH).future(iter([b"1", b"2"]))
    call = server.event("arrived").call
    call.start_server_batch((cygrpc.ReceiveCloseOnServerOperation(0),), "closed")
    received = []
    for _ in range(3):
        call.start_server_batch((cygrpc.ReceiveMessageOperation(0),), "received")
        received.append(server.event("received").batch_operations[0].message())
    assert received == [b"1", b"2", None]
    call.start_server_batch((cygrpc.SendInitialMetadataOperation((), 0),), "word")
    assert server.event("word").success
    answer.cancel()
    server.event("closed")


def test_a_tag_may_be_any_object(server: BareServer, channel: Any) -> None:
    answer = channel.unary_unary(PATH).future(b"")
    call = server.event("arrived").call
    tag = ("a", "tuple")
    call.start_server_batch((cygrpc.ReceiveMessageOperation(0),), tag)
    assert server.queue.poll(deadline=time.time() + 10).tag is tag
    answer.cancel()


def test_a_queue_without_an_event_says_so_at_once() -> None:
    bare = BareServer()
    begun = time.monotonic()
    for _ in range(100):
        assert bare.queue.poll(deadline=LONG_PAST).tag is None
    assert time.monotonic() - begun < 1
    assert bare.queue.poll(deadline=time.time()).tag is None
    bare.close()


def test_a_port_that_is_in_use_is_refused(server: BareServer) -> None:
    alone = cygrpc.Server((("grpc.so_reuseport", 0),), False)
    try:
        port = alone.add_http2_port(f"127.0.0.1:{server.port}".encode())
    except RuntimeError:
        port = 0
    assert port == 0


def test_announcements_that_wait_come_back_without_success_at_the_end() -> None:
    bare = BareServer()
    bare.server.shutdown(bare.queue, "shutdown")
    assert not bare.event("arrived").success
    bare.event("shutdown")
    bare.queue.shutdown()
    assert bare.queue.poll().completion_type == cygrpc.CompletionType.queue_shutdown
    bare.server.destroy()
