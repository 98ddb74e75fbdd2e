"""Which version a store's schema has, and how it is migrated to the newest."""

from enum import Enum
from pathlib import Path
from typing import Final

from sqlalchemy import Column, Connection, MetaData, String, Table, insert, inspect, select

from lotkeeper_server.domain.model.audit import Effect, Told
from lotkeeper_server.store.audit.writing import write_event
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.dialects import dialect_of
from lotkeeper_server.store.db.errors import StoreContention, StoreError
from lotkeeper_server.store.schema.access_tables import role
from lotkeeper_server.store.schema.coordination_tables import definition_version, feed_lease
from lotkeeper_server.store.schema.tables import metadata

HEAD_REVISION: Final = "0014"
"""The newest migration; a test compares it with the files."""
_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_MIGRATE_ATTEMPTS: Final = 4
"""Each waits for another process's migration for as long as a transaction waits for a row."""
_revision: Final = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))


class SchemaState(Enum):
    """How a store's schema compares with this program."""

    EMPTY = "empty"
    CURRENT = "current"
    OLDER = "older"
    NEWER = "newer"
    FOREIGN = "foreign"


def schema_state(store: Store) -> SchemaState:
    """Reads it, without Alembic, which takes a second to import.

    Raises:
        StoreError: where the store cannot be read.
    """
    with store.read() as connection:
        return _state(connection)


def _state(connection: Connection) -> SchemaState:
    tables = set(inspect(connection).get_table_names())
    if _revision.name not in tables:
        # If tables are not made in one transaction, a killed migration leaves some of ours.
        return SchemaState.EMPTY if tables <= metadata.tables.keys() else SchemaState.FOREIGN
    revision = connection.execute(select(_revision.c.version_num)).scalar()
    if revision is None:
        return SchemaState.EMPTY
    if revision == HEAD_REVISION:
        return SchemaState.CURRENT
    return SchemaState.OLDER if revision < HEAD_REVISION else SchemaState.NEWER


def migrate(store: Store, told: Told | None = None) -> bool:
    """Migrates the schema to the newest version in one transaction; returns False if it was current.

    Several processes may call this at once: one does it, the others find it done.

    Args:
        store: to migrate.
        told: makes the event that tells of it; None for a store that nobody asks about, like a test's.

    Raises:
        StoreError: where it cannot be written, is newer than this program, or is not a store of Lotkeeper.
    """
    for attempts_left in reversed(range(_MIGRATE_ATTEMPTS)):
        state = schema_state(store)
        if state is SchemaState.CURRENT:
            return False
        try:
            _migrate(store, state, told)
        except StoreError as error:
            if schema_state(store) is SchemaState.CURRENT:
                return False
            if not (isinstance(error, StoreContention) and attempts_left):
                raise
        else:
            break
    store.close()  # connections made from here on find the mark, and keep a write-ahead log
    return True


def _migrate(store: Store, state: SchemaState, told: Told | None) -> None:
    if state is SchemaState.NEWER:
        raise StoreError("The store was written by a newer version of Lotkeeper; upgrade this program.")
    if state is SchemaState.FOREIGN:
        raise StoreError("The database holds tables that are not Lotkeeper's; name an empty one.")
    with store.write() as connection:
        if state is SchemaState.EMPTY:
            make_schema(connection)
        else:
            upgrade(connection)
        if told is not None:
            write_event(connection, told(Effect("schema", entity_name=HEAD_REVISION, detail=f"was {state.value}")))
        dialect_of(connection).sign(connection)


def make_schema(connection: Connection) -> None:
    """Makes the present tables in an empty store, the rows that exist only once, and the role `admin`.

    Only one of several processes can do the first statement: the others wait, and fail.
    """
    if dialect_of(connection).has_transactional_ddl:
        _revision.create(connection)
    metadata.create_all(connection)
    for table, row in (
        (definition_version, {"id": 1, "version": 1, "access_version": 1}),
        (feed_lease, {"id": 1, "next_number": 1}),
        (role, {"name": "admin", "permissions": "*", "created_millis": 0}),
    ):
        if connection.execute(select(table).limit(1)).first() is None:
            connection.execute(insert(table).values(row))
    _revision.create(connection, checkfirst=True)
    connection.execute(insert(_revision).values(version_num=HEAD_REVISION))


def upgrade(connection: Connection) -> None:
    """Runs the migrations that are missing, in this transaction."""
    from alembic import command  # noqa: PLC0415 - takes a second, and only migrations need it
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
