"""Tokens and certificates are changed while callers write: every call is answered, and what was answered is there.

(The keys of an issuer: tests/e2e/test_jwt.py; an authority for clients: tests/e2e/test_client_certificates.py.)
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from lotkeeper import Client, LotkeeperError

from tests import stores
from tests.authorities import Authority
from tests.logged import awaited_line, lines_about
from tests.plants import ServedPlant
from tests.server_process import ServerProcess

CALLERS = 4
CALLS_A_CONNECTION = 10
Connect = Callable[[], Client]


@dataclass
class Writers:
    """Callers that produce again and again, each on a new connection after some calls.

    Attributes:
        connect: makes a client with what is valid now.
        operation_id: what they execute.
        request_ids: of calls that were answered.
        failures: what was refused, or failed: nothing is to be.
    """

    connect: Connect
    operation_id: str
    request_ids: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _ending: threading.Event = field(default_factory=threading.Event)

    def _write(self, caller: int) -> None:
        number = 0
        while not self._ending.is_set():
            with self.connect() as client:
                for _ in range(CALLS_A_CONNECTION):
                    number += 1
                    request_id = f"{caller}-{number}"
                    try:
                        client.execute_inventory_operation(
                            self.operation_id, f"LOT-{caller}", 1.0, request_id=request_id, timeout_seconds=60
                        )
                    except LotkeeperError as error:
                        self.failures.append(f"{error.code} {error.reason} {error}")
                    else:
                        with self._changed:
                            self.request_ids.append(request_id)
                            self._changed.notify_all()

    def wait_for(self, answers: int) -> None:
        """Returns once so many more were answered."""
        with self._changed:
            wanted = len(self.request_ids) + answers
            assert self._changed.wait_for(lambda: len(self.request_ids) >= wanted or self.failures, 120)
        assert self.failures == []

    @contextmanager
    def writing(self) -> Iterator[None]:
        """While the block runs."""
        threads = [threading.Thread(target=self._write, args=(number,)) for number in range(CALLERS)]
        for one in threads:
            one.start()
        try:
            yield
        finally:
            self._ending.set()
            for one in threads:
                one.join()
        assert self.failures == []

    def all_are_there(self, server: ServerProcess, client: Client) -> None:
        """Each answered call is one record, and no other is."""
        records = list(client.list_inventory_lot_records(inventory_operation_id=self.operation_id, page_size=1_000))
        assert len(records) == len(self.request_ids) == len(set(self.request_ids))
        server.verify()


def test_a_token_is_rotated_while_its_holders_write(tmp_path: Path) -> None:
    """They take the new one from its file with their next connection; the old one ends once all have done so."""
    file = tmp_path / "token"
    with ServerProcess(tmp_path, database_url=stores.migrated_store_url(tmp_path)) as server:
        file.write_text(server.run("token", "create", "--name", "line-4", "--role", "admin").stdout.strip())
        with Client(server.address, token=server.token) as client:
            operation = ServedPlant(client).operation("PRODUCE")
            writers = Writers(lambda: Client(server.address, token=file.read_text()), operation.id)
            with writers.writing():
                for _ in range(2):
                    writers.wait_for(3 * CALLERS)
                    old = _live(server)
                    rotated = server.run("token", "rotate", old, "--overlap", "1h")
                    assert rotated.returncode == 0, rotated.stderr
                    new = tmp_path / "token.new"
                    new.write_text(rotated.stdout.strip())
                    new.replace(file)
                    writers.wait_for(2 * CALLS_A_CONNECTION * CALLERS)
                    assert server.run("token", "revoke", old).returncode == 0
                writers.wait_for(3 * CALLERS)
            writers.all_are_there(server, client)
        assert lines_about(server, "callers_refused") == []


def test_the_servers_certificate_is_changed_while_callers_write(tmp_path: Path) -> None:
    """Connections go on by the old one, and those that begin get the new one; of another authority, too."""
    first, second = Authority("First CA"), Authority("Second CA")
    certificate, key = first.pair().write(tmp_path)
    flags = ("--tls-certificate-file", str(certificate), "--tls-key-file", str(key))
    with ServerProcess(tmp_path, flags, database_url=stores.migrated_store_url(tmp_path)) as server:
        trusted = first.pem + second.pem

        def connect() -> Client:
            return Client(server.address, token=server.token, channel_credentials=grpc.ssl_channel_credentials(trusted))

        with connect() as client:
            operation = ServedPlant(client).operation("PRODUCE")
            writers = Writers(connect, operation.id)
            with writers.writing():
                for number, authority in enumerate((first, second), start=1):
                    writers.wait_for(3 * CALLERS)
                    authority.pair().write(tmp_path)
                    awaited_line(
                        server,
                        "certificate_reloaded",
                        lambda _line, wanted=number: len(lines_about(server, "certificate_reloaded")) >= wanted,  # type: ignore[misc]
                    )
                    writers.wait_for(2 * CALLS_A_CONNECTION * CALLERS)
            writers.all_are_there(server, client)
            assert _issuer_of(server.address, second) == "OK"
            assert _issuer_of(server.address, first) == "UNAVAILABLE"


def _live(server: ServerProcess) -> str:
    """The id of the newest valid token of the line."""
    listed = [json.loads(line) for line in server.run("token", "list", "--json").stdout.splitlines()]
    mine = [one for one in listed if one["name"] == "line-4" and one["state"] == "live"]
    return str(max(mine, key=lambda one: (one["created"], one["id"]))["id"])


def _issuer_of(address: str, authority: Authority) -> str:
    """Whether somebody who trusts one authority only gets a connection."""
    with grpc.secure_channel(address, grpc.ssl_channel_credentials(authority.pem)) as channel:
        try:
            channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=20)
        except grpc.RpcError as error:
            return str(error.code().name)
        return "OK"
