"""Writes everything that a transaction's decisions changed, with one statement for each kind."""

from collections.abc import Sequence
from typing import Any, Final

from lotkeeper_server.domain.changes import Changes
from lotkeeper_server.domain.keys import GenealogyKey
from lotkeeper_server.domain.model.identifiers import LocationId
from lotkeeper_server.domain.model.stock import BesideStock, Common, Edge, Lot, Record, StockRow
from lotkeeper_server.store.audit.writing import write_command_events
from lotkeeper_server.store.db.statements import insert_of, update_of
from lotkeeper_server.store.db.write_transaction import WriteTransaction
from lotkeeper_server.store.feed.numbering import leave_pending
from lotkeeper_server.store.schema.genealogy_tables import lot_edge, order_edge
from lotkeeper_server.store.schema.tables import (
    inventory,
    inventory_lot,
    inventory_lot_record,
    inventory_operation_run,
    location,
    production_order,
    request,
)
from lotkeeper_server.store.state.action_indexes import pack_indexes

_lot, _row, _record = inventory_lot.c, inventory.c, inventory_lot_record.c
_NOTHING_BESIDE_STOCK: Final = (None, None, None)
INSERT_LOT: Final = insert_of(inventory_lot)
INSERT_STOCK: Final = insert_of(inventory)
INSERT_RECORD: Final = insert_of(inventory_lot_record)
INSERT_REQUEST: Final = insert_of(request)
UPDATE_LOT: Final = update_of(
    inventory_lot,
    [
        _lot.status,
        _lot.total_quantity,
        _lot.expiration_millis,
        _lot.closed_millis,
        _lot.changed_order,
        _lot.modified_millis,
        _lot.modified_by,
        _lot.version,
    ],
    [_lot.id],
)
UPDATE_STOCK: Final = update_of(
    inventory,
    [
        _row.quantity,
        _row.in_stock,
        _row.name,
        _row.production_order_id,
        _row.arrived_order,
        _row.arrived_millis,
        _row.arrived_record_id,
        _row.changed_order,
        _row.latest_end_millis,
    ],
    [_row.location_id, _row.lot_id],
)
# SQLite writes every index with one of the set columns, changed or not; most changes are of these columns only.
UPDATE_QUANTITY: Final = update_of(
    inventory, [_row.quantity, _row.changed_order, _row.latest_end_millis], [_row.location_id, _row.lot_id]
)
UPDATE_RECORD: Final = update_of(
    inventory_lot_record,
    [
        _record.status,
        _record.lot_status,
        _record.quantity,
        _record.source_quantity_change,
        _record.destination_quantity_change,
        _record.lot_total_change,
        _record.order_count_change,
        _record.inventory_name,
        _record.end_millis,
        _record.moment_millis,
        _record.effect_order,
        _record.reversed_by_record_id,
        _record.notes,
        _record.spare1,
        _record.spare2,
        _record.spare3,
        _record.modified_millis,
        _record.modified_by,
        _record.version,
        _record.lot_quantity,
    ],
    [_record.id],
)
UPDATE_RUN: Final = update_of(
    inventory_operation_run,
    [inventory_operation_run.c.status, inventory_operation_run.c.current_record_id],
    [inventory_operation_run.c.operation_id],
)
UPDATE_COUNT: Final = update_of(production_order, [production_order.c.quantity_produced], [production_order.c.id])
INSERT_EDGE: Final = insert_of(lot_edge)
UPDATE_EDGE: Final = update_of(
    lot_edge,
    [lot_edge.c.quantity, lot_edge.c.record_count],
    [lot_edge.c.from_lot_id, lot_edge.c.to_lot_id, lot_edge.c.lot_record_type],
)
INSERT_ORDER_EDGE: Final = insert_of(order_edge)
UPDATE_ORDER_EDGE: Final = update_of(
    order_edge,
    [order_edge.c.quantity, order_edge.c.record_count],
    [order_edge.c.lot_id, order_edge.c.lot_record_type, order_edge.c.production_order_id],
)
UPDATE_REQUEST: Final = update_of(
    request,
    [
        request.c.fingerprint,
        request.c.created_millis,
        request.c.record_ids,
        request.c.main_index,
        request.c.stopped_running_operation,
        request.c.action_indexes,
    ],
    [request.c.principal, request.c.request_id],
)


def write_changes(tx: WriteTransaction, changes: Changes) -> None:
    """Writes lots, then what refers to them; the caller commits.

    Raises:
        StoreError: one of its subclasses, from the enclosing transaction.
    """
    if places := _places_without_new_records(changes):
        tx.refer(location, sorted(places))
    tx.write_many(INSERT_LOT, [lot_values(lot) for lot in changes.new_lots])
    tx.write_many(UPDATE_LOT, [_changed_lot(lot) for lot in changes.changed_lots])
    tx.write_many(INSERT_STOCK, [_new_stock(row) for row in changes.new_stock])
    tx.write_many(UPDATE_STOCK, [_changed_stock(row) for row in changes.changed_stock])
    quantities = [
        (row.millionths, row.changed_order, row.latest_end_millis, row.location_id, row.lot_id)
        for row in changes.changed_quantities
    ]
    tx.write_many(UPDATE_QUANTITY, quantities)
    tx.write_many(INSERT_RECORD, [record_values(record) for record in changes.new_records])
    tx.write_many(UPDATE_RECORD, [_changed_record(record) for record in changes.changed_records])
    leave_pending(tx.connection, [(record.effect_order, record.id) for record in changes.completed_records])
    runs = [(int(run.status), run.current_record_id, operation_id) for operation_id, run in changes.runs]
    tx.write_many(UPDATE_RUN, runs)
    tx.write_many(INSERT_EDGE, _new_edges(changes.new_edges))
    tx.write_many(UPDATE_EDGE, _changed_edges(changes.changed_edges))
    tx.write_many(INSERT_ORDER_EDGE, _new_edges(changes.new_order_edges))
    tx.write_many(UPDATE_ORDER_EDGE, _changed_edges(changes.changed_order_edges))
    tx.write_many(UPDATE_COUNT, [(millionths, order_id) for order_id, millionths in changes.counts])
    kept = [
        (
            kept.fingerprint,
            kept.created_millis,
            b"".join(kept.record_ids),
            -1 if kept.main_index is None else kept.main_index,
            kept.stopped_running_operation,
            pack_indexes(kept.action_indexes) if kept.action_indexes else None,
        )
        for _, kept in changes.new_requests + changes.renewed_requests
    ]
    count = len(changes.new_requests)
    tx.write_many(INSERT_REQUEST, [(*key, *kept[at]) for at, (key, _) in enumerate(changes.new_requests)])
    tx.write_many(
        UPDATE_REQUEST,
        [(*kept[count + at], *key) for at, (key, _) in enumerate(changes.renewed_requests)],
    )
    write_command_events(tx, changes.events)


def _new_edges(edges: Sequence[tuple[GenealogyKey, Edge]]) -> list[tuple[Any, ...]]:
    return [(*key, edge.millionths, edge.record_count) for key, edge in edges]


def _changed_edges(edges: Sequence[tuple[GenealogyKey, Edge]]) -> list[tuple[Any, ...]]:
    return [(edge.millionths, edge.record_count, *key) for key, edge in edges]


def _places_without_new_records(changes: Changes) -> set[LocationId]:
    """The locations where stock changes by records that exist already, like at the end of a run.

    A save that forbids stock at a location waits for all who write references to it, which each new row does.
    """
    changed_stock = changes.changed_stock + changes.changed_quantities
    if not changes.changed_records or not changed_stock:
        return set()
    named = {
        place.id for one in changes.new_records for place in (one.source_location, one.destination_location) if place
    }
    return {row.location_id for row in changed_stock} - named


def _common_values(common: Common) -> tuple[Any, ...]:
    return (
        common.enabled,
        common.notes,
        common.spare1,
        common.spare2,
        common.spare3,
        common.created_millis,
        common.created_by,
        common.modified_millis,
        common.modified_by,
        common.version,
    )


def lot_values(lot: Lot) -> tuple[Any, ...]:
    """A lot's columns, in the table's order."""
    return (
        lot.id,
        lot.name,
        lot.material_id,
        int(lot.status),
        lot.total_millionths,
        lot.unit_id,
        lot.expiration_millis,
        lot.closed_millis,
        lot.changed_order,
        *_common_values(lot.common),
        lot.supplier_lot_name,
    )


def _changed_lot(lot: Lot) -> tuple[Any, ...]:
    return (
        int(lot.status),
        lot.total_millionths,
        lot.expiration_millis,
        lot.closed_millis,
        lot.changed_order,
        lot.common.modified_millis,
        lot.common.modified_by,
        lot.common.version,
        lot.id,
    )


def _new_stock(row: StockRow) -> tuple[Any, ...]:
    return (
        row.location_id,
        row.lot_id,
        row.material_id,
        row.millionths,
        row.millionths > 0,
        row.name,
        row.production_order_id,
        row.arrived_order,
        row.arrived_millis,
        row.arrived_record_id,
        row.changed_order,
        row.latest_end_millis,
    )


def _changed_stock(row: StockRow) -> tuple[Any, ...]:
    return (
        row.millionths,
        row.millionths > 0,
        row.name,
        row.production_order_id,
        row.arrived_order,
        row.arrived_millis,
        row.arrived_record_id,
        row.changed_order,
        row.latest_end_millis,
        row.location_id,
        row.lot_id,
    )


def record_values(record: Record) -> tuple[Any, ...]:
    """A record's columns, in the table's order."""
    secondary, operation, order = record.secondary_lot, record.inventory_operation, record.production_order
    reason_code, source, destination = record.reason_code, record.source_location, record.destination_location
    return (
        record.id,
        int(record.lot_record_type),
        int(record.status),
        record.lot.id,
        secondary.id if secondary else None,
        record.material.id,
        operation.id if operation else None,
        record.operation_record_id,
        order.id if order else None,
        reason_code.id if reason_code else None,
        source.id if source else None,
        destination.id if destination else None,
        int(record.lot_status),
        record.quantity_millionths,
        record.unit.id if record.unit else None,
        record.source_change_millionths,
        record.destination_change_millionths,
        record.lot_total_change_millionths,
        record.order_count_change_millionths,
        record.picked,
        record.inventory_name,
        record.start_millis,
        record.end_millis,
        record.start_millis if record.end_millis is None else record.end_millis,
        record.effect_order,
        record.reverses_record_id,
        record.reversed_by_record_id,
        record.request_id,
        *_common_values(record.common),
        record.lot_quantity_millionths,
        *(_NOTHING_BESIDE_STOCK if record.beside_stock is None else _beside_stock(record.beside_stock)),
    )


def _beside_stock(changed: BesideStock) -> tuple[int | None, int | None, int | None]:
    closed_from = None if changed.closed_from is None else int(changed.closed_from)
    return changed.expiration_millis, changed.expiration_before_millis, closed_from


def _changed_record(record: Record) -> tuple[Any, ...]:
    return (
        int(record.status),
        int(record.lot_status),
        record.quantity_millionths,
        record.source_change_millionths,
        record.destination_change_millionths,
        record.lot_total_change_millionths,
        record.order_count_change_millionths,
        record.inventory_name,
        record.end_millis,
        record.start_millis if record.end_millis is None else record.end_millis,
        record.effect_order,
        record.reversed_by_record_id,
        record.common.notes,
        record.common.spare1,
        record.common.spare2,
        record.common.spare3,
        record.common.modified_millis,
        record.common.modified_by,
        record.common.version,
        record.lot_quantity_millionths,
        record.id,
    )
