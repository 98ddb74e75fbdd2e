"""Which version a store's schema has, and how it is brought to the newest."""

from enum import Enum
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect

from lotkeeper_server.store.connection import APPLICATION_ID, Store
from lotkeeper_server.store.errors import StoreError, translated

HEAD_REVISION: Final = "0002"
"""The newest migration; a test compares it with the files."""
_MIGRATIONS: Final = Path(__file__).parent / "migrations"


class SchemaState(Enum):
    """How a store's schema stands to this program."""

    EMPTY = "empty"
    CURRENT = "current"
    OLDER = "older"
    NEWER = "newer"
    FOREIGN = "foreign"


def schema_state(store: Store) -> SchemaState:
    """Reads it without Alembic, which takes a second to import.

    Raises:
        StoreError: where the store cannot be read.
    """
    with store.read() as connection:
        tables = inspect(connection).get_table_names()
        if "alembic_version" not in tables:
            return SchemaState.FOREIGN if tables else SchemaState.EMPTY
        revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    if revision is None:
        return SchemaState.EMPTY
    if revision == HEAD_REVISION:
        return SchemaState.CURRENT
    return SchemaState.OLDER if revision < HEAD_REVISION else SchemaState.NEWER


def migrate(store: Store) -> bool:
    """Brings the schema to the newest version in one transaction; False where it was there already.

    Raises:
        StoreError: where it cannot be written, is newer than this program, or is not a store of Lotkeeper.
    """
    state = schema_state(store)
    if state is SchemaState.CURRENT:
        return False
    if state is SchemaState.NEWER:
        raise StoreError("The store was written by a newer version of Lotkeeper; upgrade this program.")
    if state is SchemaState.FOREIGN:
        raise StoreError("The database holds tables that are not Lotkeeper's; name an empty one.")
    with store.write() as connection:
        upgrade(connection)
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
    store.close()  # connections made from here on find the mark, and keep a write-ahead log
    return True


def upgrade(connection: Connection) -> None:
    """Runs the migrations that are missing, in this transaction."""
    from alembic import command  # noqa: PLC0415 - takes a second, and only migrations need it
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    with translated():
        command.upgrade(config, "head")
