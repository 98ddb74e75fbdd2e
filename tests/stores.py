"""The kind of store that tests run on, and new stores of it: `pytest --store sqlite|postgresql|mariadb|galera`.

Each process that runs tests starts one database server, the first time that one is wanted, and stops it at its end.
"""

from __future__ import annotations

import atexit
import itertools
import os
import shutil
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.schema.migrating import migrate

from tests.galera import GaleraCluster
from tests.mariadb import MariadbServer
from tests.migrated_databases import MigratedDatabases
from tests.postgresql import PostgresServer

KINDS = ("sqlite", "postgresql", "mariadb", "galera")
VARIABLE = "LOTKEEPER_TEST_STORE"
_TEMPLATE = "lotkeeper_template"
_numbers = itertools.count(1)


def kind() -> str:
    """The kind in force."""
    return os.environ.get(VARIABLE, "sqlite")


def new_store_url(folder: Path) -> str:
    """Of a store that is not there yet, or empty.

    Args:
        folder: of the embedded store's file.
    """
    match kind():
        case "postgresql":
            return postgresql().create_database(_new_name())
        case "mariadb":
            return mariadb().create_database(_new_name())
        case "galera":
            return galera().create_database(_new_name())[0]
        case _:
            return f"sqlite:///{folder}/store.db"


def migrated_store_url(folder: Path) -> str:
    """Of a store with a schema and nothing in it, made quickly."""
    match kind():
        case "postgresql":
            return migrated_postgresql_url()
        case "mariadb":
            return _mariadb_databases().take()
        case "galera":
            return galera_databases().take()
        case _:
            return embedded_store_url(folder)


def embedded_store_url(folder: Path) -> str:
    """The same on SQLite, whatever kind is in force."""
    shutil.copy(_empty_file(), folder / "store.db")
    return f"sqlite:///{folder}/store.db"


def shared_store_url(folder: Path) -> str:
    """The same of a store that several servers may serve; only one may an embedded one, so it is a PostgreSQL then."""
    return migrated_postgresql_url() if kind() == "sqlite" else migrated_store_url(folder)


def give_back(url: str) -> None:
    """Says that nothing uses a store any more that `migrated_store_url` made; making tables takes Galera seconds."""
    match kind():
        case "mariadb":
            _mariadb_databases().give_back(url)
        case "galera":
            galera_databases().give_back(url)


def new_postgresql_url() -> str:
    """Of an empty database on PostgreSQL, whatever kind is in force."""
    return postgresql().create_database(_new_name())


def migrated_postgresql_url() -> str:
    """The same on PostgreSQL, whatever kind is in force."""
    return postgresql().create_database(_new_name(), template=_template())


@cache
def postgresql() -> PostgresServer:
    """The server of this process's tests."""
    return _until_the_end().enter_context(PostgresServer(settings={"max_connections": 400}))


@cache
def mariadb() -> MariadbServer:
    """The MariaDB alone of this process's tests."""
    return _until_the_end().enter_context(MariadbServer(settings={"max-connections": 400}))


@cache
def galera() -> GaleraCluster:
    """The cluster of this process's tests, none of whose nodes dies: what is durable there is another test's matter."""
    return _until_the_end().enter_context(GaleraCluster(settings={"innodb-flush-log-at-trx-commit": 0}))


@cache
def galera_databases() -> MigratedDatabases:
    """Migrated stores of that cluster, at its first node."""
    cluster = galera()
    return MigratedDatabases(
        lambda name: cluster.create_database(name)[0], lambda name: cluster.connect(0, name), _new_name, migrate_url
    )


@cache
def _mariadb_databases() -> MigratedDatabases:
    server = mariadb()
    return MigratedDatabases(server.create_database, server.connect, _new_name, migrate_url)


@cache
def _template() -> str:
    migrate_url(postgresql().create_database(_TEMPLATE))
    return _TEMPLATE


@cache
def _empty_file() -> Path:
    from tempfile import mkdtemp

    folder = Path(mkdtemp(prefix="lotkeeper-empty-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    migrate_url(f"sqlite:///{folder}/store.db")
    return folder / "store.db"


def migrate_url(url: str) -> None:
    """Makes the schema."""
    store = Store(url)
    migrate(store)
    store.close()


@cache
def _until_the_end() -> ExitStack:
    stack = ExitStack()
    atexit.register(stack.close)
    return stack


def _new_name() -> str:
    return f"lotkeeper_{os.getpid()}_{next(_numbers)}"
