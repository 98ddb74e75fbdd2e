"""Where an issuer's keys are read from: a file, or a URL, within limits of size and time."""

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

KEY_SET_BYTES_MAX: Final = 256 * 1024
FETCH_SECONDS_MAX: Final = 5.0
"""So long a fetch may take in all, from the first byte sent to the last one read."""
_PIECE_BYTES: Final = 16 * 1024
_OK: Final = 200


class NoKeys(Exception):
    """The keys could not be read; the text says why."""


class KeySource(Protocol):
    """What can be asked for a key set.

    Attributes:
        pause_seconds: the shortest time between two reads.
        is_local: whether it can be read as often as that, without a reason.
    """

    pause_seconds: float
    is_local: bool

    def read(self) -> bytes:
        """A key set. It may take FETCH_SECONDS_MAX.

        Raises:
            NoKeys: where there is none.
        """


class KeyFile:
    """A file that somebody else keeps current."""

    pause_seconds = 1.0
    is_local = True

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> bytes:
        try:
            with self._path.open("rb") as file:
                data = file.read(KEY_SET_BYTES_MAX + 1)
        except OSError as error:
            raise NoKeys(f"{self._path} cannot be read: {error.strerror}") from error
        if len(data) > KEY_SET_BYTES_MAX:
            raise NoKeys(f"{self._path} has more than {KEY_SET_BYTES_MAX} bytes")
        return data


class KeyUrl:
    """The issuer's `jwks_uri`. No redirect is followed and no proxy used: the keys come from there, or not at all."""

    pause_seconds = 5.0
    is_local = False

    def __init__(self, url: str, seconds_max: float = FETCH_SECONDS_MAX) -> None:
        """Fetches nothing yet.

        Args:
            url: https, or http on loopback.
            seconds_max: how long a fetch may take.
        """
        self._parts = urlsplit(url)
        self._url = url
        self._seconds_max = seconds_max

    def read(self) -> bytes:
        try:
            return self._fetched()
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise NoKeys(f"{self._url}: {_words(error)}") from error

    def _fetched(self) -> bytes:
        parts = self._parts
        assert parts.hostname is not None
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname, parts.port, timeout=self._seconds_max)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        end_seconds = time.monotonic() + self._seconds_max
        try:
            connection.connect()
            with _ended_at(connection, end_seconds):
                connection.request("GET", target, headers={"Accept": "application/json", "Connection": "close"})
                response = connection.getresponse()
                if response.status != _OK:
                    raise ValueError(f"the answer is {response.status}, not {_OK}")
                data = bytearray()
                while piece := response.read1(_PIECE_BYTES):
                    data += piece
                    if len(data) > KEY_SET_BYTES_MAX:
                        raise ValueError(f"the answer has more than {KEY_SET_BYTES_MAX} bytes")
                if response.length or time.monotonic() > end_seconds:  # broken off, by either side
                    raise TimeoutError("the answer did not come whole, or not in time")
                return bytes(data)
        finally:
            connection.close()


@contextmanager
def _ended_at(connection: http.client.HTTPConnection, end_seconds: float) -> Iterator[None]:
    """Breaks a connection off at that time: a timeout of the socket begins anew with each byte that comes."""
    taken = connection.sock

    def end() -> None:
        with suppress(OSError):
            taken.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, end_seconds - time.monotonic()), end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
