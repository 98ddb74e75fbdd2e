"""Runs of inventory operations: their status, and how they are made and deleted with their operation."""

from collections.abc import Collection
from typing import Final

from sqlalchemy import Connection, delete

from lotkeeper_server.domain.model.enumerations import Status
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.domain.model.stock import OperationRun
from lotkeeper_server.store.db.statements import fetch, insert_of, write_many
from lotkeeper_server.store.db.write_transaction import ReadTransaction, WriteTransaction
from lotkeeper_server.store.schema.tables import inventory_operation_run
from lotkeeper_server.store.staged.staging import Piece
from lotkeeper_server.store.state.reading import lock_runs, read_runs

_INSERT: Final = insert_of(inventory_operation_run)


def add_idle_runs(connection: Connection, operation_ids: Collection[Id]) -> None:
    """Makes idle runs for new inventory operations."""
    write_many(connection, _INSERT, idle_runs(operation_ids)[1])


def idle_runs(operation_ids: Collection[Id]) -> Piece:
    """The same, for an import that is staged."""
    return inventory_operation_run, [(operation_id, int(Status.IDLE), None) for operation_id in operation_ids]


def delete_run(connection: Connection, operation_id: Id) -> None:
    """Deletes the run of an inventory operation."""
    run = inventory_operation_run
    connection.execute(delete(run).where(run.c.operation_id == operation_id))


def runs_of(connection: Connection, operation_ids: Collection[Id]) -> dict[Id, OperationRun]:
    """The status of these inventory operations' runs; an operation that does not exist has none."""
    return dict(read_runs(ReadTransaction(connection), operation_ids))


def running_among(connection: Connection, operation_ids: Collection[Id]) -> set[Id]:
    """Those of very many inventory operations that run, where nobody else can write: few run at a time."""
    found = fetch(connection, "SELECT operation_id FROM inventory_operation_run WHERE status = ?", (Status.RUNNING,))
    return {operation_id for (operation_id,) in found if operation_id in operation_ids}


def lock_running_among(connection: Connection, operation_ids: Collection[Id]) -> set[Id]:
    """Those of these inventory operations, which are known to exist, that run.

    A transaction that writes locks all of them: no run begins or ends before the transaction does.
    """
    runs = lock_runs(WriteTransaction(connection), operation_ids)
    return {operation_id for operation_id, run in runs.items() if run.status is Status.RUNNING}
