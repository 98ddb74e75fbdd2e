"""`lotkeeper lots hold-traced`: a lot and everything that was made of it gets QA_HOLD."""

from __future__ import annotations

from typing import Final

import click

from lotkeeper.cli import named_types
from lotkeeper.cli.columns import Row, text
from lotkeeper.cli.options import MATERIAL, REQUEST_ID
from lotkeeper.cli.session import Session
from lotkeeper.cli.showing import FORM
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1 import trace_service_pb2 as pb
from lotkeeper.visible_text import visible_cell

HELD, LEFT = "HELD", "LEFT"
_CSV_NAMES: Final = ("result", "inventory_lot_id", "inventory_lot_name", "material_path", "inventory_lot_record_id")


@click.command("hold-traced")
@click.argument("lot", type=named_types.LOT_THERE)
@MATERIAL
@click.option("--backward", is_flag=True, help="What it came from, instead of what it went into.")
@click.option("--both", is_flag=True, help="What it came from, and what it went into.")
@click.option("--depth", type=click.IntRange(1, 50), help="How many edges away a lot may be. Default: 10.")
@click.option("--lots-only", is_flag=True, help="Not through production orders: only from lot to lot.")
@click.option("--notes", help="Why; on every record.")
@click.option("--reason-code", type=named_types.REASON_CODE, help="By id or code.")
@REQUEST_ID
@click.option("--dry-run", is_flag=True, help="Only show what would be held.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@FORM
@click.pass_obj
def hold_traced(
    session: Session,
    /,
    lot: str,
    material: str | None,
    backward: bool,
    both: bool,
    depth: int | None,
    lots_only: bool,
    notes: str | None,
    reason_code: str | None,
    request_id: str | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """Hold LOT and all lots that a trace reaches, in one transaction.

    LOT is an id or a name, with --material if several have it. Lots that are OPEN, AVAILABLE or EXPIRED get QA_HOLD;
    the others are left. Shows them first, and asks.
    """
    if not (session.output.for_people or dry_run or yes):
        raise click.UsageError(f"{session.output.form} does not ask; give --yes or --dry-run")
    material_reason_code_id = session.reason_code_id(reason_code)
    direction = enums_pb2.TRACE_DIRECTION_OUTPUT
    if both or backward:
        direction = enums_pb2.TRACE_DIRECTION_BOTH if both else enums_pb2.TRACE_DIRECTION_INPUT

    def held(*, validate_only: bool) -> pb.HoldTracedLotsResponse:
        return session.client.hold_traced_lots(
            lot,
            material_id_or_path=material,
            direction=direction,
            depth=depth,
            lots_only=lots_only,
            notes=notes,
            material_reason_code_id=material_reason_code_id,
            request_id=request_id,
            validate_only=validate_only,
        )

    if dry_run or not yes:
        _show(session, held(validate_only=True), done=False)
        if dry_run:
            return
        click.confirm("Hold them?", abort=True, err=True)
    _show(session, held(validate_only=False), done=True)


def _show(session: Session, answer: pb.HoldTracedLotsResponse, *, done: bool) -> None:
    """The lots that are held, or would be; then those that are left as they are."""
    if session.output.form == "csv":
        session.output.raw_rows([_csv_rows(answer)], [text(name, name) for name in _CSV_NAMES])
        return
    if not session.output.for_people:
        session.output.one(answer)
        return
    from lotkeeper.cli.trace_tree import node_words  # noqa: PLC0415 - only this command needs it

    records = answer.inventory_lot_records
    click.echo(click.style(f"{_lots(len(records))} {'held' if done else 'to hold'}", bold=True))
    for record in records:
        material = record.material_path.rpartition("/")[2]
        click.echo(f"  {visible_cell(record.inventory_lot_name)}  {visible_cell(material)}")
    if answer.left:
        click.echo(click.style(f"{_lots(len(answer.left))} left as {'they are' if len(answer.left) > 1 else 'it is'}"))
        for node in answer.left:
            click.echo(f"  {node_words(node)}")


def _csv_rows(answer: pb.HoldTracedLotsResponse) -> list[Row]:
    """A row for each lot."""
    held = (
        (HELD, one.inventory_lot_id, one.inventory_lot_name, one.material_path, one.id)
        for one in answer.inventory_lot_records
    )
    left = ((LEFT, one.inventory_lot_id, one.inventory_lot_name, one.material_path, "") for one in answer.left)
    return [dict(zip(_CSV_NAMES, row, strict=True)) for row in (*held, *left)]


def _lots(count: int) -> str:
    return f"{count} lot{'' if count == 1 else 's'}"
