"""How the things of a document are matched with stored ones: by name, path or code."""

from collections.abc import Mapping, Sequence
from typing import Any

from lotkeeper_server.catalog import descriptions as d
from lotkeeper_server.catalog.descriptions import Description
from lotkeeper_server.domain.model.enumerations import InventoryOperationType
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.plant.reading import Entry
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.entities.lots import lots_named
from lotkeeper_server.store.entities.pages import rows_with
from lotkeeper_server.store.entities.row import EntityRow
from lotkeeper_server.store.schema.tables import NO_ID

MatchKey = tuple[Any, ...]
Ids = Mapping[str, Id | None]


def key_of_entry(description: Description, entry: Entry, ids: Ids) -> MatchKey:
    """The unique key of a thing: path, name or code; if it has none, the things that it connects."""
    if description is d.UNIT_OF_MEASURE_CONVERSION:
        return ids["from_unit"], ids["to_unit"], ids.get("material") or NO_ID
    if description is d.INVENTORY_OPERATION:
        kind = entry.message.operation_type or int(InventoryOperationType.CONSUME)
        route = (ids.get("source_location") or NO_ID) + (ids.get("destination_location") or NO_ID)
        return entry.message.name, kind, route
    if description is d.LOT:
        return ids["material"], entry.message.name
    return (document_key(description, entry),)


def rows_by_entry_key(
    snapshot: Snapshot, description: Description, entries: Sequence[Entry], resolved: Sequence[Ids]
) -> Mapping[MatchKey, EntityRow]:
    """The stored rows of entries, by the entries' keys.

    Args:
        snapshot: where they are read.
        description: of the entity.
        entries: of one section.
        resolved: the ids of their references; not used for entities with a path.
    """
    if description is d.UNIT_OF_MEASURE_CONVERSION:
        rows = rows_with(snapshot, description.table, "from_unit_id", _given(resolved, "from_unit"))
        return {(row["from_unit_id"], row["to_unit_id"], row["material_key"]): row for row in rows}
    if description is d.INVENTORY_OPERATION:
        rows = rows_with(snapshot, description.table, "name", [entry.message.name for entry in entries])
        return {(row["name"], row["operation_type"], row["route"]): row for row in rows}
    if description is d.LOT:
        keys = [key_of_entry(description, entry, ids) for entry, ids in zip(entries, resolved, strict=True)]
        return dict(lots_named(snapshot, [(key[0], key[1]) for key in keys]))
    assert description.key is not None
    names = [document_key(description, entry) for entry in entries]
    rows = rows_with(snapshot, description.table, description.key, names)
    return {(row[description.key],): row for row in rows}


def _given(resolved: Sequence[Ids], name: str) -> list[Id]:
    return [identifier for ids in resolved if (identifier := ids.get(name)) is not None]


def document_key(description: Description, entry: Entry) -> str:
    """The name, path or code by which people know it; for a conversion its two units."""
    if description is d.UNIT_OF_MEASURE_CONVERSION:
        units = f"{entry.references['from_unit']} to {entry.references['to_unit']}"
        material = entry.references.get("material")
        return f"{units} for {material}" if material else units
    if description.parent is not None:
        parent = entry.references.get(description.parent)
        return f"{parent}/{entry.message.name}" if parent else str(entry.message.name)
    return str(getattr(entry.message, description.key or "name"))
