"""An embedded store has one server at a time; commands work beside it, and nothing is left of one that was killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from lotkeeper import Client
from lotkeeper_server.cli.sole_server import ServedByAnother, is_served, lock_path, serve_alone_on

from tests.plants import ServedPlant
from tests.server_process import BINARIES, ServerProcess
from tests.stores import embedded_store_url


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    """One that serves."""
    with ServerProcess(tmp_path, database_url=embedded_store_url(tmp_path)) as process:
        yield process


def start_another(url: str, command: str = "serve") -> subprocess.CompletedProcess[str]:
    """On an address of its own; it ends by itself."""
    arguments = [BINARIES / "lotkeeper-server", command, "--listen", "127.0.0.1:0", "--database-url", url]
    return subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("command", ["serve", "run"])
def test_a_second_server_on_the_same_file_is_refused_in_one_line(server: ServerProcess, command: str) -> None:
    """Which names the first one, whatever path leads to the file; the first one goes on."""
    assert server.process is not None
    store = server.folder / "store.db"
    link = server.folder / "link.db"
    link.symlink_to(store)
    for path in (store, link):
        done = start_another(f"sqlite:///{path}", command)
        assert (done.returncode, done.stdout) == (1, "")
        said = f"{path} is served already, by process {server.process.pid}: end that first"
        assert said in done.stderr
        assert len([line for line in done.stderr.splitlines() if "warning" not in line]) == 1
    with Client(server.address, token=server.token) as client:
        ServedPlant(client).operation("PRODUCE")


def test_commands_work_beside_it(server: ServerProcess, tmp_path: Path) -> None:
    """Backup, status, migrate, token, archive, verify, doctor: the last one says that it is served."""
    for command in (
        ["backup", str(tmp_path / "backup.db")],
        ["status"],
        ["migrate"],
        ["migrate", "--check"],
        ["token", "create", "--name", "x", "--role", "admin"],
        ["archive", "--before", "400d"],
        ["verify"],
    ):
        done = server.run(*command)
        assert done.returncode == 0, (command, done.stderr)
    done = server.run("doctor", "--json")
    said = {line["check"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert said["server"]["state"] == "warning"
    assert "is served now, by process" in said["server"]["found"]
    server.terminate()
    assert "is served now" not in server.run("doctor").stdout


def test_after_kill_9_the_next_one_starts_at_once(server: ServerProcess) -> None:
    """The file is still there, and says who was the last; the kernel knows that it is gone."""
    for _ in range(2):
        server.kill()
        assert lock_path(server.folder / "store.db").exists()
        assert is_served(server.folder / "store.db") is None
        server.start()
        assert is_served(server.folder / "store.db") == f"process {server.process.pid}"  # type: ignore[union-attr]


def test_one_that_is_stopped_by_a_signal_still_has_its_store(server: ServerProcess) -> None:
    """A debugger or SIGSTOP is no end; a store that was copied is another one."""
    server.pause()
    try:
        assert start_another(server.database_url).returncode == 1
    finally:
        server.resume()
    copied = server.folder / "copied"
    copied.mkdir()
    shutil.copy(server.folder / "store.db", copied / "store.db")
    assert is_served(copied / "store.db") is None


def test_a_restore_puts_a_store_in_place_that_is_served_again(server: ServerProcess, tmp_path: Path) -> None:
    """The lock belongs to the path, not to the file that was there."""
    assert server.run("backup", str(tmp_path / "backup.db")).returncode == 0
    server.terminate()
    done = server.run("restore", str(tmp_path / "backup.db"))
    assert done.returncode == 0, done.stderr
    server.start()
    assert start_another(server.database_url).returncode == 1


def test_a_child_of_the_process_does_not_keep_the_lock(tmp_path: Path) -> None:
    """A program that was started by a server must not keep its store from the next server; only its owner reads it."""
    held = serve_alone_on(tmp_path / "store.db")
    assert held is not None
    with pytest.raises(ServedByAnother, match=f"process {os.getpid()}"):
        serve_alone_on(tmp_path / "store.db")
    with subprocess.Popen(["sleep", "30"]) as child:
        os.close(held)
        again = serve_alone_on(tmp_path / "store.db")
        child.send_signal(signal.SIGKILL)
    assert again is not None
    os.close(again)
    assert lock_path(tmp_path / "store.db").stat().st_mode & 0o077 == 0
