"""Processes in which a server runs, each forked by one that has the server imported already."""

from __future__ import annotations

import atexit
import importlib.util
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final

_PROGRAM: Final = "from lotkeeper_server.cli.testing_fork_server import main; main()"
_OF_THE_SERVER: Final = ("lotkeeper_server", "sqlalchemy")
"""The package comes with the client; what it imports comes with the extra `server`."""
_FORK_SECONDS: Final = 60.0
"""So long a busy machine may take to import the server."""
_END_SECONDS: Final = 10.0
_REQUEST_BYTES_MAX: Final = 65_536


class ServerNotInstalled(ImportError):
    """The server is not installed."""

    def __init__(self) -> None:
        super().__init__("the server is not installed; run: pip install 'lotkeeper[server]'")


class ServerProcess:
    """A process in which a server runs.

    Attributes:
        stdin: it ends with it.
        stdout: what it answers.
    """

    def __init__(self, pid: int, stdin: int, stdout: int, stderr: int) -> None:
        """Takes over the other ends of its three streams."""
        self._pid = pid
        self.stdin = os.fdopen(stdin, "w", encoding="utf-8")
        self.stdout = os.fdopen(stdout, encoding="utf-8")
        self._owner = os.getpid()
        self._stderr = stderr  # no file: the lock of one that is read by a thread is never free in a fork
        self._errors: list[bytes] = []
        self._listener = threading.Thread(target=self._listen, name="lotkeeper-testing-errors", daemon=True)
        self._listener.start()

    def last_words(self) -> str:
        """What it said on standard error, once it has ended."""
        self._listener.join(_END_SECONDS)
        return b"".join(self._errors).decode(errors="replace").strip()

    def end(self) -> None:
        """Ends it; returns once it has ended. In a fork of the process that has begun it, this does nothing.

        That it ends with its standard input is not enough: a fork of this process may hold the other end, too.
        """
        if os.getpid() != self._owner:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self._listener.is_alive():
                os.kill(self._pid, number)
                self._listener.join(_END_SECONDS)
        with suppress(BrokenPipeError):  # what it was not told any more
            self.stdin.close()
        self.stdout.close()
        os.close(self._stderr)

    def _listen(self) -> None:
        """Keeps what it says on standard error, so that it never waits for a reader; the end of that is its own."""
        while said := os.read(self._stderr, 65_536):
            self._errors.append(said)


class ForkServer:
    """A process that imports the server once and then forks it, a tenth of a second each; it ends with this process."""

    def __init__(self) -> None:
        """Begins it, and does not wait for it.

        Raises:
            ServerNotInstalled: where the server is not installed.
        """
        if not all(map(importlib.util.find_spec, _OF_THE_SERVER)):
            raise ServerNotInstalled
        self._errors = TemporaryFile()  # noqa: SIM115 - `close` closes it
        self._control, control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.settimeout(_FORK_SECONDS)
        with control, Path(os.devnull).open("wb") as nowhere:
            streams = (control.fileno(), nowhere.fileno(), self._errors.fileno())
            self._pid = os.posix_spawn(
                sys.executable,
                [sys.executable, "-P", "-c", _PROGRAM],
                os.environ,
                file_actions=[(os.POSIX_SPAWN_DUP2, stream, target) for target, stream in enumerate(streams)],
            )

    def begin(self, arguments: Sequence[str]) -> ServerProcess:
        """Has a server forked.

        Args:
            arguments: of `lotkeeper-server testing`.

        Raises:
            ValueError: where they are too long.
            RuntimeError: where the process that forks has ended or does not answer; it is of no use any more then.
        """
        request = json.dumps(list(arguments)).encode()
        if len(request) > _REQUEST_BYTES_MAX:
            raise ValueError(f"the settings are longer than {_REQUEST_BYTES_MAX} bytes")
        stdin, stdin_there = os.pipe()[::-1]
        stdout, stdout_there = os.pipe()
        stderr, stderr_there = os.pipe()
        theirs = [stdin_there, stdout_there, stderr_there]
        try:
            pid = self._ask(request, theirs)
        except OSError as error:
            for mine in (stdin, stdout, stderr):
                os.close(mine)
            raise RuntimeError(f"the server did not start: {self._last_words() or error}") from error
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        return ServerProcess(pid, stdin, stdout, stderr)

    def _ask(self, request: bytes, streams: Sequence[int]) -> int:
        socket.send_fds(self._control, [request], streams)
        answer = self._control.recv(64)
        if not answer:
            raise ConnectionResetError
        return int(answer)

    def kill(self) -> None:
        """Ends it by force; its servers end by that, too."""
        self.close()
        with suppress(ProcessLookupError, ChildProcessError):  # somebody has waited for it
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)

    def close(self) -> None:
        """Lets it end by itself, and its servers with it."""
        self._control.close()
        self._errors.close()

    def _last_words(self) -> str:
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace").strip()


class _Kept:
    """The one of this process. One that was forked from it needs its own."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.fork_server: ForkServer | None = None

    def forget(self) -> None:
        """Lets it end."""
        self.lock = threading.Lock()
        if self.fork_server is not None:
            self.fork_server.close()
            self.fork_server = None


_kept = _Kept()
atexit.register(_kept.forget)
os.register_at_fork(after_in_child=_kept.forget)


def prepare() -> None:
    """Begins to load the server in a process beside, so that the first server in a child need not wait for all of that.

    Returns at once. The process ends with this one. Called again, it does nothing.

    Raises:
        ServerNotInstalled: where the server is not installed.
    """
    with _kept.lock:
        if _kept.fork_server is None:
            _kept.fork_server = ForkServer()


def server_process(arguments: Sequence[str]) -> ServerProcess:
    """A process in which a server begins.

    Args:
        arguments: of `lotkeeper-server testing`.

    Raises:
        ServerNotInstalled: where the server is not installed.
        RuntimeError: where there can be none.
    """
    prepare()
    with _kept.lock:
        assert _kept.fork_server is not None
        try:
            return _kept.fork_server.begin(arguments)
        except RuntimeError:
            _kept.fork_server.kill()
            _kept.fork_server = None
            raise
