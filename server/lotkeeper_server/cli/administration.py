"""`role` and `token`: permissions, which are set on the server's command line only."""

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click
from lotkeeper.visible_text import visible

from lotkeeper_server.access.roles import RoleInUse, RoleTaken, add_role, delete_role, list_roles
from lotkeeper_server.access.tokens import TokenEntry, UnknownRole, add_token, list_tokens, new_token, revoke_tokens
from lotkeeper_server.cli.opening import Opened, database, fail, opened_current, settings_for_once
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.dates import rfc3339
from lotkeeper_server.domain.model.identifiers import format_id, parse_id
from lotkeeper_server.domain.model.text import name_fault, name_form
from lotkeeper_server.engine.clock import IdSource, now_millis

LIMIT: Final = click.IntRange(0, 1 << 40)
_SPANS: Final = {"h": 3_600, "d": 86_400, "w": 7 * 86_400}


def _store(config_file: Path | None, flags: Mapping[str, Any], *, makes: bool = False) -> Opened:
    return Opened(opened_current(settings_for_once(flags, config_file).database_url, makes=makes))


@click.group()
def role() -> None:
    """Roles: names for sets of permissions."""


@role.command("create")
@click.argument("name")
@click.option("--permission", "permissions", multiple=True, required=True, help="INVENTORY.READ, INVENTORY, * ...")
@click.option("--calls-in-flight-max", type=LIMIT, help="Calls that a principal may have in progress; 0: no limit.")
@click.option("--streams-max", type=LIMIT, help="Watches, imports and exports among them; 0: no limit.")
@click.option("--commands-per-second-max", type=LIMIT, help="Commands that a principal may send; 0: no limit.")
@click.option("--bytes-per-second-max", type=LIMIT, help="Bytes that a principal may send and read; 0: no limit.")
@database
@click.pass_obj
def create_role(
    config_file: Path | None,
    /,
    name: str,
    permissions: tuple[str, ...],
    calls_in_flight_max: int | None,
    streams_max: int | None,
    commands_per_second_max: int | None,
    bytes_per_second_max: int | None,
    **flags: Any,
) -> None:
    """Make a role. A permission grants everything below it: INVENTORY grants INVENTORY.READ.

    A limit that is not given is that of the server's settings. Of several roles of a token the largest limit counts.
    """
    name = _name_of("NAME", name)
    for permission in permissions:
        _check_permission(permission)
    of_principal = {
        "calls_in_flight_max": calls_in_flight_max,
        "streams_max": streams_max,
        "commands_per_second_max": commands_per_second_max,
        "bytes_per_second_max": bytes_per_second_max,
    }
    with _store(config_file, flags, makes=True) as store:
        try:
            with store.write() as connection:
                add_role(connection, name, permissions, now_millis(), of_principal)
        except RoleTaken:
            fail(f"there is already a role {name}")
    click.echo(visible(f"role {name} is made"))


@role.command("list")
@database
@click.pass_obj
def show_roles(config_file: Path | None, /, **flags: Any) -> None:
    """List the roles, what they grant, and their limits."""
    with _store(config_file, flags) as store, store.read() as connection:
        roles = list_roles(connection)
    for name, one in roles.items():
        limited = [f"{limit} {value}" for limit, value in one.limits.items() if value is not None]
        click.echo("\t".join(map(visible, [name, " ".join(one.permissions), *limited])))


@role.command("delete")
@click.argument("name")
@database
@click.pass_obj
def remove_role(config_file: Path | None, /, name: str, **flags: Any) -> None:
    """Delete a role that no token has."""
    with _store(config_file, flags) as store:
        try:
            with store.write() as connection:
                deleted = delete_role(connection, name) or delete_role(connection, name_form(name))
        except RoleInUse as error:
            fail(str(error))
    if not deleted:
        fail(f"there is no role {name}")
    click.echo(visible(f"role {name} is deleted"))


@click.group()
def token() -> None:
    """Tokens: what callers send; each has the roles of its holder."""


@token.command("create")
@click.option("--name", required=True, help="The principal: who the holder is; a principal may have several tokens.")
@click.option("--role", "roles", multiple=True, required=True, help="A role of the holder; may be given several times.")
@click.option("--expires", help="After a span, 12h, 30d or 8w, or on a day, 2027-01-31 (UTC). Default: never.")
@database
@click.pass_obj
def create_token(
    config_file: Path | None, /, name: str, roles: tuple[str, ...], expires: str | None, **flags: Any
) -> None:
    """Make a token and print it, and nothing else; it is never shown again."""
    name = _name_of("--name", name)
    text, now = new_token(), now_millis()
    entry = TokenEntry(
        IdSource()(), name, tuple(sorted(set(map(name_form, roles)))), False, now, _expiry(expires), None
    )
    with _store(config_file, flags, makes=True) as store:
        try:
            with store.write() as connection:
                add_token(connection, text, entry)
        except UnknownRole as error:
            fail(f"there is no role {error}")
    click.echo(text)


@token.command("list")
@database
@click.pass_obj
def show_tokens(config_file: Path | None, /, **flags: Any) -> None:
    """List the tokens, without their secrets."""
    with _store(config_file, flags) as store, store.read() as connection:
        entries = list_tokens(connection)
    for entry in entries:
        click.echo("\t".join(map(visible, _columns(entry))))


def _columns(entry: TokenEntry) -> list[str]:
    expires = "never" if entry.expires_millis is None else rfc3339(entry.expires_millis)
    if entry.revoked_millis is not None:
        state = "revoked " + rfc3339(entry.revoked_millis)
    else:
        state = "live" if entry.is_live(now_millis()) else "expired"
    created = rfc3339(entry.created_millis)
    return [
        format_id(entry.id),
        entry.principal,
        ",".join(entry.roles),
        "created " + created,
        "expires " + expires,
        state,
    ]


@token.command("revoke")
@click.argument("token_id", required=False)
@click.option("--name", help="Every token of this principal.")
@database
@click.pass_obj
def revoke(config_file: Path | None, /, token_id: str | None, name: str | None, **flags: Any) -> None:
    """Revoke a token by its id, or all tokens of a principal; calls that begin afterwards are refused."""
    if (token_id is None) == (name is None):
        raise click.UsageError("give a token's id or --name")
    if token_id is not None and parse_id(token_id) is None:
        # What was given may be a token itself, which must not be shown, and stands in a shell's history by now.
        raise click.UsageError("the argument is not the id of a token: `token list` shows the ids")
    identifier = parse_id(token_id) if token_id else None
    names = set() if name is None else {name, name_form(name)}
    with _store(config_file, flags) as store, store.write() as connection:
        ids: list[Any] = [
            one.id
            for one in list_tokens(connection)
            if one.revoked_millis is None and (one.id == identifier or one.principal in names)
        ]
        if ids:
            revoke_tokens(connection, ids, now_millis())
    if not ids:
        fail(f"there is no token {token_id or 'of ' + str(name)} that is not revoked")
    click.echo(f"{len(ids)} revoked")


def _expiry(text: str | None) -> int | None:
    """Milliseconds since the epoch, from a span or a day."""
    if text is None:
        return None
    if match := re.fullmatch(r"(\d{1,6})([hdw])", text):
        moment = int((time.time() + int(match[1]) * _SPANS[match[2]]) * 1000)
        if moment > limits.MILLIS_MAX:
            raise click.UsageError(f"--expires {text} is after the year 9999")
        return moment
    try:
        return int(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp() * 1000)
    except ValueError:
        raise click.UsageError(f"--expires {text}: give a span such as 30d, or a day such as 2027-01-31") from None


def _name_of(what: str, text: str) -> str:
    name = name_form(text)
    if fault := name_fault(name):
        raise click.UsageError(f"{what} {fault}")
    return name


def _check_permission(permission: str) -> None:
    """A permission of the contract, a parent of one, or `*`: a misspelt one would silently grant nothing."""
    from lotkeeper_server.rpc.methods.list_permissions import permissions_of  # noqa: PLC0415 - takes a while to import
    from lotkeeper_server.rpc.server import SERVICES  # noqa: PLC0415

    extra = {"INVENTORY.WRITE.STATUS_CHANGE"}
    known = {*permissions_of(SERVICES), *extra}
    parents = {".".join(one.split(".")[:count]) for one in known for count in range(1, len(one.split(".")))}
    if permission not in known | parents | {"*"}:
        raise click.UsageError(f"there is no permission {permission}; there are: * {' '.join(sorted(known | parents))}")
