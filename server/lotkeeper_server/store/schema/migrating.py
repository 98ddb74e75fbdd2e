"""Which version a store's schema has, and how it is migrated to the newest."""

from enum import Enum
from pathlib import Path
from typing import Any, Final, NamedTuple

from sqlalchemy import Column, Connection, MetaData, String, Table, insert, inspect, select, text

from lotkeeper_server.domain.model.audit import Effect, Told
from lotkeeper_server.store.audit.writing import write_event
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.dialects import dialect_of
from lotkeeper_server.store.db.errors import StoreContention, StoreError
from lotkeeper_server.store.db.revision import HEAD_REVISION, SERVES_FROM
from lotkeeper_server.store.feed.places import new_epoch
from lotkeeper_server.store.schema.access_tables import role
from lotkeeper_server.store.schema.coordination_tables import feed_lease, store_state
from lotkeeper_server.store.schema.tables import metadata

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_MIGRATE_ATTEMPTS: Final = 4
"""Each waits for another process's migration for as long as a transaction waits for a row."""
_VERSIONS_OF_BEFORE: Final = "definition_version"
"""What write transactions of older programs look at."""
_STORE_STATE_SINCE: Final = "0012"
"""The schema since which they look at `store_state`."""
_revision: Final = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))

_FOREIGN_TEXT: Final = "The database holds tables that are not Lotkeeper's; name an empty one."


class SchemaState(Enum):
    """How a store's schema compares with this program."""

    EMPTY = "empty"
    CURRENT = "current"
    OLDER = "older"
    AHEAD = "ahead"
    """Newer, and this program may serve on it."""
    NEWER = "newer"
    FOREIGN = "foreign"


SERVED: Final = frozenset({SchemaState.CURRENT, SchemaState.AHEAD})
"""States of a store that this program may read and write."""


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
    if revision < HEAD_REVISION:
        return SchemaState.OLDER
    serves_from = connection.execute(text(SERVES_FROM)).scalar()
    return SchemaState.NEWER if serves_from is None or serves_from > HEAD_REVISION else SchemaState.AHEAD


class Step(NamedTuple):
    """One change of the schema.

    Attributes:
        revision: what the schema is afterwards.
        summary: what for, one line.
        cost: what it does, how long that takes and what it holds meanwhile.
        serves_from: the oldest schema whose programs may serve once it has begun.
    """

    revision: str
    summary: str
    cost: str
    serves_from: str


def steps_missing(store: Store) -> list[Step]:
    """What `migrate` would do, in order; nothing where the schema is current, or newer.

    Raises:
        StoreError: where the store cannot be read, or is not one of Lotkeeper.
    """
    with store.read() as connection:
        state = _state(connection)
        if state is SchemaState.FOREIGN:
            raise StoreError(_FOREIGN_TEXT)
        if state is SchemaState.EMPTY:
            return [Step(HEAD_REVISION, "The store is empty.", "Makes every table. Takes a moment.", HEAD_REVISION)]
        return _steps_missing(connection) if state is SchemaState.OLDER else []


def _steps_missing(connection: Connection) -> list[Step]:
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - takes a second, and only migrations need it

    current = connection.execute(select(_revision.c.version_num)).scalar()
    scripts = ScriptDirectory(str(_MIGRATIONS)).iterate_revisions("head", current)
    return [_step(script.revision, script.module) for script in reversed(list(scripts))]


def _step(revision: str, module: Any) -> Step:
    """Programs of before a migration may not serve after it, unless it says so."""
    serves_from = getattr(module, "serves_from", revision)
    return Step(revision, _one_line(module.__doc__), _one_line(module.upgrade.__doc__), serves_from)


def _one_line(documentation: str) -> str:
    return " ".join(documentation.split())


def migrate(store: Store, told: Told | None = None) -> bool:
    """Migrates the schema to the newest version in one transaction; returns False if it was current.

    Several processes may call this at once: one does it, the others find it done.

    Args:
        store: to migrate.
        told: makes the event that tells of it; None for a store that nobody asks about, like a test's.

    Raises:
        StoreError: where it cannot be written, is newer than this program, or is not a store of Lotkeeper.
    """
    store.check_fit()
    for attempts_left in reversed(range(_MIGRATE_ATTEMPTS)):
        state = schema_state(store)
        if state in SERVED:
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
        raise StoreError(_FOREIGN_TEXT)
    with store.write_to_any_schema() as connection:
        if state is SchemaState.EMPTY:
            make_schema(connection)
        else:
            serves_from = max(step.serves_from for step in _steps_missing(connection))
            let_serve_only(connection, serves_from)
            upgrade(connection)
            _narrow(connection, serves_from)  # for stores that could not say so before
        if told is not None:
            write_event(connection, told(Effect("schema", entity_name=HEAD_REVISION, detail=f"was {state.value}")))
        dialect_of(connection).sign(connection)


def let_serve_only(connection: Connection, serves_from: str) -> None:
    """Lets programs go on only if they know a version of the schema; others have written for the last time.

    Every write transaction looks at the row that says so; this waits for those that have looked.

    Args:
        connection: a write transaction; others wait until it ends.
        serves_from: the oldest version of the schema whose programs may serve.
    """
    dialect = dialect_of(connection)
    if connection.execute(select(_revision.c.version_num)).scalar_one() < _STORE_STATE_SINCE:
        if inspect(connection).has_table(_VERSIONS_OF_BEFORE):
            dialect.hold_off_all(connection, _VERSIONS_OF_BEFORE)  # its own migration takes it away
        return
    if _narrow(connection, serves_from):
        dialect.hold_off_all(connection, store_state.name)


def _narrow(connection: Connection, serves_from: str) -> bool:
    """Notes which programs may serve; returns whether these are fewer than before."""
    narrower = text(
        "UPDATE store_state SET serves_from = :serves_from, access_version = access_version + 1 "
        "WHERE serves_from < :serves_from"
    )
    return connection.execute(narrower, {"serves_from": serves_from}).rowcount > 0


def make_schema(connection: Connection) -> None:
    """Makes the present tables in an empty store, the rows that exist only once, and the role `admin`.

    Only one of several processes can do the first statement: the others wait, and fail.
    """
    if dialect_of(connection).has_transactional_ddl:
        _revision.create(connection)
    metadata.create_all(connection)
    for table, row in (
        (store_state, first_state()),
        (feed_lease, {"id": 1, "next_number": 1}),
        (role, {"name": "admin", "permissions": "*", "created_millis": 0}),
    ):
        if connection.execute(select(table).limit(1)).first() is None:
            connection.execute(insert(table).values(row))
    _revision.create(connection, checkfirst=True)
    connection.execute(insert(_revision).values(version_num=HEAD_REVISION))


def first_state() -> dict[str, Any]:
    """The row of a new store."""
    return {
        "id": 1,
        "version": 1,
        "access_version": 1,
        "serves_from": HEAD_REVISION,
        "epoch": new_epoch(),
        "takes_old_tokens": False,
    }


def upgrade(connection: Connection) -> None:
    """Runs the migrations that are missing, in this transaction."""
    from alembic import command  # noqa: PLC0415 - takes a second, and only migrations need it
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
