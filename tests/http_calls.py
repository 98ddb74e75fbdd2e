"""Calls by HTTP as somebody without a library makes them: bytes out, bytes in."""

from __future__ import annotations

import base64
import http.client
import json
import re
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.server_process import ServerProcess

SERVICE = "/lotkeeper.inventory.v1.InventoryOperationService/"
INVENTORY = "/lotkeeper.inventory.v1.InventoryService/"
JSON = "application/json"
CONNECT_JSON = "application/connect+json"
WAIT_SECONDS = 30


@dataclass(frozen=True)
class Answer:
    """What came back.

    Attributes:
        status: of HTTP.
        headers: names in lower case.
        body: whole.
    """

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)

    @property
    def reason(self) -> str:
        """Of a refusal."""
        return str(self.detail("google.rpc.ErrorInfo")["reason"])

    @property
    def fields(self) -> dict[str, str]:
        """What is wrong with which field."""
        found = self.detail("google.rpc.BadRequest")["fieldViolations"]
        return {one["field"]: one["description"] for one in found}

    def detail(self, name: str) -> dict[str, Any]:
        """One detail of a refusal."""
        return next(one["debug"] for one in self.json["details"] if one["type"] == name)


@dataclass
class HttpPort:
    """Where a server serves by HTTP.

    Attributes:
        host: of it.
        port: of it.
        token: of who calls; empty for nobody.
    """

    host: str
    port: int
    token: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Without a path."""
        return f"http://{self.host}:{self.port}"

    def post(self, path: str, body: Any, content_type: str = JSON, **headers: str) -> Answer:
        """One request on a connection of its own; headers have underscores for hyphens."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.request("POST", path, data, **{"content-type": content_type, **headers})

    def request(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """The same of any method."""
        sent = {"authorization": f"Bearer {self.token}"} if self.token else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        with closing(http.client.HTTPConnection(self.host, self.port, timeout=WAIT_SECONDS)) as connection:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())

    def stream(self, path: str, *requests: Any, **headers: str) -> list[Any]:
        """A stream of Connect in JSON; all that comes, the end of the stream included."""
        body = b"".join(in_envelope(json.dumps(one).encode()) for one in requests)
        answer = self.post(path, body, CONNECT_JSON, **headers)
        assert answer.status == 200, answer
        return [json.loads(message) for _, message in envelopes(answer.body)]

    @contextmanager
    def socket(self) -> Iterator[socket.socket]:
        """A connection for bytes by hand."""
        with socket.create_connection((self.host, self.port), WAIT_SECONDS) as one:
            yield one

    def bytes(self, data: bytes) -> bytes:
        """What comes back for these bytes, until the server closes."""
        with self.socket() as one:
            one.sendall(data)
            return received(one)

    def head(self, path: str, *more: str) -> bytes:
        """The head of a request in JSON by hand."""
        lines = [f"POST {path} HTTP/1.1", "Host: here", f"Authorization: Bearer {self.token}", *more]
        return "\r\n".join([*lines, f"Content-Type: {JSON}", "", ""]).encode()


def received(one: socket.socket) -> bytes:
    """Everything until the other end closes, or breaks off."""
    whole = b""
    try:
        while piece := one.recv(65_536):
            whole += piece
    except ConnectionResetError:
        pass
    return whole


def http_port(server: ServerProcess, seconds: float = WAIT_SECONDS) -> HttpPort:
    """Of a server that has been started with `--http-listen`: by its log."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = re.findall(r'^\{"address": "([^"]+):(\d+)".*"event": "http_served"', server.log(), re.MULTILINE)
        if found:
            host, port = found[-1]
            return HttpPort(host, int(port), server.token)
        time.sleep(0.05)
    raise AssertionError(server.log())


def http_server(folder: Path, *flags: str) -> ServerProcess:
    """A server that serves by HTTP, too."""
    return ServerProcess(folder, flags=("--http-listen", "127.0.0.1:0", *flags))


def in_envelope(message: bytes, flags: int = 0) -> bytes:
    """A message of a stream."""
    return struct.pack(">BI", flags, len(message)) + message


def envelopes(body: bytes) -> list[tuple[int, bytes]]:
    """The messages of a stream, each with its flags."""
    found = []
    while body:
        flags, length = struct.unpack_from(">BI", body)
        assert len(body) >= 5 + length
        found.append((flags, body[5 : 5 + length]))
        body = body[5 + length :]
    return found


def web_answer(body: bytes, *, is_text: bool = False) -> tuple[list[bytes], dict[str, str]]:
    """The messages and trailers of gRPC-Web."""
    if is_text:
        body = b"".join(base64.b64decode(one + b"=" * (-len(one) % 4)) for one in _padded(body))
    messages, trailers = [], {}
    for flags, message in envelopes(body):
        if flags & 0x80:
            trailers = dict(line.split(": ", 1) for line in message.decode().split("\r\n") if line)
        else:
            messages.append(message)
    return messages, trailers


def _padded(body: bytes) -> list[bytes]:
    return [one for one in re.findall(rb"[A-Za-z0-9+/]+={0,2}", body) if one]
