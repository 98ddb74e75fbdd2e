"""`grant`, `revoke`, `grants`: the roles of principals that come with a certificate, or with a token of the issuer."""

from pathlib import Path
from typing import Any

import click
from lotkeeper.visible_text import json_text, visible

from lotkeeper_server.access.changing import changing_access
from lotkeeper_server.access.effects import grant_effect
from lotkeeper_server.access.roles import UnknownRole, give_role, list_given_roles, take_role
from lotkeeper_server.cli.administration import AS_JSON, name_of, store_of
from lotkeeper_server.cli.auditing import tell
from lotkeeper_server.cli.completing import granted_principals, role_names
from lotkeeper_server.cli.opening import database, fail
from lotkeeper_server.domain.model.dates import rfc3339
from lotkeeper_server.domain.model.text import name_form
from lotkeeper_server.engine.clock import now_millis


@click.command()
@click.argument("principal")
@click.argument("role", shell_complete=role_names)
@database
@click.pass_obj
def grant(config_file: Path | None, /, principal: str, role: str, **flags: Any) -> None:
    """Give a principal a role, for calls with a client certificate or a token of the issuer.

    It holds within a second. Tokens that `token create` makes have the roles that they were made with, and no others.
    """
    principal, role = name_of("PRINCIPAL", principal), name_form(role)
    with store_of(config_file, flags, makes=True) as store:
        try:
            with changing_access(store) as connection:
                is_new = give_role(connection, principal, role, now_millis())
                if is_new:
                    tell(connection, grant_effect(principal, role, given=True))
        except UnknownRole:
            fail(f"there is no role {role}")
    click.echo(visible(f"{principal} has the role {role}" + ("" if is_new else " already")))


@click.command()
@click.argument("principal", shell_complete=granted_principals)
@click.argument("role", shell_complete=role_names)
@database
@click.pass_obj
def revoke(config_file: Path | None, /, principal: str, role: str, **flags: Any) -> None:
    """Take a role from a principal that `grant` gave it. To revoke a token: `token revoke`."""
    forms = {(one, other) for one in (principal, name_form(principal)) for other in (role, name_form(role))}
    with store_of(config_file, flags) as store, changing_access(store) as connection:
        taken = [one for one in sorted(forms) if take_role(connection, *one)]
        for holder, name in taken:
            tell(connection, grant_effect(holder, name, given=False))
    if not taken:
        fail(f"{principal} does not have the role {role} by name")
    click.echo(visible(f"{taken[0][0]} has the role {taken[0][1]} no more"))


@click.group()
def grants() -> None:
    """The roles that principals have by name."""


@grants.command("list")
@AS_JSON
@database
@click.pass_obj
def show_grants(config_file: Path | None, /, as_json: bool, **flags: Any) -> None:
    """List which principals have which roles by name, and since when."""
    with store_of(config_file, flags) as store, store.read() as connection:
        given = list_given_roles(connection)
    for one in given:
        since = rfc3339(one.created_millis)
        if as_json:
            click.echo(json_text({"principal": one.principal, "role": one.role, "created": since}))
        else:
            click.echo("\t".join(map(visible, [one.principal, one.role, "since " + since])))
