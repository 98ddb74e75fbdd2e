"""Where the server runs that is tested with: in this process, or in a child."""

from __future__ import annotations

import importlib
import importlib.util
import json
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Protocol

from lotkeeper.testing._clock import SetMillis

Setting = str | int | float | bool
_END_SECONDS = 10.0


class ServerNotInstalled(ImportError):
    """The server is not installed."""

    def __init__(self) -> None:
        super().__init__("the server is not installed; run: pip install 'lotkeeper[server]'")


class Backend(Protocol):
    """A server that runs.

    Attributes:
        address: HOST:PORT; a reset may change it.
        token: of a principal who may everything.
        clock: the time that calls go by.
    """

    @property
    def address(self) -> str: ...

    @property
    def token(self) -> str: ...

    @property
    def clock(self) -> SetMillis: ...

    def reset(self) -> None:
        """Sets it back to its beginning."""

    def close(self) -> None:
        """Ends it."""


def in_this_process(plant: bytes | None, *, is_json: bool, settings: Mapping[str, Setting]) -> Backend:
    """Begins a server on threads of this process.

    Raises:
        ServerNotInstalled: where it is not.
        ValueError: for a plant or a setting that is refused.
    """
    try:
        server_module = importlib.import_module("lotkeeper_server.testing.server")
        template = importlib.import_module("lotkeeper_server.testing.template")
        refusals = importlib.import_module("lotkeeper_server.domain.refusals")
    except ImportError as error:
        raise ServerNotInstalled from error
    document = None if plant is None else template.plant_document(plant, is_json=is_json)
    try:
        server: Any = server_module.TestingServer(document, settings)
    except refusals.Refused as refused:
        raise ValueError(f"the plant is refused: {refused.refusal.message}") from None
    server.begin()
    backend: Backend = server
    return backend


class ChildServer:
    """A server in a process of its own, which ends with this one."""

    def __init__(self, plant: bytes | None, *, is_json: bool, settings: Mapping[str, Setting]) -> None:
        """Begins it; returns once it serves.

        Raises:
            ServerNotInstalled: where it is not installed.
            ValueError: for a plant or a setting that is refused.
        """
        if importlib.util.find_spec("lotkeeper_server") is None:
            raise ServerNotInstalled
        command = [sys.executable, "-c", "from lotkeeper_server.cli import main; main()", "testing"]
        for name, value in settings.items():
            command += ["--set", f"{name}={value}"]
        with NamedTemporaryFile(suffix=".json" if is_json else ".yaml") as file:
            if plant is not None:
                file.write(plant)
                file.flush()
                command += ["--plant", str(Path(file.name))]
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            self._lock = threading.Lock()
            self._errors: list[str] = []
            self._listener = threading.Thread(target=self._listen, name="lotkeeper-testing-errors", daemon=True)
            self._listener.start()
            try:
                said = self._line()
            except ValueError:
                self.close()
                raise
        self.address = str(said["address"])
        self.token = str(said["token"])
        self.clock: SetMillis = _ChildClock(self)

    def ask(self, command: Mapping[str, Any]) -> dict[str, Any]:
        """Sends a command and returns its answer.

        Raises:
            RuntimeError: where the process has ended, or refuses.
        """
        with self._lock:
            assert self._process.stdin is not None
            try:
                self._process.stdin.write(json.dumps(command) + "\n")
                self._process.stdin.flush()
            except OSError as error:
                raise RuntimeError(f"the server has ended: {''.join(self._errors)}") from error
            answer = self._line()
        if "error" in answer:
            raise RuntimeError(str(answer["error"]))
        return answer

    def reset(self) -> None:
        """Sets it back to its beginning; it has another address then."""
        self.address = str(self.ask({"do": "reset"})["address"])

    def close(self) -> None:
        """Ends it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):  # it has ended by itself
            self._process.stdin.close()
        self._process.stdout.close()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._listener.join(_END_SECONDS)
        assert self._process.stderr is not None
        self._process.stderr.close()

    def _line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait(_END_SECONDS)
            self._listener.join(_END_SECONDS)
            raise ValueError("".join(self._errors).strip() or "the server did not start")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _listen(self) -> None:
        """Keeps what it says on standard error, so that it never waits for a reader."""
        assert self._process.stderr is not None
        self._errors.extend(self._process.stderr)


class _ChildClock:
    """The clock of a child."""

    def __init__(self, child: ChildServer) -> None:
        self._child = child

    def set(self, moment_millis: int) -> None:
        self._child.ask({"do": "set_clock", "millis": moment_millis})

    def advance(self, millis: int) -> None:
        self._child.ask({"do": "advance_clock", "millis": millis})

    def let_go(self) -> None:
        self._child.ask({"do": "let_clock_go"})
