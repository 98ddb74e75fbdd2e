"""The token of a development server on this machine, `lotkeeper-server run`, and how the server shows that it made it.

The server makes a token at its start and leaves it in a file that only its owner can read. Anybody on the machine may
listen on a port that is free, so a client shows nothing of the token to whoever listens: it sends a nonce, and the
server answers with a nonce of its own and the proof that it knows the token, an HMAC over both and the address. From
the token and the server's nonce both make the bearer token of the session, which is what the client sends: it is good
for that one process only, and says nothing of the token in the file.
"""

from __future__ import annotations

import base64
import hmac
import ipaddress
import os
import re
import secrets
import stat
import sys
from pathlib import Path
from typing import Final

PROVE_PATH: Final = "/lotkeeper.development.v1.Development/Prove"
"""Takes a nonce of 32 bytes and answers 64: the server's nonce and its proof. It needs no token."""
NONCE_BYTES: Final = 32
_PROOF_BYTES: Final = 32
_FILE_BYTES_MAX: Final = 4_096
_PRIVATE: Final = 0o077
"""What nobody but the owner may do with the file."""
_OTHERS_WRITE: Final = 0o022


class UnsafeToken(Exception):
    """A token file, or its folder, that somebody else could have written or read; says why."""


def is_loopback(address: str) -> bool:
    """Whether HOST:PORT is on this machine's loopback."""
    host, _ = _host_and_port(address)
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def literal_address(address: str) -> str:
    """HOST:PORT without a name: `localhost` is 127.0.0.1, so that nobody can stand where the name leads as well."""
    host, port = _host_and_port(address)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def development_token_path(address: str) -> Path:
    """The file that keeps the development token of a server on this machine.

    There is one for each address, so that two servers do not disturb each other; `localhost` is 127.0.0.1.
    """
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    host, port = _host_and_port(address)
    return Path(state) / "lotkeeper" / "tokens" / f"{host.replace(':', '-')}_{port}"


def read_token_file(path: Path) -> str | None:
    """The token in a file; None if there is none.

    Raises:
        UnsafeToken: where the file or its folder is not this user's alone.
    """
    if sys.platform == "win32":  # no development server runs there
        return None
    try:
        folder = open_folder(path.parent)
    except FileNotFoundError:
        return None
    try:
        descriptor = os.open(path.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError as error:  # a link, for one
        raise UnsafeToken(f"{path} cannot be opened: {error.strerror}") from error
    finally:
        os.close(folder)
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
            raise UnsafeToken(f"{path} is not a file of its own")
        if found.st_uid != os.geteuid():
            raise UnsafeToken(f"{path} belongs to somebody else")
        if found.st_mode & _PRIVATE:
            raise UnsafeToken(f"{path} can be read or written by others; its mode is {stat.S_IMODE(found.st_mode):o}")
        return file.read(_FILE_BYTES_MAX).decode("ascii", "replace").strip() or None


def open_folder(path: Path) -> int:
    """Opens the folder of token files; the caller closes the descriptor.

    Raises:
        UnsafeToken: where it is a link, belongs to somebody else, or others may write there.
        FileNotFoundError: where there is none.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UnsafeToken(f"{path} cannot be opened as a folder: {error.strerror}") from error
    found = os.fstat(descriptor)
    if found.st_uid == os.geteuid() and not found.st_mode & _OTHERS_WRITE:
        return descriptor
    os.close(descriptor)
    whose = "others may write there" if found.st_uid == os.geteuid() else "it belongs to somebody else"
    raise UnsafeToken(f"{path} is not safe for tokens: {whose}")


def new_nonce() -> bytes:
    """Random bytes that were never sent before."""
    return secrets.token_bytes(NONCE_BYTES)


def server_proof(token: str, address: str, client_nonce: bytes, server_nonce: bytes) -> bytes:
    """What only a server that knows the token can answer to a nonce."""
    where = literal_address(address).encode()
    return _hmac(token, b"server", where, client_nonce, server_nonce)


def session_token(token: str, address: str, server_nonce: bytes) -> str:
    """The bearer token for one server process, once that has shown that it knows the token of the file."""
    made = _hmac(token, b"session", literal_address(address).encode(), server_nonce)
    return "lk_" + base64.urlsafe_b64encode(made).decode().rstrip("=")


def session_of_answer(token: str, address: str, client_nonce: bytes, answer: bytes) -> str | None:
    """The session's token if the answer of PROVE_PATH shows that the server knows the token; else None."""
    server_nonce, proof = answer[:NONCE_BYTES], answer[NONCE_BYTES:]
    if len(answer) != NONCE_BYTES + _PROOF_BYTES:
        return None
    if not hmac.compare_digest(proof, server_proof(token, address, client_nonce, server_nonce)):
        return None
    return session_token(token, address, server_nonce)


def _hmac(token: str, *parts: bytes) -> bytes:
    """Over the parts, each behind its length, so that no two lists of parts are the same bytes."""
    message = b"".join(len(part).to_bytes(4, "big") + part for part in (b"lotkeeper development 1", *parts))
    return hmac.digest(token.encode(), message, "sha256")


def _host_and_port(address: str) -> tuple[str, str]:
    host, _, port = address.removeprefix("dns:///").rpartition(":")
    host = "127.0.0.1" if host.lower() == "localhost" else host.removeprefix("[").removesuffix("]")
    return host, re.sub(r"\D", "", port)
