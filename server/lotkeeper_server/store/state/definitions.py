"""Definitions as decisions use them, read by id or path, and what changed since a version."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, select

from lotkeeper_server.domain.keys import NameKey
from lotkeeper_server.domain.model.definition_cache import DefinitionCache
from lotkeeper_server.domain.model.definitions import (
    Conversions,
    InventoryOperation,
    Location,
    Material,
    ProcessOperation,
    ProductionOrder,
    ReasonCode,
    Unit,
)
from lotkeeper_server.domain.model.enumerations import (
    InventoryNameResolutionStrategy,
    InventoryOperationType,
    LotRecordType,
    LotResolutionStrategy,
    LotStorageStrategy,
    LotUseStrategy,
    MaterialSource,
    UnitOfMeasureResolutionStrategy,
)
from lotkeeper_server.domain.model.identifiers import Id, MaterialId, UnitId
from lotkeeper_server.store.db.revision import check_serves
from lotkeeper_server.store.db.write_transaction import ReadTransaction, WriteTransaction
from lotkeeper_server.store.schema import tables
from lotkeeper_server.store.schema.coordination_tables import definition_change
from lotkeeper_server.store.schema.tables import NO_ID
from lotkeeper_server.store.staged.visible import note_staging, visible_clauses


class StoreVersions(NamedTuple):
    """How far a store has come.

    Attributes:
        definitions: raised by each change of a definition.
        access: raised by each change of a role or token.
        effect_order: of the latest completion, archived or not; 0 where there is none, or where completions are ordered
            by the rows that they share.
    """

    definitions: int
    access: int
    effect_order: int


_VERSIONS: Final = "SELECT serves_from, version, access_version, 0, 0 FROM store_state"
# Staged records have numbers ahead of the clock: the latest one that is there comes before them.
_VERSIONS_AND_ORDER: Final = (
    "SELECT serves_from, version, access_version, COALESCE((SELECT CASE "
    "WHEN r.effect_order > COALESCE((SELECT last_order FROM staged_import), -1) THEN r.effect_order "
    "ELSE (SELECT effect_order FROM inventory_lot_record WHERE status = 3 "
    "AND effect_order < (SELECT first_order FROM staged_import) ORDER BY effect_order DESC LIMIT 1) END "
    "FROM inventory_lot_record AS r WHERE r.status = 3 ORDER BY r.effect_order DESC LIMIT 1), 0), "
    "COALESCE((SELECT feed_order FROM archive_state WHERE id = 1), 0), EXISTS (SELECT 1 FROM staged_import) "
    "FROM store_state"
)


def read_versions(connection: Connection) -> StoreVersions:
    """Reads the versions: first in every write transaction and, if several run at a time, again before it commits."""
    return next(ask_versions(ReadTransaction(connection)))


def ask_versions(tx: ReadTransaction) -> Iterator[StoreVersions]:
    """Asks for what `read_versions` returns; the answer is waited for when it is taken.

    Raises:
        StoreOutgrown: when it is taken, where the store was migrated past this program.
    """
    if tx.capabilities.numbers_after_commit:
        return map(_versions_of, tx.rows_by_key(_VERSIONS, "id", [1]))
    (row,) = tx.rows_by_key(_VERSIONS_AND_ORDER, "id", [1])
    note_staging(tx.connection, bool(row[-1]))
    return iter([_versions_of(row[:-1])])


def _versions_of(row: Sequence[Any]) -> StoreVersions:
    check_serves([row])
    _, definitions, access, kept_order, archived_order = row
    return StoreVersions(definitions, access, max(kept_order, archived_order))


def lock_versions(connection: Connection) -> None:
    """Lets one transaction at a time change definitions, roles and tokens, across all processes."""
    list(WriteTransaction(connection).lock_to_change("SELECT id FROM store_state", "id", [1]))


def follow_changes(connection: Connection, cache: DefinitionCache, version: int) -> None:
    """Drops from the cache what changed since it was current; everything, if the list does not reach back so far."""
    if cache.version != version:
        changes = _changes(connection, cache.version, version)
        if changes is None:
            cache.clear()
        for entity, identifier in changes or ():
            cache.drop(entity, identifier)
        cache.version = version


def has_kept_changed(connection: Connection, cache: DefinitionCache, version: int) -> bool:
    """Whether anything in the cache is out of date at a later version."""
    changes = _changes(connection, cache.version, version)
    return changes is None or any(cache.holds(entity, identifier) for entity, identifier in changes)


def _changes(connection: Connection, since: int, until: int) -> list[tuple[str, Id | None]] | None:
    """What changed after one version up to another; None if the list does not reach back so far."""
    changed = definition_change.c
    rows = connection.execute(
        select(changed.version, changed.entity, changed.entity_id).where(changed.version > since)
    ).all()
    if since < 0 or len({row.version for row in rows if row.version <= until}) != until - since:
        return None
    return [(entity, None if entity_id == NO_ID else entity_id) for _, entity, entity_id in rows]


def load_definitions(connection: Connection, cache: DefinitionCache, entity: str, ids: Collection[Id]) -> None:
    """Loads definitions into the cache by id; what does not exist is left out."""
    table = tables.metadata.tables[entity]
    _LOADERS[entity](connection, cache, and_(table.c.id.in_(sorted(ids)), *visible_clauses(connection, entity)))


def load_by_path(connection: Connection, cache: DefinitionCache, entity: str, paths: Collection[str]) -> None:
    """Loads definitions into the cache by path."""
    table = tables.metadata.tables[entity]
    _LOADERS[entity](connection, cache, and_(table.c.path.in_(sorted(paths)), *visible_clauses(connection, entity)))


def read_ids_by_name(connection: Connection, keys: Collection[NameKey]) -> dict[NameKey, Id]:
    """The ids of those of these definitions that exist, each by a column that is unique by itself."""
    texts: dict[tuple[str, str], list[str]] = defaultdict(list)
    for key in keys:
        texts[key.entity, key.column].append(key.text)
    found = {}
    for (entity, column), of_column in texts.items():
        table = tables.metadata.tables[entity]
        query = select(table.c[column], table.c.id).where(table.c[column].in_(sorted(of_column)))
        query = query.where(*visible_clauses(connection, entity))
        found.update({NameKey(entity, column, text): identifier for text, identifier in connection.execute(query)})
    return found


def load_conversions(
    connection: Connection, cache: DefinitionCache, material_ids: Collection[MaterialId | None]
) -> None:
    """Loads the conversions of these materials into the cache; None for those of every material."""
    conversion = tables.unit_of_measure_conversion.c
    one, other = tables.unit_of_measure.alias(), tables.unit_of_measure.alias()
    rows = connection.execute(
        select(conversion.material_key, conversion.from_unit_id, conversion.to_unit_id, conversion.factor)
        .join_from(tables.unit_of_measure_conversion, one, one.c.id == conversion.from_unit_id)
        .join(other, other.c.id == conversion.to_unit_id)
        .where(conversion.enabled, one.c.enabled, other.c.enabled)
        .where(conversion.material_key.in_(sorted(material_id or NO_ID for material_id in material_ids)))
        .where(*visible_clauses(connection, tables.unit_of_measure_conversion.name))
    )
    factors: dict[bytes, dict[tuple[UnitId, UnitId], Decimal]] = defaultdict(dict)
    for material_key, from_unit, to_unit, factor in rows:
        factors[material_key][from_unit, to_unit] = Decimal(factor)
    for material_id in material_ids:
        cache.conversions[material_id] = Conversions(factors[material_id or NO_ID])


def _units(connection: Connection, cache: DefinitionCache, wanted: ColumnElement[bool]) -> None:
    unit = tables.unit_of_measure.c
    for row in connection.execute(select(unit.id, unit.name, unit.symbol, unit.enabled, unit.whole_only).where(wanted)):
        cache.units.put(row.id, Unit(*row))


def _with_units(connection: Connection, cache: DefinitionCache, rows: list[Any], column: str) -> Iterator[Any]:
    """Rows, once the units that they refer to are in the cache."""
    unit_ids = {unit_id for row in rows if (unit_id := getattr(row, column)) is not None}
    _units(connection, cache, tables.unit_of_measure.c.id.in_(sorted(unit_ids)))
    yield from rows


def _materials(connection: Connection, cache: DefinitionCache, wanted: ColumnElement[bool]) -> None:
    rows = list(connection.execute(select(tables.material).where(wanted)))
    for row in _with_units(connection, cache, rows, "unit_of_measure_id"):
        unit = None if row.unit_of_measure_id is None else cache.units.get(row.unit_of_measure_id)
        cache.materials.put(row.id, Material(row.id, row.path, row.enabled, unit, row.shelf_life_days), row.path)


def _reason_codes(connection: Connection, cache: DefinitionCache, wanted: ColumnElement[bool]) -> None:
    for row in connection.execute(select(tables.material_reason_code).where(wanted)):
        serves = None if row.lot_record_type is None else LotRecordType(row.lot_record_type)
        reason_code = ReasonCode(row.id, row.reason_code, row.enabled, serves, row.require_comments)
        cache.reason_codes.put(row.id, reason_code)


def _locations(connection: Connection, cache: DefinitionCache, wanted: ColumnElement[bool]) -> None:
    rows = list(connection.execute(select(tables.location).where(wanted)))
    for row in _with_units(connection, cache, rows, "storage_capacity_unit_id"):
        unit_id = row.storage_capacity_unit_id
        location = Location(
            id=row.id,
            name=row.name,
            path=row.path,
            enabled=row.enabled,
            allow_negative_inventory=row.allow_negative_inventory,
            storage_capacity_millionths=row.storage_capacity,
            storage_capacity_unit=None if unit_id is None else cache.units.get(unit_id),
            lot_storage_strategy=LotStorageStrategy(row.lot_storage_strategy),
            lot_use_strategy=LotUseStrategy(row.lot_use_strategy),
        )
        cache.locations.put(row.id, location, row.path)


def _process_operations(connection: Connection, cache: DefinitionCache, wanted: ColumnElement[bool]) -> None:
    for row in connection.execute(select(tables.operation).where(wanted)):
        operation = ProcessOperation(
            row.id, row.current_operation_record_id, row.current_production_order_id, row.location_id
        )
        cache.process_operations.put(row.id, operation)


def _production_orders(connection: Connection, cache: DefinitionCache, wanted: ColumnElement[bool]) -> None:
    rows = list(connection.execute(select(tables.production_order).where(wanted)))
    for row in _with_units(connection, cache, rows, "unit_of_measure_id"):
        unit = None if row.unit_of_measure_id is None else cache.units.get(row.unit_of_measure_id)
        cache.production_orders.put(row.id, ProductionOrder(row.id, row.name, row.product_material_id, unit))


def _inventory_operations(connection: Connection, cache: DefinitionCache, wanted: ColumnElement[bool]) -> None:
    for row in connection.execute(select(tables.inventory_operation).where(wanted)):
        operation = InventoryOperation(
            id=row.id,
            name=row.name,
            enabled=row.enabled,
            notes=row.notes,
            operation_type=InventoryOperationType(row.operation_type),
            operation_id=row.operation_id,
            source_location_id=row.source_location_id,
            destination_location_id=row.destination_location_id,
            material_source=MaterialSource(row.material_source),
            material_id=row.material_id,
            secondary_material_id=row.secondary_material_id,
            primary_lot_resolution_strategy=LotResolutionStrategy(row.primary_lot_resolution_strategy),
            secondary_lot_resolution_strategy=LotResolutionStrategy(row.secondary_lot_resolution_strategy),
            create_lot_if_not_found=row.create_lot_if_not_found,
            inventory_name_resolution_strategy=InventoryNameResolutionStrategy(row.inventory_name_resolution_strategy),
            inventory_name=row.inventory_name,
            unit_of_measure_resolution_strategy=UnitOfMeasureResolutionStrategy(
                row.unit_of_measure_resolution_strategy
            ),
            unit_id=row.unit_of_measure_id,
            material_reason_code_id=row.material_reason_code_id,
            increment_production_order_count=row.increment_production_order_count,
        )
        cache.inventory_operations.put(row.id, operation)


_LOADERS = {
    "unit_of_measure": _units,
    "material": _materials,
    "material_reason_code": _reason_codes,
    "location": _locations,
    "operation": _process_operations,
    "production_order": _production_orders,
    "inventory_operation": _inventory_operations,
}
