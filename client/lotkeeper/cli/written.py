"""The records that a command wrote: two lines each for people, all of their fields for programs and with --wide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import click
from google.protobuf.message import Message

from lotkeeper._json import to_dict
from lotkeeper.cli.columns import Column, Row, amount, date, key, moment, quantity, text, word
from lotkeeper.cli.output import Output
from lotkeeper.inventory.v1.inventory_lot_record_pb2 import InventoryLotRecord

RECORD_COLUMNS: Final[Sequence[Column]] = (
    key("ID", "id"),
    word("TYPE", "lotRecordType"),
    text("LOT", "inventoryLotName", rank=0),
    quantity(),
    text("SOURCE", "sourceLocationPath", rank=2),
    text("DESTINATION", "destinationLocationPath", rank=2),
    text("INTO/FROM", "secondaryInventoryLotName", rank=3),
    word("STATUS", "status", rank=4),
    date("END", "endDate"),
)
_GAP: Final = "  "
_COMPLETED: Final = "COMPLETED"
_STATUS_CHANGE: Final = "STATUS_CHANGE"


def show_written(output: Output, records: Sequence[Message], instead: str) -> None:
    """Shows each record; people get two lines for each, or, with --columns, a row.

    Args:
        output: how.
        records: in order.
        instead: what people read where there is none.
    """
    if output.for_people and (output.columns is None or not records):
        if output.wide or not records:
            output.each(records, instead)
        else:
            _show_short(output, records)
        return
    output.many(records, RECORD_COLUMNS, InventoryLotRecord)


def show_single(output: Output, record: Message) -> None:
    """The same of the one record that a command always writes: for programs one object."""
    if output.for_people and output.columns is None and not output.wide:
        _show_short(output, [record])
    else:
        output.one(record)


def places_of(row: Row) -> str:
    """`SOURCE > DESTINATION`, as far as a record has them."""
    source, destination = (_place(row[name]) for name in ("sourceLocationPath", "destinationLocationPath"))
    return f"{source} > {destination}".lstrip() if destination else source


def _place(path: str | None) -> str:
    """A path, in which a > is not taken for the one between two."""
    return (path or "").replace(" >", r" \x3e")


def _show_short(output: Output, records: Sequence[Message]) -> None:
    for record in records:
        row = to_dict(record)
        for cells, below in ((_what(row), _GAP), (_which(row, output), _GAP * 2)):
            begun = below.removeprefix(_GAP)
            for line in output.wrapped(begun + _GAP.join(output.text(cell) for cell in cells if cell), below):
                click.echo(line)


def _what(row: Row) -> Iterator[str]:
    """What was done: type, quantity, lot, from where to where, the other lot."""
    yield row["lotRecordType"] or ""
    moves_nothing = row["lotRecordType"] == _STATUS_CHANGE or row["status"] != _COMPLETED
    done = None if moves_nothing else amount(row)
    yield str(done) if done is not None else ""
    yield row["inventoryLotName"] or ""
    yield places_of(row)
    if row["secondaryInventoryLotName"]:
        yield f"secondary lot {row['secondaryInventoryLotName']}"
    if row["lotRecordType"] == _STATUS_CHANGE:
        yield f"now {row['lotStatus']}"


def _which(row: Row, output: Output) -> Iterator[str]:
    """Which record it is, when it was, and its status unless it is completed."""
    yield f"record {row['id']}" if row["id"] else ""
    yield output.text(moment(row["endDate"] or row["startDate"]))
    if row["status"] not in {_COMPLETED, None}:
        yield row["status"]
    if row["reversesRecordId"]:
        yield f"reverses {row['reversesRecordId']}"
