"""The URL of a store: read, and shown without what must not be shown."""

import re
from pathlib import Path
from typing import Final

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from lotkeeper_server.store.db.errors import StoreError

SUPPORTED: Final = "sqlite:///FILE, postgresql+psycopg://USER@HOST/DATABASE or mariadb+pymysql://USER@HOST/DATABASE"
_HIDDEN: Final = "***"
_SEVERAL_HOSTS: Final = re.compile(r"(?P<scheme>[^:/]+://)(?P<user>[^@/]*@)?(?P<hosts>[^@/?]*,[^@/?]*)/(?P<rest>.*)")
_SERVER: Final = re.compile(r"(?P<scheme>[A-Za-z0-9_+]+)://(?P<rest>.*)", re.DOTALL)
_UNESCAPED: Final = re.compile(r"[/?#\s]")
_SHOWN_PARAMETERS: Final = frozenset(
    {"application_name", "charset", "connect_timeout", "host", "port", "ssl_ca", "sslmode", "sslrootcert"}
)
"""What may be shown of what stands after the ? of a URL; anything else may be a secret, or a misspelt one."""


def read_url(text: str) -> URL:
    """SQLAlchemy's form of a URL; several hosts may be in it, in libpq's form.

    Raises:
        StoreError: where it cannot be read, or it is not clear where its password ends; the text shows nothing of it.
    """
    _check_escaped(text)
    match = _SEVERAL_HOSTS.fullmatch(text)
    try:
        if match is None:
            return make_url(text)
        url = make_url(f"{match['scheme']}{match['user'] or ''}/{match['rest']}")
    except (ArgumentError, ValueError):  # their texts repeat parts of it
        raise StoreError(f"The URL of the store cannot be read; use {SUPPORTED}.") from None
    hosts = tuple(host if ":" in host else f"{host}:5432" for host in match["hosts"].split(","))
    return url.update_query_dict({"host": hosts}, append=True)


def shown_url(url: URL) -> str:
    """A URL without its password, and without parameters that may be secrets."""
    shown = url.set(query={}).render_as_string(hide_password=True)
    parameters = (
        f"{name}={','.join([values] if isinstance(values, str) else values) if name in _SHOWN_PARAMETERS else _HIDDEN}"
        for name, values in url.query.items()
    )
    return shown + ("?" + "&".join(parameters) if url.query else "")


def store_name(url: URL) -> str:
    """What two processes on one machine call the same store by: an embedded one's absolute path, else its place.

    Neither user nor password are in it.
    """
    if url.get_backend_name() == "sqlite":
        return str(Path(str(url.database)).absolute().resolve())
    hosts = url.query.get("host", url.host or "")
    shown = hosts if isinstance(hosts, str) else ",".join(hosts)
    return f"{url.get_backend_name()}://{shown}{f':{url.port}' if url.port else ''}/{url.database}"


def hidden_password(database_url: str) -> str:
    """A URL as it is given, without what must not be shown; of one that cannot be read only its kind is."""
    try:
        return shown_url(read_url(database_url))
    except StoreError:
        match = _SERVER.fullmatch(database_url)
        return f"{match['scheme']}://{_HIDDEN}" if match else _HIDDEN


def holds_secret(database_url: str) -> bool:
    """Whether a URL holds a password, or a parameter that may be one."""
    return _HIDDEN in hidden_password(database_url)


def _check_escaped(text: str) -> None:
    """Without this, what follows an @ in a password would be taken for the host, and be shown in errors."""
    match = _SERVER.fullmatch(text)
    if match is None or match["scheme"].startswith("sqlite"):
        return
    before, at, after = match["rest"].rpartition("@")
    if at and ("@" in before or _UNESCAPED.search(before) or _UNESCAPED.search(after[:1])):
        raise StoreError(
            "In the URL of the store, @ / ? # and spaces in a user name, a password or a parameter must be written "
            "as %40 %2F %3F %23 %20."
        )
