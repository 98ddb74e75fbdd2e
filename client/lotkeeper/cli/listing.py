"""The commands that read definitions of inventory operations, and permissions."""

from __future__ import annotations

from functools import partial

import click

from lotkeeper.cli import named_types
from lotkeeper.cli.columns import key, text, word
from lotkeeper.cli.listed import show_list
from lotkeeper.cli.options import CHILDREN, LIMIT, LOCATION, PREFIX, OneOf, page_size_of
from lotkeeper.cli.session import Session
from lotkeeper.cli.showing import FORM, listed, single
from lotkeeper.command_groups import CommandGroup
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.visible_text import visible

OPERATION = click.argument("operation_id", metavar="OPERATION", type=named_types.OPERATION)


@click.group(cls=CommandGroup)
def operations() -> None:
    """Inventory operations: the definitions that `execute` runs."""


@operations.command("list")
@LOCATION
@CHILDREN
@click.option(
    "--type", "operation_type", type=OneOf(enums_pb2.InventoryOperationType.DESCRIPTOR), default=0, help="Of this type."
)
@click.option("--status", type=OneOf(enums_pb2.Status.DESCRIPTOR), default=0, help="Whose run has this status.")
@click.option(
    "--process-operation",
    "operation_id",
    type=named_types.PROCESS_OPERATION,
    help="Of this process operation, by id or name.",
)
@PREFIX
@LIMIT
@listed
@click.pass_obj
def list_operations(
    session: Session,
    /,
    location: str | None,
    include_children: bool,
    operation_type: enums_pb2.InventoryOperationType.ValueType,
    status: enums_pb2.Status.ValueType,
    operation_id: str | None,
    name_prefix: str | None,
    limit: int | None,
) -> None:
    """List them."""
    read = partial(
        session.client.list_inventory_operations,
        location_id_or_path=location,
        include_children=include_children,
        operation_type=operation_type,
        status=status,
        operation_id=operation_id,
        name_prefix=name_prefix,
        page_size=page_size_of(limit),
    )
    columns = [
        key("ID", "id"),
        text("NAME", "name", rank=0),
        word("TYPE", "operationType"),
        word("STATUS", "status", rank=2),
        text("SOURCE", "sourceLocationPath", rank=3),
        text("DESTINATION", "destinationLocationPath", rank=3),
        text("MATERIAL", "materialPath", rank=4),
    ]
    show_list(session.output, read, columns, limit)


@operations.command("get")
@OPERATION
@single
@click.pass_obj
def get_operation(session: Session, /, operation_id: str) -> None:
    """Show a definition."""
    session.output.one(session.client.get_inventory_operation(operation_id))


@operations.command("status")
@OPERATION
@single
@click.pass_obj
def get_status(session: Session, /, operation_id: str) -> None:
    """Show the status of its run."""
    session.output.one(session.client.get_inventory_operation_status(operation_id))


@click.command()
@FORM
@click.pass_obj
def permissions(session: Session, /) -> None:
    """Every permission there is, and what the token's roles grant."""
    response = session.client.list_permissions()
    if session.output.form == "csv":
        rows = [{"list": "GRANTED", "permission": one} for one in response.granted_permissions]
        rows += [{"list": "KNOWN", "permission": one} for one in response.permissions]
        session.output.raw_rows([rows], [word(name, name) for name in rows[0]])
        return
    if not session.output.for_people:
        session.output.one(response)
        return
    click.echo(visible("granted: " + (" ".join(response.granted_permissions) or "none")))
    for limited in response.limited_permissions:
        places = ", ".join(limited.location_paths) or "nowhere"
        click.echo(visible(f"{' '.join(limited.permissions)} by a role that is limited to {places}"))
    for permission in response.permissions:
        click.echo(visible(permission))
