"""`lotkeeper recall`: where a lot and all that was made of it is, and what was shipped where."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from lotkeeper.cli import named_types
from lotkeeper.cli.options import MATERIAL, REQUEST_ID
from lotkeeper.cli.output import write_out
from lotkeeper.cli.session import Session
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1 import trace_service_pb2 as pb
from lotkeeper.progress import progress

if TYPE_CHECKING:
    from lotkeeper.cli.recall_findings import Recall

EXIT_INCOMPLETE: Final = 1
DEPTH_MAX: Final = 50
_FILE: Final = click.Path(dir_okay=False, allow_dash=True)


@click.command()
@click.argument("lot", type=named_types.LOT_THERE)
@MATERIAL
@click.option("--hold", is_flag=True, help="Give them all QA_HOLD first, in one transaction.")
@click.option("--notes", help="With --hold: why; on every record.")
@click.option("--reason-code", type=named_types.REASON_CODE, help="With --hold: by id or code.")
@click.option("--yes", is_flag=True, help="With --hold: do not ask.")
@click.option(
    "--depth",
    type=click.IntRange(1, DEPTH_MAX),
    default=DEPTH_MAX,
    show_default=True,
    help="How many edges away a lot may be.",
)
@click.option("--lots-only", is_flag=True, help="Not through production orders: only from lot to lot.")
@click.option("--csv", "csv_file", type=_FILE, help="Write lots, stock and shipments as a table; '-': standard output.")
@click.option("--html", "html_file", type=_FILE, help="Write a report to print; '-': standard output.")
@REQUEST_ID
@click.pass_obj
def recall(
    session: Session,
    /,
    lot: str,
    material: str | None,
    hold: bool,
    notes: str | None,
    reason_code: str | None,
    yes: bool,
    depth: int,
    lots_only: bool,
    csv_file: str | None,
    html_file: str | None,
    request_id: str | None,
) -> None:
    """Say where LOT is, what it went into, where all that is, and what of it was shipped where.

    LOT is an id or a name, with --material if several have it. The exit status is 1 if something had to be left out.
    """
    from lotkeeper.cli import recall_findings  # noqa: PLC0415 - here and below: only this command needs them

    if not hold and (notes is not None or reason_code is not None or yes or request_id is not None):
        raise click.UsageError("--notes, --reason-code, --yes and --request-id are of --hold")
    if csv_file == html_file == "-":
        raise click.UsageError("only one file can go to standard output")
    reason_code_id = session.reason_code_id(reason_code)

    def held_lots(*, validate_only: bool) -> pb.HoldTracedLotsResponse:
        return session.client.hold_traced_lots(
            lot,
            material_id_or_path=material,
            direction=enums_pb2.TRACE_DIRECTION_OUTPUT,
            depth=depth,
            lots_only=lots_only,
            notes=notes,
            material_reason_code_id=reason_code_id,
            request_id=request_id,
            validate_only=validate_only,
        )

    held = None
    if hold:
        if not yes:
            _ask(session, held_lots(validate_only=True))
        with progress("holding"):
            records = held_lots(validate_only=False).inventory_lot_records
        held = frozenset(record.inventory_lot_id for record in records)
    with progress("tracing") as shown:
        answer = session.client.get_lot_trace_graph(
            lot,
            material_id_or_path=material,
            direction=enums_pb2.TRACE_DIRECTION_OUTPUT,
            depth=depth,
            lots_only=lots_only,
        )
        found = recall_findings.find(session.client, answer, held, shown)
    _tell(session, found, csv_file, html_file)
    if answer.truncated or answer.left_out:
        sys.exit(EXIT_INCOMPLETE)


def _ask(session: Session, would_be: pb.HoldTracedLotsResponse) -> None:
    if not session.output.for_people or not sys.stdin.isatty():
        raise click.UsageError("nobody can be asked here whether to hold: give --yes")
    count = len(would_be.inventory_lot_records)
    click.confirm(f"Hold {count} lot{'' if count == 1 else 's'}?", abort=True, err=True)


def _tell(
    session: Session,
    found: Recall,
    csv_file: str | None,
    html_file: str | None,
) -> None:
    """Writes the files; without any, what people or programs read."""
    from lotkeeper.cli import recall_files, recall_report  # noqa: PLC0415
    from lotkeeper.cli.trace_tree import left_out_notes  # noqa: PLC0415

    if csv_file is not None:
        _write(csv_file, recall_files.csv_text(found))
    if html_file is not None:
        _write(html_file, recall_report.html_text(found, session.connection.address, utc=session.output.utc))
    form = session.output.form
    if form in {"json", "yaml"}:
        session.output.value(json.loads(recall_files.json_line(found)))
    elif form == "csv":
        _write("-", recall_files.csv_text(found))
    elif csv_file is None and html_file is None:
        click.echo("\n".join(recall_files.lines(found, utc=session.output.utc)))
    if written := [file for file in (csv_file, html_file) if file not in {None, "-"}]:
        session.output.note(f"wrote {' and '.join(map(str, written))}: {found.counts}")
    archived = found.archived(utc=session.output.utc)
    if archived is not None:
        session.output.note(archived)
    for note in left_out_notes(found.graph):
        click.echo(note, err=True)


def _write(file: str, text: str) -> None:
    """Writes bytes unchanged, so that a table keeps its line ends everywhere."""
    if file == "-":
        write_out([text.encode()])
        return
    try:
        Path(file).write_bytes(text.encode())
    except OSError as error:
        raise click.UsageError(f"{file} cannot be written: {error.strerror}") from error
