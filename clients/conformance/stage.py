"""What stands around a scripted server for one scenario: TLS, other addresses, files for the program."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import Any

from clients.conformance.http2 import Call, ScriptedServer
from clients.conformance.scenario import Nobody, Scenario
from clients.conformance.tls_front import AUTHORITY, TlsFront


class Stage:
    """A scenario's server and what belongs to it; closed by `with`.

    Attributes:
        server: that plays the scenario.
    """

    def __init__(
        self,
        scenario: Scenario,
        certificates: Path,
        token_file: Path,
        tell: Callable[[Call], None] | None = None,
    ) -> None:
        """Serves.

        Args:
            scenario: that is played.
            certificates: folder of `write_certificates`.
            token_file: of this scenario alone; written where its tokens change.
            tell: hears of each call.
        """
        self._scenario, self._certificates = scenario, certificates
        self._token_file, self._tell = token_file, tell
        self._open = ExitStack()
        self._write_token(0)
        self.server = ScriptedServer(self._play, listens_after_seconds=scenario.listens_after_seconds)
        self._open.callback(self.server.close)
        addresses = [self._address_of(nobody) for nobody in scenario.before]
        address = self.server.address
        if scenario.tls is not None:
            front = self._open.enter_context(closing(TlsFront(certificates / scenario.tls.name, address)))
            address = front.address
        self._address = ",".join([*addresses, address])

    def order(self) -> dict[str, Any]:
        """The line that the program reads."""
        order = self._scenario.order(self._address)
        if self._scenario.trusts:
            order["ca_file"] = str(self._certificates / AUTHORITY)
        if self._scenario.tokens:
            order["token_file"] = str(self._token_file)
        return order

    def _address_of(self, nobody: Nobody) -> str:
        """An address that is held, so that nobody else begins to listen there."""
        held = self._open.enter_context(closing(socket.socket()))
        held.bind(("127.0.0.1", 0))
        if nobody is Nobody.MUTE:
            held.listen()
        return f"127.0.0.1:{held.getsockname()[1]}"

    def _play(self, call: Call) -> None:
        if self._tell is not None:
            self._tell(call)
        self._write_token(call.number + 1)
        self._scenario.script(call, self.server)

    def _write_token(self, number: int) -> None:
        tokens = self._scenario.tokens
        if tokens:
            written = self._token_file.with_suffix(".new")
            written.write_text(tokens[min(number, len(tokens) - 1)])
            written.replace(self._token_file)

    def __enter__(self) -> Stage:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open.close()
