"""Two server processes on one PostgreSQL, whatever kind of store the other tests run on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.schema.migrating import migrate

from tests.postgresql import PostgresServer
from tests.server_process import ServerProcess


@contextmanager
def two_processes(database_url: str, folder: Path, *, second_url: str = "") -> Iterator[list[ServerProcess]]:
    """Both serve; their logs stand in folders of their own.

    Args:
        database_url: of a migrated store.
        folder: for the logs.
        second_url: by which the second reaches the same store, if it is another one.
    """
    folders = [folder / "first", folder / "second"]
    for one in folders:
        one.mkdir()
    with ServerProcess(folders[0], database_url=database_url) as first:
        second = ServerProcess(folders[1], database_url=second_url or database_url, token=first.token)
        with second:
            yield [first, second]


def migrated(server: PostgresServer, name: str = "lotkeeper") -> str:
    """The URL of a new store on a server of the test's own."""
    url = server.create_database(name)
    store = Store(url)
    migrate(store)
    store.close()
    return url
