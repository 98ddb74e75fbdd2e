"""The same server on grpc.aio: slower by far, for a grpcio whose inner names are not those that we know."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, ClassVar

import grpc

from lotkeeper_server.event_log import get_logger
from lotkeeper_server.transport.aio_call import AioCall, AioStream, Context
from lotkeeper_server.transport.call import (
    NO_MESSAGE,
    NO_REQUEST,
    OnFault,
    StreamHandler,
    Streaming,
    Unary,
    UnaryHandler,
    WhenQuiet,
    fault_status,
    logged_fault,
)
from lotkeeper_server.transport.certificate import Certificate
from lotkeeper_server.transport.connection_guard import ConnectionGuard
from lotkeeper_server.transport.connections import Connections
from lotkeeper_server.transport.observing import MethodObserver
from lotkeeper_server.transport.options import CannotListen, ServerOptions, TlsPair

SHORTEST_WAIT_SECONDS = 0.001
_log = get_logger()


class AioServer(grpc.GenericRpcHandler):
    """As CoreServer. All of it, `when_quiet` and the handlers of unary methods, too, runs on the loop.

    Made on that loop.
    """

    has_a_thread: ClassVar[bool] = False

    def __init__(
        self,
        methods: Mapping[str, Unary | Streaming],
        options: ServerOptions,
        loop: asyncio.AbstractEventLoop,
        when_quiet: WhenQuiet | None = None,
        on_fault: OnFault = logged_fault,
    ) -> None:
        self._options = options
        self._connections = Connections(options.connections, options.overloaded, options.max_concurrent_streams)
        self._ports: list[int] = []
        self._guard: ConnectionGuard | None = None
        self._handlers = {path: self._handler(path, method) for path, method in methods.items()}
        self._loop = loop
        self._when_quiet = when_quiet
        self._on_fault = on_fault
        self._asking: asyncio.TimerHandle | None = None
        self._starting: asyncio.Task[None] | None = None
        self._server = grpc.aio.server(options=options.channel_arguments())
        self._server.add_generic_rpc_handlers((self,))
        self._certificate: Certificate | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.in_progress = 0

    def listen(self, address: str, tls: TlsPair | None = None) -> int:
        """As CoreServer's."""
        try:
            if tls is None:
                port = self._server.add_insecure_port(address)
            else:
                self._certificate = Certificate(tls)
                port = self._server.add_secure_port(address, self._certificate.server_credentials())
        except RuntimeError as error:
            raise CannotListen.at(address, with_tls=tls is not None) from error
        self._ports.append(port)
        return port

    def replace_tls(self, tls: TlsPair) -> None:
        """As CoreServer's."""
        assert self._certificate is not None
        self._certificate.replace(tls)

    def start(self) -> None:
        """As CoreServer's; on the loop."""
        self._starting = self._loop.create_task(self._server.start())
        self._guard = ConnectionGuard(
            self._connections, self._ports, self._options.request_bytes_max, self._options.on_connections_ended
        )
        self._guard.start()
        self._ask_soon()

    @property
    def connections(self) -> int:
        """How many connections there are that have had a call."""
        return len(self._connections.by_peer)

    async def close(self) -> None:
        """As CoreServer's."""
        if self._starting is not None:
            await self._starting
        if self._guard is not None:
            await asyncio.to_thread(self._guard.stop)
        await self._server.stop(None)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._asking is not None:
            self._asking.cancel()

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[Any, Any] | None":
        """What serves a path."""
        return self._handlers.get(handler_call_details.method)

    def _handler(self, path: str, method: Unary | Streaming) -> "grpc.RpcMethodHandler[Any, Any]":
        """Every method as one where both sides stream: grpc.aio never answers a unary call without a message."""
        observer = self._options.observe(path, is_unary=isinstance(method, Unary))
        if isinstance(method, Unary):
            return _both_stream(self._unary(path, method.handler, observer))
        return _both_stream(self._streaming(path, method.handler, observer))

    def _unary(
        self, path: str, handler: UnaryHandler, observer: MethodObserver
    ) -> Callable[[object, Context], Awaitable[None]]:
        async def behaviour(_requests: object, context: Context) -> None:
            call = AioCall(path, context, self._loop, self._connections, observer)
            call.then(self._ask_soon)
            await self._served(call, self._begin_unary(call, handler))

        return behaviour

    def _streaming(
        self, path: str, handler: StreamHandler, observer: MethodObserver
    ) -> Callable[[object, Context], Awaitable[None]]:
        async def behaviour(_requests: object, context: Context) -> None:
            stream = AioStream(path, context, self._loop, self._connections, observer)
            await self._served(stream, self._begin_stream(stream, handler))

        return behaviour

    async def _served(self, call: AioCall, begin: Coroutine[None, None, None]) -> None:
        self.in_progress += 1
        cancelled = False
        try:
            refusal = self._connections.refusal(call)
            if refusal is None:
                await begin
            else:
                begin.close()
                call.refuse(refusal)
            await call.write_outcome()
        except asyncio.CancelledError:  # this is how grpc.aio says that the caller is gone
            cancelled = True
            call.leave()
            raise
        finally:
            self._connections.end(call, cancelled=cancelled)
            self.in_progress -= 1

    async def _begin_stream(self, stream: AioStream, handler: StreamHandler) -> None:
        task = self._loop.create_task(stream.meetings.run(stream, handler, self._on_fault))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _begin_unary(self, call: AioCall, handler: UnaryHandler) -> None:
        try:
            async with asyncio.timeout(self._options.connections.request_seconds):
                message = await call.read()
        except TimeoutError:
            call.refuse(NO_REQUEST)
            return
        if message is grpc.aio.EOF:
            call.refuse(NO_MESSAGE)
            return
        try:
            handler(message, call)
        except Exception as error:  # a border: whatever it is, this call ends with it
            call.refuse(fault_status(self._on_fault, call.method, error))
        self._ask_soon()

    def _ask_soon(self, wait_seconds: float = 0.0) -> None:
        """Calls `when_quiet` once the loop has served what is there."""
        if self._when_quiet is None:
            return
        at_seconds = self._loop.time() + wait_seconds
        if self._asking is not None:
            if self._asking.when() <= at_seconds:  # else arrivals without a pause would put it off for ever
                return
            self._asking.cancel()
        self._asking = self._loop.call_at(at_seconds, self._ask)

    def _ask(self) -> None:
        assert self._when_quiet is not None
        self._asking = None
        try:
            wait_seconds = self._when_quiet()
        except Exception:  # a border: the server goes on
            _log.exception("fault", method="when_quiet")
            wait_seconds = 0.0
        if wait_seconds is not None:
            self._ask_soon(max(wait_seconds, SHORTEST_WAIT_SECONDS))


def _both_stream(behaviour: Any) -> "grpc.RpcMethodHandler[Any, Any]":
    return grpc.stream_stream_rpc_method_handler(behaviour)
