"""What other users of this machine can read of the server's secrets: looked for at each start, and warned about."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lotkeeper import open_to_others

from lotkeeper_server.settings import Settings
from lotkeeper_server.store.db.errors import StoreError
from lotkeeper_server.store.db.store_url import holds_secret, read_url


def exposed_secrets(settings: Settings, flags: Mapping[str, Any], config_file: Path | None) -> Iterator[str]:
    """A sentence for each, without the secret.

    Args:
        settings: in force.
        flags: what the command line gave.
        config_file: the TOML file, or None.
    """
    if (given := flags.get("database_url")) and holds_secret(given):
        yield (
            "the password in --database-url stands in the list of processes, where other users can read it: "
            "give --database-url-file, or LOTKEEPER_DATABASE_URL_FILE or LOTKEEPER_DATABASE_URL in the environment"
        )
    if config_file and (fault := open_to_others(config_file)) and (_can_change(fault) or _has_password(config_file)):
        yield f"the settings file {config_file} {fault}"
    secret_files = {
        "the file of the store's URL": settings.database_url_file if holds_secret(settings.database_url) else None,
        "the TLS key": settings.tls_key_file,
        "the file of headers for traces": settings.traces_headers_file,
        "the store": _store_file(settings.database_url),
    }
    for what, path in secret_files.items():
        if path and (fault := open_to_others(path)):
            yield f"{what} {path} {fault}"


def _can_change(fault: str) -> bool:
    return fault.endswith("change it")


def _has_password(config_file: Path) -> bool:
    """Whether it gives the store's URL with a password; one that gives none is no secret."""
    url = tomllib.loads(config_file.read_text(encoding="utf-8")).get("database_url")
    return isinstance(url, str) and holds_secret(url)


def _store_file(database_url: str) -> Path | None:
    try:
        url = read_url(database_url)
    except StoreError:  # whoever opens it says so
        return None
    return Path(url.database) if url.database and url.get_backend_name() == "sqlite" else None
