"""What an import is going to write: any number of rows, in a private temporary file until its transaction.

SQLite is only the file's format here, for every kind of store: it sorts keys and needs only a few megabytes of memory.
The file has no name once it is open, and disappears with the connection.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Table

from lotkeeper_server.domain.refusals import NoTemporarySpace, Refused
from lotkeeper_server.store.db.statements import columns_of
from lotkeeper_server.store.temporary_files import Room, refusing_where_full

_CACHE_KIBIBYTES: Final = 8_192
_PAGE_BYTES: Final = 4_096
_ROWS_BETWEEN_LOOKS: Final = 64
"""So many rows are written before their room is taken of the quota."""
_FULL: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE})
_ROWS_AT_ONCE: Final = 500


class ImportPlan:
    """Rows to create and to update, and the keys met so far. Used by one thread at a time."""

    def __init__(self, table: Table, room: Room) -> None:
        """Makes an empty file.

        Args:
            table: of the rows.
            room: what the file takes.

        Raises:
            Refused: NO_TEMPORARY_SPACE; so does every method that writes.
        """
        self.table = table
        self._names = columns_of(table)
        self._room = room
        self._taken_bytes = self._rows = 0
        with refusing_where_full():
            path, descriptor = room.folder.new_named_file()
        os.close(descriptor)
        self._file = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        columns = ", ".join(self._names)
        try:
            self._make_tables(columns)
        except BaseException:
            self._file.close()
            raise
        finally:
            path.unlink()
        places = ", ".join("?" for _ in self._names)
        self._insert = f"INSERT INTO planned (changed, while_running, {columns}) VALUES (?, ?, {places})"  # noqa: S608
        self._select_updates = (
            f"SELECT changed, {columns} FROM planned WHERE changed IS NOT NULL ORDER BY changed, number"  # noqa: S608
        )

    def meet(self, key: bytes, line: int) -> int | None:
        """The line where a key was first met; if it is new, notes it."""
        if self._write("INSERT OR IGNORE INTO met VALUES (?, ?)", (key, line)):
            return None
        (first,) = self._file.execute("SELECT line FROM met WHERE key = ?", (key,)).fetchone()
        return int(first)

    def create(self, row: dict[str, Any]) -> None:
        """Plans a new row; the transaction sets its id and dates."""
        self._write(self._insert, (None, True, *(row[name] for name in self._names)))

    def update(self, row: dict[str, Any], changed: Sequence[str], *, while_running: bool) -> None:
        """Plans the change of some columns; `while_running`: whether that is allowed while it runs."""
        self._write(self._insert, (",".join(changed), while_running, *(row[name] for name in self._names)))

    def creations(
        self, new_id: Callable[[], bytes], now_millis: int, rows_at_once: int = _ROWS_AT_ONCE
    ) -> Iterator[tuple[list[bytes], list[Any]]]:
        """The rows to create, some hundred at a time: their ids, and the values of every column in order."""
        others = ", ".join("?" if name == "created_millis" else name for name in self._names[1:])
        assert self._names[0] == "id"
        planned = f"SELECT {others} FROM planned WHERE changed IS NULL ORDER BY number"  # noqa: S608
        cursor = self._file.execute(planned, (now_millis,))
        while rows := cursor.fetchmany(rows_at_once):
            ids = [new_id() for _ in rows]
            yield ids, [(identifier, *row) for identifier, row in zip(ids, rows, strict=True)]

    def updates(self, rows_at_once: int = _ROWS_AT_ONCE) -> Iterator[tuple[tuple[str, ...], list[dict[str, Any]]]]:
        """The rows to update, some hundred at a time; rows that change the same columns come together."""
        cursor = self._file.execute(self._select_updates)
        while rows := cursor.fetchmany(rows_at_once):
            alike: dict[str, list[dict[str, Any]]] = {}
            for changed, *values in rows:
                alike.setdefault(changed, []).append(dict(zip(self._names, values, strict=True)))
            for changed, found in alike.items():
                yield tuple(changed.split(",")), found

    def relied_on(self) -> dict[str, set[bytes]]:
        """The ids of what rows refer to and of what is updated, by table."""
        found: dict[str, set[bytes]] = {self.table.name: set()}
        for (identifier,) in self._file.execute("SELECT id FROM planned WHERE changed IS NOT NULL"):
            found[self.table.name].add(identifier)
        for column in self.table.c:
            for key in column.foreign_keys:
                select = f"SELECT DISTINCT {column.name} FROM planned WHERE {column.name} IS NOT NULL"  # noqa: S608
                ids = found.setdefault(key.column.table.name, set())
                ids.update(identifier for (identifier,) in self._file.execute(select))
        return found

    def not_while_running(self) -> Iterator[bytes]:
        """The ids of what must not run when its change is written."""
        for (identifier,) in self._file.execute(
            "SELECT id FROM planned WHERE changed IS NOT NULL AND NOT while_running"
        ):
            yield identifier

    def clear(self) -> None:
        """Empty again."""
        self._file.execute("DELETE FROM met")
        self._file.execute("DELETE FROM planned")

    def close(self) -> None:
        """Deletes the file."""
        self._file.close()

    def _make_tables(self, columns: str) -> None:
        settings = (f"page_size = {_PAGE_BYTES}", "journal_mode = OFF", "synchronous = OFF")
        in_this_file_alone = ("locking_mode = EXCLUSIVE", "temp_store = MEMORY")
        for setting in (*settings, *in_this_file_alone, f"cache_size = -{_CACHE_KIBIBYTES}"):
            self._file.execute(f"PRAGMA {setting}")
        with _refusing_where_full():
            self._file.execute("CREATE TABLE met (key BLOB PRIMARY KEY, line INTEGER NOT NULL) WITHOUT ROWID")
            self._file.execute(
                f"CREATE TABLE planned (number INTEGER PRIMARY KEY, changed TEXT, while_running INTEGER, {columns})"
            )
            # By it updates come in their order; else they would be sorted in memory, however many there are.
            self._file.execute("CREATE INDEX planned_by_change ON planned (changed) WHERE changed IS NOT NULL")

    def _write(self, statement: str, values: tuple[Any, ...]) -> int:
        with _refusing_where_full():
            written = self._file.execute(statement, values).rowcount
        self._rows += 1
        if self._rows % _ROWS_BETWEEN_LOOKS == 0:
            self._take_room()
        return written

    def _take_room(self) -> None:
        (pages,), (page_bytes,) = (
            self._file.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "page_size")
        )
        grown_bytes = pages * page_bytes - self._taken_bytes
        if grown_bytes > 0:
            self._room.take(grown_bytes)
            self._taken_bytes += grown_bytes


@contextmanager
def _refusing_where_full() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode not in _FULL:
            raise
        raise Refused(NoTemporarySpace()) from error
