"""What the checks of a save look up: in the store for one save, in what was read beforehand for many."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Connection, select

from lotkeeper_server.catalog.descriptions import Description
from lotkeeper_server.domain.enumerations import Status
from lotkeeper_server.domain.identifiers import Id
from lotkeeper_server.store import tables


class Lookups(Protocol):
    """Answers about one snapshot of the store."""

    def stored(self, description: Description, identifier: Id) -> dict[str, Any] | None:
        """The row of an entity by column, or None where there is none."""

    def id_by(self, target: str, column: str, value: Any) -> Id | None:
        """The id of the row of a table that has a value in a unique column, or None."""

    def values_of(self, target: str, identifier: Id, columns: tuple[str, ...]) -> Sequence[Any]:
        """Columns of a row that is known to be there."""

    def is_running(self, operation_id: Id) -> bool:
        """Whether an inventory operation, known to be there, runs."""

    def is_taken(self, description: Description, values: Mapping[str, Any], by_other_than: Id) -> bool:
        """Whether another entity has these values in these columns."""


class StoreLookups:
    """Asks the store, one statement a question."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def stored(self, description: Description, identifier: Id) -> dict[str, Any] | None:
        """The row of an entity by column, or None where there is none."""
        table = description.table
        row = self._connection.execute(select(table).where(table.c.id == identifier)).mappings().first()
        return None if row is None else dict(row)

    def id_by(self, target: str, column: str, value: Any) -> Id | None:
        """The id of the row of a table that has a value in a unique column, or None."""
        table = tables.metadata.tables[target]
        identifier: Id | None = self._connection.execute(select(table.c.id).where(table.c[column] == value)).scalar()
        return identifier

    def values_of(self, target: str, identifier: Id, columns: tuple[str, ...]) -> Sequence[Any]:
        """Columns of a row that is known to be there."""
        table = tables.metadata.tables[target]
        return self._connection.execute(
            select(*(table.c[column] for column in columns)).where(table.c.id == identifier)
        ).one()

    def is_running(self, operation_id: Id) -> bool:
        """Whether an inventory operation, known to be there, runs."""
        run = tables.inventory_operation_run.c
        status: int = self._connection.execute(select(run.status).where(run.operation_id == operation_id)).scalar_one()
        return status == Status.RUNNING

    def is_taken(self, description: Description, values: Mapping[str, Any], by_other_than: Id) -> bool:
        """Whether another entity has these values in these columns."""
        table = description.table
        same = [table.c[column] == value for column, value in values.items()]
        return (
            self._connection.execute(select(table.c.id).where(*same, table.c.id != by_other_than)).first() is not None
        )
