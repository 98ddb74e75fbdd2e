"""What the names in a document stand for: looked up many at once, and told of what the document itself creates."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection

from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.plant.sections import NAMED_BY
from lotkeeper_server.store.archived import archived_references
from lotkeeper_server.store.db.statements import columns_of, rows_by_columns, rows_by_key
from lotkeeper_server.store.schema import tables


class Names:
    """Ids by what names them, for one import."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._ids: dict[str, dict[str, Id]] = defaultdict(dict)

    def find(self, target: str, texts: Collection[str]) -> None:
        """Looks up what is not known yet; a text that names nothing stays unknown."""
        for column in NAMED_BY[target]:
            wanted = sorted(text for text in texts if text not in self._ids[target])
            for identifier, text in rows_by_key(
                self._connection,
                f"SELECT id, {column} FROM {target}",  # noqa: S608 - the schema's names
                column,
                wanted,
            ):
                self._ids[target].setdefault(text, identifier)

    def id_of(self, target: str, text: str) -> Id | None:
        """The id, or None where nothing is named so."""
        return self._ids[target].get(text)

    def learn(self, target: str, row: dict[str, Any]) -> None:
        """A row that was created just now can be named from here on."""
        for column in NAMED_BY.get(target, ()):
            self._ids[target].setdefault(row[column], row["id"])


def rows_where(
    connection: Connection, table_name: str, column: str, keys: Iterable[str | bytes]
) -> Sequence[dict[str, Any]]:
    """The rows of a table whose column is among these."""
    table = tables.metadata.tables[table_name]
    names = columns_of(table)
    wanted: Any = sorted(set(keys))
    found = rows_by_key(connection, f"SELECT {', '.join(names)} FROM {table_name}", column, wanted)  # noqa: S608
    return [dict(zip(names, row, strict=True)) for row in found]


def lots_named(connection: Connection, keys: Iterable[tuple[Id, str]]) -> dict[tuple[Id, str], dict[str, Any]]:
    """Lots by material and name."""
    table = tables.inventory_lot
    names = columns_of(table)
    rows = rows_by_columns(connection, names, table, ("material_id", "name"), sorted(set(keys)))
    found = [dict(zip(names, row, strict=True)) for row in rows]
    return {(row["material_id"], row["name"]): row for row in found}


def with_records(connection: Connection, lot_ids: Collection[Id]) -> set[Id]:
    """Which of these lots have a record, as the lot that it is of or as its secondary lot."""
    query = (
        "SELECT id, EXISTS (SELECT 1 FROM inventory_lot_record AS r WHERE r.lot_id = inventory_lot.id) "
        "OR EXISTS (SELECT 1 FROM inventory_lot_record AS r WHERE r.secondary_lot_id = inventory_lot.id) "
        "FROM inventory_lot"
    )
    kept = {identifier for identifier, has in rows_by_key(connection, query, "id", sorted(lot_ids)) if has}
    return kept | archived_references(connection, lot_ids).keys()
