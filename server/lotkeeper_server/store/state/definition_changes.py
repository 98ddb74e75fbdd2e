"""The list of what each save changed: caches in every process follow it, so that a change counts at once."""

from collections.abc import Iterable

from sqlalchemy import Connection, delete, insert, select, update

from lotkeeper_server.domain import limits
from lotkeeper_server.store.schema.coordination_tables import definition_change, store_state
from lotkeeper_server.store.schema.tables import NO_ID


def note_definition_changes(tx: Connection, entity: str, ids: Iterable[bytes], *, whole: bool = False) -> None:
    """Notes in this transaction that these rows of a definition were changed, made or deleted.

    Args:
        tx: a write transaction.
        entity: the table's name, `location`.
        ids: which rows; with more than 500 the whole entity counts as changed.
        whole: whether it does anyway.
    """
    changed = sorted(set(ids))
    if not changed and not whole:
        return
    if whole or len(changed) > limits.KEYS_PER_STATEMENT_MAX:
        changed = [NO_ID]
    tx.execute(update(store_state).values(version=store_state.c.version + 1))
    version = tx.execute(select(store_state.c.version)).scalar_one()
    tx.execute(
        insert(definition_change),
        [{"version": version, "entity": entity, "entity_id": entity_id} for entity_id in changed],
    )
    tx.execute(delete(definition_change).where(definition_change.c.version <= version - limits.DEFINITION_CHANGES_KEPT))


def note_access_change(tx: Connection) -> None:
    """Notes in this transaction that a role or a token changed."""
    tx.execute(update(store_state).values(access_version=store_state.c.access_version + 1))
