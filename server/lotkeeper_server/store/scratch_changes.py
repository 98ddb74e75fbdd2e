"""What was made and changed on a private copy of a store, to be written to the store itself."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Table

from lotkeeper_server.domain.model.enumerations import LotStorageStrategy
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.store.db.statements import columns_of, execute, fetch
from lotkeeper_server.store.entities.row import EntityRow
from lotkeeper_server.store.entities.runs import idle_runs
from lotkeeper_server.store.schema.tables import inventory, inventory_lot_record, inventory_operation, metadata
from lotkeeper_server.store.staged.staging import Orders, Piece, Rows
from lotkeeper_server.store.staged.visible import NUMBERS

_ENTITIES: Final = {metadata.tables[name]: number for name, number in NUMBERS.items()}


@dataclass(frozen=True, slots=True)
class Changed:
    """A row that was there already: as it was, and as it became."""

    table: Table
    old: EntityRow
    new: EntityRow


@dataclass(frozen=True, slots=True)
class ScratchChanges:
    """What a copy has more than the store that it was made of.

    Attributes:
        made: new rows, each table behind those that it refers to, each row behind its parents.
        stock: new rows of stock, by the record that raised them from zero; below None those that are below zero.
        changed: rows that were there.
        noted: changed definitions, by table, as they were noted.
        places_with_rules: locations with a rule about all that lies there.
    """

    made: dict[Table, Rows]
    stock: dict[Id | None, Rows]
    changed: list[Changed]
    noted: dict[str, list[Id]]
    places_with_rules: frozenset[Id]

    @property
    def orders(self) -> Orders | None:
        """The effect orders of its records; None where there are none."""
        at = columns_of(inventory_lot_record).index("effect_order")
        orders = [row[at] for row in self.made[inventory_lot_record]]
        return Orders(min(orders), max(orders)) if orders else None

    @property
    def rows(self) -> int:
        """How many rows it has to write."""
        return len(self.changed) + sum(map(len, self.made.values())) + sum(map(len, self.stock.values()))

    def pieces(self, rows_at_once: int) -> Iterator[list[Piece]]:
        """New rows, so many at a time, to be staged; without stock below zero."""
        for table, rows in self.made.items():
            for at in range(0, len(rows), rows_at_once):
                some = rows[at : at + rows_at_once]
                yield [(table, some), *self._parts(table, [row[0] for row in some])]

    def _parts(self, table: Table, ids: list[Id]) -> Iterator[Piece]:
        if table is inventory_operation:
            yield idle_runs(ids)
        elif table is inventory_lot_record:
            yield inventory, [row for identifier in ids for row in self.stock.get(identifier, ())]

    def made_of(self, table: Table) -> Iterator[EntityRow]:
        """New rows of a table, by column."""
        names = columns_of(table)
        return (dict(zip(names, row, strict=True)) for row in self.made[table])


def watch_changes(copy: Connection) -> None:
    """Has a copy note from here on what is made and changed."""
    execute(copy, "CREATE TABLE made (number INTEGER PRIMARY KEY, entity INTEGER, id BLOB, UNIQUE (entity, id))")
    execute(copy, "CREATE TABLE stock_made (location_id BLOB, lot_id BLOB)")
    execute(copy, "CREATE TABLE version_before AS SELECT version FROM store_state")
    execute(
        copy,
        f"CREATE TRIGGER on_stock AFTER INSERT ON {inventory.name} "  # noqa: S608
        "BEGIN INSERT INTO stock_made VALUES (NEW.location_id, NEW.lot_id); END",
    )
    for table, number in _ENTITIES.items():
        name = table.name
        execute(copy, f"CREATE TABLE was_{name} AS SELECT * FROM {name} WHERE 0")  # noqa: S608
        execute(copy, f"CREATE UNIQUE INDEX ix_was_{name} ON was_{name} (id)")
        execute(
            copy,
            f"CREATE TRIGGER on_made_{name} AFTER INSERT ON {name} "  # noqa: S608
            f"BEGIN INSERT INTO made (entity, id) VALUES ({number}, NEW.id); END",
        )
        execute(
            copy,
            f"CREATE TRIGGER on_changed_{name} BEFORE UPDATE ON {name} "  # noqa: S608
            f"WHEN NOT EXISTS (SELECT 1 FROM made WHERE entity = {number} AND id = OLD.id) "
            f"BEGIN INSERT OR IGNORE INTO was_{name} SELECT * FROM {name} WHERE id = OLD.id; END",
        )


def read_changes(copy: Connection) -> ScratchChanges:
    """What was made and changed since `watch_changes`."""
    stock: dict[Id | None, Rows] = defaultdict(list)
    arrived = columns_of(inventory).index("arrived_record_id")
    for row in _rows(copy, inventory, "stock_made AS m", "m.location_id = t.location_id AND m.lot_id = t.lot_id"):
        stock[row[arrived]].append(row)
    noted = defaultdict(list)
    text = "SELECT entity, entity_id FROM definition_change WHERE version > (SELECT version FROM version_before)"
    for entity, identifier in fetch(copy, text):
        noted[entity].append(identifier)
    made = {
        table: list(_rows(copy, table, "made AS m", f"m.entity = {number} AND m.id = t.id ORDER BY m.number"))
        for table, number in _ENTITIES.items()
    }
    changed = [one for table in _ENTITIES for one in _changed(copy, table)]
    text = "SELECT id FROM location WHERE storage_capacity IS NOT NULL OR lot_storage_strategy <> ?"
    ruled = frozenset(row[0] for row in fetch(copy, text, (int(LotStorageStrategy.ALLOW_MULTIPLE),)))
    return ScratchChanges(made, dict(stock), changed, dict(noted), ruled)


def _rows(copy: Connection, table: Table, joined: str, on: str) -> Iterable[tuple[Any, ...]]:
    names = ", ".join(f"t.{name}" for name in columns_of(table))
    return map(tuple, fetch(copy, f"SELECT {names} FROM {joined} CROSS JOIN {table.name} AS t ON {on}"))  # noqa: S608


def _changed(copy: Connection, table: Table) -> Iterator[Changed]:
    names = columns_of(table)
    shown = ", ".join(f"{alias}.{name}" for alias in ("w", "t") for name in names)
    text = f"SELECT {shown} FROM was_{table.name} AS w CROSS JOIN {table.name} AS t ON t.id = w.id"  # noqa: S608
    for row in fetch(copy, text):
        old, new = row[: len(names)], row[len(names) :]
        if old != new:
            yield Changed(table, dict(zip(names, old, strict=True)), dict(zip(names, new, strict=True)))
