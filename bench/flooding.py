"""One principal that sends as much as it can, in a process of its own: what others suffer beside it is B15.

It never slows down: what is refused is sent again at once.
"""

import itertools
import multiprocessing
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Final

import grpc

START_SECONDS_MAX: Final = 180.0
STREAM_MESSAGES_MAX: Final = 2_000
"""So many messages are taken from a stream before it is broken off and begun again."""
OPTIONS: Final = (("grpc.max_receive_message_length", -1), ("grpc.use_local_subchannel_pool", 1))


@dataclass(frozen=True, slots=True)
class Flood:
    """What one principal sends.

    Attributes:
        name: in a word or two.
        path: `/package.Service/Method`.
        kind: `unary`, `watch` for a stream of answers, `upload` for a stream of one request.
        bodies: messages as bytes, sent in turn.
        connections: how many.
        in_flight: calls on each.
    """

    name: str
    path: str
    kind: str
    bodies: Sequence[bytes]
    connections: int
    in_flight: int


@contextmanager
def flooding(address: str, token: str, flood: Flood) -> Iterator[Counter[str]]:
    """Floods a server while the block runs; by its end the counter has how many calls ended with which status."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_flood, args=(address, token, flood, theirs), daemon=True)
    process.start()
    statuses: Counter[str] = Counter()
    try:
        assert ours.poll(START_SECONDS_MAX), "the flood did not begin"
        ours.recv()
        yield statuses
        ours.send("end")
        assert ours.poll(START_SECONDS_MAX), "the flood did not end"
        statuses.update(ours.recv())
    finally:
        process.kill()
        process.join()


def _flood(address: str, token: str, flood: Flood, control: Connection) -> None:
    """In the process of its own."""
    metadata = (("authorization", f"Bearer {token}"),)
    bodies = itertools.cycle(flood.bodies)
    statuses: Counter[str] = Counter()
    ending = threading.Event()
    channels = [grpc.insecure_channel(address, OPTIONS) for _ in range(flood.connections)]
    if flood.kind == "unary":
        for channel in channels:
            method = channel.unary_unary(flood.path)
            for _ in range(flood.in_flight):
                _again(method, bodies, metadata, statuses, ending)
    else:
        one = _uploads if flood.kind == "upload" else _watches
        for channel in channels:
            for _ in range(flood.in_flight):
                threading.Thread(
                    target=one, args=(channel, flood.path, bodies, metadata, statuses, ending), daemon=True
                ).start()
    control.send("begun")
    control.recv()
    ending.set()
    control.send(dict(statuses))


def _again(
    method: Callable[..., Any],
    bodies: Iterator[bytes],
    metadata: Any,
    statuses: Counter[str],
    ending: threading.Event,
) -> None:
    """Sends a call, and the next one as soon as it has ended."""

    def ended(call: Any) -> None:
        statuses[call.code().name] += 1
        if not ending.is_set():
            _again(method, bodies, metadata, statuses, ending)

    getattr(method, "future")(next(bodies), metadata=metadata).add_done_callback(ended)  # noqa: B009 - of stubs only


def _uploads(
    channel: grpc.Channel,
    path: str,
    bodies: Iterator[bytes],
    metadata: Any,
    statuses: Counter[str],
    ending: threading.Event,
) -> None:
    method = channel.stream_unary(path)
    while not ending.is_set():
        try:
            method(iter([next(bodies)]), metadata=metadata)
            statuses["OK"] += 1
        except grpc.RpcError as error:
            statuses[error.code().name] += 1


def _watches(
    channel: grpc.Channel,
    path: str,
    bodies: Iterator[bytes],
    metadata: Any,
    statuses: Counter[str],
    ending: threading.Event,
) -> None:
    method = channel.unary_stream(path)
    while not ending.is_set():
        stream = method(next(bodies), metadata=metadata)
        try:
            taken = sum(1 for _ in itertools.islice(stream, STREAM_MESSAGES_MAX))
            statuses["OK"] += taken >= STREAM_MESSAGES_MAX
            stream.cancel()
        except grpc.RpcError as error:
            statuses[error.code().name] += 1
