"""Servers that start together on one PostgreSQL: an empty store is migrated once, an older one is refused."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lotkeeper_server.store.db.revision import HEAD_REVISION

from tests import stores
from tests.auditor import Auditor
from tests.server_process import BINARIES, ServerProcess

STARTERS = 3


def test_servers_that_start_together_on_an_empty_store_migrate_it_once(tmp_path: Path) -> None:
    """All of them serve."""
    url = stores.new_postgresql_url()
    processes = []
    for number in range(STARTERS):
        folder = tmp_path / str(number)
        folder.mkdir()
        processes.append(ServerProcess(folder, database_url=url, token="made later"))
    try:
        with ThreadPoolExecutor(STARTERS) as pool:
            started = list(pool.map(ServerProcess.start, processes))
        assert len({one.address for one in started}) == STARTERS
        with Auditor(url).connect() as session:
            assert session.execute("SELECT version_num FROM alembic_version").fetchall() == [(HEAD_REVISION,)]
            assert session.execute("SELECT COUNT(*) FROM store_state").fetchall() == [(1,)]
            assert session.execute("SELECT COUNT(*) FROM role").fetchall() == [(1,)]
        for one in started:
            assert one.terminate() == 0
    finally:
        for one in processes:
            one.__exit__(None, None, None)


def test_a_server_on_an_older_schema_refuses_and_names_migrate() -> None:
    """In one line, with status 1."""
    url = stores.migrated_postgresql_url()
    with Auditor(url).connect() as session:
        session.execute("UPDATE alembic_version SET version_num = '0001'")
    command = [BINARIES / "lotkeeper-server", "serve", "--database-url", url, "--listen", "127.0.0.1:0"]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "lotkeeper-server migrate" in refused.stderr
