"""Files of archived records: CSV in gzip, one line a record, every column of the store's table, then what it names.

Ids are ULIDs as the contract shows them, quantities whole millionths of a unit, times milliseconds since the epoch,
UTC, vocabularies the contract's numbers; empty is absent. The columns of names are for readers: they hold what things
were called when the record was archived.
"""

import csv
import gzip
import hashlib
import io
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Boolean, Column, Connection, LargeBinary, String

from lotkeeper_server.archive.balances import Row
from lotkeeper_server.domain.model.identifiers import format_id, parse_id
from lotkeeper_server.store.db.statements import rows_by_key
from lotkeeper_server.store.schema.tables import inventory_lot_record

_COLUMNS: Final = tuple(inventory_lot_record.columns)
# Behind the columns of the table: what each is called, by which reference, and where that is read.
_NAMES: Final = (
    ("lot", "lot_id", "SELECT id, name FROM inventory_lot"),
    ("secondary_lot", "secondary_lot_id", "SELECT id, name FROM inventory_lot"),
    ("material", "material_id", "SELECT id, path FROM material"),
    ("inventory_operation", "inventory_operation_id", "SELECT id, name FROM inventory_operation"),
    ("production_order", "production_order_id", "SELECT id, name FROM production_order"),
    ("material_reason_code", "material_reason_code_id", "SELECT id, reason_code FROM material_reason_code"),
    ("source_location", "source_location_id", "SELECT id, path FROM location"),
    ("destination_location", "destination_location_id", "SELECT id, path FROM location"),
    ("unit_of_measure", "unit_of_measure_id", "SELECT id, symbol FROM unit_of_measure"),
)
HEADER: Final = (*(column.name for column in _COLUMNS), *(name for name, _, _ in _NAMES))
_FILE_NAME: Final = re.compile(r"records-\d{6,}-[0-9a-f]{8}\.csv\.gz")
_PART: Final = ".part"


class UnreadableFile(Exception):
    """A file that is none of an archive's, or is damaged; the text says how."""


def file_name(number: int, run: str) -> str:
    """The name of a file; two runs never write the same one.

    Args:
        number: of the file, from 1.
        run: eight hexadecimal digits, drawn by each run.
    """
    return f"records-{number:06d}-{run}.csv.gz"


def names_of(connection: Connection, rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """What the references of records are called now, record by record, in the order of the columns of names."""
    texts = []
    for _, column, select in _NAMES:
        wanted = sorted({row[column] for row in rows} - {None})
        found = dict(map(tuple, rows_by_key(connection, select, "id", wanted)))
        texts.append([found.get(row[column], "") for row in rows])
    return list(zip(*texts, strict=True))


def file_bytes(rows: Sequence[Row], names: Sequence[tuple[str, ...]]) -> bytes:
    """A file of these records; the same ones make the same bytes."""
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=packed, mode="wb", mtime=0) as zipped:
        text = io.TextIOWrapper(zipped, encoding="utf-8", newline="", write_through=True)
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(HEADER)
        for row, named in zip(rows, names, strict=True):
            writer.writerow([*(_shown(row[column.name]) for column in _COLUMNS), *named])
        text.detach()
    return packed.getvalue()


def _shown(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bytes):
        return format_id(value)
    return int(value) if isinstance(value, bool) else value


def read_rows(content: bytes) -> Iterator[Row]:
    """The records of a file.

    Raises:
        UnreadableFile: where it is none.
    """
    try:
        lines = csv.reader(io.StringIO(gzip.decompress(content).decode(), newline=""))
        if (header := next(lines, None)) != list(HEADER):
            raise UnreadableFile(f"its columns are {header}")
        for line in lines:
            yield {column.name: _value(column, text) for column, text in zip(_COLUMNS, line, strict=False)}
    except (OSError, EOFError, ValueError, csv.Error) as error:
        raise UnreadableFile(str(error)) from error


def _value(column: Column[Any], text: str) -> Any:
    if not text and column.nullable:
        return None
    if isinstance(column.type, LargeBinary):
        if (identifier := parse_id(text)) is None:
            raise ValueError(f"{column.name}: {text!r} is no id")
        return identifier
    if isinstance(column.type, String):
        return text
    return bool(int(text)) if isinstance(column.type, Boolean) else int(text)


def digest_of(content: bytes) -> bytes:
    """SHA-256 of a file as it is on disk."""
    return hashlib.sha256(content).digest()


def make_folder(folder: Path) -> None:
    """Makes the folder where it is not there; durable when this returns.

    Raises:
        OSError: where it cannot be made.
    """
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.absolute().parent)


def write_file(folder: Path, name: str, content: bytes) -> None:
    """Writes a file; it is whole and durable under its name when this returns, and not there under it before.

    Raises:
        OSError: where it cannot be written.
    """
    part = folder / (name + _PART)
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.rename(folder / name)
    _sync_folder(folder)


def remove_file(folder: Path, name: str) -> None:
    """Removes what there is of a file, durably."""
    (folder / name).unlink(missing_ok=True)
    (folder / (name + _PART)).unlink(missing_ok=True)
    _sync_folder(folder)


def names_in(folder: Path) -> list[str]:
    """The files of an archive that are in a folder, in order; those that were not finished are left out."""
    return sorted(path.name for path in folder.iterdir() if _FILE_NAME.fullmatch(path.name))


def unfinished_in(folder: Path) -> list[str]:
    """The names of files that were not finished."""
    found = (path.name.removesuffix(_PART) for path in folder.iterdir() if path.name.endswith(_PART))
    return sorted(name for name in found if _FILE_NAME.fullmatch(name))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
