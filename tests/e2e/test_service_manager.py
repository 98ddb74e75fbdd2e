"""A server under a service manager with `Type=notify` and a watchdog, one process or many."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from lotkeeper import Client

from tests.logged import lines_about
from tests.server_process import ServerProcess, server_of
from tests.service_manager import Listening, listening
from tests.workers import workers_of

SILENCE_SECONDS = 3.0
HANG_SECONDS = 3 * SILENCE_SECONDS
HANGS_AT_SIGUSR1 = f"""
import signal, time
from lotkeeper_server.cli import main

def hang(_number, _frame):
    print("hangs", flush=True)
    time.sleep({HANG_SECONDS})

signal.signal(signal.SIGUSR1, hang)  # which runs on the thread of the event loop
main()
"""


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listening]:
    """It listens, and what is started meanwhile knows of it."""
    with listening(tmp_path / "notify") as heard:
        monkeypatch.setenv("NOTIFY_SOCKET", heard.address)
        monkeypatch.setenv("WATCHDOG_USEC", str(int(SILENCE_SECONDS * 1e6)))
        yield heard


@pytest.mark.parametrize("processes", [1, 2])
def test_it_says_that_it_serves_that_it_reloads_and_that_it_ends(
    tmp_path: Path, manager: Listening, processes: int
) -> None:
    """READY=1 not before calls are answered; STOPPING=1 at the first sign of its end."""
    with server_of(tmp_path, processes) as server:
        ready = manager.next_with("READY")
        assert ready == {"READY": "1", "STATUS": f"serves on {server.address}"}
        with Client(server.address, token=server.token) as client:
            assert list(client.list_lots()) == []
        for _ in range(3):
            manager.next_with("WATCHDOG")
        assert server.process is not None
        server.process.send_signal(signal.SIGHUP)
        assert manager.next_with("RELOADING")["MONOTONIC_USEC"].isdecimal()
        assert manager.next_with("READY") == {"READY": "1"}
        server.process.send_signal(signal.SIGTERM)
        assert manager.next_with("STOPPING")["STOPPING"] == "1"
        assert server.process.wait(60) == 0


def test_a_server_whose_event_loop_hangs_gives_no_sign_of_life(tmp_path: Path, manager: Listening) -> None:
    """Which is what systemd ends and restarts it for, though other threads of it go on."""
    with ServerProcess(tmp_path, program=(sys.executable, "-c", HANGS_AT_SIGUSR1, "serve")) as server:
        manager.next_with("WATCHDOG")
        assert server.process is not None
        server.process.send_signal(signal.SIGUSR1)
        assert server.process.stdout is not None
        assert server.process.stdout.readline() == "hangs\n"
        while not manager.nothing_waits():
            pass
        with pytest.raises(TimeoutError):
            manager.next(SILENCE_SECONDS)
        assert manager.next(HANG_SECONDS) == {"WATCHDOG": "1"}


def test_a_worker_that_hangs_is_killed_and_replaced_and_the_others_serve(tmp_path: Path, manager: Listening) -> None:
    """The supervisor asks of its workers what systemd asks of it."""
    with server_of(tmp_path, 2) as server:
        manager.next_with("READY")
        assert server.process is not None
        supervisor = server.process.pid
        before = workers_of(supervisor)
        hung = min(before)
        os.kill(hung, signal.SIGSTOP)
        _wait_for_replacement(server, supervisor, hung)
        assert before - {hung} < workers_of(supervisor)
        assert [event["worker"] for event in lines_about(server, "worker_hangs")] == [hung]
        assert len(lines_about(server, "worker_ended")) == 1
        manager.next_with("WATCHDOG")


def test_a_server_that_was_stopped_as_a_whole_goes_on(tmp_path: Path, manager: Listening) -> None:
    """Nobody was hung: nobody could be heard."""
    with server_of(tmp_path, 2) as server:
        manager.next_with("READY")
        assert server.process is not None
        workers = workers_of(server.process.pid)
        everyone = [server.process.pid, *workers]
        for pid in everyone:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(SILENCE_SECONDS * 1.5)  # it is the time itself that must not count
        os.kill(server.process.pid, signal.SIGCONT)
        time.sleep(SILENCE_SECONDS / 4)
        for pid in workers:
            os.kill(pid, signal.SIGCONT)
        while not manager.nothing_waits():
            pass
        for _ in range(3):
            manager.next_with("WATCHDOG")
        assert workers_of(server.process.pid) == workers
        assert lines_about(server, "worker_hangs") == []


def _wait_for_replacement(server: ServerProcess, supervisor: int, gone: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if gone not in workers_of(supervisor) and len(lines_about(server, "worker_serves")) == 3:
            return
        time.sleep(0.05)
    raise AssertionError(server.log())
