"""Where a token comes from: the caller, the environment, a file, or that of a development server on this machine."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Final

from lotkeeper.redaction import HIDDEN

TOKEN_VARIABLE: Final = "LOTKEEPER_TOKEN"  # noqa: S105 - the variable's name
TOKEN_FILE_VARIABLE: Final = "LOTKEEPER_TOKEN_FILE"  # noqa: S105 - the same
TOKEN_CHARACTERS_MAX: Final = 4_096
"""Of a file: a larger one is not a token, and gRPC would refuse its call with no word about the token."""
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_LOOPBACK: Final = re.compile(r"^(localhost|127(\.\d{1,3}){3}|--1)$", re.IGNORECASE)


def is_loopback(address: str) -> bool:
    """Whether HOST:PORT is on this machine's loopback."""
    return _LOOPBACK.match(_host_and_port(address)[0]) is not None


def development_token_path(address: str) -> Path:
    """The file that keeps the development token of a server on this machine.

    There is one for each address, so that two servers do not disturb each other; `localhost` is 127.0.0.1.
    """
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "lotkeeper" / "tokens" / "_".join(_host_and_port(address))


class TokenFault(ValueError):
    """A token that cannot be sent, or a file of one that cannot be read; the text does not show what is in it."""


class BearerHeader(str):
    """The value of the header that carries a token. What shows variables, a debugger or a stack, does not show it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"'Bearer {HIDDEN}'"


def bearer_header(token: str) -> BearerHeader:
    """The header's value; white space around the token does not count, as files end with a line feed.

    Raises:
        TokenFault: for a token that has other characters than printable ASCII ones, or a space.
    """
    return BearerHeader(f"Bearer {_checked(token, 'the token')}")


def find_token(address: str) -> str | None:
    """The token of the environment, or None.

    It is LOTKEEPER_TOKEN, or in the file LOTKEEPER_TOKEN_FILE. Without both, it is the development token of a loopback
    address; a file of one that anyone except its owner can read is not used.

    Raises:
        TokenFault: where both variables are set, or the file cannot be read.
    """
    text, path = os.environ.get(TOKEN_VARIABLE), os.environ.get(TOKEN_FILE_VARIABLE)
    if text and path:
        raise TokenFault(f"{TOKEN_VARIABLE} and {TOKEN_FILE_VARIABLE} are both set: give one of them")
    if text:
        return text
    if path:
        return token_of_file(Path(path))
    if not is_loopback(address):
        return None
    return find_token_in(development_token_path(address))


def token_of_file(path: Path) -> str:
    """The token in a file, which may begin with UTF-8's byte order mark and end with a line feed.

    Raises:
        TokenFault: where the file cannot be read, or does not hold a token.
    """
    try:
        with path.open("rb") as file:
            content = file.read(TOKEN_CHARACTERS_MAX + 1)
    except OSError as error:
        raise TokenFault(f"the token file {path} cannot be read: {error.strerror}") from None
    if len(content) > TOKEN_CHARACTERS_MAX:
        raise TokenFault(f"the token file {path} is longer than {TOKEN_CHARACTERS_MAX} bytes")
    return _checked(content.removeprefix(_BYTE_ORDER_MARK).decode("latin-1"), f"the token in {path}")


def find_token_in(path: Path) -> str | None:
    """The token in a file; None if there is none, or if anyone except its owner can read it."""
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            return None
        return path.read_text(encoding="ascii").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def open_to_others(path: Path) -> str | None:
    """What is wrong with a secret file's mode, such as `has mode 0644: other users can read it`; None if nothing is.

    A group may read it: that is how a service is often given its files.
    """
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return None
    if mode & 0o022:
        return f"has mode {mode:04o}: other users can change it"
    return f"has mode {mode:04o}: other users can read it" if mode & 0o007 else None


def _checked(token: str, what: str) -> str:
    """The token without the white space around it."""
    text = token.strip()
    if not text:
        raise TokenFault(f"{what} is empty")
    for number, character in enumerate(text, 1):
        if not "!" <= character <= "~":
            raise TokenFault(
                f"{what} has a character that no token has, at place {number} of {len(text)}: "
                "it must be one word of printable ASCII characters"
            )
    return text


def _host_and_port(address: str) -> tuple[str, str]:
    host, _, port = address.removeprefix("dns:///").rpartition(":")
    host = "127.0.0.1" if host.lower() == "localhost" else host.strip("[]").replace(":", "-")
    return host, re.sub(r"\D", "", port)
