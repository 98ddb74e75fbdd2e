"""Export of inventory operations: one snapshot, by name, then id, row by row into a file."""

import csv
import io
import json
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, BinaryIO, Final

from sqlalchemy import Connection, or_, select

from lotkeeper_server.catalog.descriptions import INVENTORY_OPERATION
from lotkeeper_server.catalog.exchange_columns import Column, exported_columns
from lotkeeper_server.catalog.hierarchy import below
from lotkeeper_server.catalog.importing import Stopped
from lotkeeper_server.catalog.references import look_up, looked_up
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.store.db.statements import rows_by_key
from lotkeeper_server.store.schema import tables

_ROWS_AT_ONCE: Final = 100
_BREATH_SECONDS: Final = 50e-6
_TABLE: Final = INVENTORY_OPERATION.table
_COLUMNS: Final = exported_columns(INVENTORY_OPERATION)
_JSON_NAMES: Final = tuple(column.json_name for column in _COLUMNS)
Written = dict[str, Any]
"""Stored values by column, and by reference the text that names what it refers to."""


def write_export(
    connection: Connection, file: BinaryIO, file_format: str, places: Sequence[Id | str], stopped: threading.Event
) -> None:
    """Writes every definition, or those at some locations.

    Args:
        connection: a transaction that sees one snapshot.
        file: to write to.
        file_format: CSV or JSON.
        places: ids and paths of locations: only what has one of them, or one below, as source or destination; empty:
            everything.
        stopped: set where nobody waits any more.

    Raises:
        Refused: LOCATION_NOT_FOUND on `location_ids_or_paths[3]`.
        Stopped: where nobody waits any more.
    """
    within = _locations(connection, places) if places else None
    text_of = _FORMATS[file_format]
    if file_format == "CSV":
        file.write(_csv_text([_JSON_NAMES]).encode())
    for rows in _chunks(connection, within):
        if stopped.is_set():
            raise Stopped
        file.write(text_of(_named(connection, rows)).encode())
        time.sleep(_BREATH_SECONDS)


def _locations(connection: Connection, places: Sequence[Id | str]) -> set[Id]:
    table = tables.location
    found: set[Id] = set()
    for number, place in enumerate(places):
        location_id = look_up(connection, "location", place, f"location_ids_or_paths[{number}]")
        path = connection.execute(select(table.c.path).where(table.c.id == location_id)).scalar_one()
        inside = select(table.c.id).where(or_(table.c.id == location_id, below(table.c.path, path)))
        found.update(connection.execute(inside).scalars())
    return found


def _chunks(connection: Connection, within: Collection[Id] | None) -> Iterator[list[Written]]:
    """Rows by name, then id, as the snapshot gives them: never all in memory."""
    query = select(_TABLE).order_by(_TABLE.c.name, _TABLE.c.id).execution_options(yield_per=_ROWS_AT_ONCE)
    for rows in connection.execute(query).mappings().partitions():
        kept = [
            dict(row)
            for row in rows
            if within is None or row["source_location_id"] in within or row["destination_location_id"] in within
        ]
        yield kept


def _named(connection: Connection, rows: list[Written]) -> list[Written]:
    """The rows, with a text for each reference."""
    for reference in INVENTORY_OPERATION.references:
        shown = reference.beside[looked_up(reference)[-1]]
        ids = sorted({row[reference.column] for row in rows} - {None})
        select_text = f"SELECT id, {shown} FROM {reference.target}"  # noqa: S608 - the schema's own names
        names = {row[0]: row[1] for row in rows_by_key(connection, select_text, "id", ids)}
        for row in rows:
            row[reference.name] = names.get(row[reference.column], "")
    return rows


def _as_csv(rows: list[Written]) -> str:
    return _csv_text([column.cell_of(row[column.stored]) for column in _COLUMNS] for row in rows)


def _csv_text(rows: Any) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)  # its own dialect: commas, quotes where needed, doubled inside, CRLF
    return text.getvalue()


def _as_json(rows: list[Written]) -> str:
    return "".join(f"{_object(_COLUMNS, row)}\n" for row in rows)


def _object(columns: Sequence[Column], row: Written) -> str:
    values = {column.json_name: column.json_of(row[column.stored]) for column in columns}
    return json.dumps(values, ensure_ascii=False)


_FORMATS: Final[dict[str, Callable[[list[Written]], str]]] = {"CSV": _as_csv, "JSON": _as_json}
