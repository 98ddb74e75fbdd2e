"""What refers to a thing, and how often: found by the schema's foreign keys, counted by their indexes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from sqlalchemy import Column, Connection, Table, func, or_, select

from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.store.archived import archived_references
from lotkeeper_server.store.db.statements import fetch
from lotkeeper_server.store.entities.within import PLACES, Within, within
from lotkeeper_server.store.schema import tables
from lotkeeper_server.store.schema.archive_tables import OPENING_BALANCES
from lotkeeper_server.store.staged.visible import and_visible, visible_clauses

_PARTS: Final = frozenset({"inventory_operation_run"})
"""Tables whose rows are part of what they refer to, and are deleted with it."""
_SHOWN_AS: Final = {"lot_edge": "trace_edge", "order_edge": "trace_edge"}
"""The contract's names of tables, where they differ."""


@dataclass(frozen=True, slots=True)
class Referrer:
    """One kind of entity that may refer to another.

    Attributes:
        entity: its name in refusals.
        table: where it is stored.
        columns: by which it refers.
    """

    entity: str
    table: Table
    columns: tuple[Column[Any], ...]

    def count(self, connection: Connection, identifier: Id) -> int:
        """How many of them refer to one thing; one that refers to it twice counts once."""
        referring = or_(*(column == identifier for column in self.columns))
        count = select(func.count()).select_from(self.table).where(referring)
        counted: int = connection.execute(count.where(*visible_clauses(connection, self.table.name))).scalar_one()
        # Counted last: so a record that is archived at the same time is counted at least once.
        return counted + (archived_references(connection, [identifier]).get(identifier, 0) if self.is_archived else 0)

    @property
    def is_archived(self) -> bool:
        """Whether some of these may be in files now; they still count as references."""
        return self.table is tables.inventory_lot_record


@dataclass(frozen=True, slots=True)
class Referring:
    """How many of one kind refer to a thing, and an example.

    Attributes:
        entity: its name in refusals.
        count: above 0.
        example_id: of the first by the index; None where all are archived.
        example_name: empty where that kind has no names.
    """

    entity: str
    count: int
    example_id: Id | None
    example_name: str


def references_to(connection: Connection, table_name: str, identifier: Id) -> list[Referring]:
    """What refers to a row of a table, by kind; kinds that do not are left out, and what lies elsewhere."""
    if (seen := within(connection)) is not None:
        return _seen_references(connection, seen, table_name, identifier)
    found = []
    for referrer in referrers_of(table_name):
        if count := referrer.count(connection, identifier):
            shown = [referrer.table.c[name] for name in ("id", "name") if name in referrer.table.c]
            refers = or_(*(column == identifier for column in referrer.columns))
            example = select(*shown).where(refers, *visible_clauses(connection, referrer.table.name)).limit(1)
            example_id, *name = connection.execute(example).first() or (None,)
            found.append(Referring(referrer.entity, count, example_id, name[0] if name else ""))
    return found


def _seen_references(connection: Connection, seen: Within, table_name: str, identifier: Id) -> list[Referring]:
    """What a limited caller sees of it; nobody knows where archived records were."""
    found = []
    for referrer in referrers_of(table_name):
        refers = " OR ".join(f"t.{column.name} = ?" for column in referrer.columns)
        where, parameters = f"({refers})", (identifier,) * len(referrer.columns)
        if referrer.table.name in PLACES:
            lies_within, places = seen.condition(referrer.table.name, "t")
            where, parameters = f"{where} AND {lies_within}", (*parameters, *places)
        where += and_visible(connection, referrer.table.name, "t")
        source = f"FROM {referrer.table.name} AS t WHERE {where}"
        [(count,)] = fetch(connection, f"SELECT COUNT(*) {source}", parameters)
        if count:
            shown = [f"t.{name}" for name in ("id", "name") if name in referrer.table.c]
            rows = fetch(connection, f"SELECT {', '.join(shown)} {source} LIMIT 1", parameters) if shown else []
            example_id, *name = rows[0] if rows else (None,)
            found.append(Referring(referrer.entity, count, example_id, name[0] if name else ""))
    return found


@cache
def referrers_of(table_name: str) -> Sequence[Referrer]:
    """Every kind that may refer to rows of a table, in the order in which a refusal looks at them: the schema's."""
    found = []
    for table in tables.metadata.tables.values():
        columns = tuple(column for column in table.c if column.references(tables.metadata.tables[table_name].c.id))
        if columns and table.name not in _PARTS | OPENING_BALANCES:
            found.append(Referrer(_SHOWN_AS.get(table.name, table.name), table, columns))
    return found
