"""Opening stock: a completed EDIT, so that stock is the sum of its records from the first moment on."""

from typing import Any

from sqlalchemy import insert, update

from lotkeeper_server.domain.enumerations import LotRecordType, LotStatus, Status
from lotkeeper_server.domain.identifiers import Id
from lotkeeper_server.plant.reading import StockEntry
from lotkeeper_server.store.tables import inventory, inventory_lot, inventory_lot_record
from lotkeeper_server.store.transaction import Transaction


def open_stock(
    tx: Transaction, principal: str, location_id: Id, material_id: Id, lot: dict[str, Any], entry: StockEntry
) -> None:
    """Gives a lot its stock at a location.

    Args:
        tx: the write transaction.
        principal: who does so.
        location_id: where.
        material_id: the lot's.
        lot: its row, whose total rises.
        entry: says how much.
    """
    order, record_id, now = tx.next_effect_order(0), tx.new_id(), tx.now_millis
    tx.connection.execute(
        insert(inventory_lot_record).values(
            id=record_id,
            lot_record_type=int(LotRecordType.EDIT),
            status=int(Status.COMPLETED),
            lot_id=lot["id"],
            material_id=material_id,
            source_location_id=location_id,
            lot_status=int(LotStatus(lot["status"])),
            quantity=entry.millionths,
            lot_quantity=entry.millionths,
            unit_of_measure_id=lot["unit_of_measure_id"],
            source_quantity_change=entry.millionths,
            lot_total_change=entry.millionths,
            inventory_name=entry.name,
            start_millis=now,
            end_millis=now,
            moment_millis=now,
            effect_order=order,
            created_millis=now,
            created_by=principal,
            version=1,
        )
    )
    tx.connection.execute(
        insert(inventory).values(
            location_id=location_id,
            lot_id=lot["id"],
            material_id=material_id,
            quantity=entry.millionths,
            in_stock=entry.millionths > 0,
            name=entry.name,
            arrived_order=order,
            arrived_millis=now,
            arrived_record_id=record_id,
            changed_order=order,
        )
    )
    lot["total_quantity"] += entry.millionths
    values = {"total_quantity": lot["total_quantity"], "changed_order": order}
    tx.connection.execute(update(inventory_lot).where(inventory_lot.c.id == lot["id"]).values(values))
