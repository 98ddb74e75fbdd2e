"""What refers to an entity, by kind: counted by the indexes of the columns that refer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Column, Connection, Table, func, select

from lotkeeper_server.domain.identifiers import Id
from lotkeeper_server.store import tables


@dataclass(frozen=True, slots=True)
class Reference:
    """How many of one kind refer to an entity, and one of them.

    Attributes:
        entity: the table's name, `inventory_lot_record`.
        count: above 0.
        example_id: of the first by the index.
        example_name: empty where that kind has no names.
    """

    entity: str
    count: int
    example_id: Id
    example_name: str


@dataclass(frozen=True, slots=True)
class Referring:
    """A column by which rows of a table refer to an entity; an index begins with it."""

    table: Table
    column: Column[Any]


REFERRING_TO_INVENTORY_OPERATION: Final = (
    Referring(tables.inventory_lot_record, tables.inventory_lot_record.c.inventory_operation_id),
)
"""Its run is a part of it, and goes with it."""


def references_to(connection: Connection, identifier: Id, referring: Sequence[Referring]) -> list[Reference]:
    """What refers to an entity; a kind that does not is left out."""
    found = []
    for kind in referring:
        refers = kind.column == identifier
        count = connection.execute(select(func.count()).select_from(kind.table).where(refers)).scalar_one()
        if count:
            shown = [kind.table.c[name] for name in ("id", "name") if name in kind.table.c]
            example_id, *name = connection.execute(select(*shown).where(refers).limit(1)).one()
            found.append(Reference(kind.table.name, count, example_id, name[0] if name else ""))
    return found
