"""Who takes spans: a receiver of OTLP by HTTP, such as OpenTelemetry's collector, Jaeger or Tempo.

By HTTP since that is one request at a time on one connection, made by Python's own library: gRPC as a client would come
with threads of its own beside the one that serves.
"""

import http.client
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

PATH: Final = "/v1/traces"
ANSWER_SECONDS: Final = 5.0
"""How long a receiver may take to be connected to, and then to answer."""
ANSWER_BYTES_MAX: Final = 64 * 1024
_TRY_AGAIN: Final = frozenset({429, 502, 503, 504})
_OK: Final = range(200, 300)
_TLS: Final = "https"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a receiver is.

    Attributes:
        url: `http://HOST:PORT` or `https://HOST:PORT`; without a path it gets `/v1/traces`, a query is left out.
        ca_file: PEM file of the authorities that its certificate must be of; None for those of the system.
        headers: sent with each request; they may be secret.
    """

    url: str
    ca_file: Path | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


class Outcome(Enum):
    """What came of a request."""

    TAKEN = "taken"
    AWAY = "away"
    """Nobody answers, or asks to try again."""
    REFUSED = "refused"
    """It would be refused again."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver said.

    Attributes:
        outcome: what came of the request.
        why: it was not taken; empty where it was.
        body: of the answer.
    """

    outcome: Outcome
    why: str = ""
    body: bytes = b""


class Receiver:
    """A connection to one, which is opened when it is needed. Used by one thread."""

    def __init__(self, address: Address, program: str) -> None:
        """Opens nothing yet.

        Args:
            address: of the receiver.
            program: what sends, with its version.

        Raises:
            OSError: where the file of authorities cannot be read, or holds none.
        """
        parts = urlsplit(address.url)
        assert parts.hostname is not None
        self._host, self._port = parts.hostname, parts.port
        self._path = parts.path if parts.path.strip("/") else PATH
        self._tls = ssl.create_default_context(cafile=address.ca_file) if parts.scheme == _TLS else None
        self._headers = {"User-Agent": program, **address.headers, "Content-Type": "application/x-protobuf"}
        self._connection: http.client.HTTPConnection | None = None

    def send(self, body: bytes) -> Answer:
        """Sends a request; returns what came of it, after some seconds at the latest."""
        was_open = self._connection is not None
        try:
            return self._sent(body)
        except (http.client.HTTPException, OSError, ValueError) as error:
            self.close()
            if was_open and isinstance(error, ConnectionError):  # it had ended a connection that was not used for long
                return self.send(body)
            return Answer(Outcome.AWAY, f"{type(error).__name__}: {error}")

    def _sent(self, body: bytes) -> Answer:
        if self._connection is None:
            self._connection = self._opened()
        self._connection.request("POST", self._path, body, self._headers)
        with self._connection.getresponse() as response:
            text = response.read(ANSWER_BYTES_MAX)
            is_whole = response.isclosed()
        if not is_whole:
            self.close()
        if response.status in _OK:
            return Answer(Outcome.TAKEN, body=text)
        outcome = Outcome.AWAY if response.status in _TRY_AGAIN else Outcome.REFUSED
        return Answer(outcome, f"HTTP {response.status} {response.reason}")

    def _opened(self) -> http.client.HTTPConnection:
        if self._tls is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=ANSWER_SECONDS)
        return http.client.HTTPSConnection(self._host, self._port, timeout=ANSWER_SECONDS, context=self._tls)

    def close(self) -> None:
        """Ends the connection; the next request opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
