"""Sends calls, retries them, and turns failures into errors."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message

from lotkeeper._admission import Admission, Failure
from lotkeeper._connection import Connection
from lotkeeper._connections import Connections
from lotkeeper._endpoints import Connecting
from lotkeeper._errors import Cancelled, LotkeeperError, unreadable
from lotkeeper._requests import Uploading
from lotkeeper._retrying import Attempts, Repeatable, silent

Response = TypeVar("Response", bound=Message)


class _Guard:
    """Cancels a call after its time limit, from a thread, since a wait for gRPC does not end by itself."""

    def __init__(self, cancel: Callable[[], object], seconds: float) -> None:
        self._cancel = cancel
        self._seconds = seconds
        self._since: float | None = None
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="lotkeeper-silence", daemon=True)
        self.has_cancelled = False

    def __enter__(self) -> _Guard:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def waited_for(self, responses: Iterator[Response]) -> Response:
        """The next response; the time that the caller takes between two of them does not count."""
        self._since = time.monotonic()
        try:
            return next(responses)
        finally:
            self._since = None

    def _watch(self) -> None:
        while not self._done.wait(self._seconds / 4):
            since = self._since
            if since is not None and time.monotonic() - since > self._seconds:
                self.has_cancelled = True
                self._cancel()
                return


class Transport:
    """Calls methods by their path. May be used from several threads, and in a forked process."""

    def __init__(self, connecting: Connecting) -> None:
        self._retries = connecting.retries
        self._connections = Connections(connecting)

    def attempts(self, timeout_seconds: float, repeatable: Repeatable) -> Attempts:
        """The attempts of a call that begins now."""
        return Attempts(timeout_seconds, repeatable, self._retries)

    def call(
        self,
        path: str,
        request: Message,
        response_class: type[Response],
        timeout_seconds: float,
        repeatable: Repeatable,
    ) -> Response:
        """Makes a call, and repeats it where that is safe.

        Raises:
            LotkeeperError: the refusal or failure.
        """
        return self.repeated(path, request, response_class, self.attempts(timeout_seconds, repeatable))

    def repeated(self, path: str, request: Message, response_class: type[Response], attempts: Attempts) -> Response:
        """Makes a call that has begun, and repeats it where that is safe.

        Raises:
            LotkeeperError: the refusal or failure.
        """
        while True:
            outcome = self.attempt(path, request, response_class, attempts)
            if not isinstance(outcome, Failure):
                return outcome
            self._connections.wait(outcome.pause_seconds(attempts))

    def attempt(
        self, path: str, request: Message, response_class: type[Response], attempts: Attempts
    ) -> Response | Failure:
        """Makes a call once, as soon as a server answers.

        Raises:
            LotkeeperError: where it was not sent.
        """
        connection, admission = self._connections.taken(attempts)
        method = connection.unary(path, response_class)
        try:
            response: Response | None = method(request, timeout=attempts.left_seconds(), metadata=admission.metadata)
            if response is None:  # the call ended well, but without an answer
                return Failure(unreadable(), connection.endpoint, admission.knock)
            return response
        except (grpc.RpcError, ValueError) as error:
            failed = self._failed(connection, admission, error)
            failed.__cause__ = error
            return Failure(failed, connection.endpoint, admission.knock)

    def wait(self, seconds: float) -> None:
        """Waits.

        Raises:
            ClientClosed: where the client is closed, also meanwhile.
        """
        self._connections.wait(seconds)

    def stream(
        self, path: str, request: Message, response_class: type[Response], timeout_seconds: float
    ) -> Generator[Response, None, None]:
        """The stream of a method that changes nothing; the call is repeated only while nothing has come.

        Closing the generator ends the call.

        Raises:
            LotkeeperError: the refusal or failure, also after messages.
        """
        attempts = self.attempts(timeout_seconds, Repeatable.YES)
        while True:
            connection, admission = self._connections.taken(attempts)
            begun = False
            try:
                call = connection.streaming(path, response_class)(
                    request, timeout=attempts.left_seconds(), metadata=admission.metadata
                )
                with closing(self._responses(call, connection, admission)) as responses:
                    for response in responses:
                        begun = True
                        yield response
                return
            except LotkeeperError as error:
                if begun:
                    raise
                pause = Failure(error, connection.endpoint, admission.knock).pause_seconds(attempts)
            self._connections.wait(pause)

    def follow(
        self,
        path: str,
        request: Message,
        response_class: type[Response],
        connect_seconds: float,
        silence_seconds: float,
    ) -> Generator[Response, None, None]:
        """The stream of a method that may go on for ever: called once, without a deadline.

        Closing the generator ends the call.

        Raises:
            LotkeeperError: the refusal or failure, also after messages; Unavailable where no server answers for
                `connect_seconds`, or nothing comes for `silence_seconds`.
        """
        connection, admission = self._connections.taken(self.attempts(connect_seconds, Repeatable.YES))
        call = connection.streaming(path, response_class)(request, metadata=admission.metadata)
        with (
            closing(self._responses(call, connection, admission)) as responses,
            _Guard(_canceller(call), silence_seconds) as guard,
        ):
            while True:
                try:
                    response = guard.waited_for(responses)
                except StopIteration:
                    return
                except LotkeeperError:
                    if guard.has_cancelled:
                        connection.admission = None
                        raise silent(connection.endpoint.address.text, silence_seconds) from None
                    raise
                yield response

    def _responses(self, call: Any, connection: Connection, admission: Admission) -> Generator[Any, None, None]:
        try:
            yield from call
        except (grpc.RpcError, ValueError) as error:
            raise self._failed(connection, admission, error) from error
        finally:
            _canceller(call)()

    def upload(
        self,
        path: str,
        uploading: Uploading,
        pieces: bytes | Iterable[bytes],
        response_class: type[Response],
        timeout_seconds: float,
    ) -> Response:
        """Sends data in pieces, once: the caller may not be able to give them again.

        Raises:
            LotkeeperError: the refusal or failure.
        """
        attempts = self.attempts(timeout_seconds, Repeatable.IF_NOTHING_WAS_DONE)
        connection, admission = self._connections.taken(attempts)
        method = connection.uploading(path, response_class)
        failures: list[BaseException] = []

        def messages() -> Iterator[Message]:  # this runs in a thread of gRPC, where an exception would be lost
            try:
                for piece in [pieces] if isinstance(pieces, bytes) else pieces:
                    yield from uploading.add(piece)
                yield from uploading.end()
            except BaseException as failure:
                failures.append(failure)
                raise

        try:
            response: Response = method(messages(), timeout=attempts.left_seconds(), metadata=admission.metadata)
            return response
        except (grpc.RpcError, ValueError) as error:
            if failures:
                raise failures[0] from None
            raise self._failed(connection, admission, error) from error

    def _failed(
        self, connection: Connection, admission: Admission, error: grpc.RpcError | ValueError
    ) -> LotkeeperError:
        """The client's own error; a call on a channel that is closed is a ValueError of gRPC's, or was cancelled."""
        if isinstance(error, ValueError):
            self._connections.check_open()
            raise error
        failed = connection.failed(error, admission)
        if isinstance(failed, Cancelled):
            self._connections.check_open()
        return failed

    def close(self) -> None:
        """Ends every call, and refuses those that come."""
        self._connections.close()


def _canceller(call: Any) -> Callable[[], object]:
    """What ends a call; an interceptor may have put a generator in its place, which ends it once it is let go."""
    return getattr(call, "cancel", None) or (lambda: None)
