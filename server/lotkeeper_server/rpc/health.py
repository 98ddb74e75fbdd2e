"""The standard health service: one answer for the whole server and for each of its services.

Not grpc_health's own servicer: of several who watch one service it forgets all once one of them leaves (grpcio 1.75),
and one who does not read would keep it from telling the others.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthServicer

Context = grpc.aio.ServicerContext[Any, Any]


class Health(HealthServicer):
    """Used on one event loop."""

    def __init__(self, services: Iterable[str]) -> None:
        """NOT_SERVING at first.

        Args:
            services: full names; the empty one, for the whole server, is always known.
        """
        self._names = frozenset(("", *services))
        self._status: int = HealthCheckResponse.NOT_SERVING
        self._ending = False
        self._changed = asyncio.Event()

    def tell(self, serving: bool) -> None:
        """Tells whoever asks or watches, from now on; after `end` it tells nothing."""
        if not self._ending:
            self._status = HealthCheckResponse.SERVING if serving else HealthCheckResponse.NOT_SERVING
            self._changed.set()
            self._changed = asyncio.Event()

    def end(self) -> None:
        """NOT_SERVING for good."""
        self.tell(serving=False)
        self._ending = True

    async def Check(self, request: HealthCheckRequest, context: Context) -> HealthCheckResponse:  # noqa: N802 - its name
        """The status now; NOT_FOUND for a service that is not served here."""
        if request.service not in self._names:
            context.set_code(grpc.StatusCode.NOT_FOUND)
            context.set_details("There is no such service here.")
        return HealthCheckResponse(status=self._status_of(request.service))

    async def Watch(  # noqa: N802 - its name
        self, request: HealthCheckRequest, _context: Context
    ) -> AsyncIterator[HealthCheckResponse]:
        """The status now and whenever it has changed; what came and went while nobody read is left out."""
        told: int | None = None
        while True:
            changed = self._changed
            status = self._status_of(request.service)
            if status != told:
                told = status
                yield HealthCheckResponse(status=status)
            else:
                await changed.wait()

    def _status_of(self, service: str) -> int:
        return self._status if service in self._names else HealthCheckResponse.SERVICE_UNKNOWN
