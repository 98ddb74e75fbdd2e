"""Where the server runs that is tested with: in this process, or in a child."""

from __future__ import annotations

import importlib
import json
import threading
from collections.abc import Mapping
from contextlib import suppress
from tempfile import NamedTemporaryFile
from typing import Any, Protocol

from lotkeeper.testing._clock import SetMillis
from lotkeeper.testing._server_processes import ServerNotInstalled, server_process

Setting = str | int | float | bool


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
            RuntimeError: where there can be no process for it.
            ValueError: for a plant or a setting that is refused.
        """
        arguments = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
        with NamedTemporaryFile(suffix=".json" if is_json else ".yaml") as file:
            if plant is not None:
                file.write(plant)
                file.flush()
                arguments += ["--plant", file.name]
            self._process = server_process(arguments)
            self._lock = threading.Lock()
            said = self._answer()
            if said is None:
                why = self._process.last_words().removeprefix("lotkeeper-server: ")
                self.close()
                raise ValueError(why or "the server did not start")
        self.address = str(said["address"])
        self.token = str(said["token"])
        self.clock: SetMillis = _ChildClock(self)

    def ask(self, command: Mapping[str, Any]) -> dict[str, Any]:
        """Sends a command and returns its answer.

        Raises:
            RuntimeError: where the process has ended, or refuses.
        """
        with self._lock:
            with suppress(BrokenPipeError):  # then there is no answer
                self._process.stdin.write(json.dumps(command) + "\n")
                self._process.stdin.flush()
            answer = self._answer()
        if answer is None:
            raise RuntimeError(f"the server has ended: {self._process.last_words()}")
        if "error" in answer:
            raise RuntimeError(str(answer["error"]))
        return answer

    def reset(self) -> None:
        """Sets it back to its beginning; it has another address then."""
        self.address = str(self.ask({"do": "reset"})["address"])

    def close(self) -> None:
        """Ends it."""
        self._process.end()

    def _answer(self) -> dict[str, Any] | None:
        """The next line that it says; None where it has ended."""
        line = self._process.stdout.readline()
        answer: dict[str, Any] | None = json.loads(line) if line else None
        return answer


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
