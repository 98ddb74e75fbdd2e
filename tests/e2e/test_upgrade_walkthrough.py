"""The steps of docs/upgrade.md with a real program of before: from schema 0012 to now, under load, and back."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from lotkeeper import Client, LotkeeperError
from lotkeeper_server.cli.migrating import EXIT_MISSING

from tests.earlier_programs import OF_SCHEMA_0012, program_in, run_in, unpack
from tests.plants import ServedPlant
from tests.server_process import BINARIES, ServerProcess
from tests.stores import new_postgresql_url

NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
WAIT_SECONDS = 60
NOTICED_SECONDS = 10.0
"""Within a second, says the document; a busy machine may take longer."""
CALLERS = 3
NOW = (BINARIES / "lotkeeper-server", "serve")


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of before."""
    folder = unpack(OF_SCHEMA_0012, tmp_path_factory.mktemp("before") / "program")
    if folder is None:
        pytest.skip(f"the history does not have {OF_SCHEMA_0012[:8]}: this is no clone of the repository")
    return folder


@pytest.fixture(params=["sqlite", "postgresql"])
def served(request: pytest.FixtureRequest, before: Path, tmp_path: Path) -> Iterator[ServerProcess]:
    """A server of before, on a store that it has made itself."""
    url = f"sqlite:///{tmp_path}/store.db" if request.param == "sqlite" else new_postgresql_url()
    server = ServerProcess(tmp_path, program=program_in(before, "serve"), database_url=url, token="made below")
    assert run_in(before, server, "migrate").returncode == 0
    made = run_in(before, server, "token", "create", "--name", "line", "--role", "admin")
    assert made.returncode == 0, made.stderr
    server.token = made.stdout.strip()
    with server:
        yield server


@dataclass
class Callers:
    """They produce 1 kg again and again; what is not answered is asked again under the same id until it is.

    Attributes:
        answered: ids of records.
    """

    server: ServerProcess
    operation_id: str
    answered: set[str] = field(default_factory=set)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Callers:
        self._threads = [threading.Thread(target=self._run, args=(f"L{number}",)) for number in range(CALLERS)]
        for thread in self._threads:
            thread.start()
        return self

    def _run(self, lot: str) -> None:
        with Client(self.server.address, token=self.server.token, timeout_seconds=5) as client:
            while not self._stopping.is_set():
                request_id = uuid.uuid4().hex
                while (record_id := self._ask(client, lot, request_id)) is None:
                    time.sleep(0.1)
                self.answered.add(record_id)

    def _ask(self, client: Client, lot: str, request_id: str) -> str | None:
        try:
            return client.execute_inventory_operation(self.operation_id, lot, 1.0, request_id=request_id).id
        except LotkeeperError:
            return None

    def wait_for(self, more: int) -> None:
        """Returns once so many more calls were answered."""
        count, begun = len(self.answered) + more, time.monotonic()
        while len(self.answered) < count:
            assert time.monotonic() - begun < WAIT_SECONDS, self.server.log()[-2_000:]
            time.sleep(0.05)

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()


def _wait_until_it_has_stopped(server: ServerProcess) -> None:
    begun = time.monotonic()
    with grpc.insecure_channel(server.address) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        while health.Check(health_pb2.HealthCheckRequest(), timeout=5).status != NOT_SERVING:
            assert time.monotonic() - begun < NOTICED_SECONDS
            time.sleep(0.05)


@pytest.mark.slow
def test_the_steps_of_the_document_under_load(served: ServerProcess, before: Path, tmp_path: Path) -> None:
    """Nothing that was answered is lost or there twice, and callers go on with the new server by themselves."""
    is_file = served.database_url.startswith("sqlite")
    with Client(served.address, token=served.token) as client:
        operation = ServedPlant(client).operation("PRODUCE")
    with Callers(served, operation.id) as callers:
        callers.wait_for(30)
        if is_file:  # step 1; of a server database by its own tools, as docs/backup.md says
            taken = run_in(before, served, "backup", str(tmp_path / "before.db"))
            assert taken.returncode == 0, taken.stderr
        callers.wait_for(10)

        assert served.run("migrate", "--check").returncode == EXIT_MISSING  # step 2, by the new program
        plan = served.run("migrate", "--plan")
        assert "older ones stop" in plan.stdout, plan.stderr
        callers.wait_for(10)

        done = served.run("migrate")  # steps 3 and 4: the old server stops by itself
        assert (done.returncode, "migrated" in done.stdout) == (0, True), done.stderr
        _wait_until_it_has_stopped(served)
        said = [line for line in served.log().splitlines() if "store_not_usable" in line]
        assert len(said) == 1, said
        assert served.terminate() == 0

        served.program = NOW  # step 5, on the same address
        served.start()
        callers.wait_for(30)
    checked = served.run("verify")
    assert checked.returncode == 0, checked.stdout
    with Client(served.address, token=served.token) as client:
        records = {record.id for record in client.list_inventory_lot_records(page_size=1000)}
        assert records == callers.answered
        assert sum(row.quantity for row in client.list_inventory()) == len(records)
        assert len(list(client.list_audit_events(method="ExecuteInventoryOperation"))) >= 30

    refused = run_in(before, served, "verify")
    assert refused.returncode == 1
    assert "newer version of Lotkeeper; upgrade this program" in refused.stderr
    if not is_file:
        return
    assert served.terminate() == 0  # the way back: the backup, by the program that took it
    back = run_in(before, served, "restore", str(tmp_path / "before.db"))
    assert back.returncode == 0, back.stderr
    served.program = program_in(before, "serve")
    served.start()
    with Client(served.address, token=served.token) as client:
        left = {record.id for record in client.list_inventory_lot_records(page_size=1000)}
        assert left < callers.answered
        assert len(left) >= 30
        client.execute_inventory_operation(operation.id, "L0", 1.0)
    assert run_in(before, served, "verify").returncode == 0
