"""Reads the state that decisions need, each kind as a set."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Connection

from lotkeeper_server.domain.keys import (
    CountKey,
    EdgeKey,
    LotKey,
    LotNameKey,
    LotRowsKey,
    QueueKey,
    RequestKey,
    StockKey,
    SumsKey,
)
from lotkeeper_server.domain.model.enumerations import LotRecordType, LotStatus, LotUseStrategy, Status
from lotkeeper_server.domain.model.identifiers import ID_BYTES, Id, LocationId, LotId, MaterialId, RecordId, UnitId
from lotkeeper_server.domain.model.stock import Common, Edge, Lot, OperationRun, StockRow
from lotkeeper_server.domain.working_set import KeptRequest
from lotkeeper_server.store.db.dialects import Locking, dialect_of
from lotkeeper_server.store.db.statements import columns_of, fetch, rows_by_columns, rows_by_key
from lotkeeper_server.store.schema.tables import inventory, inventory_lot, lot_edge, request
from lotkeeper_server.store.state.action_indexes import unpack_indexes

_LOT_COLUMNS: Final = columns_of(inventory_lot)
_LOTS: Final = f"SELECT {', '.join(_LOT_COLUMNS)} FROM inventory_lot"  # noqa: S608
_STOCK_COLUMNS: Final = tuple(name for name in columns_of(inventory) if name != "in_stock")
_STATUSES: Final = {int(status): status for status in Status}
_LOT_STATUSES: Final = {int(status): status for status in LotStatus}
_QUEUE_ORDER: Final = {
    LotUseStrategy.FIFO: "i.arrived_order",
    LotUseStrategy.LIFO: "i.arrived_order DESC",
    LotUseStrategy.FEFO: "l.expiration_millis IS NULL, l.expiration_millis, i.arrived_order",
}


def read_lots(connection: Connection, keys: Collection[LotKey], locking: Locking) -> Iterator[Lot]:
    """The lots with these ids that exist and can be locked."""
    return map(_lot, rows_by_key(connection, _LOTS, "id", sorted(key.id for key in keys), locking))


def read_lots_by_name(connection: Connection, keys: Collection[LotNameKey], locking: Locking) -> Iterator[Lot]:
    """The lots with these names, each within its material, that exist and can be locked."""
    by = ("material_id", "name")
    return map(_lot, rows_by_columns(connection, _LOT_COLUMNS, inventory_lot, by, sorted(keys), locking=locking))


def lock_locations(connection: Connection, location_ids: Collection[LocationId], locking: Locking) -> set[LocationId]:
    """Those of these locations that can be locked."""
    rows = rows_by_key(connection, "SELECT id FROM location", "id", sorted(location_ids), locking)
    return {row[0] for row in rows}


def read_stock(connection: Connection, keys: Collection[StockKey]) -> list[StockRow]:
    """The existing inventory rows of these lots at these locations."""
    rows = rows_by_columns(connection, _STOCK_COLUMNS, inventory, ("location_id", "lot_id"), sorted(keys))
    return [StockRow(*row) for row in rows]


def read_rows_of_lots(connection: Connection, keys: Collection[LotRowsKey]) -> dict[LotId, list[StockRow]]:
    """The inventory rows of these lots that are not zero, at all locations."""
    select = f"SELECT {', '.join(_STOCK_COLUMNS)} FROM inventory"  # noqa: S608
    by_lot: dict[LotId, list[StockRow]] = defaultdict(list)
    for row in rows_by_key(connection, select, "quantity <> 0 AND lot_id", sorted(key.lot_id for key in keys)):
        stored = StockRow(*row)
        by_lot[stored.lot_id].append(stored)
    return by_lot


def read_runs(
    connection: Connection, operation_ids: Collection[Id], locking: Locking
) -> Iterator[tuple[Id, OperationRun]]:
    """The status of these inventory operations' runs, for those that can be locked."""
    select = "SELECT operation_id, status, current_record_id FROM inventory_operation_run"
    rows = rows_by_key(connection, select, "operation_id", sorted(operation_ids), locking)
    return ((row[0], OperationRun(_STATUSES[row[1]], row[2])) for row in rows)


def lock_runs(connection: Connection, operation_ids: Collection[Id], locking: Locking) -> dict[Id, OperationRun]:
    """Reads and locks runs, for starting or stopping one, or for changing an operation that does not run."""
    runs = dict(read_runs(connection, operation_ids, locking))
    if locking is not Locking.NONE:
        dialect_of(connection).guard(connection, list(runs))
    return runs


def read_counts(connection: Connection, keys: Collection[CountKey], locking: Locking) -> dict[Id, int]:
    """quantity_produced of these orders, in millionths of their units, of those that can be locked."""
    select = "SELECT id, quantity_produced FROM production_order"
    rows = rows_by_key(connection, select, "id", sorted(key.order_id for key in keys), locking)
    return {row[0]: row[1] for row in rows}


def read_edges(connection: Connection, keys: Collection[EdgeKey]) -> dict[EdgeKey, Edge]:
    """Those of these edges that exist; every type between two lots is read, since they are few."""
    pairs = sorted({(key.from_lot_id, key.to_lot_id) for key in keys})
    rows = rows_by_columns(connection, columns_of(lot_edge), lot_edge, ("from_lot_id", "to_lot_id"), pairs)
    return {
        EdgeKey(from_lot_id, to_lot_id, LotRecordType(record_type)): Edge(millionths, record_count)
        for from_lot_id, to_lot_id, record_type, millionths, record_count in rows
    }


def read_requests(connection: Connection, keys: Collection[RequestKey]) -> Iterator[tuple[RequestKey, KeptRequest]]:
    """The request ids among these that took effect."""
    rows = rows_by_columns(connection, columns_of(request), request, ("principal", "request_id"), sorted(keys))
    return map(_kept_request, rows)


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
    connection: Connection, keys: Iterable[SumsKey]
) -> dict[LocationId, dict[tuple[MaterialId, UnitId | None], int]]:
    """Millionths above zero at these locations, by material and unit."""
    sums: dict[LocationId, dict[tuple[MaterialId, UnitId | None], int]] = {key.location_id: {} for key in keys}
    text = (
        "SELECT i.material_id, l.unit_of_measure_id, i.quantity FROM inventory AS i "
        "JOIN inventory_lot AS l ON l.id = i.lot_id WHERE i.location_id = ? AND i.in_stock = TRUE"
    )
    for location_id in sorted(sums):
        exact: dict[tuple[MaterialId, UnitId | None], int] = defaultdict(int)
        for material_id, unit_id, millionths in fetch(connection, text, (location_id,)):
            exact[material_id, unit_id] += millionths
        sums[location_id] = dict(exact)
    return sums


def read_queue(connection: Connection, key: QueueKey) -> list[tuple[StockRow, Lot]]:
    """The first rows above zero at a location, with their lots, in order of use."""
    of_material = "AND i.material_id = ? " if key.material_id is not None else ""
    columns = ", ".join([*(f"i.{name}" for name in _STOCK_COLUMNS), *(f"l.{name}" for name in _LOT_COLUMNS)])
    text = (
        f"SELECT {columns} FROM inventory AS i JOIN inventory_lot AS l ON l.id = i.lot_id "  # noqa: S608
        f"WHERE i.location_id = ? AND i.in_stock = TRUE {of_material}ORDER BY {_QUEUE_ORDER[key.strategy]} LIMIT ?"
    )
    parameters = [key.location_id, *([key.material_id] if key.material_id is not None else []), key.length]
    width = len(_STOCK_COLUMNS)
    rows = fetch(connection, text, tuple(parameters))
    return [(StockRow(*row[:width]), _lot(row[width:])) for row in rows]


def _lot(row: Any) -> Lot:
    (lot_id, name, material_id, status, total, unit_id, expiration, closed, changed_order, *common) = row
    enabled, notes, spare1, spare2, spare3, created, created_by, modified, modified_by, version = common
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
    )
