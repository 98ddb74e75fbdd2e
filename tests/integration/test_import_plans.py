"""A plan of an import that has become old before it is written."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from lotkeeper.inventory.v1 import inventory_operation_pb2, master_data_pb2
from lotkeeper_server.catalog.breathing import Stopped
from lotkeeper_server.catalog.descriptions import INVENTORY_OPERATION, LOCATION
from lotkeeper_server.catalog.importing import Import, ImportCounts, plan_import, write_import
from lotkeeper_server.catalog.saving import Saver, save
from lotkeeper_server.domain.model.enumerations import Status
from lotkeeper_server.engine.clock import IdSource
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.transaction import Transaction
from lotkeeper_server.store.import_plan import ImportPlan
from lotkeeper_server.store.schema.tables import inventory_operation, inventory_operation_run
from lotkeeper_server.store.temporary_files import RoomOfCall, TemporaryFiles
from lotkeeper_server.store.temporary_folder import TemporaryFolder
from sqlalchemy import Connection, func, select, update

SAVER = Saver("tester", lambda _: True)
FILE = b"name,sourceLocationPath,spare1\r\nA,Silo,x\r\nB,Silo,x\r\n" + b"\r\n" * 100
MEGABYTE = 1 << 20
_new_id = IdSource()


def transaction(connection: Connection) -> Transaction:
    return Transaction(connection, 1, _new_id, lambda floor: floor)


def add(store: Store, *names: str) -> list[bytes]:
    """Definitions at the silo."""
    with store.write() as connection:
        return [
            save(
                transaction(connection),
                INVENTORY_OPERATION,
                inventory_operation_pb2.InventoryOperation(name=name, source_location_path="Silo"),
                SAVER,
            )
            for name in names
        ]


def count(store: Store) -> int:
    with store.read() as connection:
        found: int = connection.execute(select(func.count()).select_from(inventory_operation)).scalar_one()
        return found


@pytest.fixture
def room(tmp_path: Path) -> Iterator[RoomOfCall]:
    """Of a principal, below a megabyte."""
    folder = TemporaryFolder(tmp_path)
    with TemporaryFiles(folder, MEGABYTE, MEGABYTE).room("tester") as room:
        yield room
    folder.remove()


@pytest.fixture
def planned(store: Store, room: RoomOfCall) -> Iterator[Import]:
    """An import of A and B at the silo, A being there already, as planned."""
    with store.write() as connection:
        save(transaction(connection), LOCATION, master_data_pb2.Location(name="Silo"), SAVER)
    add(store, "A")
    one = Import(io.BytesIO(FILE), "CSV", False, SAVER, ImportPlan(INVENTORY_OPERATION.table, room), threading.Event())
    with store.read() as connection:
        plan_import(connection, one)
    assert one.outcome == ImportCounts(created=1, updated=1)
    yield one
    one.plan.close()


def test_a_plan_is_written_where_nothing_changed_meanwhile(store: Store, planned: Import) -> None:
    """Both in one transaction."""
    with store.write() as connection:
        assert write_import(transaction(connection), planned, plan_again=False)
    assert count(store) == 2


def test_a_plan_made_before_a_definition_changed_is_not_written(store: Store, planned: Import) -> None:
    """It is made again, in the end within the transaction: what was to be created is there by then."""
    add(store, "B")
    with store.write() as connection:
        assert not write_import(transaction(connection), planned, plan_again=False)
    with store.write() as connection:
        assert write_import(transaction(connection), planned, plan_again=True)
    assert (planned.result(), count(store)) == (ImportCounts(updated=2), 2)


def test_a_plan_made_before_an_operation_started_is_not_written(store: Store, planned: Import) -> None:
    """Planned again, its row fails and undoes all."""
    with store.write() as connection:
        run = update(inventory_operation_run).values(status=int(Status.RUNNING), current_record_id=_new_id())
        connection.execute(run)
    with store.write() as connection:
        assert not write_import(transaction(connection), planned, plan_again=False)
    with store.write() as connection:
        assert write_import(transaction(connection), planned, plan_again=True)
    result = planned.result()
    assert (result.created, result.updated, result.failed) == (0, 0, 1)
    assert [(one.line, one.reason, one.column) for one in result.failures] == [(2, "IMMUTABLE_FIELD", "spare1")]
    assert count(store) == 1


def test_a_plan_stops_where_nobody_waits_any_more(store: Store, planned: Import) -> None:
    """A caller that has gone costs no more than a few lines, blank ones, too."""
    planned.stopped.set()
    with store.read() as connection, pytest.raises(Stopped):
        plan_import(connection, planned)
