"""A server that is watched: what held its loop or its polling thread, how much memory it took, whom it kept waiting."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from lotkeeper import Client
from lotkeeper_server.watchdog import HELD_SECONDS_MAX, VARIABLE

from tests import stores
from tests.server_process import ServerProcess

HELD_MILLIS_MAX = round(HELD_SECONDS_MAX * 1000)
PAUSE_SECONDS = 0.005
BEGINS_SECONDS = 10.0
SETTLES_SECONDS = 0.1
"""After which the watchdog has noted what has ended."""


@dataclass(frozen=True)
class Held:
    """What the watchdog noted: milliseconds on the clock and of processor time, and the stack, innermost last."""

    who: str
    millis: int
    cpu_millis: int
    stack: list[str]


@dataclass
class Watched:
    """A server process with its watchdog.

    Attributes:
        server: the process.
        notes: the watchdog's file.
        waits_seconds: of somebody who called all the while, each of their calls.
    """

    server: ServerProcess
    notes: Path
    waits_seconds: list[float] = field(default_factory=list)

    def held(self) -> list[Held]:
        """What held a thread for too long by its own work: a busy machine, or a slow disk, is not its fault."""
        time.sleep(SETTLES_SECONDS)
        found = [Held(**json.loads(line)) for line in self.notes.read_text().splitlines()]
        return [one for one in found if one.cpu_millis > HELD_MILLIS_MAX]

    def forget_held(self) -> None:
        """Begins with no notes again."""
        self.notes.write_text("")

    def peak_bytes(self) -> int:
        """The most memory that it has taken so far."""
        return self._status("VmHWM")

    def bytes_now(self) -> int:
        """The memory that it takes."""
        return self._status("VmRSS")

    def forget_peak(self) -> int:
        """Begins to measure the peak anew, from the memory taken now, which is returned."""
        assert self.server.process is not None
        Path(f"/proc/{self.server.process.pid}/clear_refs").write_text("5")
        return self.bytes_now()

    @contextmanager
    def others(self) -> Iterator[None]:
        """Somebody else calls while the block runs, one call after the other."""
        done = threading.Event()
        self.waits_seconds = []

        def call() -> None:
            with Client(self.server.address, token=self.server.token) as client:
                while not done.wait(PAUSE_SECONDS):
                    begun = time.monotonic()
                    client.list_permissions()
                    self.waits_seconds.append(time.monotonic() - begun)

        thread = threading.Thread(target=call)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def cpu_seconds(self) -> float:
        """The processor time that it has used so far."""
        assert self.server.process is not None
        fields = Path(f"/proc/{self.server.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _status(self, name: str) -> int:
        assert self.server.process is not None
        status = Path(f"/proc/{self.server.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith(f"{name}:"))
        return int(line.split()[1]) * 1024


@contextmanager
def watched_server(
    folder: Path, flags: tuple[str, ...] = (), program: tuple[str | Path, ...] = ()
) -> Iterator[Watched]:
    """A server of its own, watched from its start.

    Args:
        folder: of its store, its log and the watchdog's notes.
        flags: more flags of `serve`.
        program: what serves, if not the usual one.
    """
    notes = folder / "watchdog.jsonl"
    server = ServerProcess(folder, flags, program) if program else ServerProcess(folder, flags)
    os.environ[VARIABLE] = str(notes)
    try:
        with server:
            del os.environ[VARIABLE]
            until = time.monotonic() + BEGINS_SECONDS
            while not notes.exists():
                assert time.monotonic() < until, "the watchdog has not begun"
                time.sleep(PAUSE_SECONDS)
            yield Watched(server, notes)
    finally:
        os.environ.pop(VARIABLE, None)
        stores.give_back(server.database_url)
