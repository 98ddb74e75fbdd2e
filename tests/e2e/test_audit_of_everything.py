"""Each committed write has exactly one event, and no event lacks its write, whatever is killed when."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field

from lotkeeper import Client, DeadlineExceeded, LotkeeperError, Unavailable, actions
from lotkeeper.inventory.v1 import enums_pb2, master_data_pb2
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb
from lotkeeper.inventory.v1.audit_service_pb2 import AuditEvent
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.schema.tables import request
from sqlalchemy import select

from tests import stores
from tests.abuse.tokens import token_of
from tests.plants import ServedPlant
from tests.server_process import ServerProcess

PRINCIPALS = ("line 1", "line 2", "office")
CALLERS_OF_EACH = 2
KILLS = 3
SECONDS = (0.5, 1.5)
"""Between two kills."""
EXPECTED = {"INSUFFICIENT_INVENTORY", "LOT_NOT_FOUND", "CONTENTION"}


@dataclass
class Writer:
    """Somebody who writes at random until the server is gone, and notes what can be found again by its id alone.

    Attributes:
        annotated: records that only annotations change.
        materials: that were saved, deleted or not.
    """

    server: ServerProcess
    principal: str
    token: str
    plant: ServedPlant
    produce: str
    consume: str
    running: str
    dice: random.Random
    annotated: list[str] = field(default_factory=list)
    materials: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Until a call is not answered."""
        with Client(self.server.address, token=self.token, timeout_seconds=4) as client:
            writes: list[Callable[[Client], object]] = [
                self._executes, self._executes, self._tries, self._repeats, self._batches, self._runs, self._acts,
                self._reverses, self._annotates, self._saves, self._deletes,
            ]  # fmt: skip
            while True:
                try:
                    self.dice.choice(writes)(client)
                except (Unavailable, DeadlineExceeded):
                    return
                except LotkeeperError as refused:
                    if refused.reason not in EXPECTED:
                        raise

    def _lot(self) -> str:
        return f"L{self.dice.randrange(3)}"

    def _executes(self, client: Client) -> None:
        client.execute_inventory_operation(self.dice.choice((self.produce, self.consume)), self._lot(), 1.0)

    def _tries(self, client: Client) -> None:
        client.execute_inventory_operation(self.produce, self._lot(), 1.0, validate_only=True)

    def _repeats(self, client: Client) -> None:
        request_id = uuid.uuid4().hex
        for _ in range(2):
            client.execute_inventory_operation(self.produce, "R", 1.0, request_id=request_id)

    def _batches(self, client: Client) -> None:
        client.batch_execute_inventory_operations(
            [
                pb.ExecuteInventoryOperationRequest(
                    inventory_operation_id=operation,
                    primary_lot_id_or_name=self._lot(),
                    quantity=quantity,
                    request_id=uuid.uuid4().hex,
                )
                for operation in (self.produce, self.consume)
                for quantity in (1.0, -1.0, 1e9)
            ]
        )

    def _runs(self, client: Client) -> None:
        client.start_inventory_operation(self.running, primary_lot_id_or_name="S")
        if self.dice.random() < 0.5:
            client.stop_inventory_operation(self.running, 2.0)
        else:
            client.cancel_inventory_operation(self.running)

    def _acts(self, client: Client) -> None:
        there = {"destination": self.plant.silo.id, "material": self.plant.milk.id, "create_lot_if_not_found": True}
        client.execute_inventory_actions([actions.receive(self._lot(), 1.0, **there) for _ in range(2)])  # type: ignore[arg-type]

    def _reverses(self, client: Client) -> None:
        record = client.execute_inventory_operation(self.produce, "R", 1.0)
        client.reverse_inventory_lot_record(record.id)

    def _annotates(self, client: Client) -> None:
        record = client.execute_inventory_operation(self.produce, "A", 1.0)
        self.annotated.append(record.id)
        for notes in ("one", "two", "two"):
            client.annotate_inventory_lot_record(record.id, notes=notes)

    def _saves(self, client: Client) -> None:
        saved = client.save_material(master_data_pb2.Material(name=uuid.uuid4().hex))
        self.materials.append(saved.id)
        for description in ("one", "two", "two"):
            saved.description = description
            saved = client.save_material(saved)

    def _deletes(self, client: Client) -> None:
        saved = client.save_material(master_data_pb2.Material(name=uuid.uuid4().hex))
        self.materials.append(saved.id)
        client.delete_material(saved.id)


_ONLY_ADDED = "events are only added"
_BEFORE = "CREATE TRIGGER never_{what} BEFORE {what} ON audit_event"
_RAISE = f"'BEGIN RAISE EXCEPTION ''{_ONLY_ADDED}''; END'"
_SIGNAL = f"{_BEFORE} FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{_ONLY_ADDED}'"
NEVER_CHANGED = {
    "sqlite": (f"{_BEFORE} BEGIN SELECT RAISE(ABORT, '{_ONLY_ADDED}'); END",),
    "postgresql": (
        f"CREATE OR REPLACE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS {_RAISE}",
        f"{_BEFORE} FOR EACH ROW EXECUTE FUNCTION never()",
    ),
    "mariadb": (_SIGNAL,),
    "galera": (_SIGNAL,),
}
"""Where servers are not let change or delete an event, as a database's rights may have it, they need not."""


def _forbid_changes(server: ServerProcess) -> None:
    with closing(Store(server.database_url)) as store, store.write() as connection:
        for what in ("UPDATE", "DELETE"):
            for statement in NEVER_CHANGED[stores.kind()]:
                connection.exec_driver_sql(statement.format(what=what))


def test_each_write_has_one_event_and_each_event_its_write(own_server: ServerProcess) -> None:
    _forbid_changes(own_server)
    seed = random.randrange(1 << 32)
    dice = random.Random(seed)
    with Client(own_server.address, token=own_server.token) as client:
        plant = ServedPlant(client)
        produce, consume = plant.operation("PRODUCE").id, plant.operation("CONSUME").id
        tokens = {principal: token_of(own_server, principal) for principal in PRINCIPALS}
        writers = [
            Writer(
                own_server, principal, tokens[principal], plant, produce, consume, plant.operation("PRODUCE").id,
                random.Random(dice.randrange(1 << 32)),
            )
            for principal in PRINCIPALS * CALLERS_OF_EACH
        ]  # fmt: skip
    for _ in range(KILLS):
        threads = [threading.Thread(target=writer.run) for writer in writers]
        for thread in threads:
            thread.start()
        time.sleep(dice.uniform(*SECONDS))
        own_server.kill()
        for thread in threads:
            thread.join()
        own_server.start()
        with Client(own_server.address, token=own_server.token) as client:
            for writer in writers:  # what a kill left running would be stopped by the next start
                if client.get_inventory_operation_status(writer.running).status == enums_pb2.STATUS_RUNNING:
                    client.cancel_inventory_operation(writer.running)
    _check(own_server, writers, f"seed {seed}")


def _check(server: ServerProcess, writers: list[Writer], seed: str) -> None:
    with Client(server.address, token=server.token) as client:
        events = list(client.list_audit_events(oldest_first=True, page_size=1_000))
        versions = {material.id: material.version for material in client.list_materials(page_size=1_000)}
        annotated = {
            one: client.get_inventory_lot_record(one).version for writer in writers for one in writer.annotated
        }
        followed = _followed(client, len(events))
    assert Counter(event.id for event in events) == Counter(followed), seed
    with closing(Store(server.database_url)) as store, store.read() as connection:
        kept = Counter((row.principal, row.request_id) for row in connection.execute(select(request)))
    assert Counter((event.principal, event.request_id) for event in events if event.request_id) == kept, seed
    assert len(kept) > len(writers), seed
    of = Counter((event.method, event.entity_id) for event in events)
    assert {one: 1 + of["AnnotateInventoryLotRecord", one] for one in annotated} == annotated, seed
    saved = {event.entity_id for event in events if event.method == "SaveMaterial"}
    assert {one for writer in writers for one in writer.materials} | versions.keys() <= saved, seed
    for one in saved:
        assert of["DeleteMaterial", one] == (one not in versions), seed
        if one in versions:
            assert of["SaveMaterial", one] == versions[one], seed
    known = {"material", "unit_of_measure", "location"}
    without_request = {event.method for event in events if not event.request_id and event.entity not in known}
    assert without_request <= {"AnnotateInventoryLotRecord", "SaveInventoryOperation"}, seed


def _followed(client: Client, count: int) -> list[str]:
    """The events as a watch has them."""
    found: list[AuditEvent] = []
    with closing(client.watch_audit_events(from_beginning=True)) as messages:
        for message in messages:
            if message.HasField("audit_event"):
                found.append(message.audit_event)
                if len(found) == count:
                    break
    return [event.id for event in found]
