"""What the checks of a save look up: in the store for one save, in rows read before them for many."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from lotkeeper_server.catalog.descriptions import Description
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.store.db.rows import lock_row, stored_row, value_where
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.entities.row import EntityRow
from lotkeeper_server.store.entities.runs import lock_running_among
from lotkeeper_server.store.schema import tables


class Lookups(Protocol):
    """Answers about one snapshot of the store."""

    def stored(self, description: Description, identifier: Id) -> EntityRow | None:
        """The row of an entity by column, or None where there is none."""

    def id_by(self, target: str, column: str, value: Any) -> Id | None:
        """The id of the row of a table that has a value in a unique column, or None."""

    def values_of(self, target: str, identifier: Id, columns: tuple[str, ...]) -> Sequence[Any]:
        """Columns of a row that is known to exist."""

    def is_running(self, operation_id: Id) -> bool:
        """Whether an inventory operation, known to exist, runs."""

    def is_taken(self, description: Description, values: Mapping[str, Any], by_other_than: Id) -> bool:
        """Whether another entity has these values in these columns."""


class StoreLookups:
    """Asks the store, with one statement for each question."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def stored(self, description: Description, identifier: Id) -> EntityRow | None:
        """The row of an entity by column, or None where there is none; locked where it may be written."""
        return lock_row(self._snapshot, description.table, identifier)

    def id_by(self, target: str, column: str, value: Any) -> Id | None:
        """The id of the row of a table that has a value in a unique column, or None."""
        identifier: Id | None = value_where(self._snapshot, tables.metadata.tables[target], "id", **{column: value})
        return identifier

    def values_of(self, target: str, identifier: Id, columns: tuple[str, ...]) -> Sequence[Any]:
        """Columns of a row that is known to exist."""
        row = stored_row(self._snapshot, tables.metadata.tables[target], identifier)
        assert row is not None, f"{target} is not there"
        return [row[column] for column in columns]

    def is_running(self, operation_id: Id) -> bool:
        """Whether an inventory operation, known to exist, runs."""
        return operation_id in lock_running_among(self._snapshot, [operation_id])

    def is_taken(self, description: Description, values: Mapping[str, Any], by_other_than: Id) -> bool:
        """Whether another entity has these values in these columns."""
        return value_where(self._snapshot, description.table, "id", **values) not in {None, by_other_than}
