"""Export of inventory operations: from one snapshot, ordered by name, then id, row by row into a file."""

import csv
import io
import json
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import BinaryIO, Final

from lotkeeper_server.catalog.breathing import Stopped
from lotkeeper_server.catalog.descriptions import INVENTORY_OPERATION
from lotkeeper_server.catalog.exchange_columns import Column, exported_columns
from lotkeeper_server.catalog.naming import look_up
from lotkeeper_server.catalog.references import looked_up
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.entities.pages import rows_by_name, values_by_id
from lotkeeper_server.store.entities.paths import locations_at_or_below
from lotkeeper_server.store.entities.row import EntityRow
from lotkeeper_server.store.entities.within import within

_ROWS_AT_ONCE: Final = 100
_BREATH_SECONDS: Final = 50e-6
_COLUMNS: Final = exported_columns(INVENTORY_OPERATION)
_JSON_NAMES: Final = tuple(column.json_name for column in _COLUMNS)
Written = EntityRow
"""Stored values by column, and for each reference the text that names the thing."""


def write_export(
    snapshot: Snapshot, file: BinaryIO, file_format: str, places: Sequence[Id | str], stopped: threading.Event
) -> None:
    """Writes all definitions, or those at some locations.

    Args:
        snapshot: what is written is of one moment.
        file: to write to.
        file_format: CSV or JSON.
        places: ids and paths of locations: only definitions that have one of them, or one below, as source or
            destination; empty: all.
        stopped: set once nobody waits any more.

    Raises:
        Refused: LOCATION_NOT_FOUND on `location_ids_or_paths[3]`.
        Stopped: once nobody waits any more.
    """
    found = _locations(snapshot, places) if places else None
    text_of = _FORMATS[file_format]
    if file_format == "CSV":
        file.write(_csv_text([_JSON_NAMES]).encode())
    for rows in _chunks(snapshot, found):
        if stopped.is_set():
            raise Stopped
        file.write(text_of(_named(snapshot, rows)).encode())
        time.sleep(_BREATH_SECONDS)


def _locations(snapshot: Snapshot, places: Sequence[Id | str]) -> set[Id]:
    found: set[Id] = set()
    for number, place in enumerate(places):
        location_id = look_up(snapshot, "location", place, f"location_ids_or_paths[{number}]")
        found |= locations_at_or_below(snapshot, location_id)
    return found


def _chunks(snapshot: Snapshot, places: Collection[Id] | None) -> Iterator[list[Written]]:
    """Rows ordered by name, then id, as the snapshot gives them; never all are in memory."""
    seen, table = within(snapshot), INVENTORY_OPERATION.table
    for rows in rows_by_name(snapshot, table, _ROWS_AT_ONCE):
        yield [
            row
            for row in (rows if seen is None else seen.rows(snapshot, table.name, rows))
            if places is None or row["source_location_id"] in places or row["destination_location_id"] in places
        ]


def _named(snapshot: Snapshot, rows: list[Written]) -> list[Written]:
    """The rows, with a text for each reference."""
    for reference in INVENTORY_OPERATION.references:
        shown = reference.beside[looked_up(reference)[-1]]
        ids = {row[reference.column] for row in rows} - {None}
        names = values_by_id(snapshot, reference.target, (shown,), ids)
        for row in rows:
            (row[reference.name],) = names.get(row[reference.column], ("",))
    return rows


def _as_csv(rows: list[Written]) -> str:
    return _csv_text([column.cell_of(row[column.stored]) for column in _COLUMNS] for row in rows)


def _csv_text(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)  # its own dialect: commas, quotes where needed, doubled inside, CRLF
    return text.getvalue()


def _as_json(rows: list[Written]) -> str:
    return "".join(f"{_object(_COLUMNS, row)}\n" for row in rows)


def _object(columns: Sequence[Column], row: Written) -> str:
    values = {column.json_name: column.json_of(row[column.stored]) for column in columns}
    return json.dumps(values, ensure_ascii=False)


_FORMATS: Final[dict[str, Callable[[list[Written]], str]]] = {"CSV": _as_csv, "JSON": _as_json}
