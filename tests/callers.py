"""Callers that execute operations again and again, on one server process or several, and keep count of every end."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cache
from types import TracebackType

import grpc
import grpc.aio
from lotkeeper._errors import error_of
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb
from lotkeeper.inventory.v1 import inventory_operation_service_pb2_grpc as pb_grpc

UNANSWERED = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED}
NOT_YET = {grpc.StatusCode.ABORTED, grpc.StatusCode.RESOURCE_EXHAUSTED}
JOIN_SECONDS = 60

Request = pb.ExecuteInventoryOperationRequest


@dataclass
class Ended:
    """One call that was answered with success: when it began and ended, `time.monotonic()`, and by which caller."""

    began: float
    ended: float
    caller: int
    address: str

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended - self.began


@dataclass
class Callers:
    """Callers on a loop of their own, from `with` to its end. A call is not repeated unless `repeats` says so.

    Attributes:
        addresses: of the server processes; a caller stays with one, and a repeat goes to the next.
        token: of all.
        request_of: what a caller asks for; it is given its number and makes a new request each time.
        count: of callers.
        timeout_seconds: of each attempt.
        repeats: attempts, with the same request id, after one that was not answered.
        acknowledged: by request id.
        refused: request ids that were refused for good.
        unknown: request ids whose last attempt was not answered.
        reasons: how attempts ended that had no success.
    """

    addresses: Sequence[str]
    token: str
    request_of: Callable[[int], Request]
    count: int = 8
    timeout_seconds: float = 10.0
    repeats: int = 0
    acknowledged: dict[str, Ended] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _running: Future[None] | None = None

    def __enter__(self) -> Callers:
        self._running = asyncio.run_coroutine_threadsafe(self._run(), _loop())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends when each caller has the answer that it waits for."""
        self._stopping.set()
        if self._running is not None:
            self._running.result(JOIN_SECONDS)

    def wait_for(self, answers: int, seconds: float = 30.0) -> None:
        """Returns when so many more calls were answered with success.

        Raises:
            AssertionError: they are not after so many seconds.
        """
        wanted = len(self.acknowledged) + answers
        deadline = time.monotonic() + seconds
        while len(self.acknowledged) < wanted:
            assert time.monotonic() < deadline, f"{len(self.acknowledged)} of {wanted} answers; {self.reasons}"
            time.sleep(0.01)

    def ended_after(self, moment: float, caller: int | None = None) -> list[Ended]:
        """The answered calls that began after a moment, in order of their ends; of one caller if it is given."""
        found = [
            one
            for one in list(self.acknowledged.values())
            if one.began >= moment and (caller is None or one.caller == caller)
        ]
        return sorted(found, key=lambda one: one.ended)

    async def _run(self) -> None:
        channels = [grpc.aio.insecure_channel(address, options=_OPTIONS) for address in self.addresses]
        try:
            await asyncio.gather(*(self._caller(number, channels) for number in range(self.count)))
        finally:
            for channel in channels:
                await channel.close()

    async def _caller(self, number: int, channels: Sequence[grpc.aio.Channel]) -> None:
        stubs = [pb_grpc.InventoryOperationServiceStub(channel) for channel in channels]
        metadata = (("authorization", f"Bearer {self.token}"),)
        while not self._stopping.is_set():
            request = self.request_of(number)
            request.request_id = request.request_id or uuid.uuid4().hex
            began = time.monotonic()
            for attempt in itertools.count():
                at = (number + attempt) % len(stubs)
                try:
                    await stubs[at].ExecuteInventoryOperation(request, metadata=metadata, timeout=self.timeout_seconds)
                except grpc.aio.AioRpcError as rpc_error:
                    error = error_of(rpc_error)
                    self.reasons[error.reason or error.code.name] += 1
                    if error.code not in UNANSWERED | NOT_YET:
                        self.refused.append(request.request_id)
                        break
                    if attempt == self.repeats or (self._stopping.is_set() and attempt > 3):
                        self.unknown.append(request.request_id)
                        await asyncio.sleep(0.05)
                        break
                    await asyncio.sleep(0.05)
                else:
                    ended = Ended(began, time.monotonic(), number, self.addresses[at])
                    self.acknowledged[request.request_id] = ended
                    break


_OPTIONS = (
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 300),
)


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """One for all: gRPC has one queue for a process, and several loops would fight over it."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return loop


def percentile(seconds: Sequence[float], percent: float) -> float:
    """Of so many durations; those of an empty list are not known."""
    assert seconds, "nothing was measured"
    return sorted(seconds)[min(int(len(seconds) * percent / 100), len(seconds) - 1)]
