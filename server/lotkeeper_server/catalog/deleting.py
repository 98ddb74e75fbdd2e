"""Delete, for every entity: id, version, what runs, what refers to it, in this order; then the row goes."""

from sqlalchemy import Connection, delete

from lotkeeper_server.catalog.descriptions import INVENTORY_OPERATION, Description
from lotkeeper_server.catalog.referrers import referrers_of
from lotkeeper_server.domain.model.enumerations import Status
from lotkeeper_server.domain.model.identifiers import Id, format_id
from lotkeeper_server.domain.refusals import NotFound, OperationAlreadyRunning, Referenced, Refused, VersionConflict
from lotkeeper_server.store.db.rows import lock_row
from lotkeeper_server.store.db.statements import locking_of
from lotkeeper_server.store.db.transaction import Transaction
from lotkeeper_server.store.schema.tables import inventory_operation_run
from lotkeeper_server.store.state.definition_changes import note_definition_changes
from lotkeeper_server.store.state.reading import lock_runs


def check_deletable(connection: Connection, description: Description, identifier: Id, version: int) -> None:
    """Says why an entity cannot be deleted now, if it cannot.

    Args:
        connection: a transaction; to look is enough, and one that writes locks what it looks at.
        description: of the entity.
        identifier: which one.
        version: the one that the caller read; 0 for whatever it is.

    Raises:
        Refused: its NOT_FOUND, VERSION_CONFLICT, OPERATION_ALREADY_RUNNING, REFERENCED.
    """
    table = description.table
    row = lock_row(connection, table, identifier)
    if row is None:
        raise Refused(NotFound(entity=description.refusal_entity, id=format_id(identifier)))
    stored = row["version"]
    if version not in {0, stored}:
        raise Refused(VersionConflict(expected=version, actual=stored).at("version"))
    if description is INVENTORY_OPERATION:
        status = lock_runs(connection, [identifier], locking_of(connection))[identifier].status
        if status is Status.RUNNING:
            shown = format_id(identifier)
            raise Refused(OperationAlreadyRunning(inventory_operation_id=shown, status=status.name))
    for referrer in referrers_of(table.name):
        if count := referrer.count(connection, identifier):
            raise Refused(Referenced(entity=referrer.entity, count=count))


def delete_one(tx: Transaction, description: Description, identifier: Id, version: int) -> None:
    """Deletes an entity that nothing refers to.

    Raises:
        Refused: as `check_deletable`.
    """
    check_deletable(tx.connection, description, identifier, version)
    table, connection = description.table, tx.connection
    if description is INVENTORY_OPERATION:
        run = inventory_operation_run
        connection.execute(delete(run).where(run.c.operation_id == identifier))
    connection.execute(delete(table).where(table.c.id == identifier))
    if description.is_definition:
        note_definition_changes(connection, table.name, [identifier])
