"""What a shell completes from the store: roles, permissions, tokens. What goes wrong is not said; nothing is made."""

from collections.abc import Callable, Iterable
from typing import Any, Final

import click

from lotkeeper_server.access.roles import list_given_roles, list_roles
from lotkeeper_server.access.tokens import list_tokens
from lotkeeper_server.domain.model.identifiers import format_id
from lotkeeper_server.setting_sources import SettingsFault
from lotkeeper_server.settings import read_settings
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.errors import StoreError
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.schema.migrating import SERVED, schema_state

_DATABASE_SETTINGS: Final = ("database_url", "database_url_file")


def role_names(context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """The roles that begin with what was typed."""
    return _completed(context, typed, list_roles)


def principals(context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """The holders of tokens that are not revoked."""

    def names(snapshot: Snapshot) -> Iterable[str]:
        return {one.principal for one in list_tokens(snapshot) if one.revoked_millis is None}

    return _completed(context, typed, names)


def granted_principals(context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """The principals that have roles by name."""
    return _completed(context, typed, lambda snapshot: {one.principal for one in list_given_roles(snapshot)})


def token_ids(context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """The ids of tokens that are not revoked."""

    def ids(snapshot: Snapshot) -> Iterable[str]:
        return [format_id(one.id) for one in list_tokens(snapshot) if one.revoked_millis is None]

    return _completed(context, typed, ids)


def permissions_known(_context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """The permissions that begin with what was typed."""
    return [one for one in grantable() if one.startswith(typed.upper())]


def grantable() -> list[str]:
    """Every permission that a role may grant: those of the contract, what stands above them, and `*`."""
    from lotkeeper_server.rpc.methods.list_permissions import grantable as grantable_of  # noqa: PLC0415 - takes a while
    from lotkeeper_server.rpc.server import SERVICES  # noqa: PLC0415

    return sorted(grantable_of(SERVICES))


def _completed(context: click.Context, typed: str, names_of: Callable[[Snapshot], Iterable[str]]) -> list[str]:
    flags: dict[str, Any] = {name: context.params.get(name) for name in _DATABASE_SETTINGS}
    given = {name: value for name, value in flags.items() if isinstance(value, str) or hasattr(value, "__fspath__")}
    try:
        store = Store(read_settings(given, context.obj).database_url)
    except (SettingsFault, StoreError, ImportError):
        return []
    try:
        if store.path is not None and not store.path.exists():
            return []
        if schema_state(store) not in SERVED:
            return []
        with store.read() as snapshot:
            return sorted(name for name in names_of(snapshot) if name.startswith(typed))
    except (StoreError, OSError):
        return []
    finally:
        store.close()
