"""Opens a store from the command line: every failure is one clear line; wrong settings end with 2, all else with 1."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NoReturn

import click
from lotkeeper.progress import clear

from lotkeeper_server.cli.auditing import told
from lotkeeper_server.cli.exposed_secrets import exposed_secrets
from lotkeeper_server.cli.json_errors import EXIT_USAGE, tell_failure, tell_warning
from lotkeeper_server.setting_sources import SettingsFault
from lotkeeper_server.settings import DEFAULT_DATABASE_URL, Settings, read_settings
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.errors import StoreError, StoreUnavailable
from lotkeeper_server.store.db.store_url import shown_url
from lotkeeper_server.store.schema.migrating import SERVED, SchemaState, migrate, schema_state


def _remember_config(context: click.Context, _parameter: click.Parameter, value: Path | None) -> None:
    """A flag that may stand before or after a command."""
    if value is not None:
        context.obj = value


CONFIG: Final = click.option(
    "--config",
    type=click.Path(path_type=Path),
    envvar="LOTKEEPER_CONFIG",
    expose_value=False,
    callback=_remember_config,
    help="A TOML file with settings.",
)
_ENTER: Final = "let this user in, or give --database-url with another folder"
EXIT_FAILED: Final = 1
_DATABASE_SETTINGS: Final = ("database_url", "database_url_file")


def database(command: Callable[..., None]) -> Callable[..., None]:
    """The flags that say which store."""
    for name in reversed(_DATABASE_SETTINGS):
        kind = click.Path(path_type=Path) if name.endswith("_file") else str
        description = Settings.model_fields[name].description
        command = click.option(f"--{name.replace('_', '-')}", name, type=kind, help=description)(command)
    return CONFIG(command)


def chosen_settings(flags: Mapping[str, Any], config_file: Path | None) -> Settings:
    """The settings in force; a bad one is wrong usage, told in one line."""
    try:
        return read_settings(dict(flags), config_file)
    except SettingsFault as fault:
        fail(str(fault), EXIT_USAGE)


def settings_for_once(flags: Mapping[str, Any], config_file: Path | None) -> Settings:
    """The same for a command that does something and ends; it says which secrets others can read."""
    settings = chosen_settings(flags, config_file)
    for text in exposed_secrets(settings, flags, config_file):
        tell_warning(text)
    return settings


def fail(text: str, status: int = EXIT_FAILED) -> NoReturn:
    """One line on standard error, an object where JSON is asked for, and the end with a status."""
    clear()
    tell_failure(" ".join(text.split()), status)
    sys.exit(status)


class Opened:
    """A store that is closed at the end; its errors become one line."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __enter__(self) -> Store:
        return self._store

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._store.close()
        if isinstance(error, StoreError):
            advice = error.advice if isinstance(error, StoreUnavailable) else ""
            fail("; ".join(filter(None, (f"{_shown(self._store)}: {error}", advice))))


@contextmanager
def opened(database_url: str) -> Iterator[Store]:
    """A store with any schema."""
    try:
        store = Store(database_url)
    except (StoreError, ImportError) as error:
        fail(f"database_url: {error}")
    if store.path is not None:
        _check_folder(_absolute(store.path).parent, database_url)
    with Opened(store):
        yield store


def _check_folder(folder: Path, database_url: str) -> None:
    if database_url == DEFAULT_DATABASE_URL:
        _make(folder)
    try:
        is_there = folder.is_dir()
    except OSError as error:
        fail(f"the folder {folder} of the store cannot be entered: {error.strerror}; {_ENTER}")
    if not is_there:
        fail(f"there is no folder {folder} for the store; make it, or give --database-url with another")
    if not os.access(folder, os.X_OK):
        fail(f"the folder {folder} of the store cannot be entered; {_ENTER}")


def _absolute(path: Path) -> Path:
    try:
        return path.absolute()
    except OSError as error:  # the current folder has been removed
        fail(f"the current folder cannot be told: {error.strerror}; go to another, or give --database-url")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True, mode=0o700)
    except OSError as error:
        fail(
            f"the folder {folder} cannot be made: {error.strerror}; start it in another folder, or give --database-url"
        )


def opened_current(database_url: str, *, makes: bool = True) -> Store:
    """A store with this version's schema; an empty one is migrated if `makes` is set."""
    with opened(database_url) as store:
        if store.path is not None and not store.path.exists() and not makes:
            fail(f"{_shown(store)}: the store does not exist; `lotkeeper-server migrate` makes it")
        if store.path is not None:
            _check_writable(store.path.absolute())
        store.check_fit()
        state = schema_state(store)
        if state is SchemaState.EMPTY and makes:
            migrate(store, told)
        elif state in {SchemaState.OLDER, SchemaState.EMPTY}:
            fail(f"{_shown(store)}: its schema is older than this program; run: lotkeeper-server migrate")
        elif state not in SERVED:
            migrate(store)
        store.try_to_write()  # so that a store that cannot be written is noticed here, not by the first caller
    current = Store(database_url)
    current.follow_schema()
    return current


def _check_writable(path: Path) -> None:
    """SQLite would say of both that it cannot open the file."""
    if path.exists() and not os.access(path, os.R_OK | os.W_OK):
        fail(f"{path} cannot be written; give it to this user")
    if not os.access(path.parent, os.W_OK):
        fail(f"the folder {path.parent} cannot be written; {_ENTER}")


def _shown(store: Store) -> str:
    return shown_url(store.url)
