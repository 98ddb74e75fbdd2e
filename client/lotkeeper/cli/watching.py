"""`lotkeeper watch`: follows the records as they complete."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from lotkeeper.cli.columns import Column, Kind, date, quantity, text, word
from lotkeeper.cli.following import TokenFile, show_followed
from lotkeeper.cli.options import CHILDREN, LOCATION, LOT, MATERIAL, TYPES
from lotkeeper.cli.session import Session
from lotkeeper.cli.showing import streamed
from lotkeeper.cli.written import places_of
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1 import inventory_service_pb2 as pb

_SHOWN: Final = pb.WatchInventoryLotRecordsResponse.DESCRIPTOR.fields_by_name["inventory_lot_record"]
_COLUMNS: Final[Sequence[Column]] = (
    replace(date("END", "endDate", kind=Kind.WHOLE), typical=24),
    replace(word("TYPE", "lotRecordType"), typical=9),
    replace(text("LOT", "inventoryLotName", rank=0), typical=12),
    replace(quantity(), typical=10),
    Column("PLACES", "sourceLocationPath", places_of, rank=2, typical=24),
    text("INTO/FROM", "secondaryInventoryLotName", rank=3),
)
_TOKEN: Final = "resumeToken"  # noqa: S105 - no secret


@click.command()
@LOT
@MATERIAL
@LOCATION
@CHILDREN
@click.option("--operation", "inventory_operation_id", help="Of this inventory operation.")
@click.option("--production-order", help="By id or name.")
@click.option("--reason-code", help="By id or code.")
@TYPES
@click.option("--from-beginning", is_flag=True, help="Begin with the oldest record instead of new ones only.")
@click.option("--resume-token", help="Go on after the record that had this token.")
@click.option(
    "--token-state",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep the last token in this file, and go on from the one in it, also with --from-beginning.",
)
@streamed
@click.pass_obj
def watch(
    session: Session,
    /,
    lot: str | None,
    material: str | None,
    location: str | None,
    include_children: bool,
    inventory_operation_id: str | None,
    production_order: str | None,
    reason_code: str | None,
    types: tuple[enums_pb2.LotRecordType.ValueType, ...],
    from_beginning: bool,
    resume_token: str | None,
    token_state: Path | None,
) -> None:
    """Follow the records as they complete, like `tail -f`, across losses of the server; end it with Ctrl-C.

    With --output json each line is {"inventoryLotRecord": ..., "resumeToken": ...}.
    """
    if resume_token and token_state:
        raise click.UsageError("--resume-token and --token-state both say where to begin: give one of them")
    kept = TokenFile(token_state) if token_state else None
    messages = session.client.watch_inventory_lot_records(
        resume_token=kept.read() if kept else resume_token,
        from_beginning=from_beginning,
        lot_id_or_name=lot,
        material_id_or_path=material,
        location_id_or_path=location,
        include_children=include_children,
        inventory_operation_id=inventory_operation_id,
        production_order_id_or_name=production_order,
        material_reason_code_id=session.reason_code_id(reason_code),
        lot_record_types=types,
    )
    with closing(messages):
        show_followed(messages, session.output, _COLUMNS, _SHOWN, kept)
