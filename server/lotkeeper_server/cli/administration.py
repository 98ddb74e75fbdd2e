"""`token`: who may call, which is set on the server's command line only; and what `role` shares with it."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click
from lotkeeper.command_groups import CommandGroup
from lotkeeper.visible_text import json_text, visible

from lotkeeper_server.access.changing import changing_access
from lotkeeper_server.access.effects import made_token_effect, shown_expiry, token_effect
from lotkeeper_server.access.roles import UnknownRole
from lotkeeper_server.access.tokens import TokenEntry, add_token, list_tokens, new_token, revoke_tokens, rotate_token
from lotkeeper_server.cli.auditing import tell
from lotkeeper_server.cli.completing import principals, role_names, token_ids
from lotkeeper_server.cli.opening import Opened, database, fail, opened_current, settings_for_once
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.dates import rfc3339
from lotkeeper_server.domain.model.identifiers import format_id, parse_id
from lotkeeper_server.domain.model.text import name_fault, name_form
from lotkeeper_server.engine.clock import IdSource, now_millis

_EXPIRES: Final = "After a span, 12h, 30d or 8w, on a day, 2027-01-31 (UTC), or never. Default: "
_SPANS: Final = {"h": 3_600, "d": 86_400, "w": 7 * 86_400}


_SPAN: Final = re.compile(r"(\d{1,6})([hdw])", re.ASCII)
_NO_ID: Final = "the argument is not the id of a token: `token list` shows the ids"
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
@click.option("--expires", help=_EXPIRES + "as token_expiry_days says.")
@database
@click.pass_obj
def create_token(
    config_file: Path | None, /, name: str, roles: tuple[str, ...], expires: str | None, **flags: Any
) -> None:
    """Make a token and print it, and nothing else; it is never shown again."""
    name = name_of("--name", name)
    settings = settings_for_once(flags, config_file)
    text, now = new_token(), now_millis()
    usual = now + int(settings.token_expiry_days * limits.MILLIS_PER_DAY) if settings.token_expiry_days else None
    ends = usual if expires is None else _expiry(expires)
    entry = TokenEntry(IdSource()(), name, tuple(sorted(set(map(name_form, roles)))), False, now, ends, None)
    with Opened(opened_current(settings.database_url)) as store:
        try:
            with changing_access(store) as connection:
                add_token(connection, text, entry)
                tell(connection, made_token_effect(entry))
        except UnknownRole as error:
            fail(f"there is no role {error}")
    click.echo(text)


@token.command("rotate")
@click.argument("token_id", shell_complete=token_ids)
@click.option(
    "--overlap",
    default="1d",
    show_default=True,
    help="How long the old one goes on: 0h, 12h, 1d, 2w.",
)
@click.option("--expires", help=_EXPIRES + "after as long as the old one was made for.")
@database
@click.pass_obj
def rotate(config_file: Path | None, /, token_id: str, overlap: str, expires: str | None, **flags: Any) -> None:
    """Make a token in the place of another, of the same principal and roles, and print it, and nothing else."""
    identifier = parse_id(token_id)
    if identifier is None:
        raise click.UsageError(_NO_ID)
    if not (match := _SPAN.fullmatch(overlap)):
        raise click.UsageError(f"--overlap {overlap}: give a span such as 12h, 1d or 2w")
    text, now = new_token(), now_millis()
    ends = now + _span_millis(match)
    with store_of(config_file, flags) as store, changing_access(store) as connection:
        old = next((one for one in list_tokens(connection) if one.id == identifier and one.is_live(now)), None)
        if old is None:
            fail(f"there is no token {token_id} that is valid")
        if expires is not None:
            new_end = _expiry(expires)
        else:
            new_end = None if old.expires_millis is None else now + old.expires_millis - old.created_millis
        entry = TokenEntry(IdSource()(), old.principal, old.roles, False, now, new_end, None)
        rotate_token(connection, text, entry, old, ends)
        tell(connection, made_token_effect(entry, old))
    click.echo(text)


@token.command("list")
@AS_JSON
@database
@click.pass_obj
def show_tokens(config_file: Path | None, /, as_json: bool, **flags: Any) -> None:
    """List the tokens, without their secrets."""
    settings = settings_for_once(flags, config_file)
    warning_millis = int(settings.token_warning_days * limits.MILLIS_PER_DAY)
    with Opened(opened_current(settings.database_url, makes=False)) as store, store.read() as connection:
        entries = list_tokens(connection)
    for entry in entries:
        if as_json:
            click.echo(json_text(_fields(entry, warning_millis)))
        else:
            click.echo("\t".join(map(visible, _columns(entry, warning_millis))))


def _fields(entry: TokenEntry, warning_millis: int) -> dict[str, Any]:
    """For programs; times in RFC 3339, or null."""
    times = (entry.created_millis, entry.expires_millis, entry.revoked_millis, entry.last_used_millis)
    created, expires, revoked, last_used = (None if millis is None else rfc3339(millis) for millis in times)
    return {
        "id": format_id(entry.id),
        "name": entry.principal,
        "roles": list(entry.roles),
        "created": created,
        "expires": expires,
        "revoked": revoked,
        "last_used": last_used,
        "state": _state(entry),
        "expires_soon": warning_millis > 0 and entry.expires_within(warning_millis, now_millis()),
    }


def _state(entry: TokenEntry) -> str:
    if entry.revoked_millis is not None:
        return "revoked"
    return "live" if entry.is_live(now_millis()) else "expired"


def _columns(entry: TokenEntry, warning_millis: int) -> list[str]:
    expires = shown_expiry(entry)
    state = _state(entry)
    if entry.revoked_millis is not None:
        state += " " + rfc3339(entry.revoked_millis)
    if warning_millis and entry.expires_within(warning_millis, now_millis()):
        state += ", expires soon"
    created = rfc3339(entry.created_millis)
    used = "never used" if entry.last_used_millis is None else "used " + rfc3339(entry.last_used_millis)
    return [
        format_id(entry.id),
        entry.principal,
        ",".join(entry.roles),
        "created " + created,
        "expires " + expires,
        used,
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
        raise click.UsageError(_NO_ID)
    identifier = parse_id(token_id) if token_id else None
    names = set() if name is None else {name, name_form(name)}
    with store_of(config_file, flags) as store, changing_access(store) as connection:
        revoked = [
            one
            for one in list_tokens(connection)
            if one.revoked_millis is None and (one.id == identifier or one.principal in names)
        ]
        if revoked:
            revoke_tokens(connection, [one.id for one in revoked], now_millis())
            for one in revoked:
                tell(connection, token_effect(one, "revoked"))
    if not revoked:
        fail(f"there is no token {token_id or 'of ' + str(name)} that is not revoked")
    click.echo(f"{len(revoked)} revoked")


def _expiry(text: str) -> int | None:
    """Milliseconds since the epoch, from a span or a day."""
    if text == "never":
        return None
    if match := _SPAN.fullmatch(text):
        moment = now_millis() + _span_millis(match)
        if moment > limits.MILLIS_MAX:
            raise click.UsageError(f"--expires {text} is after the year 9999")
        return moment
    try:
        return int(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp() * 1000)
    except ValueError:
        raise click.UsageError(f"--expires {text}: give a span such as 30d, or a day such as 2027-01-31") from None


def _span_millis(match: re.Match[str]) -> int:
    return int(match[1]) * _SPANS[match[2]] * 1_000


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
