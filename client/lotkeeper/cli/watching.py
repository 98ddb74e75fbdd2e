"""`lotkeeper watch`: follows the records as they complete."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from lotkeeper._json import to_dict
from lotkeeper.cli.columns import Column, Kind, Row, chosen, date, quantity, text, word
from lotkeeper.cli.options import CHILDREN, LOCATION, LOT, MATERIAL, TYPES
from lotkeeper.cli.output import Output
from lotkeeper.cli.session import Session
from lotkeeper.cli.showing import streamed
from lotkeeper.cli.writers import picked
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1 import inventory_service_pb2 as pb
from lotkeeper.inventory.v1.inventory_lot_record_pb2 import InventoryLotRecord


class TokenFile:
    """Keeps the token of the last record that was dealt with, across restarts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept = ""

    def read(self) -> str | None:
        """The token; None if there is none yet.

        Raises:
            click.UsageError: where the file cannot be read.
        """
        try:
            return self._path.read_text().strip() or None
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise click.UsageError(f"{self._path} cannot be read: {error}") from error

    def keep(self, token: str) -> None:
        """Replaces the stored token; if anything fails, the old one stays.

        Raises:
            click.ClickException: where the file cannot be written.
        """
        if token == self._kept:
            return
        beside = self._path.with_name(self._path.name + ".new")
        try:
            with beside.open("w") as file:
                file.write(token + "\n")
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._path)
        except OSError as error:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
            raise click.ClickException(f"{self._path} cannot be written: {error.strerror or error}") from error
        self._kept = token


def _places(row: Row) -> str:
    source, destination = (_place(row[name]) for name in ("sourceLocationPath", "destinationLocationPath"))
    return f"{source} > {destination}".lstrip() if destination else source


def _place(path: str | None) -> str:
    """A path, in which a > is not taken for the one between two."""
    return (path or "").replace(" >", r" \x3e")


_COLUMNS: Final[Sequence[Column]] = (
    replace(date("END", "endDate", kind=Kind.WHOLE), typical=24),
    replace(word("TYPE", "lotRecordType"), typical=9),
    replace(text("LOT", "inventoryLotName", rank=0), typical=12),
    replace(quantity(), typical=10),
    Column("PLACES", "sourceLocationPath", _places, rank=2, typical=24),
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
    help="Keep the last token in this file, and go on from the one in it.",
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
        _follow(messages, session.output, kept)


def _follow(messages: Iterator[pb.WatchInventoryLotRecordsResponse], output: Output, kept: TokenFile | None) -> None:
    descriptor = InventoryLotRecord.DESCRIPTOR
    if output.form in {"table", "csv"}:
        output.live(_rows(messages, kept, lambda record, _: record), _COLUMNS, descriptor)
        return
    columns = None if output.columns is None else chosen(output.columns, _COLUMNS, descriptor)
    rows = _rows(messages, kept, lambda record, token: {"inventoryLotRecord": picked(record, columns), _TOKEN: token})
    replace(output, columns=None).live(rows, (), descriptor)


def _rows(
    messages: Iterator[pb.WatchInventoryLotRecordsResponse], kept: TokenFile | None, row_of: Callable[[Row, str], Row]
) -> Iterator[Sequence[Row]]:
    """Each record when it has come; first nothing, so that titles stand there once the server answers."""
    for number, message in enumerate(messages):
        if number == 0:
            yield ()
        if message.HasField("inventory_lot_record"):
            yield [row_of(to_dict(message.inventory_lot_record), message.resume_token)]
        if kept:  # only now: after a crash, printing twice is better than never printing
            kept.keep(message.resume_token)
