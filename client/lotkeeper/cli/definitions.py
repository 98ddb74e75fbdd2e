"""The commands that change definitions of inventory operations, one by one or as files."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final, TextIO

import click

from lotkeeper._json import from_dict
from lotkeeper.cli import named_types
from lotkeeper.cli.columns import key, number, text, word
from lotkeeper.cli.entities import objects_in
from lotkeeper.cli.listing import OPERATION, operations
from lotkeeper.cli.options import MASK, VERSION, fields_of
from lotkeeper.cli.output import Output, write_out
from lotkeeper.cli.session import Session
from lotkeeper.cli.showing import FORM, streamed
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb
from lotkeeper.inventory.v1.inventory_operation_pb2 import InventoryOperation
from lotkeeper.inventory.v1.inventory_operation_service_pb2 import EntityReference
from lotkeeper.progress import Progress, progress

EXIT_FAILED: Final = 1
PIECE_BYTES: Final = 64 * 1024
LONG_SECONDS: Final = 3_600.0
"""How long a file may take without --timeout: its size says little about its rows."""
_FORMATS: Final = {"csv": enums_pb2.EXPORT_FORMAT_CSV, "json": enums_pb2.EXPORT_FORMAT_JSON}
_SUFFIXES: Final = {".csv": "csv", ".json": "json", ".jsonl": "json", ".ndjson": "json"}
FORMAT = click.option("--format", "format_name", type=click.Choice(list(_FORMATS)), help="Default: by the file's name.")


@click.command("import")
@click.argument("file", type=click.File("rb"))
@FORMAT
@click.option("--keep-good-rows", is_flag=True, help="Keep the good rows; otherwise one failed row undoes all.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.pass_obj
def import_(session: Session, /, file: BinaryIO, format_name: str | None, keep_good_rows: bool, dry_run: bool) -> None:
    """Create and update inventory operations from FILE ('-' for standard input).

    Rows are matched by name, type, source and destination path. A column that FILE does not have stays as it is. The
    exit status is 1 if a row failed.
    """
    number = _format(format_name, Path(file.name).suffix if isinstance(file.name, str) else "")
    with progress("sending", _bytes_of(file), "bytes") as shown:
        response = session.client.import_inventory_operations(
            pieces_of(file, shown),
            export_format=number,
            keep_good_rows=keep_good_rows,
            validate_only=dry_run,
            timeout_seconds=chosen_seconds(),
        )
    if not session.output.for_people:
        session.output.one(response)
    else:
        _show(session.output, response, undone=bool(response.failed) and not keep_good_rows, dry_run=dry_run)
    if response.failed:
        sys.exit(EXIT_FAILED)


@click.command("export")
@FORMAT
@click.option(
    "--location",
    "locations",
    multiple=True,
    type=named_types.LOCATION,
    help="Only at or below this one, by id or path; may repeat.",
)
@click.option("-o", "--output", "target", type=click.Path(path_type=Path), help="A file. Default: standard output.")
@click.pass_obj
def export(session: Session, /, format_name: str | None, locations: tuple[str, ...], target: Path | None) -> None:
    """Write the definitions of inventory operations as a file that `import` can read."""
    on_screen = target is None or str(target) == "-"
    number = _format(format_name or ("csv" if on_screen else None), target.suffix if target else "")
    pieces = session.client.export_inventory_operations(
        export_format=number, location_ids_or_paths=locations, timeout_seconds=chosen_seconds()
    )
    write_pieces(pieces, target)


def write_pieces(pieces: Iterable[bytes], target: Path | None) -> None:
    """Writes to a file, which appears only when it is complete; or to standard output, if no file or '-' is given."""
    if target is None or str(target) == "-":
        if sys.stdout.isatty():
            write_out(pieces)
            return
        with progress("writing", unit="bytes") as shown:
            write_out(counted(pieces, shown))
        return
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with unfinished.open("xb") as file, progress("writing", unit="bytes") as shown:
            file.writelines(counted(pieces, shown))
        unfinished.replace(target)
    except OSError as error:
        raise click.ClickException(f"{target} cannot be written: {error.strerror}") from error
    finally:
        unfinished.unlink(missing_ok=True)


def counted(pieces: Iterable[bytes], shown: Progress) -> Iterator[bytes]:
    """The pieces of a file, whose bytes are counted."""
    for piece in pieces:
        yield piece
        shown.done += len(piece)


@operations.command("references")
@OPERATION
@streamed
@click.pass_obj
def references(session: Session, /, operation_id: str) -> None:
    """Count what refers to a definition."""
    columns = [
        text("KIND", "entity", rank=0),
        number("COUNT", "count"),
        key("FOR EXAMPLE", "exampleId"),
        text("NAME", "exampleName"),
    ]
    found = session.client.get_inventory_operation_references(operation_id)
    session.output.many(found, columns, EntityReference)


@operations.command("validate")
@click.argument("file", type=click.File())
@MASK
@streamed
@click.pass_obj
def validate(session: Session, /, file: TextIO, mask: str | None) -> None:
    """Say everything that a save of FILE would refuse; the exit status is then 1."""
    columns = [
        text("FIELD", "field", rank=0),
        word("REASON", "reason", rank=0),
        text("DESCRIPTION", "description", rank=0),
    ]
    refused = False
    for definition in _definitions(file):
        violations = session.client.validate_inventory_operation(definition, update_mask=fields_of(mask))
        if violations:
            refused = True
            session.output.many(violations, columns)
    if refused:
        sys.exit(EXIT_FAILED)


@operations.command("save")
@click.argument("file", type=click.File())
@MASK
@FORM
@click.pass_obj
def save(session: Session, /, file: TextIO, mask: str | None) -> None:
    """Create or update the definitions in FILE ('-' for standard input): JSON objects as `--json` writes them."""
    for definition in _definitions(file):
        session.output.one(session.client.save_inventory_operation(definition, update_mask=fields_of(mask)))


@operations.command("delete")
@OPERATION
@VERSION
@click.pass_obj
def delete(session: Session, /, operation_id: str, version: int | None) -> None:
    """Delete a definition that is not running and that no record refers to."""
    session.client.delete_inventory_operation(operation_id, version=version)


def _format(name: str | None, suffix: str) -> enums_pb2.ExportFormat.ValueType:
    name = name or _SUFFIXES.get(suffix.lower())
    if name is None:
        raise click.UsageError("the file's name does not tell its format: give --format csv or --format json")
    return _FORMATS[name]


def chosen_seconds() -> float | None:
    """The time that a file may take; None for the value of --timeout."""
    source = click.get_current_context().find_root().get_parameter_source("timeout_seconds")
    return LONG_SECONDS if source is click.core.ParameterSource.DEFAULT else None


def pieces_of(file: BinaryIO, shown: Progress) -> Iterator[bytes]:
    """The file in pieces; shows how much of it was sent, and that the server works then."""
    while piece := file.read(PIECE_BYTES):
        yield piece
        shown.done += len(piece)
    shown.say("checking and writing")


def _bytes_of(file: BinaryIO) -> int | None:
    """How large a file is; None for a pipe."""
    try:
        return os.fstat(file.fileno()).st_size or None
    except OSError:
        return None


def _show(output: Output, response: pb.ImportInventoryOperationsResponse, *, undone: bool, dry_run: bool) -> None:
    if response.failed_rows:
        rows = ((str(one.line), one.reason, one.field, one.description) for one in response.failed_rows)
        output.table(("LINE", "REASON", "FIELD", "DESCRIPTION"), rows)
    more = response.failed - len(response.failed_rows)
    if more:
        click.echo(f"and {more} more")
    counts = f"created {response.created}, updated {response.updated}, unchanged {response.unchanged}"
    text = f"{counts}, failed {response.failed}"
    if undone:
        text += ": nothing was done"
    elif dry_run:
        text += ": a dry run, nothing was done"
    click.echo(text)


def _definitions(file: TextIO) -> Iterator[InventoryOperation]:
    """The definitions in a file, as `--json` writes them."""
    for values in objects_in(file.read()):
        try:
            yield from_dict(values, InventoryOperation)
        except ValueError as error:
            raise click.UsageError(f"the file does not fit: {error}") from error
