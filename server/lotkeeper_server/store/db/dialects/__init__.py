"""What differs between databases, one module each; nothing outside of this package asks which one it is."""

from typing import Final

from sqlalchemy import URL, Connection

from lotkeeper_server.store.db.dialects.dialect import Dialect, Locking, Log
from lotkeeper_server.store.db.dialects.mariadb import MariaDb
from lotkeeper_server.store.db.dialects.postgresql import PostgreSql
from lotkeeper_server.store.db.dialects.sqlite import Sqlite

_MARIADB: Final = MariaDb()
_DIALECTS: Final[dict[str, Dialect]] = {
    "sqlite": Sqlite(),
    "postgresql": PostgreSql(),
    "mariadb": _MARIADB,
    "mysql": _MARIADB,
}

__all__ = ["Dialect", "Locking", "Log", "dialect_of", "dialect_of_url"]


def dialect_of(connection: Connection) -> Dialect:
    """The dialect of an open connection."""
    return _DIALECTS[connection.dialect.name]


def dialect_of_url(url: URL) -> Dialect | None:
    """The dialect for opening a store; None for a database that is not supported."""
    return _DIALECTS.get(url.get_backend_name())
