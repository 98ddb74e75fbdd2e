"""`lotkeeper plant`: a whole plant as one document, applied, compared and written out."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

import click

from lotkeeper.cli.definitions import PIECE_BYTES, chosen_seconds, write_pieces
from lotkeeper.cli.session import Session
from lotkeeper.inventory.v1 import enums_pb2, master_data_service_pb2
from lotkeeper.visible_text import visible

EXIT_DIFFERS: Final = 1
_FORMATS: Final = {"yaml": enums_pb2.EXPORT_FORMAT_YAML, "json": enums_pb2.EXPORT_FORMAT_JSON}
_SIGNS: Final = {"CREATE": ("+", "green"), "UPDATE": ("~", "yellow")}
FORMAT = click.option(
    "--format", "format_name", type=click.Choice(list(_FORMATS)), help="Default: by the file's name, otherwise yaml."
)


@click.group()
def plant() -> None:
    """Keep a whole plant in one document: units, materials, locations, operations, and lots if you want."""


@plant.command()
@click.argument("file", type=click.File("rb"))
@FORMAT
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@click.pass_obj
def apply(session: Session, /, file: BinaryIO, format_name: str | None, dry_run: bool) -> None:
    """Create and update what FILE ('-' for standard input) says, all or nothing.

    Things are matched by name, path or code. What FILE leaves out stays as it is; nothing is deleted.
    """
    _show(session, _imported(session, file, format_name, validate_only=dry_run), would=dry_run)


@plant.command()
@click.argument("file", type=click.File("rb"))
@FORMAT
@click.pass_obj
def diff(session: Session, /, file: BinaryIO, format_name: str | None) -> None:
    """Only say what `apply` would change; the exit status is 0 if that is nothing, otherwise 1."""
    response = _imported(session, file, format_name, validate_only=True)
    _show(session, response, would=True)
    if response.created or response.updated:
        sys.exit(EXIT_DIFFERS)


@plant.command()
@FORMAT
@click.option("--include-lots", is_flag=True, help="Also lots, and their stock as opening stock.")
@click.option("-o", "--output", "target", type=click.Path(path_type=Path), help="A file. Default: standard output.")
@click.pass_obj
def export(session: Session, /, format_name: str | None, include_lots: bool, target: Path | None) -> None:
    """Write the plant as a document that `apply` can read."""
    number = _format(format_name, target.name if target else "")
    pieces = session.client.export_master_data(
        export_format=number, include_lots=include_lots, timeout_seconds=chosen_seconds()
    )
    write_pieces(pieces, target)


def _imported(
    session: Session, file: BinaryIO, format_name: str | None, *, validate_only: bool
) -> master_data_service_pb2.ImportMasterDataResponse:
    return session.client.import_master_data(
        _pieces(file),
        export_format=_format(format_name, str(getattr(file, "name", ""))),
        validate_only=validate_only,
        timeout_seconds=chosen_seconds(),
    )


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(PIECE_BYTES):
        yield piece


def _format(name: str | None, file_name: str) -> enums_pb2.ExportFormat.ValueType:
    by_name = "json" if file_name.lower().endswith(".json") else "yaml"
    return _FORMATS[name or by_name]


def _show(session: Session, response: master_data_service_pb2.ImportMasterDataResponse, *, would: bool) -> None:
    if session.output.as_json:
        session.output.one(response)
        return
    for change in response.changes:
        sign, colour = _SIGNS.get(change.change, ("?", "white"))
        fields = f": {', '.join(change.fields)}" if change.fields else ""
        click.secho(visible(f"{sign} {change.entity.replace('_', ' ')} {change.key}{fields}"), fg=colour)
    left_out = response.created + response.updated - len(response.changes)
    if left_out:
        click.echo(f"  and {left_out} more")
    to_do = "to create, {} to update" if would else "created, {} updated"
    click.echo(f"{response.created} {to_do.format(response.updated)}, {response.unchanged} unchanged")
