"""A server process on each node of a Galera cluster, all on one store."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests import stores
from tests.galera import GaleraCluster
from tests.server_process import ServerProcess


@contextmanager
def on_each_node(cluster: GaleraCluster, folder: Path) -> Iterator[list[ServerProcess]]:
    """All serve a new store; their logs stand in folders of their own.

    Args:
        cluster: whose nodes all run.
        folder: for the logs.
    """
    urls = cluster.create_database(f"lotkeeper_{uuid.uuid4().hex}")
    stores.migrate_url(urls[0])
    with ExitStack() as stack:
        processes: list[ServerProcess] = []
        for number, url in enumerate(urls):
            own = folder / f"node{number}"
            own.mkdir()
            token = processes[0].token if processes else ""
            processes.append(stack.enter_context(ServerProcess(own, database_url=url, token=token)))
        yield processes
