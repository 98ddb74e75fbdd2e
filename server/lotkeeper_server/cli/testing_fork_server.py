"""A process that has the server imported, and forks `lotkeeper-server testing` as often as it is asked.

What imports cost is paid once: a fork serves as soon as its store is made. In the process that forks there is no
thread, no event loop and no connection, and gRPC is imported but not started.
"""

import ctypes
import gc
import json
import os
import selectors
import signal
import socket
import threading
import time
from contextlib import suppress
from typing import Final, NoReturn

from lotkeeper_server.cli.testing import testing
from lotkeeper_server.testing.server import TestingServer
from lotkeeper_server.testing.template import StoreTemplate, demo_plant

REQUEST_BYTES_MAX: Final = 65_536
STREAMS: Final = 3
"""Standard input, output and error of a server come with the request for it."""
PARENT_SECONDS: Final = 0.5
"""How often it looks whether its parent lives. The end of the control socket tells, unless the parent had forked."""
END_SECONDS: Final = 10.0
_PR_SET_PDEATHSIG: Final = 1


def main() -> None:
    """Forks a server for each request on standard input, a Unix socket; ends, with all of them, with its parent.

    A request is a packet: a JSON list of arguments for `lotkeeper-server testing`, and the descriptors of three
    streams. The answer is the process id of the server, in decimal.
    """
    parent = os.getppid()
    os.setsid()  # what a terminal sends to its foreground, such as SIGINT, is for the tests, not for their servers
    _warm()
    assert threading.active_count() == 1, "servers would not have this thread, but its locks for ever"
    gc.collect()
    gc.freeze()  # so that collections in the servers do not copy what they share
    _ForkServer(socket.socket(fileno=os.dup(0)), parent).serve()


def _warm() -> None:
    """Has done once what every server does first, for what that keeps in memory."""
    StoreTemplate(demo_plant()).remove()
    assert TestingServer.__name__  # imported for the servers


class _ForkServer:
    """Forks servers, and knows which of them live."""

    def __init__(self, control: socket.socket, parent: int) -> None:
        self._control = control
        self._parent = parent
        self._pids: dict[int, int] = {}
        """By a pipe of which only the server has the other end. It is reaped when that ends, so each pid is its own."""
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ)

    def serve(self) -> None:
        """Until the parent has ended."""
        while os.getppid() == self._parent:
            for key, _ in self._selector.select(PARENT_SECONDS):
                if key.fileobj is not self._control:
                    self._bury(key.fd)
                elif not self._answer():
                    self._end()
                    return
        self._end()

    def _answer(self) -> bool:
        """Forks a server; False where there will be no request any more."""
        try:
            request, streams, _, _ = socket.recv_fds(self._control, REQUEST_BYTES_MAX, STREAMS)
        except ConnectionResetError:
            return False
        if not request:
            return False
        assert len(streams) == STREAMS
        pid = self._fork(json.loads(request), streams)
        for stream in streams:
            os.close(stream)
        with suppress(OSError):  # whoever asked has ended; so will the server
            self._control.send(str(pid).encode())
        return True

    def _fork(self, arguments: list[str], streams: list[int]) -> int:
        ended, lives = os.pipe()
        fork_server = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._be_server(arguments, streams, fork_server)
        os.close(lives)
        self._pids[ended] = pid
        self._selector.register(ended, selectors.EVENT_READ)
        return pid

    def _be_server(self, arguments: list[str], streams: list[int], fork_server: int) -> NoReturn:
        """Runs a server until its end. It keeps the pipe that tells of it open."""
        status = 1
        try:
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != fork_server:  # it died before that
                os._exit(1)
            for target, stream in enumerate(streams):
                os.dup2(stream, target)
                os.close(stream)
            self._selector.close()
            self._control.close()
            for ended in self._pids:
                os.close(ended)
            testing.main(arguments, "lotkeeper-server testing")
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        finally:
            os._exit(status)

    def _bury(self, ended: int) -> None:
        self._selector.unregister(ended)
        os.close(ended)
        os.waitpid(self._pids.pop(ended), 0)

    def _end(self) -> None:
        """Ends every server: as they are told to, or by force."""
        self._selector.unregister(self._control)
        for pid in self._pids.values():
            os.kill(pid, signal.SIGTERM)
        end_seconds = time.monotonic() + END_SECONDS
        while self._pids and (left := end_seconds - time.monotonic()) > 0:
            for key, _ in self._selector.select(left):
                self._bury(key.fd)
        for pid in self._pids.values():
            os.kill(pid, signal.SIGKILL)
