"""Where a token comes from: the caller, the environment, or the file of a development server on this machine."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Final

TOKEN_VARIABLE: Final = "LOTKEEPER_TOKEN"  # noqa: S105 - the variable's name
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


def find_token(address: str) -> str | None:
    """The token from the environment, otherwise the development token of a loopback address; None if there is none.

    A token file that anyone except its owner can read is not used.
    """
    if from_environment := os.environ.get(TOKEN_VARIABLE):
        return from_environment
    if not is_loopback(address):
        return None
    return find_token_in(development_token_path(address))


def find_token_in(path: Path) -> str | None:
    """The token in a file; None if there is none, or if anyone except its owner can read it."""
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            return None
        return path.read_text(encoding="ascii").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def _host_and_port(address: str) -> tuple[str, str]:
    host, _, port = address.removeprefix("dns:///").rpartition(":")
    host = "127.0.0.1" if host.lower() == "localhost" else host.strip("[]").replace(":", "-")
    return host, re.sub(r"\D", "", port)
