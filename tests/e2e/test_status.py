"""`lotkeeper-server status`: what processes do now and how the store is, for nobody but the server's own user."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import stat
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from lotkeeper import Client
from lotkeeper_server.store.db.revision import HEAD_REVISION

from tests import stores
from tests.plants import ServedPlant
from tests.server_process import BINARIES, ServerProcess
from tests.stores import embedded_store_url, migrated_postgresql_url
from tests.watchers import SteadyWatcher

SECONDS_MAX = 60.0
NOBODY = 65_534


def status(server: ServerProcess, *flags: str | Path) -> tuple[int, dict[str, Any]]:
    """The exit status, and what it says."""
    done = server.run("status", "--json", *map(str, flags))
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def awaited_status(server: ServerProcess, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The first one that fits; waits for it."""
    until = time.monotonic() + SECONDS_MAX
    while not fits(said := status(server)[1]):
        assert time.monotonic() < until, said
    return said


def test_it_names_who_is_busy_where_and_who_watches(tmp_path: Path) -> None:
    """Locations by their paths, from the first minute on."""
    with ServerProcess(tmp_path) as server, Client(server.address, token=server.token) as client:
        operation = ServedPlant(client).operation("RECEIVE")
        with SteadyWatcher(server.address, server.token):
            for number in range(5):
                client.execute_inventory_operation(operation.id, f"LOT-{number}", 1.0)
            code, said = status(server)
        paths = {location.path for location in client.list_locations()}
    assert (code, said["is_well"], said["silent_pids"]) == (0, True, [])
    assert server.process is not None
    (process,) = said["processes"]
    assert (process["pid"], process["address"]) == (server.process.pid, server.address)
    assert process["schema"] == HEAD_REVISION
    assert process["store_usable"] is True
    (principal,) = said["server"]["principals"]
    assert principal["principal"] == "tester"
    assert principal["calls_per_second"] > 0
    assert principal["calls_in_progress"] >= 1  # the watch
    (location,) = said["server"]["locations"]
    assert location["path"] in paths
    assert location["changes_per_second"] > 0
    assert said["server"]["watches"] == 1
    store = said["store"]
    assert (store["fault"], store["schema"], store["archive_files"]) == (None, "current", 0)
    assert len(store["epoch"]) == 16
    assert ("clock_ahead_ms" in store, "disk_free_bytes" in store) == (
        (False, True) if stores.kind() == "sqlite" else (True, False)
    )


def test_a_call_that_waits_for_another_program_is_the_oldest(tmp_path: Path) -> None:
    """With whose it is, and for how long; the store can be looked at meanwhile."""
    url = embedded_store_url(tmp_path)
    with ServerProcess(tmp_path, database_url=url) as server, Client(server.address, token=server.token) as client:
        operation = ServedPlant(client).operation("RECEIVE")
        client.execute_inventory_operation(operation.id, "LOT-0", 1.0)
        with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            calling = threading.Thread(
                target=lambda: client.execute_inventory_operation(operation.id, "LOT-1", 1.0, timeout_seconds=60)
            )
            calling.start()
            said = awaited_status(server, lambda one: one["server"]["calls_held"] == 1)
            other.execute("ROLLBACK")
        calling.join(SECONDS_MAX)
        assert not calling.is_alive()
    oldest = said["server"]["oldest_call"]
    assert (oldest["method"], oldest["principal"]) == ("ExecuteInventoryOperation", "tester")
    assert oldest["seconds"] >= said["server"]["held_seconds"] > 0
    assert said["store"]["fault"] is None


def test_a_frozen_process_is_silent_and_the_status_is_1(tmp_path: Path) -> None:
    """By its pid, within some seconds."""
    with ServerProcess(tmp_path) as server:
        server.pause()
        code, said = status(server)
        server.resume()
        assert server.process is not None
        assert (code, said["silent_pids"], said["processes"]) == (1, [server.process.pid], [])
        assert awaited_status(server, lambda one: bool(one["is_well"]))["silent_pids"] == []


def test_where_nobody_serves_the_store_is_told_of_all_the_same(tmp_path: Path) -> None:
    """Also after kill -9; a server of another store is not taken for one of this."""
    (tmp_path / "other").mkdir()
    with ServerProcess(tmp_path) as server, ServerProcess(tmp_path / "other"):
        server.kill()
        code, said = status(server)
    assert (code, said["processes"], said["silent_pids"]) == (1, [], [])
    assert said["store"]["schema"] == "current"


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """It is a fault that is told."""
    command = [BINARIES / "lotkeeper-server", "status", "--database-url", f"sqlite:///{tmp_path}/none.db"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, list(tmp_path.iterdir())) == (1, [])
    assert "FAULT: the store does not exist; lotkeeper-server doctor says more" in done.stdout


def test_all_processes_of_a_server_are_added_up(tmp_path: Path) -> None:
    """Each by its pid."""
    url = migrated_postgresql_url()
    two = ServerProcess(tmp_path, ("--processes", "2"), database_url=url)
    with two as server, Client(server.address, token=server.token) as client:
        ServedPlant(client).operation("RECEIVE")
        code, said = status(server)
    assert code == 0, said
    assert len({one["pid"] for one in said["processes"]}) == 2
    assert [one["principal"] for one in said["server"]["principals"]] == ["tester"]
    assert abs(said["store"]["clock_ahead_ms"]) <= 1_000 + said["store"]["clock_uncertain_ms"]


def test_a_long_path_and_a_folder_of_ones_own(tmp_path: Path) -> None:
    """A socket's path is short; the folder's may be long."""
    folder = tmp_path / ("x" * 150)
    folder.mkdir()
    with ServerProcess(tmp_path, ("--temporary-folder", str(folder))) as server:
        assert status(server)[0] == 1
        assert status(server, "--temporary-folder", folder)[0] == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_nobody_else_can_ask(tmp_path: Path) -> None:
    """The folder with the socket cannot be entered, and the socket itself is its owner's."""
    with ServerProcess(tmp_path, ("--temporary-folder", str(tmp_path))):
        (path,) = tmp_path.glob("lotkeeper-*/*/status-*.sock")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        tmp_path.chmod(0o755)
        folder = os.open(tmp_path, os.O_RDONLY)
        os.seteuid(NOBODY)
        try:
            for entered in (path.parent.parent, path.parent):
                with pytest.raises(PermissionError):
                    os.open(entered.relative_to(tmp_path), os.O_RDONLY, dir_fd=folder)
        finally:
            os.seteuid(0)
            os.close(folder)


def test_again_and_again_until_ctrl_c(tmp_path: Path) -> None:
    """A line of JSON each time."""
    with ServerProcess(tmp_path) as server:
        command = [BINARIES / "lotkeeper-server", "status", "--json", "--watch", "--every", "0.2"]
        command += ["--database-url", server.database_url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watching:
            assert watching.stdout is not None
            said = [json.loads(watching.stdout.readline()) for _ in range(3)]
            watching.send_signal(signal.SIGINT)
            _, errors = watching.communicate(timeout=SECONDS_MAX)
    assert [one["is_well"] for one in said] == [True] * 3
    assert "Traceback" not in errors


def test_people_get_a_page(tmp_path: Path) -> None:
    """Each part begins with a word for what it is about."""
    with ServerProcess(tmp_path) as server, Client(server.address, token=server.token) as client:
        operation = ServedPlant(client).operation("RECEIVE")
        client.execute_inventory_operation(operation.id, "LOT", 1.0)
        done = server.run("status")
    titles = {line.split("  ")[0] for line in done.stdout.splitlines() if not line.startswith(" ")}
    assert {"store", "schema", "epoch", "archive", "processes", "queue", "principals", "locations"} <= titles
    assert "tester: " in done.stdout
