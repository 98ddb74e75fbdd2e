"""Delete, for every entity: checks id, version, what runs, what refers to it, in this order; then deletes the row."""

from lotkeeper_server.catalog.descriptions import INVENTORY_OPERATION, Description
from lotkeeper_server.domain.model.enumerations import Status
from lotkeeper_server.domain.model.identifiers import Id, format_id
from lotkeeper_server.domain.refusals import NotFound, OperationAlreadyRunning, Referenced, Refused, VersionConflict
from lotkeeper_server.store.db.rows import lock_row
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.db.transaction import Transaction
from lotkeeper_server.store.entities.referrers import referrers_of
from lotkeeper_server.store.entities.row import delete_entity_row
from lotkeeper_server.store.entities.runs import delete_run, lock_running_among
from lotkeeper_server.store.entities.within import within
from lotkeeper_server.store.state.definition_changes import note_definition_changes


def check_deletable(snapshot: Snapshot, description: Description, identifier: Id, version: int) -> None:
    """Raises if an entity cannot be deleted now.

    Args:
        snapshot: reading is enough; a transaction that writes locks what it reads.
        description: of the entity.
        identifier: which one.
        version: the one that the caller read; 0 for any.

    Raises:
        Refused: its NOT_FOUND, VERSION_CONFLICT, OPERATION_ALREADY_RUNNING, REFERENCED.
    """
    table = description.table
    row = lock_row(snapshot, table, identifier)
    if (seen := within(snapshot)) is not None:
        seen.check_row(snapshot, table.name, row, "id")
    if row is None:
        raise Refused(NotFound(entity=description.refusal_entity, id=format_id(identifier)))
    stored = row["version"]
    if version not in {0, stored}:
        raise Refused(VersionConflict(expected=version, actual=stored).at("version"))
    if description is INVENTORY_OPERATION and lock_running_among(snapshot, [identifier]):
        shown = format_id(identifier)
        raise Refused(OperationAlreadyRunning(inventory_operation_id=shown, status=Status.RUNNING.name))
    for referrer in referrers_of(table.name):
        if count := referrer.count(snapshot, identifier):
            raise Refused(Referenced(entity=referrer.entity, count=count))


def delete_one(tx: Transaction, description: Description, identifier: Id, version: int) -> None:
    """Deletes an entity that nothing refers to.

    Raises:
        Refused: like `check_deletable`.
    """
    check_deletable(tx.connection, description, identifier, version)
    table, connection = description.table, tx.connection
    if description is INVENTORY_OPERATION:
        delete_run(connection, identifier)
    delete_entity_row(connection, table, identifier)
    if description.is_definition:
        note_definition_changes(connection, table.name, [identifier])
