"""Tells which transactions took effect, when the answer of a commit was lost.

Each write transaction leaves an id of its own. Inserting that id again waits for the session that did it first, if that
is still alive, and then fails if it was committed.
"""

from typing import Final

from sqlalchemy import Connection, Table

from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.errors import AlreadyThere
from lotkeeper_server.store.db.statements import execute, insert_of, write_many
from lotkeeper_server.store.schema.coordination_tables import commit_mark

MARKS_KEPT_MILLIS: Final = 3_600_000
"""How long the id of a transaction is kept; nobody asks for it after some seconds."""
_TABLE: Final[Table] = commit_mark
_INSERT: Final = insert_of(_TABLE)


def leave_mark(connection: Connection, transaction_id: Id, now_millis: int) -> None:
    """Writes the id of this transaction."""
    write_many(connection, _INSERT, [(transaction_id, now_millis)])


def has_taken_effect(store: Store, transaction_id: Id, now_millis: int) -> bool:
    """Whether a transaction whose commit was not answered was committed; if not, it never will be after this question.

    Raises:
        StoreError: where that cannot be found out now.
    """
    try:
        with store.write_to_any_schema() as connection:
            leave_mark(connection, transaction_id, now_millis)
    except AlreadyThere:
        return True
    return False


def drop_old_marks(connection: Connection, now_millis: int) -> None:
    """Deletes the ids of old transactions."""
    execute(connection, "DELETE FROM commit_mark WHERE created_millis < ?", (now_millis - MARKS_KEPT_MILLIS,))
