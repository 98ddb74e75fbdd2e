"""What a server says of itself at its start: versions, and its settings without secrets."""

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from lotkeeper_server.settings import Settings
from lotkeeper_server.store.db.store_url import read_url, shown_url

_NOT_SHOWN: Final = frozenset({"database_url"})
_PACKAGES: Final = ("lotkeeper", "grpcio", "protobuf", "sqlalchemy")


def program_versions() -> dict[str, str]:
    """The versions of this program, of what it stands on, and of Python."""
    return {name: _version(name) for name in _PACKAGES} | {"python": platform.python_version()}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def shown_settings(settings: Settings) -> dict[str, Any]:
    """The settings in force that are not as by default; the store's URL without secrets, if it is not from a file."""
    shown = {
        name: _shown(value)
        for name, field in Settings.model_fields.items()
        if name not in _NOT_SHOWN and (value := getattr(settings, name)) != field.default
    }
    if settings.database_url_file is None:
        shown["database_url"] = shown_url(read_url(settings.database_url))
    return shown


def _shown(value: object) -> object:
    return value if value is None or isinstance(value, bool | int | float) else str(value)
