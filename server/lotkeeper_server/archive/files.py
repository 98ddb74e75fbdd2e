"""Files of archived records: CSV in gzip, one line for each record, with every column of the store's table, then names.

Ids are ULIDs as in the contract, quantities are whole millionths of a unit, times are milliseconds since the epoch,
UTC, enum values are the contract's numbers; empty is absent. The columns of names are for readers: they hold the names
that things had when the record was archived.
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

from lotkeeper_server.domain.model.identifiers import format_id, parse_id
from lotkeeper_server.store.archive.records import RECORD_COLUMNS, RecordColumn, RecordRow, names_by_id
from lotkeeper_server.store.db.snapshot import Snapshot

# After the columns of the table: each column's name, its reference, and the table and column of that.
_NAMES: Final = (
    ("lot", "lot_id", "inventory_lot", "name"),
    ("secondary_lot", "secondary_lot_id", "inventory_lot", "name"),
    ("material", "material_id", "material", "path"),
    ("inventory_operation", "inventory_operation_id", "inventory_operation", "name"),
    ("production_order", "production_order_id", "production_order", "name"),
    ("material_reason_code", "material_reason_code_id", "material_reason_code", "reason_code"),
    ("source_location", "source_location_id", "location", "path"),
    ("destination_location", "destination_location_id", "location", "path"),
    ("unit_of_measure", "unit_of_measure_id", "unit_of_measure", "symbol"),
)
_SHOWN_NAMES: Final = tuple(name for name, _, _, _ in _NAMES)
HEADER: Final = (*(column.name for column in RECORD_COLUMNS), *_SHOWN_NAMES)
_ADDED: Final = ("merge_expiration_millis", "merge_expiration_before_millis", "merge_closed_from")
"""Columns that files of earlier versions lack: nothing is known there."""
_FILE_NAME: Final = re.compile(r"records-\d{6,}-[0-9a-f]{8}\.csv\.gz")
_PART: Final = ".part"


class UnreadableFile(Exception):
    """A file that is not from an archive, or is damaged; the text says how."""


def file_name(number: int, run: str) -> str:
    """The name of a file; two runs never write the same one.

    Args:
        number: of the file, from 1.
        run: eight hexadecimal digits, drawn by each run.
    """
    return f"records-{number:06d}-{run}.csv.gz"


def names_of(snapshot: Snapshot, rows: Sequence[RecordRow]) -> list[tuple[str, ...]]:
    """The present names of what records refer to, record by record, in the order of the columns of names."""
    texts = []
    for _, column, table_name, shown in _NAMES:
        found = names_by_id(snapshot, table_name, shown, {row[column] for row in rows} - {None})
        texts.append([found.get(row[column], "") for row in rows])
    return list(zip(*texts, strict=True))


def file_bytes(rows: Sequence[RecordRow], names: Sequence[tuple[str, ...]]) -> bytes:
    """A file of these records; the same records make the same bytes."""
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=packed, mode="wb", mtime=0) as zipped:
        text = io.TextIOWrapper(zipped, encoding="utf-8", newline="", write_through=True)
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(HEADER)
        for row, named in zip(rows, names, strict=True):
            writer.writerow([*(_shown(row[column.name]) for column in RECORD_COLUMNS), *named])
        text.detach()
    return packed.getvalue()


def _shown(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bytes):
        return format_id(value)
    return int(value) if isinstance(value, bool) else value


def read_rows(content: bytes) -> Iterator[RecordRow]:
    """The records of a file.

    Raises:
        UnreadableFile: where it is not a file of an archive.
    """
    try:
        lines = csv.reader(io.StringIO(gzip.decompress(content).decode(), newline=""))
        header = next(lines, [])
        present = [column for column in RECORD_COLUMNS if column.name not in _ADDED or column.name in header]
        if header != [*(column.name for column in present), *_SHOWN_NAMES]:
            raise UnreadableFile(f"its columns are {header}")
        for line in lines:
            read = {column.name: _value(column, text) for column, text in zip(present, line, strict=False)}
            yield {column.name: read.get(column.name) for column in RECORD_COLUMNS}
    except (OSError, EOFError, ValueError, csv.Error) as error:
        raise UnreadableFile(str(error)) from error


def _value(column: RecordColumn, text: str) -> Any:
    if not text and column.nullable:
        return None
    if column.kind is bytes:
        if (identifier := parse_id(text)) is None:
            raise ValueError(f"{column.name}: {text!r} is not an id")
        return identifier
    if column.kind is str:
        return text
    return bool(int(text)) if column.kind is bool else int(text)


def digest_of(content: bytes) -> bytes:
    """SHA-256 of a file as it is on disk."""
    return hashlib.sha256(content).digest()


def make_folder(folder: Path) -> None:
    """Makes the folder if it does not exist, for its owner only; durable when this returns.

    Raises:
        OSError: where it cannot be made.
    """
    folder.mkdir(exist_ok=True, mode=0o700)
    _sync_folder(folder.absolute().parent)


def write_file(folder: Path, name: str, content: bytes) -> None:
    """Writes a file that only its owner can read.

    It is complete and durable when this returns; before, there is no file of this name.

    Raises:
        OSError: where it cannot be written.
    """
    part = folder / (name + _PART)
    part.unlink(missing_ok=True)  # one that was left behind would keep its mode
    with open(part, "xb", opener=_private) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.rename(folder / name)
    _sync_folder(folder)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def remove_file(folder: Path, name: str) -> None:
    """Removes a file, complete or not, durably."""
    (folder / name).unlink(missing_ok=True)
    (folder / (name + _PART)).unlink(missing_ok=True)
    _sync_folder(folder)


def names_in(folder: Path) -> list[str]:
    """The files of an archive in a folder, in order, without unfinished ones."""
    return sorted(path.name for path in folder.iterdir() if _FILE_NAME.fullmatch(path.name))


def unfinished_in(folder: Path) -> list[str]:
    """The names of unfinished files."""
    found = (path.name.removesuffix(_PART) for path in folder.iterdir() if path.name.endswith(_PART))
    return sorted(name for name in found if _FILE_NAME.fullmatch(name))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
