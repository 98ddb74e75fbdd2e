"""Which token a client sends, and when: one that is given, or that of a development server on this machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import grpc

from lotkeeper._bearer import (
    TOKEN_VARIABLE,
    BearerHeader,
    TokenFault,
    TokenSource,
    bearer_header,
    token_of_environment,
)
from lotkeeper._errors import LotkeeperError, Unauthenticated
from lotkeeper.development import (
    PROVE_PATH,
    UnsafeToken,
    development_token_path,
    is_loopback,
    literal_address,
    new_nonce,
    read_token_file,
    session_of_answer,
)

KNOCK_PATH: Final = "/grpc.health.v1.Health/Check"
"""A call that every gRPC server answers in some way, without a token and without changes; its request is empty."""
NONE_SENT: Final = " None was sent: "
Metadata = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Knock:
    """The first call on a connection, which has no token; its answer says what may be sent to the server.

    Attributes:
        address: HOST:PORT.
        bearer: what is sent whoever answers; None for none.
        development_token: what only its own server is shown to know; None for none.
        path: of the method that is called.
        request: its bytes.
    """

    address: str
    bearer: BearerHeader | None
    development_token: str | None = field(default=None, repr=False)
    path: str = KNOCK_PATH
    request: bytes = b""

    def metadata(self, answer: bytes | grpc.StatusCode) -> Metadata:
        """What calls carry from now on.

        Args:
            answer: what the server answered, or how it refused.

        Raises:
            Unauthenticated: where the server did not show that it made the development token.
        """
        if self.development_token is None:
            return _metadata_of(self.bearer)
        session = None
        if isinstance(answer, bytes):
            session = session_of_answer(self.development_token, self.address, self.request, answer)
        if session is None:
            why = "its proof is wrong" if isinstance(answer, bytes) else f"it answered {answer.name}"
            path = development_token_path(self.address)
            raise Unauthenticated(
                grpc.StatusCode.UNAUTHENTICATED,
                f"the development token in {path} was not sent: whoever listens on {self.address} did not show that it "
                f"made it ({why}); give a token of this server, by {TOKEN_VARIABLE} for one",
            )
        return _metadata_of(bearer_header(session))


class Tokens:
    """The token of one client, asked for anew whenever it connects, since a development server's ends with it.

    Attributes:
        source: of a token that changes; None for others.
        may_change: whether it is that of a development server.
    """

    def __init__(self, address: str, given: str | None, source: TokenSource | None = None) -> None:
        """Reads no file of a development server yet.

        Args:
            address: HOST:PORT.
            given: by the caller; None for the one in the environment, or else of a development server.
            source: asked for the token of each attempt of a call; None for one that stays.

        Raises:
            TokenFault: where the token cannot be sent, or the environment's file cannot be read, or both are given.
        """
        if given and source is not None:
            raise TokenFault("token and token_source are both given: give one of them")
        self._address = address
        token = given or (token_of_environment() if source is None else None)
        self._bearer = bearer_header(token) if token else None
        self.source = source
        self.may_change = self._bearer is None and source is None and is_loopback(address)

    @property
    def plaintext_address(self) -> str:
        """Where to connect without TLS: a development server only where its own address leads, never by a name."""
        return literal_address(self._address) if self.may_change else self._address

    def knock(self) -> Knock:
        """The first call on a new connection.

        Raises:
            Unauthenticated: where the file of the development token is not safe.
        """
        return self._knock_with(self._development_token())

    def metadata_after(self, knock: Knock, answer: bytes | grpc.StatusCode) -> Metadata | None:
        """What calls carry after this knock; None to knock again, since the file has another token by now.

        Raises:
            Unauthenticated: as `knock`, and where the server did not show that it made the development token.
        """
        try:
            return knock.metadata(answer)
        except Unauthenticated:
            if self.changed_since(knock):
                return None
            raise

    def changed_since(self, knock: Knock | None) -> bool:
        """Whether the file has another token than at this knock: that of a server that was started since.

        Raises:
            Unauthenticated: as `knock`.
        """
        token = self._development_token()
        return token is not None and (knock is None or token != knock.development_token)

    def told(self, error: LotkeeperError, *, has_token: bool) -> LotkeeperError:
        """The error of a call; where it carried no token, with how to give one.

        Args:
            error: of the call.
            has_token: whether the call carried one.
        """
        if has_token or not isinstance(error, Unauthenticated):
            return error
        development = "a development server on loopback makes one by itself"
        if self.may_change:
            development = f"a development server's would be in {development_token_path(self._address)}"
        text = f"{error.message.rstrip('.')}.{NONE_SENT}give token=, or set {TOKEN_VARIABLE}; {development}."
        return error.saying(text, error.field_violations)

    def _development_token(self) -> str | None:
        if not self.may_change:
            return None
        try:
            return read_token_file(development_token_path(self._address))
        except UnsafeToken as unsafe:
            text = f"the development token is not used: {unsafe}"
            raise Unauthenticated(grpc.StatusCode.UNAUTHENTICATED, text) from unsafe

    def _knock_with(self, development_token: str | None) -> Knock:
        if development_token is None:
            return Knock(self._address, self._bearer)
        return Knock(self._address, None, development_token, PROVE_PATH, new_nonce())


def metadata_of_source(source: TokenSource) -> Metadata:
    """The token that a source gives now.

    Raises:
        Unauthenticated: where it gives none that can be sent; its own error is the cause.
    """
    try:
        return _metadata_of(bearer_header(source()))
    except Exception as error:
        text = f"the call was not sent, as token_source gave no token: {error}"
        raise Unauthenticated(grpc.StatusCode.UNAUTHENTICATED, text) from error


def _metadata_of(bearer: BearerHeader | None) -> Metadata:
    return (("authorization", bearer),) if bearer else ()
