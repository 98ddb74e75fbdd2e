"""Callers who mean ill, and what a server looks like from outside meanwhile."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import grpc
import pytest
from lotkeeper import Client, LotkeeperError

from bench.http2_load import (
    ACK,
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADER_TABLE_SIZE,
    HEADERS,
    INITIAL_WINDOW_SIZE,
    PING,
    PREFACE,
    RST_STREAM,
    SETTINGS,
    WINDOW_FIRST,
    WINDOW_UPDATE,
    frame,
    literal,
)
from bench.http2_load import FRAME_HEADER_BYTES as HEAD
from tests.integration.transport.raw_http2 import opening
from tests.server_process import ServerProcess

CONTINUATION: Final = 9
SETTING: Final = struct.Struct(">HI")
LIST_LOCATIONS: Final = "/lotkeeper.inventory.v1.MasterDataService/ListLocations"
EXECUTE: Final = "/lotkeeper.inventory.v1.InventoryOperationService/ExecuteInventoryOperation"
WAIT_SECONDS: Final = 20.0
PIECE: Final = bytes(16_384)
ENDLESS_HEADERS: Final = literal("x-much", "v" * 100) * 150
HONEST_SECONDS_MAX: Final = 3.0
"""An honest call may take so long during an attack, on a machine that runs attackers, too."""


@dataclass(frozen=True)
class Frame:
    """What the server sent."""

    kind: int
    flags: int
    stream: int
    payload: bytes


class Attacker:
    """One connection; it obeys no window and no limit by itself. Closed by `with`."""

    def __init__(
        self, server: ServerProcess, *, source: str = "", tls: bool = False, window: int | None = None
    ) -> None:
        """Connects and sends the preface.

        Args:
            server: the victim.
            source: the IP address to come from.
            tls: whether the server speaks TLS.
            window: what the server may send on each stream; None is HTTP/2's 64 KB.
        """
        host, _, port = server.address.rpartition(":")
        raw = socket.create_connection((host, int(port)), WAIT_SECONDS, (source, 0) if source else None)
        self.socket = _over_tls(raw) if tls else raw
        settings = SETTING.pack(HEADER_TABLE_SIZE, 0)
        if window is not None:
            settings += SETTING.pack(INITIAL_WINDOW_SIZE, window)
        self._received = b""
        self.write(PREFACE, frame(SETTINGS, 0, 0, settings))

    def __enter__(self) -> Attacker:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def write(self, *frames: bytes) -> None:
        """Sends them at once."""
        self.socket.sendall(b"".join(frames))

    def frames(self) -> Iterator[Frame]:
        """What the server sends, until it ends the connection; answers its settings and pings."""
        while True:
            try:
                chunk = self.socket.recv(1 << 16)
            except ConnectionError:
                return
            if not chunk:
                return
            self._received += chunk
            while len(self._received) >= HEAD:
                end = HEAD + int.from_bytes(self._received[:3], "big")
                if len(self._received) < end:
                    break
                head, payload = self._received[:HEAD], self._received[HEAD:end]
                self._received = self._received[end:]
                one = Frame(head[3], head[4], int.from_bytes(head[5:], "big"), payload)
                if one.kind in {SETTINGS, PING} and not one.flags & ACK:
                    self.write(frame(one.kind, ACK, 0, payload if one.kind == PING else b""))
                yield one

    def fills(self, openings: dict[int, bytes], message_bytes: int) -> bool:
        """Sends a message on each stream as far as the server's windows allow, never its last byte.

        Args:
            openings: what opens each stream.
            message_bytes: of each message.

        Returns:
            Whether the server ended the connection or each of the streams, soon after it had all that it allowed.
        """
        windows = dict.fromkeys((0, *openings), WINDOW_FIRST)
        left = dict.fromkeys(openings, message_bytes - 1)
        begin = b"\0" + struct.pack(">I", message_bytes)
        self.write(*(opened + frame(DATA, 0, stream, begin) for stream, opened in openings.items()))
        for stream in openings:
            windows[0] -= len(begin)
            windows[stream] -= len(begin)
        try:
            for one in self.frames():
                if one.kind == SETTINGS and not one.flags & ACK:
                    size = dict(SETTING.iter_unpack(one.payload)).get(INITIAL_WINDOW_SIZE, WINDOW_FIRST)
                    for stream in openings:
                        windows[stream] += size - WINDOW_FIRST
                elif one.kind == WINDOW_UPDATE and one.stream in windows:
                    windows[one.stream] += int.from_bytes(one.payload, "big")
                elif one.kind == RST_STREAM or (one.kind == HEADERS and one.flags & END_STREAM):
                    left.pop(one.stream, None)
                if not left:
                    return True
                self._fill(windows, left)
        except TimeoutError:
            return False
        except (ConnectionError, ssl.SSLError):
            return True
        return True

    def _fill(self, windows: dict[int, int], left: dict[int, int]) -> None:
        for stream, rest in left.items():
            fits = min(rest, windows[0], windows[stream])
            for begin in range(0, fits, len(PIECE)):
                self.write(frame(DATA, 0, stream, PIECE[: fits - begin]))
            left[stream] -= fits
            windows[0] -= fits
            windows[stream] -= fits

    def is_ended(self) -> bool:
        """Reads until the server has ended the connection; False where it does not, in a while."""
        try:
            for _one in self.frames():
                pass
        except TimeoutError:
            return False
        except ConnectionError:
            return True
        return True

    def writes_until_ended(self, piece: Callable[[int], bytes], pieces: int) -> bool:
        """Sends pieces until the server ends the connection; whether it did."""
        try:
            for number in range(pieces):
                self.write(piece(number))
        except (ConnectionError, ssl.SSLError):
            return True
        return self.is_ended()


def with_large_metadata(stream: int) -> bytes:
    """The frames that open a call with 160 KB of metadata."""
    start = opening(stream, EXECUTE)[HEAD:]
    more = b"".join(frame(CONTINUATION, 0, stream, ENDLESS_HEADERS) for _ in range(9))
    return frame(HEADERS, 0, stream, start) + more + frame(CONTINUATION, END_HEADERS, stream, b"")


def _over_tls(raw: socket.socket) -> socket.socket:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    return context.wrap_socket(raw)


def certificate(folder: Path) -> tuple[str, ...]:
    """The flags of a server with TLS."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl here to make a certificate with")
    key, chain = folder / "key.pem", folder / "chain.pem"
    command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([*command, "-keyout", key, "-out", chain, *names], check=True, capture_output=True)
    return ("--tls-certificate-file", str(chain), "--tls-key-file", str(key))


def memory_megabytes(server: ServerProcess) -> int:
    """What of the server's process is in memory."""
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) // 1024


def descriptors(server: ServerProcess) -> int:
    """How many the server's process has."""
    assert server.process is not None
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))  # noqa: PTH208


@dataclass
class Honest:
    """A caller who calls again and again on one connection.

    Attributes:
        seconds: of each call.
        failures: of those that failed.
    """

    seconds: list[float] = field(default_factory=list)
    failures: list[LotkeeperError] = field(default_factory=list)

    def call(self, client: Client) -> None:
        """Once."""
        begun = time.perf_counter()
        try:
            next(iter(client.list_locations(page_size=1, timeout_seconds=WAIT_SECONDS)), None)
        except LotkeeperError as error:
            self.failures.append(error)
        self.seconds.append(time.perf_counter() - begun)


def client_of(server: ServerProcess) -> Client:
    """A client, also of a server with TLS whose certificate `certificate` made."""
    if "--tls-certificate-file" not in server.flags:
        return Client(server.address, token=server.token)
    chain = Path(server.flags[server.flags.index("--tls-certificate-file") + 1]).read_bytes()
    credentials = grpc.ssl_channel_credentials(chain)
    return Client(server.address, token=server.token, channel_credentials=credentials)


@contextmanager
def honest_meanwhile(server: ServerProcess) -> Iterator[Honest]:
    """Calls on while the block runs; fails where a call failed or took long. At the end a newcomer must be served."""
    honest, begun, stopped = Honest(), threading.Event(), threading.Event()

    def call_on() -> None:
        with client_of(server) as client:
            while not stopped.is_set():
                honest.call(client)
                begun.set()
                stopped.wait(0.01)

    caller = threading.Thread(target=call_on)
    caller.start()
    try:
        assert begun.wait(WAIT_SECONDS)
        yield honest
    finally:
        stopped.set()
        caller.join()
    with client_of(server) as newcomer:
        honest.call(newcomer)
    assert not honest.failures, honest.failures[0]
    assert max(honest.seconds) < HONEST_SECONDS_MAX
