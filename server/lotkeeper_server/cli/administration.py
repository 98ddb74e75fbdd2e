"""`token`: who may call, which is set on the server's command line only; and what `role` shares with it."""

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click
from lotkeeper.command_groups import CommandGroup
from lotkeeper.visible_text import json_text, visible

from lotkeeper_server.access.tokens import TokenEntry, UnknownRole, add_token, list_tokens, new_token, revoke_tokens
from lotkeeper_server.cli.auditing import tell
from lotkeeper_server.cli.completing import principals, role_names, token_ids
from lotkeeper_server.cli.opening import Opened, database, fail, opened_current, settings_for_once
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.audit import Effect
from lotkeeper_server.domain.model.dates import rfc3339
from lotkeeper_server.domain.model.identifiers import format_id, parse_id
from lotkeeper_server.domain.model.text import name_fault, name_form
from lotkeeper_server.engine.clock import IdSource, now_millis

_SPANS: Final = {"h": 3_600, "d": 86_400, "w": 7 * 86_400}


AS_JSON: Final = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


def store_of(config_file: Path | None, flags: Mapping[str, Any], *, makes: bool = False) -> Opened:
    """The store of a command, open.

    Args:
        config_file: the TOML file, or None.
        flags: that say which store.
        makes: whether a store that is not there is made.
    """
    return Opened(opened_current(settings_for_once(flags, config_file).database_url, makes=makes))


@click.group(cls=CommandGroup)
def token() -> None:
    """Tokens: what callers send; each has the roles of its holder."""


@token.command("create")
@click.option("--name", required=True, help="The principal: who the holder is; a principal may have several tokens.")
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    shell_complete=role_names,
    help="A role of the holder; may be given several times.",
)
@click.option("--expires", help="After a span, 12h, 30d or 8w, or on a day, 2027-01-31 (UTC). Default: never.")
@database
@click.pass_obj
def create_token(
    config_file: Path | None, /, name: str, roles: tuple[str, ...], expires: str | None, **flags: Any
) -> None:
    """Make a token and print it, and nothing else; it is never shown again."""
    name = name_of("--name", name)
    text, now = new_token(), now_millis()
    entry = TokenEntry(
        IdSource()(), name, tuple(sorted(set(map(name_form, roles)))), False, now, _expiry(expires), None
    )
    with store_of(config_file, flags, makes=True) as store:
        try:
            with store.write() as connection:
                add_token(connection, text, entry)
                tell(connection, _effect(entry, f"roles {' '.join(entry.roles)}, expires {_shown_expiry(entry)}"))
        except UnknownRole as error:
            fail(f"there is no role {error}")
    click.echo(text)


@token.command("list")
@AS_JSON
@database
@click.pass_obj
def show_tokens(config_file: Path | None, /, as_json: bool, **flags: Any) -> None:
    """List the tokens, without their secrets."""
    with store_of(config_file, flags) as store, store.read() as connection:
        entries = list_tokens(connection)
    for entry in entries:
        click.echo(json_text(_fields(entry)) if as_json else "\t".join(map(visible, _columns(entry))))


def _fields(entry: TokenEntry) -> dict[str, Any]:
    """For programs; times in RFC 3339, or null."""
    times = (entry.created_millis, entry.expires_millis, entry.revoked_millis)
    created, expires, revoked = (None if millis is None else rfc3339(millis) for millis in times)
    return {
        "id": format_id(entry.id),
        "name": entry.principal,
        "roles": list(entry.roles),
        "created": created,
        "expires": expires,
        "revoked": revoked,
        "state": _state(entry),
    }


def _shown_expiry(entry: TokenEntry) -> str:
    return "never" if entry.expires_millis is None else rfc3339(entry.expires_millis)


def _effect(entry: TokenEntry, detail: str) -> Effect:
    """What is told of a token: its id and its holder."""
    return Effect("token", entry.id, entry.principal, detail=detail)


def _state(entry: TokenEntry) -> str:
    if entry.revoked_millis is not None:
        return "revoked"
    return "live" if entry.is_live(now_millis()) else "expired"


def _columns(entry: TokenEntry) -> list[str]:
    expires = _shown_expiry(entry)
    state = _state(entry)
    if entry.revoked_millis is not None:
        state += " " + rfc3339(entry.revoked_millis)
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
@click.argument("token_id", required=False, shell_complete=token_ids)
@click.option("--name", shell_complete=principals, help="Every token of this principal.")
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
    with store_of(config_file, flags) as store, store.write() as connection:
        revoked = [
            one
            for one in list_tokens(connection)
            if one.revoked_millis is None and (one.id == identifier or one.principal in names)
        ]
        if revoked:
            revoke_tokens(connection, [one.id for one in revoked], now_millis())
            for one in revoked:
                tell(connection, _effect(one, "revoked"))
    if not revoked:
        fail(f"there is no token {token_id or 'of ' + str(name)} that is not revoked")
    click.echo(f"{len(revoked)} revoked")


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


def name_of(what: str, text: str) -> str:
    """The one form of a name.

    Args:
        what: is named, for the error.
        text: as it was typed.

    Raises:
        UsageError: where it cannot be a name.
    """
    name = name_form(text)
    if fault := name_fault(name):
        raise click.UsageError(f"{what} {fault}")
    return name
