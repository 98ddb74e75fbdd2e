"""Changes of rows that are there: staged like new rows, and all of them made by a few statements at the switch.

A statement for each set of columns takes some 2 µs a row; written one by one from here they took four times as long.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table

from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.store.db.statements import execute
from lotkeeper_server.store.schema.staging_tables import STAGED_VALUES, staged_change
from lotkeeper_server.store.staged.staging import Piece


class Change(NamedTuple):
    """A change of one row.

    Attributes:
        values: new ones of the changed columns.
        id: of the row.
        version: that was read.
    """

    values: tuple[Any, ...]
    id: Id
    version: int


class Changes:
    """The changes of one import, in groups of rows that change the same columns of a table."""

    def __init__(self) -> None:
        """None yet."""
        self._groups: dict[tuple[Table, tuple[str, ...]], int] = {}
        self._rows: dict[int, int] = {}

    def staged(self, table: Table, columns: tuple[str, ...], changes: Iterable[Change]) -> Iterator[Piece]:
        """The rows that stage some changes.

        Args:
            table: of the rows.
            columns: that change. Of very many only as many as there is room for are one group.
            changes: of these columns.
        """
        changes = list(changes)
        for at in range(0, len(columns), len(STAGED_VALUES)):
            some = columns[at : at + len(STAGED_VALUES)]
            number = self._groups.setdefault((table, some), len(self._groups))
            self._rows[number] = self._rows.get(number, 0) + len(changes)
            empty = (None,) * (len(STAGED_VALUES) - len(some))
            values = [one.values[at : at + len(some)] for one in changes]
            rows = [(number, one.id, one.version, *new, *empty) for one, new in zip(changes, values, strict=True)]
            yield staged_change, rows

    def make(self, connection: Connection) -> bool:
        """Makes all of them; returns whether every row still had the version that was read, else it has to be undone.

        A version is changed last, since it is what rows are found by.
        """
        for (table, columns), number in sorted(self._groups.items(), key=lambda group: "version" in group[0][1]):
            new = ", ".join(f"{name} = s.{value}" for name, value in zip(columns, STAGED_VALUES, strict=False))
            text = (
                f"UPDATE {table.name} SET {new} FROM staged_change AS s WHERE s.change_group = ? "  # noqa: S608
                f"AND {table.name}.id = s.id AND {table.name}.version = s.version"
            )
            if execute(connection, text, (number,)) != self._rows[number]:
                return False
        return True
