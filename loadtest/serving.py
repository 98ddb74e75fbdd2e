"""The server that is loaded: its own one, or one that is there already, and the token that it is called with."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import grpc
from lotkeeper import Client, Retries, is_loopback
from lotkeeper.development import literal_address

from tests.server_process import ServerProcess

START_SECONDS: Final = 5.0
"""How long a server that is there already is looked for, before the load."""
RETURN_SECONDS: Final = 30.0
"""How long a server that went away during the load may take to come back, for the audit."""
_LOG_CHARACTERS: Final = 500


class NotBegun(Exception):
    """No server, no harness, or no plant to load; says why in a line."""


@dataclass(frozen=True)
class Serving:
    """The server.

    Attributes:
        address: HOST:PORT.
        token: None for what the environment or a development server has.
        process: None where the server is not our own.
    """

    address: str
    token: str | None = field(default=None, repr=False)
    process: ServerProcess | None = None

    def client(self, connect_seconds: float, *interceptors: Any) -> Client:
        """A client that waits so long for a server that answers.

        Raises:
            SettingFault: for an address or a token that no client can use.
        """
        retries = Retries(connect_seconds=connect_seconds)
        return Client(self.address, token=self.token, retries=retries, interceptors=interceptors)

    def end(self) -> str:
        """How our own server has ended, in a clause with its last words; empty while it runs, or is not our own."""
        if self.process is None or self.process.process is None:
            return ""
        status = self.process.process.poll()
        if status is None:
            return ""
        how = f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with exit status {status}"
        words = " ".join(self.process.log().split())[-_LOG_CHARACTERS:]
        return f"the server is gone: it {how}" + (f"; its log ends with: {words}" if words else "")

    def differences(self) -> str:
        """What stock and records differ by in our own server's store, in a line; empty for nothing."""
        try:
            if self.process is not None:
                self.process.verify()
        except AssertionError as difference:
            return on_one_line(difference)
        return ""


@contextmanager
def served(flags: Sequence[str], folder: Path, address: str | None) -> Iterator[Serving]:
    """The server at the address; without one, a server of our own with these flags.

    Raises:
        NotBegun: where our own does not start.
    """
    if address:
        # By the number, as the client does it: by the name of loopback, somebody else may answer the harness.
        yield Serving(literal_address(address) if is_loopback(address) else address)
        return
    with ExitStack() as ending:
        try:
            server = ending.enter_context(ServerProcess(folder, ("--log-level", "error", *flags)))
        except AssertionError as failed:
            raise NotBegun(on_one_line(failed)) from failed
        yield Serving(server.address, server.token, server)


class SentToken(grpc.UnaryUnaryClientInterceptor):
    """Sees which token the client sends: of a development server, only after that has shown that it made it.

    Attributes:
        token: the last one; empty as long as none was sent.
    """

    def __init__(self) -> None:
        self.token = ""

    def intercept_unary_unary(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        """Lets the call go on unchanged."""
        for key, value in details.metadata or ():
            if key == "authorization":
                self.token = value.removeprefix("Bearer ")
        return continuation(details, request)


def on_one_line(error: Exception) -> str:
    """An error's words without their line ends."""
    return " ".join(str(error).split())
