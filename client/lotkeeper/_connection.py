"""One connection: its channel, and what the server at its other end may be sent."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import grpc

from lotkeeper._admission import Absence, Admission, asks_for_knock, serialized
from lotkeeper._endpoints import Endpoint
from lotkeeper._errors import LotkeeperError, Unavailable, error_of
from lotkeeper._retrying import NOBODY_ANSWERED


class Connection:
    """One channel. May be used from several threads.

    Attributes:
        endpoint: where it leads.
        admission: what the last knock has brought; None while nobody answers.
        absence: while nobody answers.
        knocking: held by the thread that knocks.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.admission: Admission | None = None
        self.absence = Absence()
        self.knocking = threading.Lock()
        connecting, target = endpoint.connecting, endpoint.target
        if connecting.credentials is None:
            channel = grpc.insecure_channel(target, options=endpoint.options)
        else:
            channel = grpc.secure_channel(target, connecting.credentials, options=endpoint.options)
        self._channel = channel
        self._calling = _intercepted(channel, connecting.interceptors)
        self._unary: dict[str, Any] = {}

    def unary(self, path: str, response_class: Any) -> Any:
        """The method of that path."""
        method = self._unary.get(path)
        if method is None:
            method = self._calling.unary_unary(path, serialized, response_class.FromString)
            self._unary[path] = method
        return method

    def streaming(self, path: str, response_class: Any) -> Any:
        """The method of that path, which answers with a stream."""
        return self._calling.unary_stream(path, serialized, response_class.FromString)

    def uploading(self, path: str, response_class: Any) -> Any:
        """The method of that path, which takes a stream."""
        return self._calling.stream_unary(path, serialized, response_class.FromString)

    def knock(self, seconds: float) -> str | None:
        """Calls a method that needs no token: None if the server answers, otherwise what gRPC says.

        Raises:
            Unavailable: where waiting helps nothing.
            Unauthenticated: where one answers that the development token must not be shown to.
        """
        tokens = self.endpoint.tokens
        while True:
            knock = tokens.knock()
            answer: bytes | grpc.StatusCode
            try:
                method: Any = self._calling.unary_unary(knock.path)
                answer = method(knock.request, timeout=seconds)
            except grpc.RpcError as rpc_error:
                answer = rpc_error.code()
                if answer in NOBODY_ANSWERED:
                    self.absence.lasts()
                    return rpc_error.details() or ""
            metadata = tokens.metadata_after(knock, answer)
            if metadata is not None:
                self.admission = Admission(knock, metadata, tokens.source)
                self.absence.ends()
                return None

    def lasting_fault(self, details: str, *, looks: bool) -> Unavailable | None:
        """What gRPC, or a look at who listens, says that will not pass by waiting."""
        fault = self.endpoint.lasting_fault(details)
        if fault is None and looks and self.endpoint.is_worth_a_look(details):
            fault = self.endpoint.fault_seen()
        return fault

    def failed(self, rpc_error: Any, used: Admission) -> LotkeeperError:
        """The error of a call; the next one knocks first where this one was not answered."""
        error = self.endpoint.tokens.told(error_of(rpc_error), has_token=used.has_token)
        if self.admission is used and asks_for_knock(error, self.endpoint):
            self.admission = None
        return error

    def close(self) -> None:
        """Ends every call."""
        self._channel.close()


def _intercepted(channel: Any, interceptors: Sequence[Any]) -> Any:
    """The channel whose calls go through the interceptors, the first of them first."""
    for interceptor in reversed(interceptors):
        if hasattr(interceptor, "intercept_unary"):  # OpenTelemetry's have an interface, and a function, of their own
            package = type(interceptor).__module__.rpartition(".")[0]
            channel = import_module(f"{package}.grpcext").intercept_channel(channel, interceptor)
        else:
            channel = grpc.intercept_channel(channel, interceptor)
    return channel
