"""The file of profiles: plants by name, and how to connect to each."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import click

_FILES: Final = frozenset({"token_file", "ca_file", "client_certificate", "client_key"})
_KEYS: Final = ("address", "token_file", "timeout_seconds", "tls", "ca_file", "client_certificate", "client_key")
_SECONDS_MAX: Final = 3_600


@dataclass(frozen=True)
class Profile:
    """A plant.

    Attributes:
        values: what it says, by the names of `Connection`; files with their folder.
    """

    values: Mapping[str, Any]


def profiles_path() -> Path:
    """Where the file is: ~/.config/lotkeeper/config.toml, or in XDG_CONFIG_HOME."""
    folder = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(folder).expanduser() / "lotkeeper" / "config.toml"


def profile_names() -> list[str]:
    """The names in the file; none where it cannot be read."""
    try:
        return list(_profiles(_document()))
    except click.UsageError:
        return []


def chosen_profile(name: str | None) -> Profile | None:
    """A profile of the file.

    Args:
        name: as it was asked for; None for the one that the file's `profile` names, if it does.

    Raises:
        UsageError: where there is none of that name, or the file cannot be used; names what is wrong.
    """
    document, path = _document(), profiles_path()
    if name is None and (name := document.get("profile")) is None:
        return None
    profiles = _profiles(document)
    if not isinstance(name, str) or name not in profiles:
        known = f"it has {', '.join(profiles)}" if profiles else "it has none, or is not there"
        raise click.UsageError(f"there is no profile {name} in {path}: {known}")
    return Profile({key: _value(f"{path}: profiles.{name}", key, value) for key, value in profiles[name].items()})


def _document() -> dict[str, Any]:
    path = profiles_path()
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise click.UsageError(f"the file {path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise click.UsageError(f"the file {path} is not TOML: {error}") from None


def _profiles(document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    path = profiles_path()
    for key in document:
        if key not in {"profile", "profiles"}:
            raise click.UsageError(f"{path}: {key} is not known: write [profiles.NAME], and below it what is so there")
    profiles = document.get("profiles", {})
    if not isinstance(profiles, dict) or not all(isinstance(one, dict) for one in profiles.values()):
        raise click.UsageError(f"{path}: profiles must be tables: [profiles.NAME]")
    return profiles


def _value(where: str, key: str, value: Any) -> Any:
    """A value as `Connection` has it."""
    if key not in _KEYS:
        meant = get_close_matches(key, _KEYS, 1)
        advice = f"did you mean {meant[0]}?" if meant else f"one is {', '.join(_KEYS)}"
        if key == "token":
            advice = "put it into a file that only you can read, and name that as token_file"
        raise click.UsageError(f"{where}.{key} is not known: {advice}")
    if key == "address":
        addresses = value if isinstance(value, list) else [value]
        if addresses and all(isinstance(one, str) for one in addresses):
            return ",".join(addresses)
        raise click.UsageError(f"{where}.{key} must be a text, or a list of texts")
    if key == "tls":
        if isinstance(value, bool):
            return value
        raise click.UsageError(f"{where}.{key} must be true or false")
    if key == "timeout_seconds":
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= _SECONDS_MAX:
            return float(value)
        raise click.UsageError(f"{where}.{key} must be a number above 0, and {_SECONDS_MAX} at most")
    assert key in _FILES
    if not isinstance(value, str) or not value:
        raise click.UsageError(f"{where}.{key} must be the path of a file")
    return profiles_path().parent / Path(value).expanduser()
