"""The standard health service: one answer for the whole server and for each of its services."""

import asyncio
import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from lotkeeper_server.transport.call import (
    INVALID_ARGUMENT,
    NO_MESSAGE,
    NO_REQUEST,
    NOT_FOUND,
    Call,
    Status,
    Stream,
    Streaming,
    Unary,
)
from lotkeeper_server.transport.open_streams import OpenStreams

SERVICE: Final = "grpc.health.v1.Health"
REQUEST_SECONDS: Final = 30.0
"""How long a watch may take to say what it watches."""
UNKNOWN: Final = Status(NOT_FOUND, "There is no such service here.")
NOT_A_REQUEST: Final = Status(INVALID_ARGUMENT, "The bytes are not a HealthCheckRequest.")
WATCHES_MAX: Final = 1_024
"""Whoever watches needs no token; beyond so many the oldest watch ends."""


class Health:
    """What a server says of itself: NOT_SERVING until it is told otherwise. Told on the loop; asked from any thread."""

    def __init__(self, services: Iterable[str]) -> None:
        """Knows the services.

        Args:
            services: full names; the empty one, for the whole server, is always known.
        """
        self._names = frozenset(("", *services))
        self._status: int = HealthCheckResponse.NOT_SERVING
        self._ended = False
        self._changed = asyncio.Event()
        self._watches = OpenStreams(WATCHES_MAX)

    def tell(self, serving: bool) -> None:
        """Tells whoever asks or watches, from now on; after `end` it tells nothing."""
        if not self._ended:
            self._status = HealthCheckResponse.SERVING if serving else HealthCheckResponse.NOT_SERVING
            self._changed.set()
            self._changed = asyncio.Event()

    def end(self) -> None:
        """NOT_SERVING for good."""
        self.tell(serving=False)
        self._ended = True

    def methods(self) -> dict[str, Unary | Streaming]:
        """What a server serves of it, by paths. `List` only where the installed contract has it."""
        served: dict[str, Unary | Streaming] = {
            f"/{SERVICE}/Check": Unary(self._check),
            f"/{SERVICE}/Watch": Streaming(self._watch),
        }
        methods: Mapping[str, Any] = health_pb2.DESCRIPTOR.services_by_name["Health"].methods_by_name
        if "List" in methods:
            answer = functools.partial(self._list, GetMessageClass(methods["List"].output_type))
            served[f"/{SERVICE}/List"] = Unary(answer)
        return served

    def _check(self, message: bytes, call: Call) -> None:
        request = _parsed(message, call.refuse)
        if request is None:
            return
        if request.service not in self._names:
            call.refuse(UNKNOWN)
        else:
            call.answer(HealthCheckResponse(status=self._status).SerializeToString())

    async def _watch(self, stream: Stream) -> None:
        async with self._watches.held(stream):
            await self._tell_changes(stream)

    async def _tell_changes(self, stream: Stream) -> None:
        """The status now and whenever it has changed; what came and went while nobody read is left out."""
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                message = await stream.receive()
        except TimeoutError:
            stream.refuse(NO_REQUEST)
            return
        if message is None:
            stream.refuse(NO_MESSAGE)
            return
        request = _parsed(message, stream.refuse)
        if request is None:
            return
        known = request.service in self._names
        told: int | None = None
        while True:
            changed = self._changed
            status = self._status if known else HealthCheckResponse.SERVICE_UNKNOWN
            if status != told:
                told = status
                await stream.send(HealthCheckResponse(status=status).SerializeToString())
            else:
                await changed.wait()

    def _list(self, response_class: type[Message], _message: bytes, call: Call) -> None:
        """All names with one status; the request has no fields."""
        response = response_class()
        statuses = getattr(response, "statuses")  # noqa: B009 - older contracts have no such message
        for name in self._names:
            statuses[name].status = self._status
        call.answer(response.SerializeToString())


def _parsed(message: bytes, refuse: Callable[[Status], None]) -> HealthCheckRequest | None:
    try:
        return HealthCheckRequest.FromString(message)
    except DecodeError:
        refuse(NOT_A_REQUEST)
        return None
