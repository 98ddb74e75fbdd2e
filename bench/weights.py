"""What a record weighs: the bytes that each store takes for it.

    python -m bench.weights [--records N] [--only sqlite,postgresql]

A server takes N single calls of the Python client, each with a request id, after a tenth as many that are not weighed:
so a record's weight has its rows in every index, its request id, and the event of the audit that each call writes. The
embedded store is weighed as its file after the server's end, PostgreSQL by `pg_database_size` after a VACUUM. Times
mean little here, bytes are the same on every machine.
"""

import argparse
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from lotkeeper import Client

from tests.plants import ServedPlant
from tests.postgresql import PostgresServer
from tests.server_process import ServerProcess

LOTS: Final = 1_000
THREADS: Final = 16


@contextmanager
def _sqlite() -> Iterator[tuple[str, Callable[[], int]]]:
    with TemporaryDirectory(prefix="lotkeeper-weights-") as folder:
        file = Path(folder) / "store.db"
        yield f"sqlite:///{file}", lambda: file.stat().st_size


@contextmanager
def _postgresql() -> Iterator[tuple[str, Callable[[], int]]]:
    with PostgresServer() as postgres:
        url = postgres.create_database("weights")

        def weigh() -> int:
            with postgres.connect("weights") as connection:
                connection.autocommit = True
                connection.execute("VACUUM")
                row = connection.execute("SELECT pg_database_size('weights')").fetchone()
            assert row is not None
            return int(row[0])

        yield url, weigh


STORES: Final = {"sqlite": _sqlite, "postgresql": _postgresql}


def _call(server: ServerProcess, operation: str, calls: int) -> None:
    """So many executions over the lots in turn, by a few threads."""
    with Client(server.address, token=server.token) as client, ThreadPoolExecutor(THREADS) as threads:

        def execute(number: int) -> None:
            client.execute_inventory_operation(operation, f"L-{number % LOTS}", 1.0)

        for _ in threads.map(execute, range(calls)):
            pass


def bytes_per_record(store: str, records: int) -> float:
    """The growth of a store for each of so many records."""
    with STORES[store]() as (url, weigh), TemporaryDirectory(prefix="lotkeeper-weights-") as folder:
        server = ServerProcess(Path(folder), ("--log-level", "error"), database_url=url)
        with server:
            with Client(server.address, token=server.token) as client:
                operation = ServedPlant(client).operation("PRODUCE").id
            _call(server, operation, max(LOTS, records // 10))
        before = weigh()
        with ServerProcess(Path(folder), ("--log-level", "error"), database_url=url, token=server.token) as again:
            _call(again, operation, records)
        return (weigh() - before) / records


def main() -> None:
    """Prints a line a store."""
    parser = argparse.ArgumentParser(description="What a record weighs on each store.")
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--only", default=",".join(STORES))
    given = parser.parse_args()
    for store in given.only.split(","):
        print(f"{store}: {bytes_per_record(store, given.records):,.0f} bytes a record", flush=True)


if __name__ == "__main__":
    main()
