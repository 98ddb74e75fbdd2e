"""`lotkeeper access`: who may what; roles, tokens and grants of the server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import click

from lotkeeper.cli.columns import Column, Row, date, key, text, word
from lotkeeper.cli.listed import show_list
from lotkeeper.cli.moments import Moment, OfDay
from lotkeeper.cli.named_types import LOCATION
from lotkeeper.cli.options import LIMIT, REQUEST_ID, page_size_of
from lotkeeper.cli.output import Output
from lotkeeper.cli.session import Session
from lotkeeper.cli.showing import FORM, listed, single
from lotkeeper.inventory.v1 import access_service_pb2 as pb

_DEFAULT: Final = "default"
_LIMIT_MAX: Final = 1 << 40
_DAY_SECONDS: Final = 86_400


def _joined(title: str, name: str, rank: int) -> Column:
    """Several names in a cell."""
    return Column(title, name, lambda row: ", ".join(filter(None, row[name])) or None, rank=rank)


def _limits_of(row: Row) -> str | None:
    """The limits that a role sets, of those that it has."""
    return ", ".join(f"{name} {value}" for name, value in (row["limits"] or {}).items() if value is not None) or None


_ROLE_COLUMNS: Final[Sequence[Column]] = (
    text("ROLE", "name", rank=0),
    _joined("PERMISSIONS", "permissions", rank=0),
    _joined("AT", "locationPaths", rank=1),
    Column("LIMITS", "limits", _limits_of, rank=2),
    date("SINCE", "createdDate", rank=3),
)
_TOKEN_COLUMNS: Final[Sequence[Column]] = (
    key("ID", "id"),
    text("PRINCIPAL", "principal", rank=0),
    _joined("ROLES", "roles", rank=0),
    word("LIVE", "live", rank=0),
    date("EXPIRES", "expiresDate", rank=1),
    date("LAST USED", "lastUsedDate", rank=2),
    date("REVOKED", "revokedDate", rank=3),
    date("SINCE", "createdDate", rank=3),
)
_GRANT_COLUMNS: Final[Sequence[Column]] = (
    text("PRINCIPAL", "principal", rank=0),
    text("ROLE", "role", rank=0),
    date("SINCE", "createdDate", rank=1),
)
_LIMITS: Final = {
    "calls_in_flight_max": "Calls that a principal may have in progress; 0: no limit.",
    "streams_max": "Watches, imports and exports among them; 0: no limit.",
    "commands_per_second_max": "Commands that a principal may send; 0: no limit.",
    "bytes_per_second_max": "Bytes that a principal may send and read; 0: no limit.",
}


class _LimitOrDefault(click.IntRange):
    """A limit, or `default` for what the server's settings say."""

    name = "limit"

    def __init__(self) -> None:
        super().__init__(0, _LIMIT_MAX)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Its number; `default` as it is."""
        return value if value == _DEFAULT else super().convert(value, param, ctx)


def _limit_options(command: Callable[..., None]) -> Callable[..., None]:
    """An option for each limit."""
    for name, said in reversed(_LIMITS.items()):
        option = click.option(f"--{name.replace('_', '-')}", name, type=_LimitOrDefault(), help=said)
        command = option(command)
    return command


def _expiry_options(usual: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """When a token expires."""

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        never = click.option("--never-expires", is_flag=True, help="It is good until it is revoked.")
        at = click.option(
            "--expires", "expires_date_millis", type=Moment(OfDay.AFTER), help=f"+30d, or a time. Default: {usual}."
        )
        return at(never(command))

    return decorated


@click.group()
def access() -> None:
    """Who may what: roles, stored tokens, roles of principals."""


@access.group()
def roles() -> None:
    """Roles: names for sets of permissions."""


@roles.command("list")
@LIMIT
@listed
@click.pass_obj
def list_roles(session: Session, /, limit: int | None) -> None:
    """List them, in the order in which they were made."""
    show_list(session.output, partial(session.client.list_roles, page_size=page_size_of(limit)), _ROLE_COLUMNS, limit)


@roles.command("get")
@click.argument("name")
@single
@click.pass_obj
def get_role(session: Session, /, name: str) -> None:
    """Show one."""
    session.output.one(session.client.get_role(name))


@roles.command("create")
@click.argument("name")
@click.option("--permission", "permissions", multiple=True, required=True, help="INVENTORY.READ, INVENTORY, * ...")
@click.option(
    "--location",
    "locations",
    multiple=True,
    type=LOCATION,
    help="It holds there and below; may repeat. Default: everywhere.",
)
@_limit_options
@FORM
@click.pass_obj
def create_role(
    session: Session, /, name: str, permissions: tuple[str, ...], locations: tuple[str, ...], **given: Any
) -> None:
    """Make a role, of what you may yourself.

    A permission grants all below it: INVENTORY grants INVENTORY.READ.
    """
    role = session.client.create_role(
        name, permissions, location_ids_or_paths=locations, limits=_limits_after(pb.RoleLimits(), given)
    )
    session.output.one(role)


@roles.command("update")
@click.argument("name")
@click.option("--permission", "permissions", multiple=True, help="What it grants from now on, all of it; may repeat.")
@click.option("--add", "added", multiple=True, help="What it grants besides.")
@click.option("--remove", "removed", multiple=True, help="What it grants no more.")
@click.option("--location", "locations", multiple=True, type=LOCATION, help="Where it holds from now on; may repeat.")
@click.option("--everywhere", is_flag=True, help="It is not limited to locations any more.")
@_limit_options
@FORM
@click.pass_obj
def update_role(
    session: Session,
    /,
    name: str,
    permissions: tuple[str, ...],
    added: tuple[str, ...],
    removed: tuple[str, ...],
    locations: tuple[str, ...],
    everywhere: bool,
    **given: Any,
) -> None:
    """Change a role, for all who have it; what is not named stays. A limit may be `default`.

    It is refused if somebody else has changed the role meanwhile.
    """
    if permissions and (added or removed):
        raise click.UsageError("--permission says all that it grants; give either that, or --add and --remove")
    if locations and everywhere:
        raise click.UsageError("--location and --everywhere contradict each other")
    limits = {limit: value for limit, value in given.items() if value is not None}
    if not (permissions or added or removed or locations or everywhere or limits):
        raise click.UsageError("nothing is to be changed: give --permission, --add, --remove, --location or a limit")
    role = session.client.get_role(name)
    changed = session.client.update_role(
        name,
        permissions=_granted(role.permissions, permissions, added, removed),
        location_ids_or_paths=locations if locations or everywhere else None,
        limits=_limits_after(role.limits, limits) if limits else None,
        version=role.version,
    )
    session.output.one(changed)


def _granted(
    before: Sequence[str], permissions: tuple[str, ...], added: tuple[str, ...], removed: tuple[str, ...]
) -> Sequence[str] | None:
    """What a role grants after a change; None for what it did before."""
    if not (added or removed):
        return permissions or None
    if missing := set(removed) - set(before):
        raise click.UsageError(f"it does not grant {' '.join(sorted(missing))}; it grants {' '.join(before)}")
    after = set(before) - set(removed) | set(added)
    if not after:
        raise click.UsageError("it would grant nothing: delete it instead")
    return sorted(after)


def _limits_after(before: pb.RoleLimits, given: dict[str, Any]) -> pb.RoleLimits:
    """The limits of a role after those that are given."""
    limits = pb.RoleLimits()
    limits.CopyFrom(before)
    for name, value in given.items():
        if value == _DEFAULT:
            limits.ClearField(name)  # type: ignore[arg-type]  # one of the four
        elif value is not None:
            setattr(limits, name, value)
    return limits


@roles.command("delete")
@click.argument("name")
@click.pass_obj
def delete_role(session: Session, /, name: str) -> None:
    """Delete a role that no token and no principal has."""
    session.client.delete_role(name)


@access.group()
def tokens() -> None:
    """Stored tokens, each with the roles that it was made with."""


@tokens.command("list")
@click.option("--principal", help="Of this one.")
@click.option("--live", "live_only", is_flag=True, help="Only those that let their holders in now.")
@LIMIT
@listed
@click.pass_obj
def list_tokens(session: Session, /, principal: str | None, live_only: bool, limit: int | None) -> None:
    """List them, without their secrets, oldest first."""
    read = partial(session.client.list_tokens, principal=principal, live_only=live_only, page_size=page_size_of(limit))
    show_list(session.output, read, _TOKEN_COLUMNS, limit)


@tokens.command("create")
@click.argument("principal")
@click.option("--role", "roles", multiple=True, required=True, help="A role of the token; may repeat.")
@_expiry_options("as the server's token_expiry_days says")
@REQUEST_ID
@FORM
@click.pass_obj
def create_token(session: Session, /, principal: str, roles: tuple[str, ...], **given: Any) -> None:
    """Make a token for PRINCIPAL and print its secret.

    Nothing else is printed, and the secret is never shown again.

    With --output json or yaml the token is printed, too. If the answer is lost, the same --request-id gives the same
    token another secret.
    """
    _show_secret(session.output, session.client.create_token(principal, roles, **given))


@tokens.command("rotate")
@click.argument("token_id")
@click.option(
    "--overlap-seconds",
    type=click.IntRange(0),
    default=_DAY_SECONDS,
    show_default=True,
    help="How long the old one goes on.",
)
@_expiry_options("after as long as the old one was made for")
@REQUEST_ID
@FORM
@click.pass_obj
def rotate_token(session: Session, /, token_id: str, **given: Any) -> None:
    """Make a token in the place of another, and print its secret.

    It has the same principal and roles. Nothing else is printed.
    """
    _show_secret(session.output, session.client.rotate_token(token_id, **given))


def _show_secret(output: Output, made: pb.CreateTokenResponse | pb.RotateTokenResponse) -> None:
    if output.for_people:
        click.echo(made.secret)
    else:
        output.one(made)


@tokens.command("revoke")
@click.argument("token_id")
@FORM
@click.pass_obj
def revoke_token(session: Session, /, token_id: str) -> None:
    """End a token at once."""
    session.output.one(session.client.revoke_token(token_id))


@access.group()
def grants() -> None:
    """Roles that principals have by name.

    They hold for calls with a certificate or a token of the issuer.
    """


@grants.command("list")
@click.option("--principal", help="Of this one.")
@click.option("--role", help="Of this one.")
@LIMIT
@listed
@click.pass_obj
def list_grants(session: Session, /, principal: str | None, role: str | None, limit: int | None) -> None:
    """List them, in the order in which they were given."""
    read = partial(session.client.list_grants, principal=principal, role=role, page_size=page_size_of(limit))
    show_list(session.output, read, _GRANT_COLUMNS, limit)


@grants.command("give")
@click.argument("principal")
@click.argument("role")
@FORM
@click.pass_obj
def grant_role(session: Session, /, principal: str, role: str) -> None:
    """Give PRINCIPAL a role."""
    session.output.one(session.client.grant_role(principal, role))


@grants.command("take")
@click.argument("principal")
@click.argument("role")
@click.pass_obj
def revoke_grant(session: Session, /, principal: str, role: str) -> None:
    """Take a role from PRINCIPAL again."""
    session.client.revoke_grant(principal, role)
