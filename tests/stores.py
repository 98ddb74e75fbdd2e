"""The kind of store that tests run on, and new stores of it: `pytest --store sqlite|postgresql|galera`.

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

from lotkeeper_server.store.connection import Store
from lotkeeper_server.store.schema import migrate

from tests.galera import GaleraCluster
from tests.postgresql import PostgresServer

KINDS = ("sqlite", "postgresql", "galera")
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
        case "galera":
            return galera().create_database(_new_name())[0]
        case _:
            return f"sqlite:///{folder}/store.db"


def migrated_store_url(folder: Path) -> str:
    """Of a store with a schema and nothing in it, made quickly."""
    match kind():
        case "postgresql":
            return migrated_postgresql_url()
        case "galera":
            url = new_store_url(folder)
            _migrate(url)
            return url
        case _:
            shutil.copy(_empty_file(), folder / "store.db")
            return f"sqlite:///{folder}/store.db"


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
def galera() -> GaleraCluster:
    """The cluster of this process's tests."""
    return _until_the_end().enter_context(GaleraCluster())


@cache
def _template() -> str:
    _migrate(postgresql().create_database(_TEMPLATE))
    return _TEMPLATE


@cache
def _empty_file() -> Path:
    from tempfile import mkdtemp

    folder = Path(mkdtemp(prefix="lotkeeper-empty-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _migrate(f"sqlite:///{folder}/store.db")
    return folder / "store.db"


def _migrate(url: str) -> None:
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
