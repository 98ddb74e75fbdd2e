"""What the checks of some hundred rows look up, read before them with a few statements."""

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any, Final

from lotkeeper_server.catalog.descriptions import INVENTORY_OPERATION, UNIQUE_NAME_TARGETS, Description
from lotkeeper_server.catalog.exchange_reading import Row
from lotkeeper_server.catalog.fields import Reference
from lotkeeper_server.catalog.references import looked_up
from lotkeeper_server.catalog.rules import route_of
from lotkeeper_server.domain.model.enumerations import InventoryOperationType, Status
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.entities.pages import rows_with_all, values_with
from lotkeeper_server.store.entities.row import EntityRow
from lotkeeper_server.store.entities.runs import runs_of

_UNIQUE: Final = ("name", "operation_type", "route")
_TARGETS: Final = sorted({reference.target for reference in INVENTORY_OPERATION.references})
_MORE: Final = {"material_reason_code": ("lot_record_type",)}
"""What rules read, in addition to what a reference shows."""
_KEY_FIELDS: Final = ("name", "operation_type", "source_location_path", "destination_location_path")

LookupKey = tuple[str, int, str, str]
"""Name, type, source and destination path: what a row is matched by."""


def key_of(row: Row) -> LookupKey | None:
    """The key of a row, or None where a part of it could not be read."""
    if row.fault or not row.misread.keys().isdisjoint(_KEY_FIELDS):
        return None
    message = row.message
    return (
        message.name,
        message.operation_type or int(InventoryOperationType.CONSUME),
        message.source_location_path.removeprefix("/"),
        message.destination_location_path.removeprefix("/"),
    )


class _Target:
    """Rows of one table that are referred to, by id and by each unique text."""

    def __init__(self, name: str) -> None:
        self.name = name
        shown = [
            column for one in INVENTORY_OPERATION.references if one.target == name for column in one.beside.values()
        ]
        self.columns = tuple(dict.fromkeys([*shown, *_MORE.get(name, ())]))
        self.rows: dict[Id, EntityRow] = {}
        self.ids: dict[str, dict[Any, Id]] = {column: {} for column in UNIQUE_NAME_TARGETS[name]}

    def read(self, snapshot: Snapshot, by: str, values: Collection[Any]) -> None:
        for identifier, *rest in values_with(snapshot, self.name, self.columns, by, values):
            row = dict(zip(self.columns, rest, strict=True))
            self.rows[identifier] = row
            for column, ids in self.ids.items():
                ids[row[column]] = identifier


class ImportLookups:
    """The definitions that rows match, what they and the rows refer to, and which of them run."""

    def __init__(self, snapshot: Snapshot, rows: Sequence[Row]) -> None:
        """Reads all of it.

        Args:
            snapshot: where it is read.
            rows: those that could be read.
        """
        self._targets = {name: _Target(name) for name in _TARGETS}
        self._read_named(snapshot, rows)
        self._ids: dict[tuple[Any, ...], Id] = {}
        self._stored: dict[Id, EntityRow] = {}
        keys = {unique for row in rows if (key := key_of(row)) and (unique := self._unique_of(key))}
        for stored in rows_with_all(snapshot, INVENTORY_OPERATION.table, _UNIQUE, keys):
            self._stored[stored["id"]] = stored
            self._ids[tuple(stored[column] for column in _UNIQUE)] = stored["id"]
        self._read_referred(snapshot)
        runs = runs_of(snapshot, self._stored)
        self._running = {operation_id for operation_id, run in runs.items() if run.status is Status.RUNNING}

    def match(self, key: LookupKey) -> Id | None:
        """The definition that has this key."""
        unique = self._unique_of(key)
        return None if unique is None else self._ids.get(unique)

    def stored(self, _description: Description, identifier: Id) -> EntityRow | None:
        """The row of a matched definition, like `Lookups`."""
        return self._stored.get(identifier)

    def id_by(self, target: str, column: str, value: Any) -> Id | None:
        """The id of what a row names, like `Lookups`."""
        return self._targets[target].ids[column].get(value)

    def values_of(self, target: str, identifier: Id, columns: tuple[str, ...]) -> Sequence[Any]:
        """Columns of what a row names, or of what its match refers to, like `Lookups`."""
        row = self._targets[target].rows[identifier]
        return [row[column] for column in columns]

    def is_running(self, operation_id: Id) -> bool:
        """Whether a matched definition runs, like `Lookups`."""
        return operation_id in self._running

    def is_taken(self, _description: Description, values: Mapping[str, Any], by_other_than: Id) -> bool:
        """Whether another definition has a row's key, like `Lookups`; that one is what the row matches."""
        return self._ids.get(tuple(values[column] for column in _UNIQUE), by_other_than) != by_other_than

    def _unique_of(self, key: LookupKey) -> tuple[Any, ...] | None:
        """The columns whose values no two definitions share, or None if a location does not exist."""
        name, operation_type, *paths = key
        at = self._targets["location"].ids["path"]
        ids = [at.get(path) if path else None for path in paths]
        if any(path and identifier is None for path, identifier in zip(paths, ids, strict=True)):
            return None
        return (name, operation_type, route_of(*ids))

    def _read_named(self, snapshot: Snapshot, rows: Sequence[Row]) -> None:
        named: dict[tuple[str, str], set[str]] = {}
        for row in rows:
            for reference in INVENTORY_OPERATION.references:
                for field, column in _texts_of(reference):
                    if text := getattr(row.message, field):
                        path = text.removeprefix("/") if column == "path" else text
                        named.setdefault((reference.target, column), set()).add(path)
        for (target, column), texts in named.items():
            self._targets[target].read(snapshot, column, texts)

    def _read_referred(self, snapshot: Snapshot) -> None:
        for name, target in self._targets.items():
            columns = [one.column for one in INVENTORY_OPERATION.references if one.target == name]
            ids = {stored[column] for stored in self._stored.values() for column in columns} - {None}
            target.read(snapshot, "id", ids - target.rows.keys())


@cache
def _texts_of(reference: Reference) -> list[tuple[str, str]]:
    return [(field, reference.beside[field]) for field in looked_up(reference) if field != reference.id_field]
