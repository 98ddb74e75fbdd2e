"""Reads the state that decisions need, each kind as a set."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import starmap
from typing import Any, Final

from lotkeeper_server.domain.changes import KeptRequest
from lotkeeper_server.domain.keys import (
    CountKey,
    EdgeKey,
    GenealogyKey,
    LotKey,
    LotNameKey,
    LotRowsKey,
    OrderEdgeKey,
    QueueKey,
    RequestKey,
    StockKey,
    SumsKey,
)
from lotkeeper_server.domain.model.enumerations import LotRecordType, LotStatus, LotUseStrategy, Status
from lotkeeper_server.domain.model.identifiers import ID_BYTES, Id, LocationId, LotId, MaterialId, RecordId, UnitId
from lotkeeper_server.domain.model.stock import Common, Edge, Lot, OperationRun, StockRow
from lotkeeper_server.store.db.statements import columns_of
from lotkeeper_server.store.db.write_transaction import ReadTransaction
from lotkeeper_server.store.schema.genealogy_tables import lot_edge, order_edge
from lotkeeper_server.store.schema.tables import inventory, inventory_lot, request
from lotkeeper_server.store.staged.visible import and_visible, visible_by, where_visible
from lotkeeper_server.store.state.action_indexes import unpack_indexes

_LOT_COLUMNS: Final = columns_of(inventory_lot)
_LOTS: Final = f"SELECT {', '.join(_LOT_COLUMNS)} FROM inventory_lot"  # noqa: S608
_STOCK_COLUMNS: Final = tuple(name for name in columns_of(inventory) if name != "in_stock")
_RUNS: Final = "SELECT operation_id, status, current_record_id FROM inventory_operation_run"
_STATUSES: Final = {int(status): status for status in Status}
_LOT_STATUSES: Final = {int(status): status for status in LotStatus}
_QUEUE_ORDER: Final = {
    LotUseStrategy.FIFO: "i.arrived_order",
    LotUseStrategy.LIFO: "i.arrived_order DESC",
    LotUseStrategy.FEFO: "l.expiration_millis IS NULL, l.expiration_millis, i.arrived_order",
}


def read_lots(tx: ReadTransaction, keys: Collection[LotKey]) -> Iterator[Lot]:
    """The lots of these ids that there are."""
    by = visible_by(tx.connection, "inventory_lot", "id")
    return map(_lot, tx.rows_by_key(_LOTS, by, sorted(key.id for key in keys)))


def lock_lots(tx: ReadTransaction, keys: Collection[LotKey]) -> Iterator[Lot]:
    """The lots with these ids that exist and can be locked."""
    by = visible_by(tx.connection, "inventory_lot", "id")
    return map(_lot, tx.lock(_LOTS, by, sorted(key.id for key in keys)))


def read_lots_by_name(tx: ReadTransaction, keys: Collection[LotNameKey]) -> Iterator[Lot]:
    """The lots of these names, each within its material, that there are."""
    joined = where_visible(tx.connection, "inventory_lot", "t")
    return map(_lot, tx.rows_by_columns(_LOT_COLUMNS, inventory_lot, ("material_id", "name"), sorted(keys), joined))


def lock_lots_by_name(tx: ReadTransaction, keys: Collection[LotNameKey]) -> Iterator[Lot]:
    """The lots with these names, each within its material, that exist and can be locked."""
    joined = where_visible(tx.connection, "inventory_lot", "t")
    return map(_lot, tx.lock_by_columns(_LOT_COLUMNS, inventory_lot, ("material_id", "name"), sorted(keys), joined))


def lock_locations(tx: ReadTransaction, location_ids: Collection[LocationId]) -> set[LocationId]:
    """Those of these locations that can be locked."""
    return {row[0] for row in tx.lock("SELECT id FROM location", "id", sorted(location_ids))}


def read_stock(tx: ReadTransaction, keys: Collection[StockKey]) -> Iterator[StockRow]:
    """The existing inventory rows of these lots at these locations."""
    joined = where_visible(tx.connection, "inventory", "t")
    rows = tx.rows_by_columns(_STOCK_COLUMNS, inventory, ("location_id", "lot_id"), sorted(keys), joined)
    return starmap(StockRow, rows)


def read_rows_of_lots(tx: ReadTransaction, keys: Collection[LotRowsKey]) -> Iterator[StockRow]:
    """The inventory rows of these lots that are not zero, at all locations."""
    select = f"SELECT {', '.join(_STOCK_COLUMNS)} FROM inventory"  # noqa: S608
    by = visible_by(tx.connection, "inventory", "quantity <> 0 AND lot_id")
    rows = tx.rows_by_key(select, by, sorted(key.lot_id for key in keys))
    return starmap(StockRow, rows)


def read_runs(tx: ReadTransaction, operation_ids: Collection[Id]) -> Iterator[tuple[Id, OperationRun]]:
    """Where the runs of these inventory operations stand."""
    return map(_run, tx.rows_by_key(_RUNS, "operation_id", sorted(operation_ids)))


def lock_runs(tx: ReadTransaction, operation_ids: Collection[Id]) -> dict[Id, OperationRun]:
    """The same, of those that can be locked: to start or stop one, or to change an operation since it does not run."""
    return dict(map(_run, tx.lock(_RUNS, "operation_id", sorted(operation_ids))))


def lock_counts(tx: ReadTransaction, keys: Collection[CountKey]) -> dict[Id, int]:
    """quantity_produced of these orders, in millionths of their units, of those that can be locked."""
    select = "SELECT id, quantity_produced FROM production_order"
    rows = tx.lock_to_change(select, "id", sorted(key.order_id for key in keys))
    return {row[0]: row[1] for row in rows}


def read_edges(tx: ReadTransaction, keys: Collection[EdgeKey]) -> Iterator[tuple[GenealogyKey, Edge]]:
    """Those of these edges that exist; every type between two lots is read, since they are few."""
    if not keys:
        return iter(())  # as of most calls: to make a statement of nothing costs some microseconds
    pairs = sorted({(key.from_lot_id, key.to_lot_id) for key in keys})
    return map(_edge, tx.rows_by_columns(columns_of(lot_edge), lot_edge, ("from_lot_id", "to_lot_id"), pairs))


def read_order_edges(tx: ReadTransaction, keys: Collection[OrderEdgeKey]) -> Iterator[tuple[GenealogyKey, Edge]]:
    """Those of these edges between lots and production orders that exist."""
    if not keys:
        return iter(())
    by = ("lot_id", "lot_record_type", "production_order_id")
    return map(_order_edge, tx.rows_by_columns(columns_of(order_edge), order_edge, by, sorted(keys)))


def read_requests(tx: ReadTransaction, keys: Collection[RequestKey]) -> Iterator[tuple[RequestKey, KeptRequest]]:
    """The request ids among these that took effect."""
    rows = tx.rows_by_columns(columns_of(request), request, ("principal", "request_id"), sorted(keys))
    return map(_kept_request, rows)


def _run(row: Sequence[Any]) -> tuple[Id, OperationRun]:
    return row[0], OperationRun(_STATUSES[row[1]], row[2])


def _edge(row: Sequence[Any]) -> tuple[GenealogyKey, Edge]:
    from_lot_id, to_lot_id, record_type, millionths, record_count = row
    return EdgeKey(from_lot_id, to_lot_id, LotRecordType(record_type)), Edge(millionths, record_count)


def _order_edge(row: Sequence[Any]) -> tuple[GenealogyKey, Edge]:
    lot_id, record_type, order_id, millionths, record_count = row
    return OrderEdgeKey(lot_id, LotRecordType(record_type), order_id), Edge(millionths, record_count)


def _kept_request(row: Sequence[Any]) -> tuple[RequestKey, KeptRequest]:
    principal, request_id, fingerprint, created_millis, record_ids, main_index, stopped, indexes = row
    ids = tuple(RecordId(record_ids[at : at + ID_BYTES]) for at in range(0, len(record_ids), ID_BYTES))
    kept = KeptRequest(
        fingerprint,
        created_millis,
        ids,
        None if main_index < 0 else main_index,
        bool(stopped),
        () if indexes is None else unpack_indexes(indexes),
    )
    return RequestKey(principal, request_id), kept


def read_sums(
    tx: ReadTransaction, keys: Iterable[SumsKey]
) -> dict[LocationId, dict[tuple[MaterialId, UnitId | None], int]]:
    """Millionths above zero at these locations, by material and unit."""
    sums: dict[LocationId, dict[tuple[MaterialId, UnitId | None], int]] = {key.location_id: {} for key in keys}
    text = (
        "SELECT i.material_id, l.unit_of_measure_id, i.quantity FROM inventory AS i "  # noqa: S608 - the schema's own names
        "JOIN inventory_lot AS l ON l.id = i.lot_id WHERE i.location_id = ? AND i.in_stock = TRUE"
        f"{and_visible(tx.connection, 'inventory', 'i')}"
    )
    for location_id in sorted(sums):
        exact: dict[tuple[MaterialId, UnitId | None], int] = defaultdict(int)
        for material_id, unit_id, millionths in tx.fetch(text, (location_id,)):
            exact[material_id, unit_id] += millionths
        sums[location_id] = dict(exact)
    return sums


def read_queue(tx: ReadTransaction, key: QueueKey) -> list[tuple[StockRow, Lot]]:
    """The first rows above zero at a location, with their lots, in order of use."""
    of_material = " AND i.material_id = ?" if key.material_id is not None else ""
    shown = and_visible(tx.connection, "inventory", "i")
    columns = ", ".join([*(f"i.{name}" for name in _STOCK_COLUMNS), *(f"l.{name}" for name in _LOT_COLUMNS)])
    text = (
        f"SELECT {columns} FROM inventory AS i JOIN inventory_lot AS l ON l.id = i.lot_id "  # noqa: S608
        f"WHERE i.location_id = ? AND i.in_stock = TRUE{of_material}{shown} "
        f"ORDER BY {_QUEUE_ORDER[key.strategy]} LIMIT ?"
    )
    parameters = [key.location_id, *([key.material_id] if key.material_id is not None else []), key.length]
    width = len(_STOCK_COLUMNS)
    rows = tx.fetch(text, tuple(parameters))
    return [(StockRow(*row[:width]), _lot(row[width:])) for row in rows]


def _lot(row: Any) -> Lot:
    (lot_id, name, material_id, status, total, unit_id, expiration, closed, changed_order, *common) = row
    enabled, notes, spare1, spare2, spare3, created, created_by, modified, modified_by, version, supplier_name = common
    return Lot(
        LotId(lot_id),
        name,
        material_id,
        _LOT_STATUSES[status],
        total,
        unit_id,
        expiration,
        closed,
        changed_order,
        Common(created, created_by, notes, bool(enabled), spare1, spare2, spare3, modified, modified_by, version),
        supplier_name,
    )
