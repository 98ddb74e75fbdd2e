"""What an import is going to write: any number of rows, in a private temporary file until its transaction.

SQLite is only the file's format here, for every kind of store: it sorts keys and needs only a few megabytes of memory.
The file has no name and disappears with the connection.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Table

from lotkeeper_server.store.db.statements import columns_of

_CACHE_KIBIBYTES: Final = 8_192
_ROWS_AT_ONCE: Final = 500


class ImportPlan:
    """Rows to create and to update, and the keys met so far. Used by one thread at a time."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._names = columns_of(table)
        self._file = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for setting in ("journal_mode = OFF", "synchronous = OFF", f"cache_size = -{_CACHE_KIBIBYTES}"):
            self._file.execute(f"PRAGMA {setting}")
        self._file.execute("CREATE TABLE met (key BLOB PRIMARY KEY, line INTEGER NOT NULL) WITHOUT ROWID")
        columns = ", ".join(self._names)
        self._file.execute(
            f"CREATE TABLE planned (number INTEGER PRIMARY KEY, changed TEXT, while_running INTEGER, {columns})"
        )
        places = ", ".join("?" for _ in self._names)
        self._insert = f"INSERT INTO planned (changed, while_running, {columns}) VALUES (?, ?, {places})"  # noqa: S608
        self._select_updates = (
            f"SELECT changed, {columns} FROM planned WHERE changed IS NOT NULL ORDER BY changed, number"  # noqa: S608
        )

    def meet(self, key: bytes, line: int) -> int | None:
        """The line where a key was first met; if it is new, notes it."""
        if self._file.execute("INSERT OR IGNORE INTO met VALUES (?, ?)", (key, line)).rowcount:
            return None
        (first,) = self._file.execute("SELECT line FROM met WHERE key = ?", (key,)).fetchone()
        return int(first)

    def create(self, row: dict[str, Any]) -> None:
        """Plans a new row; the transaction sets its id and dates."""
        self._file.execute(self._insert, (None, True, *(row[name] for name in self._names)))

    def update(self, row: dict[str, Any], changed: Sequence[str], *, while_running: bool) -> None:
        """Plans the change of some columns; `while_running`: whether that is allowed while it runs."""
        self._file.execute(self._insert, (",".join(changed), while_running, *(row[name] for name in self._names)))

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
