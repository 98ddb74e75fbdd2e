"""`lotkeeper plant`: a whole plant as one document, or as CSV files, applied, compared and written out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import click
from grpc import StatusCode

from lotkeeper._errors import FieldViolation, InvalidArgument, LotkeeperError
from lotkeeper.cli.definitions import chosen_seconds, counted, pieces_of, write_pieces
from lotkeeper.cli.plant_changes import show_counts, show_lines, show_table
from lotkeeper.cli.session import Session
from lotkeeper.command_groups import CommandGroup
from lotkeeper.inventory.v1 import enums_pb2, master_data_service_pb2
from lotkeeper.progress import Progress, progress
from lotkeeper.spreadsheets import (
    CsvOptions,
    Fault,
    OptionFault,
    PlantTables,
    SpreadsheetFaults,
    read_plant,
    read_section,
    write_plant,
)
from lotkeeper.spreadsheets.sections import SECTIONS, section_named
from lotkeeper.visible_text import visible

EXIT_DIFFERS: Final = 1
STANDARD_INPUT: Final = "-"
_FORMATS: Final = {"yaml": enums_pb2.EXPORT_FORMAT_YAML, "json": enums_pb2.EXPORT_FORMAT_JSON}
_CSV_SUFFIXES: Final = frozenset({".csv", ".tsv"})
_NAMED_DELIMITERS: Final = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t"}
FORMAT = click.option(
    "--format", "format_name", type=click.Choice(list(_FORMATS)), help="Default: by the file's name, otherwise yaml."
)
Decorator = Callable[[Any], Any]
_SOURCE: Final[tuple[Decorator, ...]] = (
    click.argument("path", metavar="FILE", type=click.Path(exists=True, allow_dash=True, path_type=Path)),
    FORMAT,
    click.option("--section", help="FILE is a CSV file of this section, such as opening_stock."),
    click.option("--delimiter", help="What stands between cells: one character, or tab. Default: found out."),
    click.option("--encoding", help="Of the bytes, such as cp1252. Default: UTF-8, or UTF-16 by its mark."),
    click.option("--decimal", type=click.Choice([".", ","]), help="What stands before decimals. Default: a point."),
    click.option("--dates", metavar="FORM", help="How dates are written, such as %d/%m/%Y. Default: 2039-12-31."),
    click.option(
        "--map", "mapped", metavar="HEADER=FIELD", multiple=True, help="What a column is; HEADER= leaves it out."
    ),
    click.option("--set", "same", metavar="FIELD=VALUE", multiple=True, help="A value that every row has."),
)


@dataclass(frozen=True)
class Source:
    """What is applied.

    Attributes:
        pieces: the document, some bytes at a time; shows how many were sent.
        export_format: its format.
        tables: the files that it was made of, if it was.
        total: its bytes; None: nobody knows yet.
    """

    pieces: Callable[[Progress], Iterator[bytes]]
    export_format: enums_pb2.ExportFormat.ValueType
    tables: PlantTables | None = None
    total: int | None = None


@click.group(cls=CommandGroup)
def plant() -> None:
    """Keep a whole plant in one document, or in CSV files: units, materials, locations, operations, lots and stock."""


def _sourced(run: Any) -> Any:
    """Adds the argument and the options that say what is applied."""
    for parameter in reversed(_SOURCE):
        run = parameter(run)
    return run


@plant.command()
@_sourced
@click.option("--dry-run", is_flag=True, help="Only say what would be done, as a table.")
@click.pass_obj
def apply(session: Session, /, path: Path, dry_run: bool, **options: Any) -> None:
    """Create and update what FILE says, all or nothing.

    FILE is a YAML or JSON document, '-' for standard input, a CSV file of one section (--section, if it is not named
    after it), or a folder of them: locations.csv, lots.csv, opening_stock.csv. Things are matched by name, path or
    code. What FILE leaves out stays as it is; nothing is deleted. The exit status is 1 if something cannot be applied.
    """
    source = _source(session, path, **options)
    response = _imported(session, source, validate_only=dry_run)
    if not session.output.for_people:
        session.output.one(response)
    else:
        if dry_run:
            show_table(session.output, response, source.tables)
        else:
            show_lines(response)
        show_counts(response, would=dry_run)
    if response.not_applied:
        sys.exit(EXIT_DIFFERS)


@plant.command()
@_sourced
@click.pass_obj
def diff(session: Session, /, path: Path, **options: Any) -> None:
    """Only say what `apply` would change; the exit status is 0 if that is nothing, otherwise 1."""
    response = _imported(session, _source(session, path, **options), validate_only=True)
    if not session.output.for_people:
        session.output.one(response)
    else:
        show_lines(response)
        show_counts(response, would=True)
    if response.created or response.updated or response.not_applied:
        sys.exit(EXIT_DIFFERS)


@plant.command()
@FORMAT
@click.option("--include-lots", is_flag=True, help="Also lots, and their stock as opening stock.")
@click.option("-o", "--output", "target", type=click.Path(path_type=Path), help="A file. Default: standard output.")
@click.option("--csv", "folder", type=click.Path(file_okay=False, path_type=Path), help="A folder for CSV files.")
@click.pass_obj
def export(
    session: Session, /, format_name: str | None, include_lots: bool, target: Path | None, folder: Path | None
) -> None:
    """Write the plant as a document, or as a folder of CSV files, that `apply` can read."""
    if folder is not None and (format_name or target):
        raise click.UsageError("--csv writes a folder of its own: give neither --format nor --output")
    number = _FORMATS["json"] if folder is not None else _format(format_name, target.name if target else "")
    pieces = session.client.export_master_data(
        export_format=number, include_lots=include_lots, timeout_seconds=chosen_seconds()
    )
    if folder is None:
        write_pieces(pieces, target)
        return
    try:
        with progress("writing", unit="bytes") as shown:
            write_plant(b"".join(counted(pieces, shown)), folder, include_lots=include_lots)
    except OSError as error:
        raise click.ClickException(f"{folder} cannot be written: {error.strerror or error}") from error


def _source(session: Session, path: Path, *, format_name: str | None, section: str | None, **options: Any) -> Source:
    is_folder = path.is_dir()
    if is_folder and section:
        raise click.UsageError("a folder has a file for each section: give no --section")
    if not is_folder and not section and path.suffix.lower() in _CSV_SUFFIXES:
        section = section_named(path.stem)
        if section is None:
            raise click.UsageError(
                f"{path.name} is not named after a section: give --section, of {', '.join(SECTIONS)}"
            )
    if not (is_folder or section):
        if any(options.values()):
            raise click.UsageError("options about CSV are for a folder of CSV files, or need --section")
        total = path.stat().st_size if path.is_file() else None
        return Source(partial(_pieces, path), _format(format_name, path.name), total=total)
    if format_name:
        raise click.UsageError("CSV files have no --format")
    try:
        tables = _tables(path, section, _csv_options(session, **options))
    except OptionFault as wrong:
        raise click.UsageError(str(wrong)) from None
    except SpreadsheetFaults as found:
        if session.output.errors_are_text:
            for fault in found.faults:
                click.echo(visible(str(fault)), err=True)
        raise InvalidArgument(
            StatusCode.INVALID_ARGUMENT,
            "the files cannot be read as they are; nothing was sent",
            field_violations=tuple(FieldViolation(str(one.cell), str(one)) for one in found.faults),
        ) from None
    except OSError as error:
        raise click.ClickException(f"{error.filename or path} cannot be read: {error.strerror}") from error
    document = tables.document()
    return Source(partial(pieces_of, BytesIO(document)), _FORMATS["json"], tables, len(document))


def _tables(path: Path, section: str | None, options: CsvOptions) -> PlantTables:
    if section is None:
        return read_plant(path, options)
    is_standard_input = str(path) == STANDARD_INPUT
    data = sys.stdin.buffer.read() if is_standard_input else path.read_bytes()
    return read_section(section, data, "standard input" if is_standard_input else path.name, options)


def _csv_options(
    session: Session,
    *,
    delimiter: str | None,
    encoding: str | None,
    decimal: str | None,
    dates: str | None,
    mapped: tuple[str, ...],
    same: tuple[str, ...],
) -> CsvOptions:
    columns = {header.strip(): target.strip() for header, target in _pairs("--map", mapped, last=True)}
    values = {name.strip(): value for name, value in _pairs("--set", same, last=False)}
    options = CsvOptions(
        _NAMED_DELIMITERS.get(delimiter or "", delimiter), encoding, decimal or ".", dates, columns, values
    )
    return replace(options, zone=session.time_zone()) if options.reads_times else options


def _pairs(option: str, given: tuple[str, ...], *, last: bool) -> Iterator[tuple[str, str]]:
    """The two parts of each `A=B`, divided at the last or at the first sign."""
    for one in given:
        name, sign, value = one.rpartition("=") if last else one.partition("=")
        if not sign or not name.strip():
            raise click.UsageError(f"{option} {one} has no = with a name before it")
        yield name, value


def _imported(
    session: Session, source: Source, *, validate_only: bool
) -> master_data_service_pb2.ImportMasterDataResponse:
    try:
        with progress("sending", source.total, "bytes") as shown:
            return session.client.import_master_data(
                source.pieces(shown),
                export_format=source.export_format,
                validate_only=validate_only,
                timeout_seconds=chosen_seconds(),
            )
    except LotkeeperError as error:
        if session.output.errors_are_text:
            _show_cells(error, source.tables)
            raise
        raise _with_cells(error, source.tables) from None


def _show_cells(error: LotkeeperError, tables: PlantTables | None) -> None:
    """Where in the files a refusal sees its faults."""
    for violation in error.field_violations:
        if text := _cell_text(violation, tables):
            click.echo(visible(text), err=True)


def _with_cells(error: LotkeeperError, tables: PlantTables | None) -> LotkeeperError:
    """The refusal, with the cells in the descriptions of its fields."""
    violations = (
        FieldViolation(one.field, _cell_text(one, tables) or one.description, one.reason)
        for one in error.field_violations
    )
    return error.saying(error.message, tuple(violations))


def _cell_text(violation: FieldViolation, tables: PlantTables | None) -> str | None:
    cell = None if tables is None else tables.cell_at(violation.field)
    if cell is None:
        return None
    return f"{cell}: {violation.description}" if cell.text else str(Fault(cell, violation.description))


def _pieces(path: Path, shown: Progress) -> Iterator[bytes]:
    with click.open_file(str(path), "rb") as file:
        yield from pieces_of(cast("BinaryIO", file), shown)


def _format(name: str | None, file_name: str) -> enums_pb2.ExportFormat.ValueType:
    by_name = "json" if file_name.lower().endswith(".json") else "yaml"
    return _FORMATS[name or by_name]
