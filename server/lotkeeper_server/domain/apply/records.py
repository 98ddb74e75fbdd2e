"""Records: how one is written for an action, together with the change of stock that it tells of (step 16)."""

from dataclasses import dataclass, replace

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.context import Context
from lotkeeper_server.domain.model.definitions import Location, Unit
from lotkeeper_server.domain.model.enumerations import LotRecordType, Status
from lotkeeper_server.domain.model.genealogy import add_to_edge, genealogy_key
from lotkeeper_server.domain.model.identifiers import LocationId, ProductionOrderId, RecordId
from lotkeeper_server.domain.model.quantity import QUANTITY_LIMIT_MILLIONTHS
from lotkeeper_server.domain.model.stock import BesideStock, Common, Lot, Record, StockRow
from lotkeeper_server.domain.refusals import QuantityOverflow, Refused, TooManyRecords
from lotkeeper_server.domain.resolve.action import Action
from lotkeeper_server.domain.working_set import WorkingSet


@dataclass(slots=True)
class Movement:
    """What one record says: quantity and unit as requested; quantity and changes of stock in the primary lot's unit."""

    record_type: LotRecordType
    lot: Lot
    secondary_lot: Lot | None
    quantity_millionths: int
    unit: Unit | None
    source: Location | None
    destination: Location | None
    lot_quantity: int = 0
    source_change: int = 0
    destination_change: int = 0
    lot_total_change: int = 0
    order_count_change: int = 0
    order_floor: int = 0
    beside_stock: BesideStock | None = None


def check_quantity(millionths: int) -> int:
    """Returns the quantity if it may be stored.

    Raises:
        Refused: QUANTITY_OVERFLOW at 9.2e12 units and above, with either sign.
    """
    if not -QUANTITY_LIMIT_MILLIONTHS < millionths < QUANTITY_LIMIT_MILLIONTHS:
        raise Refused(QuantityOverflow())
    return millionths


def check_count(count: int) -> None:
    """Refuses a call that would write too many records."""
    if count > limits.RECORDS_PER_CALL_MAX:
        raise Refused(TooManyRecords(count=count, limit=limits.RECORDS_PER_CALL_MAX))


def complete(state: WorkingSet, action: Action, movement: Movement, context: Context, running: Record | None) -> Record:
    """Writes a COMPLETED record, or completes the one that Start left RUNNING; also makes the action's new lots."""
    for lot in action.new_lots:
        state.put_lot(lot)
        action.versioned.add(lot.id)
    action.new_lots = []
    effect_order = context.next_effect_order(max(movement.order_floor, movement.lot.changed_order))
    status_changes = movement.record_type is LotRecordType.STATUS_CHANGE
    lot_status = movement.lot.status if status_changes else movement.lot.status_at(action.end_millis)
    check_quantity(movement.quantity_millionths)
    if running is not None:
        record = replace(
            running,
            status=Status.COMPLETED,
            lot=movement.lot,
            lot_status=lot_status,
            quantity_millionths=movement.quantity_millionths,
            source_change_millionths=movement.source_change,
            destination_change_millionths=movement.destination_change,
            inventory_name=action.inventory_name,
            end_millis=action.end_millis,
            common=running.common.edited(context.now_millis, action.principal),
            effect_order=effect_order,
            lot_total_change_millionths=movement.lot_total_change,
            order_count_change_millionths=movement.order_count_change,
            lot_quantity_millionths=movement.lot_quantity,
        )
    else:
        record = Record(
            RecordId(context.new_id()),
            movement.record_type,
            Status.COMPLETED,
            movement.lot,
            movement.secondary_lot,
            action.material,
            action.operation,
            action.operation_record_id,
            action.production_order,
            action.reason_code,
            movement.source,
            movement.destination,
            lot_status,
            movement.quantity_millionths,
            movement.unit,
            movement.source_change,
            movement.destination_change,
            action.inventory_name,
            action.start_millis,
            action.end_millis,
            None,
            None,
            action.request_id,
            _common(action, context),
            effect_order,
            movement.lot_total_change,
            movement.order_count_change,
            lot_quantity_millionths=movement.lot_quantity,
            beside_stock=movement.beside_stock,
        )
    state.put_record(record)
    secondary, order = record.secondary_lot, record.production_order
    if (secondary is not None or order is not None) and movement.lot_quantity > 0:
        secondary_id, order_id = secondary.id if secondary else None, order.id if order else None
        key = genealogy_key(movement.record_type, movement.lot.id, secondary_id, order_id)
        if key is not None:
            add_to_edge(state, key, movement.lot_quantity)
    return record


def _common(action: Action, context: Context) -> Common:
    if action.spares is None:
        return Common(context.now_millis, action.principal, action.notes)
    return Common(context.now_millis, action.principal, action.notes, True, *action.spares)


def move_stock(
    state: WorkingSet,
    location_id: LocationId,
    lot: Lot,
    change: int,
    record: Record,
    *,
    name: str = "",
    production_order_id: ProductionOrderId | None = None,
) -> None:
    """Adds a record's change, if only 0, to the inventory row of a lot; a rise from zero or below is an arrival."""
    row = state.stock_row(location_id, lot.id)
    old = row.millionths if row else 0
    arrives = change > 0 and old <= 0
    end = record.end_millis
    assert end is not None
    if row is None:
        row = StockRow(location_id, lot.id, lot.material_id, 0, "", None, 0, None, None, 0, None)
    latest = row.latest_end_millis
    state.put_stock(
        StockRow(
            location_id,
            lot.id,
            lot.material_id,
            check_quantity(old + change),
            name or row.name,
            production_order_id or row.production_order_id,
            record.effect_order if arrives else row.arrived_order,
            end if arrives else row.arrived_millis,
            record.id if arrives else row.arrived_record_id,
            record.effect_order,
            end if latest is None or latest < end else latest,
        ),
        lot.unit_id,
    )


def edited_once(lot: Lot, action: Action, context: Context) -> Common:
    """A lot's version and author after an edit: a call raises a version once, and not that of a lot that it made."""
    if lot.id in action.versioned:
        return lot.common
    action.versioned.add(lot.id)
    return lot.common.edited(context.now_millis, action.principal)


def raise_total(state: WorkingSet, lot: Lot, change: int, record: Record) -> Lot:
    """Adds to a lot's total."""
    risen = Lot(  # `replace` costs three times as much
        lot.id,
        lot.name,
        lot.material_id,
        lot.status,
        check_quantity(lot.total_millionths + change),
        lot.unit_id,
        lot.expiration_millis,
        lot.closed_millis,
        record.effect_order,
        lot.common,
        lot.supplier_lot_name,
    )
    state.put_lot(risen)
    return risen
