"""The real server as a process of its own: started, asked, killed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from lotkeeper_server.access.tokens import TokenEntry, add_token, new_token
from lotkeeper_server.engine.clock import IdSource, now_millis
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.schema.migrating import migrate
from lotkeeper_server.store.verification import verify

from tests.stores import migrated_store_url

BINARIES = Path(sys.executable).parent
ANSWER_SECONDS = 30


@dataclass
class ServerProcess:
    """A server on a store, and a token of a role that may everything.

    Attributes:
        folder: where the embedded store is, and the server's log.
        flags: more flags of `serve`.
        program: what serves.
        database_url: the store's; a new one of the kind in force if it is empty.
    """

    folder: Path
    flags: tuple[str, ...] = ()
    program: tuple[str | Path, ...] = (BINARIES / "lotkeeper-server", "serve")
    address: str = ""
    token: str = ""
    process: subprocess.Popen[str] | None = field(default=None, repr=False)
    database_url: str = ""

    def __post_init__(self) -> None:
        self.database_url = self.database_url or migrated_store_url(self.folder)

    def start(self, preexec: Callable[[], object] | None = None) -> ServerProcess:
        """Starts it and waits until it says its address; a free port the first time, the same one afterwards."""
        if not self.token:
            self.token = _new_token(self.database_url)
        listen = self.address or "127.0.0.1:0"
        if self.process is not None and self.process.stdout is not None:
            self.process.stdout.close()
        with (self.folder / "server.log").open("a") as log:
            self.process = subprocess.Popen(
                [
                    *self.program,
                    "--database-url",
                    self.database_url,
                    "--listen",
                    listen,
                    *self.flags,
                ],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                preexec_fn=preexec,  # noqa: PLW1509 - it only sets limits
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        match = re.fullmatch(r"Lotkeeper serves on (\S+)\n", line)
        assert match, f"the server did not start: {line!r}\n{self.log()}"
        self.address = match[1]
        return self

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs another command of the server on the same store."""
        command = [str(BINARIES / "lotkeeper-server"), *arguments, "--database-url", self.database_url]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    def verify(self) -> None:
        """Fails where stock is not the sum of the records."""
        with closing(Store(self.database_url)) as store, store.read() as connection:
            differences = verify(connection).differences
        assert not differences, "\n".join(map(str, differences))

    def kill(self) -> None:
        """Kill -9."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(ANSWER_SECONDS)

    def terminate(self) -> int:
        """SIGTERM; the exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(ANSWER_SECONDS)

    def pause(self) -> None:
        """SIGSTOP, for a caller who has to wait."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT; nothing if it was not paused."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def log(self) -> str:
        """What it wrote on standard error."""
        return (self.folder / "server.log").read_text()

    def __enter__(self) -> ServerProcess:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()
        if self.process is not None and self.process.stdout is not None:
            self.process.stdout.close()
        if error is not None:
            sys.stderr.write(self.log()[-4_000:])


def _new_token(database_url: str) -> str:
    """As `token create` makes one, without a process of its own."""
    text = new_token()
    entry = TokenEntry(IdSource()(), "tester", ("admin",), False, now_millis(), None, None)
    with closing(Store(database_url)) as store:
        migrate(store)
        with store.write() as connection:
            add_token(connection, text, entry)
    return text


def limited_to_core(core: int) -> Callable[[], object]:
    """For `start`: pins the server to one core."""
    return lambda: os.sched_setaffinity(0, {core})


def server_of(folder: Path, processes: int) -> ServerProcess:
    """A server of so many processes, on whatever kind of store is in force."""
    if processes == 1:
        return ServerProcess(folder)
    program = (sys.executable, "-m", "tests.many_processes")
    return ServerProcess(folder, flags=("--processes", str(processes)), program=program)
