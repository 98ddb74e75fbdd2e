"""A token as it is given, in a text or a file, and the header that carries it; neither is shown by what goes wrong."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from lotkeeper._faults import SettingFault
from lotkeeper.redaction import HIDDEN

TOKEN_VARIABLE: Final = "LOTKEEPER_TOKEN"  # noqa: S105 - the variable's name
TOKEN_FILE_VARIABLE: Final = "LOTKEEPER_TOKEN_FILE"  # noqa: S105 - the same
TOKEN_CHARACTERS_MAX: Final = 4_096
"""Of a file: a larger one is not a token, and gRPC would refuse its call with no word about the token."""
TokenSource = Callable[[], str]
"""Gives the token of a call that is about to be sent."""
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


class TokenFault(SettingFault):
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


def token_of_environment() -> str | None:
    """LOTKEEPER_TOKEN, or what is in the file LOTKEEPER_TOKEN_FILE; None without both.

    Raises:
        TokenFault: where both variables are set, or the file cannot be read.
    """
    text, path = os.environ.get(TOKEN_VARIABLE), os.environ.get(TOKEN_FILE_VARIABLE)
    if text and path:
        raise TokenFault(f"{TOKEN_VARIABLE} and {TOKEN_FILE_VARIABLE} are both set: give one of them")
    if path:
        return token_of_file(Path(path))
    return text or None


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
