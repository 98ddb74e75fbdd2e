"""The commands for records: list, show, undo, annotate."""

from __future__ import annotations

from functools import partial

import click

from lotkeeper.cli import named_types
from lotkeeper.cli.acting import NOTES, SPARES
from lotkeeper.cli.listed import show_list
from lotkeeper.cli.moments import Moment, OfDay
from lotkeeper.cli.options import (
    CHILDREN,
    LIMIT,
    LOCATION,
    LOT,
    MATERIAL,
    REQUEST_ID,
    TYPES,
    VALIDATE_ONLY,
    OneOf,
    page_size_of,
)
from lotkeeper.cli.session import Session
from lotkeeper.cli.showing import listed, single, writing
from lotkeeper.cli.written import RECORD_COLUMNS, show_single
from lotkeeper.command_groups import CommandGroup
from lotkeeper.inventory.v1 import enums_pb2


@click.group(cls=CommandGroup)
def records() -> None:
    """Inventory lot records: what was done."""


@records.command("list")
@LOT
@MATERIAL
@LOCATION
@CHILDREN
@click.option(
    "--operation",
    "inventory_operation_id",
    type=named_types.OPERATION,
    help="Of this inventory operation, by id or name.",
)
@TYPES
@click.option(
    "--status", "statuses", multiple=True, type=OneOf(enums_pb2.Status.DESCRIPTOR), help="Of this status; may repeat."
)
@click.option("--from", "start_date_millis", type=Moment(OfDay.FIRST), help="That ended then or later.")
@click.option("--to", "end_date_millis", type=Moment(OfDay.AFTER), help="That ended before this time, or by this day.")
@click.option("--production-order", type=named_types.ORDER, help="Of this production order, by id or name.")
@click.option("--reason-code", type=named_types.REASON_CODE, help="Of this reason code, by id or code.")
@click.option("--oldest-first", is_flag=True)
@LIMIT
@listed
@click.pass_obj
def list_records(
    session: Session,
    /,
    lot: str | None,
    material: str | None,
    location: str | None,
    include_children: bool,
    inventory_operation_id: str | None,
    types: tuple[enums_pb2.LotRecordType.ValueType, ...],
    statuses: tuple[enums_pb2.Status.ValueType, ...],
    start_date_millis: int | None,
    end_date_millis: int | None,
    production_order: str | None,
    reason_code: str | None,
    oldest_first: bool,
    limit: int | None,
) -> None:
    """List them, newest first; running ones are ordered by their start."""
    read = partial(
        session.client.list_inventory_lot_records,
        lot_id_or_name=lot,
        material_id_or_path=material,
        location_id_or_path=location,
        include_children=include_children,
        inventory_operation_id=inventory_operation_id,
        lot_record_types=types,
        statuses=statuses,
        start_date_millis=start_date_millis,
        end_date_millis=end_date_millis,
        production_order_id_or_name=production_order,
        material_reason_code_id=session.reason_code_id(reason_code),
        oldest_first=oldest_first,
        page_size=page_size_of(limit),
    )
    show_list(session.output, read, RECORD_COLUMNS, limit)


@records.command("get")
@click.argument("record_id")
@single
@click.pass_obj
def get_record(session: Session, /, record_id: str) -> None:
    """Show a record."""
    session.output.one(session.client.get_inventory_lot_record(record_id))


@records.command("reverse")
@click.argument("record_id")
@NOTES
@REQUEST_ID
@VALIDATE_ONLY
@writing
@click.pass_obj
def reverse_record(
    session: Session, /, record_id: str, notes: str | None, request_id: str | None, validate_only: bool
) -> None:
    """Undo a completed record by a new one with the opposite changes."""
    record = session.client.reverse_inventory_lot_record(
        record_id, notes=notes, request_id=request_id, validate_only=validate_only
    )
    show_single(session.output, record)
    session.output.say_if_validated(validate_only)


@records.command("annotate")
@click.argument("record_id")
@NOTES
@SPARES[0]
@SPARES[1]
@SPARES[2]
@single
@click.pass_obj
def annotate_record(
    session: Session,
    /,
    record_id: str,
    notes: str | None,
    spare1: str | None,
    spare2: str | None,
    spare3: str | None,
) -> None:
    """Change a record's notes and spares: '' clears, what is left out stays as it is."""
    session.output.one(
        session.client.annotate_inventory_lot_record(
            record_id, notes=notes, spare1=spare1, spare2=spare2, spare3=spare3
        )
    )
