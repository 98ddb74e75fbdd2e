"""`role`: what tokens may, which is set on the server's command line only."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import click
from lotkeeper.command_groups import CommandGroup
from lotkeeper.visible_text import json_text, visible

from lotkeeper_server.access.changing import changing_access
from lotkeeper_server.access.effects import role_effect
from lotkeeper_server.access.roles import (
    NoSuchLocation,
    RoleInUse,
    RoleTaken,
    add_role,
    change_role,
    delete_role,
    find_locations,
    list_roles,
    show_locations,
)
from lotkeeper_server.cli.administration import AS_JSON, name_of, store_of
from lotkeeper_server.cli.auditing import tell
from lotkeeper_server.cli.completing import grantable, permissions_known, role_names
from lotkeeper_server.cli.opening import database, fail
from lotkeeper_server.domain.limits import ROLE_LOCATIONS_MAX
from lotkeeper_server.domain.model.identifiers import LocationId
from lotkeeper_server.domain.model.text import name_form, path_fault, path_form
from lotkeeper_server.engine.clock import now_millis
from lotkeeper_server.store.db.snapshot import Snapshot

LIMIT: Final = click.IntRange(0, 1 << 40)
DEFAULT: Final = "default"


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
        super().__init__(LIMIT.min, LIMIT.max)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return value if value == DEFAULT else super().convert(value, param, ctx)


def _limits(kind: click.IntRange, more: str = "") -> Callable[[Callable[..., None]], Callable[..., None]]:
    """An option for each limit."""

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        for name, text in reversed(_LIMITS.items()):
            command = click.option(f"--{name.replace('_', '-')}", name, type=kind, help=text + more)(command)
        return command

    return decorated


@click.group(cls=CommandGroup)
def role() -> None:
    """Roles: names for sets of permissions."""


@role.command("create")
@click.argument("name")
@click.option(
    "--permission",
    "permissions",
    multiple=True,
    required=True,
    shell_complete=permissions_known,
    help="INVENTORY.READ, INVENTORY, * ...",
)
@click.option(
    "--location",
    "paths",
    multiple=True,
    metavar="PATH",
    help="The role holds only there and below; may be given several times. Default: everywhere.",
)
@_limits(LIMIT)
@database
@click.pass_obj
def create_role(
    config_file: Path | None,
    /,
    name: str,
    permissions: tuple[str, ...],
    paths: tuple[str, ...],
    **given: Any,
) -> None:
    """Make a role. A permission grants everything below it: INVENTORY grants INVENTORY.READ.

    A limit that is not given is that of the server's settings. Of several roles of a token the largest limit counts.
    """
    name = name_of("NAME", name)
    for permission in permissions:
        _check_permission(permission)
    of_principal, flags = _parted(given)
    with store_of(config_file, flags, makes=True) as store:
        try:
            with changing_access(store) as connection:
                places = _locations(connection, paths)
                add_role(connection, name, permissions, now_millis(), of_principal, places)
                tell(connection, role_effect(name, permissions, _given(of_principal), sorted(paths) or None))
        except RoleTaken:
            fail(f"there is already a role {name}")
    click.echo(visible(f"role {name} is made"))


@role.command("update")
@click.argument("name", shell_complete=role_names)
@click.option(
    "--permission",
    "permissions",
    multiple=True,
    shell_complete=permissions_known,
    help="What it grants from now on, in the place of all that it granted; may be given several times.",
)
@click.option("--add", "added", multiple=True, shell_complete=permissions_known, help="What it grants besides.")
@click.option("--remove", "removed", multiple=True, shell_complete=permissions_known, help="What it grants no more.")
@click.option(
    "--location",
    "paths",
    multiple=True,
    metavar="PATH",
    help="Where it holds from now on, and below, in the place of where it did; may be given several times.",
)
@click.option("--everywhere", is_flag=True, help="It is not limited to locations any more.")
@_limits(_LimitOrDefault(), f" {DEFAULT}: as the server's settings say.")
@database
@click.pass_obj
def update_role(
    config_file: Path | None,
    /,
    name: str,
    permissions: tuple[str, ...],
    added: tuple[str, ...],
    removed: tuple[str, ...],
    paths: tuple[str, ...],
    everywhere: bool,
    **given: Any,
) -> None:
    """Change what a role grants, and its limits; what is not named stays.

    It holds for all tokens that have the role, within a second.
    """
    of_principal, flags = _parted(given)
    changes = {limit: None if value == DEFAULT else value for limit, value in of_principal.items() if value is not None}
    if permissions and (added or removed):
        raise click.UsageError("--permission says all that it grants; give either that, or --add and --remove")
    if paths and everywhere:
        raise click.UsageError("--location and --everywhere contradict each other")
    if not (permissions or added or removed or changes or paths or everywhere):
        raise click.UsageError(
            "nothing is to be changed: give --permission, --add, --remove, --location, --everywhere or a limit"
        )
    for permission in (*permissions, *added):
        _check_permission(permission)
    with store_of(config_file, flags) as store, changing_access(store) as connection:
        roles = list_roles(connection)
        found = next((known for known in (name, name_form(name)) if known in roles), None)
        if found is None:
            fail(f"there is no role {name}")
        granted = _granted(roles[found].permissions, permissions, added, removed)
        places = _locations(connection, paths) if paths or everywhere else None
        try:
            change_role(connection, found, granted, changes, places)
            where = sorted(paths) if paths or everywhere else None
            tell(connection, role_effect(found, granted, changes, where))
        except RoleInUse as error:
            fail(str(error))
    click.echo(visible(f"role {found} is updated"))


def _given(limits: Mapping[str, int | None]) -> dict[str, int | None]:
    return {name: value for name, value in limits.items() if value is not None}


def _granted(
    before: tuple[str, ...], permissions: tuple[str, ...], added: tuple[str, ...], removed: tuple[str, ...]
) -> set[str] | None:
    """What a role grants after a change; None for what it did before."""
    if permissions:
        return set(permissions)
    if not (added or removed):
        return None
    if missing := set(removed) - set(before):
        raise click.UsageError(f"it does not grant {' '.join(sorted(missing))}; it grants {' '.join(before)}")
    after = set(before) - set(removed) | set(added)
    if not after:
        raise click.UsageError("it would grant nothing: delete it instead")
    return after


def _parted(given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The limits, and the flags that say which store."""
    limits = {name: given[name] for name in _LIMITS}
    return limits, {name: value for name, value in given.items() if name not in _LIMITS}


@role.command("list")
@AS_JSON
@database
@click.pass_obj
def show_roles(config_file: Path | None, /, as_json: bool, **flags: Any) -> None:
    """List the roles, what they grant, their limits, and where they hold if that is not everywhere."""
    with store_of(config_file, flags) as store, store.read() as connection:
        roles = list_roles(connection)
        places = {name: show_locations(connection, one) for name, one in roles.items()}
    for name, one in roles.items():
        if as_json:
            shown = {"name": name, "permissions": list(one.permissions), "limits": dict(one.limits)}
            click.echo(json_text(shown | {"locations": places[name]}))
            continue
        limited = [f"{limit} {value}" for limit, value in one.limits.items() if value is not None]
        limited += [f"at {place}" for place in places[name]]
        click.echo("\t".join(map(visible, [name, " ".join(one.permissions), *limited])))


@role.command("delete")
@click.argument("name", shell_complete=role_names)
@database
@click.pass_obj
def remove_role(config_file: Path | None, /, name: str, **flags: Any) -> None:
    """Delete a role that no token has."""
    with store_of(config_file, flags) as store:
        try:
            with changing_access(store) as connection:
                deleted = next((one for one in (name, name_form(name)) if delete_role(connection, one)), None)
                if deleted is not None:
                    tell(connection, role_effect(deleted))
        except RoleInUse as error:
            fail(str(error))
    if deleted is None:
        fail(f"there is no role {name}")
    click.echo(visible(f"role {name} is deleted"))


def _locations(connection: Snapshot, paths: tuple[str, ...]) -> frozenset[LocationId]:
    """The locations that a role is to be limited to."""
    if len(set(paths)) > ROLE_LOCATIONS_MAX:
        fail(f"a role may be limited to {ROLE_LOCATIONS_MAX} locations at most")
    forms = [path_form(path) for path in paths]
    for path, form in zip(paths, forms, strict=True):
        if fault := path_fault(form):
            fail(f"--location {path} {fault}")
    try:
        return find_locations(connection, forms)
    except NoSuchLocation as error:
        fail(f"there is no location {error}")


def _check_permission(permission: str) -> None:
    """A permission of the contract, a parent of one, or `*`: a misspelt one would silently grant nothing."""
    known = grantable()
    if permission not in known:
        meant = get_close_matches(permission.upper(), known, 3)
        advice = f"did you mean {' or '.join(meant)}?" if meant else f"there are: {' '.join(known)}"
        raise click.UsageError(f"there is no permission {permission}; {advice}")
