"""Callers hang up in the midst of everything: that is their right, and nothing that an operator must read about."""

from __future__ import annotations

import json
import signal
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final

import grpc
import pytest
from lotkeeper import Client
from lotkeeper.inventory.v1 import enums_pb2, master_data_pb2

from tests.certificates import made_certificate
from tests.plants import ServedPlant
from tests.server_process import ServerProcess

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS: Final = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
HALF_HEADERS: Final = b"\x00\x01\x00\x01\x00\x00\x00\x00\x01" + b"\x82" * 20
CLIENT_HELLO: Final = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(32)
BROKEN_OFF: Final = (
    b"",
    b"GET / HTTP/1.1\r\n\r\n",
    PREFACE[:10],
    PREFACE,
    PREFACE + SETTINGS,
    PREFACE + SETTINGS + HALF_HEADERS,
    CLIENT_HELLO,
    bytes(range(256)),
)
ROWS: Final = 4_000
_MAIN: Final = "from lotkeeper_server.cli.main import main; main()"
_PLANS_IN_ITS_TRANSACTION: Final = f"""
from lotkeeper_server.catalog import importing
plan_import = importing.plan_import

def planned(snapshot, one):
    print("within the transaction", flush=True)
    plan_import(snapshot, one)

importing.plan_import = planned
importing._has_become_old = lambda *_: True
{_MAIN}
"""


def complaints(server: ServerProcess) -> list[str]:
    """What its log holds beside news, and what is no line of it."""
    lines = server.log().splitlines()
    return [line for line in lines if not line.startswith("{") or json.loads(line)["level"] not in {"debug", "info"}]


def break_off(address: str, content: bytes, *, with_reset: bool) -> None:
    """Sends the beginning of something, and is gone."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port))) as connection:
        if with_reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.sendall(content)
        connection.settimeout(0.02)
        try:
            connection.recv(100)
        except OSError:
            return


def test_callers_who_are_killed_in_the_midst_are_not_reported(own_server: ServerProcess) -> None:
    """Executions, uploads, watches, exports, lists; by kill -9 and by Ctrl-C."""
    with Client(own_server.address, token=own_server.token) as client:
        operation = ServedPlant(client).operation("PRODUCE").id
    for number in (signal.SIGKILL, signal.SIGKILL, signal.SIGINT):
        command = [sys.executable, "-m", "tests.abuse.leaving_callers", own_server.address, own_server.token, operation]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as callers:
            assert callers.stdout is not None
            assert callers.stdout.readline()
            callers.send_signal(number)
    for content in BROKEN_OFF:
        for with_reset in (False, True):
            break_off(own_server.address, content, with_reset=with_reset)
    with Client(own_server.address, token=own_server.token) as client:
        assert client.list_permissions().permissions
    assert own_server.terminate() == 0
    assert complaints(own_server) == []
    own_server.verify()


def test_handshakes_of_tls_that_are_broken_off_are_not_reported(tmp_path: Path) -> None:
    """Nor callers who do not trust the certificate."""
    certificate, key = made_certificate(tmp_path, "server")
    other, _ = made_certificate(tmp_path, "other")
    server = ServerProcess(tmp_path, ("--tls-certificate-file", str(certificate), "--tls-key-file", str(key)))
    with server:
        for content in BROKEN_OFF:
            for with_reset in (False, True):
                break_off(server.address, content, with_reset=with_reset)
        for trusted in (other, certificate):
            credentials = grpc.ssl_channel_credentials(trusted.read_bytes())
            with Client(server.address, token=server.token, channel_credentials=credentials) as client:
                if trusted == certificate:
                    assert client.list_permissions().permissions
                else:
                    with pytest.raises(Exception, match="UNAVAILABLE"):
                        client.list_permissions(timeout_seconds=1)
        assert server.terminate() == 0
    assert complaints(server) == []


def test_a_caller_who_hangs_up_while_an_import_is_planned_in_its_transaction_is_not_a_fault(tmp_path: Path) -> None:
    """The transaction ends, and nothing of it stays."""
    server = ServerProcess(tmp_path, program=(sys.executable, "-c", _PLANS_IN_ITS_TRANSACTION, "serve"))
    as_json = enums_pb2.EXPORT_FORMAT_JSON
    with server, Client(server.address, token=server.token) as client:
        operation = ServedPlant(client).operation("PRODUCE")
        row = b"".join(client.export_inventory_operations(export_format=as_json)).decode()
        rows = "".join(row.replace(operation.name, f"x{number}") for number in range(ROWS)).encode()
        caller = Client(server.address, token=server.token)
        ended: list[BaseException] = []

        def imports() -> None:
            try:
                caller.import_inventory_operations(rows, export_format=as_json)
            except Exception as error:  # however a closed client says it
                ended.append(error)

        thread = threading.Thread(target=imports)
        thread.start()
        assert server.process is not None
        assert server.process.stdout is not None
        assert server.process.stdout.readline() == "within the transaction\n"
        caller.close()
        thread.join()
        assert ended
        client.save_location(master_data_pb2.Location(name="saved once that transaction has ended"))
        assert list(client.list_inventory_operations()) == [operation]
        assert server.terminate() == 0
    assert complaints(server) == []
