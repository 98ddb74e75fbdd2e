"""One channel: connects, sends, retries, and turns failures into errors."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message

from lotkeeper._errors import LotkeeperError, error_of
from lotkeeper._requests import Uploading
from lotkeeper._retrying import CHANNEL_OPTIONS, KNOCK_PATH, NOBODY_ANSWERED, Attempts, Repeatable, silent
from lotkeeper._tokens import bearer_header

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
    """Calls methods by their path. May be used from several threads."""

    def __init__(self, address: str, token: str | None, channel_credentials: grpc.ChannelCredentials | None) -> None:
        self._address = address
        self._metadata = (("authorization", bearer_header(token)),) if token else ()
        if channel_credentials is None:
            self._channel = grpc.insecure_channel(address, options=CHANNEL_OPTIONS)
        else:
            self._channel = grpc.secure_channel(address, channel_credentials, options=CHANNEL_OPTIONS)
        self._connected = False

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
        attempts = Attempts(timeout_seconds, repeatable)
        method: Any = self._channel.unary_unary(path, _serialized, response_class.FromString)
        while True:
            self._connect(attempts)
            try:
                response: Response = method(request, timeout=attempts.left_seconds(), metadata=self._metadata)
                return response
            except grpc.RpcError as rpc_error:
                error = self._failed(rpc_error)
                error.__cause__ = rpc_error
            time.sleep(attempts.pause_seconds(error))

    def stream(
        self, path: str, request: Message, response_class: type[Response], timeout_seconds: float
    ) -> Generator[Response, None, None]:
        """The stream of a method that changes nothing; the call is repeated only while nothing has come.

        Closing the generator ends the call.

        Raises:
            LotkeeperError: the refusal or failure, also after messages.
        """
        attempts = Attempts(timeout_seconds, Repeatable.YES)
        while True:
            self._connect(attempts)
            begun = False
            try:
                call = self._streaming(path, request, response_class, attempts.left_seconds())
                with closing(self._responses(call)) as responses:
                    for response in responses:
                        begun = True
                        yield response
                return
            except LotkeeperError as error:
                if begun:
                    raise
                pause = attempts.pause_seconds(error)
            time.sleep(pause)

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
        self._connect(Attempts(connect_seconds, Repeatable.YES))
        call = self._streaming(path, request, response_class, None)
        with closing(self._responses(call)) as responses, _Guard(call.cancel, silence_seconds) as guard:
            while True:
                try:
                    response = guard.waited_for(responses)
                except StopIteration:
                    return
                except LotkeeperError:
                    if guard.has_cancelled:
                        self._connected = False
                        raise silent(self._address, silence_seconds) from None
                    raise
                yield response

    def _streaming(
        self, path: str, request: Message, response_class: type[Response], timeout_seconds: float | None
    ) -> Any:
        method: Any = self._channel.unary_stream(path, _serialized, response_class.FromString)
        return method(request, timeout=timeout_seconds, metadata=self._metadata)

    def _responses(self, call: Any) -> Generator[Any, None, None]:
        try:
            yield from call
        except grpc.RpcError as rpc_error:
            raise self._failed(rpc_error) from rpc_error
        finally:
            call.cancel()

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
        attempts = Attempts(timeout_seconds, Repeatable.IF_NOTHING_WAS_DONE)
        self._connect(attempts)
        method: Any = self._channel.stream_unary(path, _serialized, response_class.FromString)
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
            response: Response = method(messages(), timeout=attempts.left_seconds(), metadata=self._metadata)
            return response
        except grpc.RpcError as rpc_error:
            if failures:
                raise failures[0] from None
            raise self._failed(rpc_error) from rpc_error

    def _failed(self, rpc_error: grpc.RpcError) -> LotkeeperError:
        error = error_of(rpc_error)
        self._connected = error.code is not grpc.StatusCode.UNAVAILABLE
        return error

    def _connect(self, attempts: Attempts) -> None:
        """Calls until a server answers: so the next call is sent only when there is a server to take it."""
        if self._connected:
            return
        knock: Any = self._channel.unary_unary(KNOCK_PATH)
        waiting = attempts.connecting()
        while True:
            try:
                knock(b"", timeout=waiting.left_seconds())
            except grpc.RpcError as rpc_error:
                if rpc_error.code() in NOBODY_ANSWERED:
                    pause = waiting.pause_or_give_up(self._address)
                    time.sleep(pause)
                    continue
            self._connected = True
            return

    def close(self) -> None:
        """Closes the channel."""
        self._channel.close()


def pause(seconds: float) -> None:
    """Waits."""
    time.sleep(seconds)


def _serialized(message: Message) -> bytes:
    return message.SerializeToString()
