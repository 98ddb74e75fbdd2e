"""A gRPC server on gRPC's C core: one thread polls its completion queue and hands the calls out.

Python's own servers of gRPC cost a call 300 µs of processor time and more; the completion queue by itself costs 50 µs.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

from lotkeeper_server.event_log import get_logger
from lotkeeper_server.transport.call import UNIMPLEMENTED, OnFault, Status, Streaming, Unary, WhenQuiet, logged_fault
from lotkeeper_server.transport.certificate import Certificate
from lotkeeper_server.transport.connection_guard import ConnectionGuard
from lotkeeper_server.transport.connections import Connections
from lotkeeper_server.transport.core_call import CallsInProgress, CoreCall, CoreUnaryCall
from lotkeeper_server.transport.core_names import LONG_PAST, cygrpc, inner_credentials
from lotkeeper_server.transport.core_stream import CoreStream
from lotkeeper_server.transport.options import CannotListen, ServerOptions, TlsPair

ANNOUNCEMENTS: Final = 64
"""So many calls gRPC's core may announce before the polling thread has looked at one."""
EVENTS_MAX: Final = 2_048
"""After so many events `when_quiet` is called, too. They are those of some 512 calls: were they fewer than what callers
send during one `when_quiet`, calls would wait their turn in gRPC's core, which knows no principals."""
REFUSAL_PAUSE_SECONDS: Final = 0.1
"""After so long a call is refused whose message was not taken in: whoever sends it again at once is slowed by that."""
CLOSING_POLL_SECONDS: Final = 0.05
NO_SUCH_METHOD: Final = Status(UNIMPLEMENTED, "There is no such method here.")

_log = get_logger()


class CoreServer:
    """A server: `listen`, then `start`. A program may end without `close`, whose CANCELLED callers should not meet."""

    has_a_thread: ClassVar[bool] = True

    def __init__(
        self,
        methods: Mapping[str, Unary | Streaming],
        options: ServerOptions,
        loop: asyncio.AbstractEventLoop,
        when_quiet: WhenQuiet | None = None,
        on_fault: OnFault = logged_fault,
    ) -> None:
        """Makes a server that does not listen yet.

        Args:
            methods: by their paths, `/package.Service/Method`.
            options: what it allows.
            loop: where streams are served.
            when_quiet: work to be done on the polling thread.
            on_fault: what the caller gets for an exception of a handler.
        """
        observe = options.observe
        self._methods = {
            path.encode(): (path, method, observe(path, is_unary=isinstance(method, Unary)))
            for path, method in methods.items()
        }
        self._unknown = observe("", is_unary=True)
        self._connections = Connections(options.connections, options.overloaded, options.max_concurrent_streams)
        self._calls = CallsInProgress(loop, on_fault, self._connections)
        self._options = options
        self._ports: list[int] = []
        self._guard: ConnectionGuard | None = None
        self._when_quiet = when_quiet or _nothing_to_do
        self._queue = cygrpc.CompletionQueue()
        self._server = cygrpc.Server(options.channel_arguments(), False)
        self._server.register_completion_queue(self._queue)
        self._certificate: Certificate | None = None
        self._shut = False
        self._refused: deque[tuple[float, CoreCall, Status]] = deque()  # each with when to tell it
        self._thread = threading.Thread(target=self._poll, name="grpc-poll", daemon=True)

    @property
    def in_progress(self) -> int:
        """How many calls there are, also those that are answered but not yet sent whole."""
        return self._calls.count

    def listen(self, address: str, tls: TlsPair | None = None) -> int:
        """Takes an address; before `start`.

        Args:
            address: HOST:PORT; port 0 takes a free one.
            tls: what the server proves itself with; None serves without TLS.

        Returns:
            The port.

        Raises:
            CannotListen: where nothing can listen there.
        """
        try:
            if tls is None:
                port = self._server.add_http2_port(address.encode())
            else:
                self._certificate = Certificate(tls)
                credentials = inner_credentials(self._certificate.server_credentials())
                port = self._server.add_http2_port(address.encode(), credentials)
        except RuntimeError as error:
            raise CannotListen.at(address, with_tls=tls is not None) from error
        if not port:
            raise CannotListen.at(address, with_tls=tls is not None)
        self._ports.append(int(port))
        return int(port)

    def replace_tls(self, tls: TlsPair) -> None:
        """What the server proves itself with to connections from now on; it must listen with TLS."""
        assert self._certificate is not None
        self._certificate.replace(tls)

    def start(self) -> None:
        """Serves from now on."""
        self._server.start()
        self._guard = ConnectionGuard(
            self._connections, self._ports, self._options.request_bytes_max, self._options.on_connections_ended
        )
        self._guard.start()
        for _ in range(ANNOUNCEMENTS):
            self._server.request_call(self._queue, self._queue, self._arrived)
        self._thread.start()

    @property
    def connections(self) -> int:
        """How many connections there are that have had a call."""
        return len(self._connections.by_peer)

    async def close(self) -> None:
        """Cancels what is in progress and ends the server; returns once its thread and its streams have ended."""
        if self._guard is not None:
            await asyncio.to_thread(self._guard.stop)
        self._server.shutdown(self._queue, self._shut_down)
        self._server.cancel_all_calls()
        await asyncio.to_thread(self._thread.join)
        self._server.destroy()
        for task in self._calls.tasks:
            task.cancel()
        await asyncio.gather(*self._calls.tasks, return_exceptions=True)

    def _poll(self) -> None:
        poll = self._queue.poll
        when_quiet = self._when_quiet
        events = 0
        while not self._shut:
            event = poll(deadline=LONG_PAST)
            tag = event.tag
            if tag is None:
                events = 0
                event = poll(deadline=self._quiet_until(when_quiet))
                tag = event.tag
            if tag is not None:
                self._dispatch(tag, event)
                events += 1
                if events >= EVENTS_MAX:  # a flood never lets the queue be empty
                    events = 0
                    self._quiet_until(when_quiet)
            event = tag = None  # else the last call would stay while the queue is waited for
        self._end_queue()

    def _quiet_until(self, when_quiet: WhenQuiet) -> float | None:
        try:
            wait_seconds = when_quiet()
        except Exception:  # a border: the thread that serves all calls goes on
            _log.exception("fault", method="when_quiet")
            wait_seconds = 0.0
        if self._refused:
            wait_seconds = self._refuse(wait_seconds)
        return None if wait_seconds is None else time.time() + wait_seconds

    def _refuse(self, wait_seconds: float | None) -> float | None:
        """Refuses the calls whose pause is over; what is to be waited then, for the next of them at the most."""
        refused, now_seconds = self._refused, time.monotonic()
        while refused and refused[0][0] <= now_seconds:
            _, call, status = refused.popleft()
            call.refuse(status)
        if not refused:
            return wait_seconds
        until_next_seconds = refused[0][0] - now_seconds
        return until_next_seconds if wait_seconds is None else min(wait_seconds, until_next_seconds)

    def _dispatch(self, tag: Callable[[Any], None], event: Any) -> None:
        try:
            tag(event)
        except Exception:  # a border: the thread that serves all calls goes on
            _log.exception("fault", method=getattr(tag, "__qualname__", ""))

    def _end_queue(self) -> None:
        """Takes what still comes of the calls; with nothing left the queue may end."""
        ended = False
        while True:
            if not self._calls.count and not ended:
                self._queue.shutdown()
                ended = True
            event = self._queue.poll(deadline=time.time() + CLOSING_POLL_SECONDS)
            if event.tag is not None:
                self._dispatch(event.tag, event)
            elif event.completion_type == cygrpc.CompletionType.queue_shutdown:
                return

    def _shut_down(self, _event: Any) -> None:
        self._shut = True

    def _arrived(self, event: Any) -> None:
        """Gets to know a call, and asks for the next."""
        if not event.success:  # the server is shut down
            return
        self._server.request_call(self._queue, self._queue, self._arrived)
        path = event.call_details.method
        found = self._methods.get(path)
        call: CoreCall
        if found is None:
            call = CoreCall(event, path.decode(errors="replace"), self._calls, self._unknown)
            if self._is_let_in(call):
                call.refuse(NO_SUCH_METHOD)
            return
        name, method, observer = found
        if isinstance(method, Unary):
            call = CoreUnaryCall(event, name, self._calls, observer)
            if not self._is_let_in(call):
                return
            if method.refusal is not None and (status := method.refusal(call)) is not None:
                self._refused.append((time.monotonic() + REFUSAL_PAUSE_SECONDS, call, status))
            else:
                call.serve(method.handler)
        else:
            call = CoreStream(event, name, self._calls, observer)
            if self._is_let_in(call):
                call.serve(method.handler)

    def _is_let_in(self, call: CoreCall) -> bool:
        refusal = self._connections.refusal(call)
        if refusal is None:
            return True
        call.refuse(refusal)
        return False


def _nothing_to_do() -> None:
    return
