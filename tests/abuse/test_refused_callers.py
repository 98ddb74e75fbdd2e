"""Credentials that are refused are counted, and logged together; the log says nothing that a caller chose."""

from __future__ import annotations

import json
import socket
import time
from contextlib import suppress
from typing import Any

import grpc
import pytest
from lotkeeper._errors import error_of

from bench.http2_load import (
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    PREFACE,
    SETTINGS,
    UNAUTHENTICATED,
    Load,
    frame,
    framed,
    literal,
)
from bench.served import EXECUTE
from tests.abuse.tokens import metadata_of, revoke, take_permissions_of, token_of
from tests.server_process import ServerProcess

READ = "/lotkeeper.inventory.v1.InventoryService/ListInventory"
FLOOD_SECONDS = 3.0
SECRET = "lk_this-must-never-be-in-a-log"
LINE_CHARACTERS_MAX = 1_500


def lines_of(server: ServerProcess) -> list[dict[str, Any]]:
    """The lines that tell of refused callers."""
    found = [json.loads(line) for line in server.log().splitlines()]
    return [line for line in found if line["event"] == "callers_refused"]


def _counted(server: ServerProcess, cause: str, count: int) -> None:
    """Returns once so many were logged with a cause."""
    end_seconds = time.monotonic() + 10
    while sum(line["causes"].get(cause, 0) for line in lines_of(server)) < count:
        assert time.monotonic() < end_seconds, lines_of(server)
        time.sleep(0.05)


def _refused(channel: grpc.Channel, metadata: Any, path: str = READ) -> str:
    with pytest.raises(grpc.RpcError) as refused:
        channel.unary_unary(path)(b"", metadata=metadata, timeout=20)
    return error_of(refused.value).reason


def test_each_cause_is_counted_and_the_answer_never_says_which(own_server: ServerProcess) -> None:
    expired = token_of(own_server, "expired", expires_in_seconds=0.0)
    revoked = token_of(own_server, "revoked")
    revoke(own_server, "revoked")
    with grpc.insecure_channel(own_server.address) as channel:
        for path in (READ, EXECUTE):
            assert _refused(channel, (), path) == "UNAUTHENTICATED"
            assert _refused(channel, (("authorization", SECRET),), path) == "UNAUTHENTICATED"
            assert _refused(channel, (("authorization", f"Basic {SECRET}"),), path) == "UNAUTHENTICATED"
            assert _refused(channel, metadata_of(SECRET) * 2, path) == "UNAUTHENTICATED"
            assert _refused(channel, metadata_of(SECRET), path) == "UNAUTHENTICATED"
            assert _refused(channel, metadata_of(expired), path) == "UNAUTHENTICATED"
            assert _refused(channel, metadata_of(revoked), path) == "UNAUTHENTICATED"
    for cause, count in {"no_token": 8, "unknown": 4, "expired": 2}.items():
        _counted(own_server, cause, count)
    assert sum(line["count"] for line in lines_of(own_server)) == lines_of(own_server)[-1]["total"] == 14
    assert all(line["peers"] == {"ipv4:127.0.0.1": line["count"]} for line in lines_of(own_server))
    for token in (SECRET, expired, revoked):
        assert token[3:15] not in own_server.log()


def test_a_denied_permission_is_counted(own_server: ServerProcess) -> None:
    token = token_of(own_server, "U")
    take_permissions_of(own_server, "U")
    with grpc.insecure_channel(own_server.address) as channel:
        for path in (READ, EXECUTE):
            assert _refused(channel, metadata_of(token), path) == "PERMISSION_DENIED"
    _counted(own_server, "denied", 2)


def test_a_flood_is_a_line_a_second(own_server: ServerProcess) -> None:
    """Some thousand refusals a second; each line is short, and all are counted."""
    refused = 0
    with Load(own_server.address, EXECUTE, SECRET, [b""], 4, 64) as load:
        begun_seconds = time.monotonic()
        while time.monotonic() - begun_seconds < FLOOD_SECONDS:
            outcome = load.kept_in_flight(calls=1_000)
            assert set(outcome.statuses) == {UNAUTHENTICATED}
            refused += outcome.statuses[UNAUTHENTICATED]
        took_seconds = time.monotonic() - begun_seconds
    _counted(own_server, "unknown", refused)
    lines = lines_of(own_server)
    assert 2 <= len(lines) <= took_seconds + 3
    assert sum(line["count"] for line in lines) == refused
    assert max(map(len, own_server.log().splitlines())) < LINE_CHARACTERS_MAX
    assert SECRET not in own_server.log()


def test_what_a_caller_writes_into_a_header_makes_no_line_of_the_log(own_server: ServerProcess) -> None:
    """Not as grpc's libraries allow it: any byte that HTTP/2 carries, in the token, in the path, in other headers."""
    host, port = own_server.address.rsplit(":", 1)
    forged = '"}\n{"event": "forged"}\x1b[2J'
    for path in (READ, f"/{forged}"):
        for authorization in (f"Bearer {forged}", "Bearer \x00", f"Bearer {'x' * 200}", forged):
            with socket.create_connection((host, int(port)), timeout=10) as connection:
                block = _raw(":method", "POST") + _raw(":scheme", "http") + _raw(":path", path)
                block += _raw(":authority", "x") + _raw("te", "trailers") + _raw("content-type", "application/grpc")
                block += _raw("authorization", authorization) + _raw("user-agent", forged)
                connection.sendall(PREFACE + frame(SETTINGS, 0, 0, b"") + frame(HEADERS, END_HEADERS, 1, block))
                connection.sendall(frame(DATA, END_STREAM, 1, framed(b"")))
                _read_out(connection)
    with grpc.insecure_channel(own_server.address) as channel:
        assert _refused(channel, ()) == "UNAUTHENTICATED"
    _counted(own_server, "no_token", 1)
    _counted(own_server, "unknown", 1)  # of the one with a token that HTTP/2 allows
    assert "forged" not in own_server.log()
    assert "\x1b" not in own_server.log()


def _read_out(connection: socket.socket) -> None:
    """Reads until nothing comes any more for a moment."""
    connection.settimeout(0.3)
    with suppress(TimeoutError, ConnectionResetError):
        while connection.recv(65_536):
            pass


def _raw(name: str, value: str) -> bytes:
    """A header of any bytes; `literal` takes values below 127 bytes only."""
    raw = value.encode("latin-1")
    if len(raw) < 127:
        return literal(name, value)
    return literal(name, "")[:-1] + b"\x7f" + bytes(((len(raw) - 127) % 128 | 0x80, (len(raw) - 127) // 128)) + raw
