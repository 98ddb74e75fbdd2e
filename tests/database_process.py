"""A database server as a child process: its account, its ports, and an end that comes at the latest with the tests'.

Linux only: it reads `/proc` and waits for processes that are not its own children. Beside each server stands a guard,
this file run as a program, whose standard input ends when the starting process ends, however that came: it then kills
the server with all it has started. (`PR_SET_PDEATHSIG` would end a server with the *thread* that started it.)
"""

from __future__ import annotations

import os
import pwd
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

KILL_SECONDS = 15
# Below Linux's outgoing ports: who dials a stopped server there again and again may in the end be connected to itself,
# and the server finds its port taken.
PORTS = range(15_000, 32_000)


class DatabaseFailed(Exception):
    """A database server did not start, answer or stop as it should; the text has the end of its log."""


def account(*names: str) -> pwd.struct_passwd | None:
    """The first account of these that exists, for servers that refuse to run as root; None where we are not root.

    Raises:
        DatabaseFailed: we are root and there is none of them.
    """
    if os.geteuid() != 0:
        return None
    for name in names:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise DatabaseFailed(f"root cannot run this server itself, and there is no account {' or '.join(names)}")


def folder_of(owner: pwd.struct_passwd | None, prefix: str) -> Path:
    """A new temporary folder that belongs to that account."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    if owner is not None:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    return folder


def free_ports(count: int) -> list[int]:
    """So many different TCP ports of 127.0.0.1 on which nobody listens."""
    ports: list[int] = []
    while len(ports) < count:
        port = random.choice(PORTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in ports:
            ports.append(port)
    return ports


def run_as(owner: pwd.struct_passwd | None, command: Sequence[str | Path], seconds: float) -> str:
    """Runs a program under that account, in `/`; what it printed on both outputs.

    Raises:
        DatabaseFailed: it could not be run, failed, or took longer.
    """
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
            cwd="/",
            user=None if owner is None else owner.pw_uid,
            group=None if owner is None else owner.pw_gid,
            extra_groups=None if owner is None else [],
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        whose = "" if owner is None else f" as {owner.pw_name}"
        raise DatabaseFailed(f"{command[0]}{whose}: {error}") from error
    if done.returncode != 0:
        raise DatabaseFailed(f"{command[0]} ended with {done.returncode}: {done.stdout[-4_000:]}")
    return done.stdout


class DatabaseProcess:
    """One run of a server, from its start to its end."""

    def __init__(
        self, command: Sequence[str | Path], *, owner: pwd.struct_passwd | None, folder: Path, log: Path
    ) -> None:
        """Starts it.

        Args:
            command: the program and its arguments.
            owner: the account it runs under; None for our own.
            folder: what the guard removes if we end without having ended the server.
            log: where both outputs go.

        Raises:
            DatabaseFailed: it could not be run at all.
        """
        try:
            with log.open("a") as output:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    cwd="/",
                    start_new_session=True,  # a terminal's ctrl-C is ours to handle
                    user=None if owner is None else owner.pw_uid,
                    group=None if owner is None else owner.pw_gid,
                    extra_groups=None if owner is None else [],
                )
        except OSError as error:
            whose = "" if owner is None else f" as {owner.pw_name}"
            raise DatabaseFailed(f"{command[0]}{whose}: {error}") from error
        self._guard = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__, str(self._process.pid), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """The server's own process; others may have come from it."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the server's own process still lives; a frozen one does."""
        return self._process.poll() is None

    def stop(self, number: signal.Signals, seconds: float) -> None:
        """Sends that signal and waits for the end.

        Raises:
            DatabaseFailed: it had not ended after so many seconds; then it was killed.
        """
        self._process.send_signal(number)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise DatabaseFailed(f"still there {seconds} s after {number.name}") from None
        self._dismiss_guard()

    def kill(self) -> None:
        """Kill -9 of the server and of all that came from it; returns when all are gone."""
        if self.running:
            kill_tree(self.pid)
        self._process.wait(KILL_SECONDS)
        self._dismiss_guard()

    def freeze(self) -> None:
        """SIGSTOP to the server and to all that came from it."""
        freeze_tree(self.pid)

    def thaw(self) -> None:
        """SIGCONT to the same."""
        _signal(reversed(process_tree(self.pid)), signal.SIGCONT)

    def _dismiss_guard(self) -> None:
        self._guard.kill()
        self._guard.wait(KILL_SECONDS)
        assert self._guard.stdin is not None
        self._guard.stdin.close()


def process_tree(root: int) -> list[int]:
    """That process and all that came from it, parents first; not those that have ended, also if nobody has asked."""
    children: dict[int, list[int]] = {}
    states: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
        states[int(entry.name)] = fields[0]
        children.setdefault(int(fields[1]), []).append(int(entry.name))
    tree = [root]
    for pid in tree:
        tree.extend(children.get(pid, []))
    return [pid for pid in tree if states.get(pid, "X") not in "ZX"]


def freeze_tree(root: int) -> list[int]:
    """Stops them, parents first and until no new one has come; who they are."""
    frozen: list[int] = []
    while (tree := process_tree(root)) != frozen:
        _signal(tree, signal.SIGSTOP)
        frozen = tree
    return frozen


def kill_tree(root: int) -> None:
    """Kills them all and waits until they have ended: what they shared is free then.

    Raises:
        DatabaseFailed: one does not end.
    """
    tree = freeze_tree(root)
    ends: list[int] = []
    try:
        for pid in tree:
            try:
                ends.append(os.pidfd_open(pid))
            except ProcessLookupError:
                continue
        _signal(tree, signal.SIGKILL)
        deadline = time.monotonic() + KILL_SECONDS
        for end in ends:
            ended = select.poll()
            ended.register(end, select.POLLIN)
            if not ended.poll(max(0.0, deadline - time.monotonic()) * 1_000):
                raise DatabaseFailed(f"of the processes {tree} one lives {KILL_SECONDS} s after kill -9")
    finally:
        for end in ends:
            os.close(end)


def tail(log: Path, characters: int = 4_000) -> str:
    """The end of a log, empty where there is none."""
    return log.read_text(errors="replace")[-characters:] if log.exists() else ""


def _signal(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue  # it has ended meanwhile


def _guard(pid: int, folder: str) -> None:
    sys.stdin.buffer.read()  # returns when the process that started us has ended
    kill_tree(pid)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    _guard(int(sys.argv[1]), sys.argv[2])
