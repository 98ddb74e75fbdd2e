"""Reversal: a completed record is undone by one with the opposite changes. And edits of a record's notes."""

from dataclasses import dataclass, replace

from lotkeeper_server.domain.apply import storing
from lotkeeper_server.domain.apply.in_time import check_fall
from lotkeeper_server.domain.apply.records import check_quantity, move_stock
from lotkeeper_server.domain.apply.single_lot import check_single_lot
from lotkeeper_server.domain.commands import Annotate, Reverse
from lotkeeper_server.domain.context import Context
from lotkeeper_server.domain.keys import DefinitionKey, GenealogyKey, Key, LotKey, StockKey
from lotkeeper_server.domain.kinds import BETWEEN_LOTS
from lotkeeper_server.domain.model.definition_cache import DefinitionCache
from lotkeeper_server.domain.model.definitions import Location
from lotkeeper_server.domain.model.enumerations import LotRecordType, LotStatus, Status
from lotkeeper_server.domain.model.genealogy import genealogy_key, take_from_edge
from lotkeeper_server.domain.model.identifiers import LocationId, LotId, ProductionOrderId, RecordId, format_id
from lotkeeper_server.domain.model.scope import Scope
from lotkeeper_server.domain.model.stock import (
    Answer,
    BesideStock,
    Common,
    Lot,
    Named,
    NamedPlace,
    Record,
    StockRow,
)
from lotkeeper_server.domain.refusals import (
    AlreadyReversed,
    NotFound,
    NotReversible,
    Refused,
)
from lotkeeper_server.domain.resolve import within
from lotkeeper_server.domain.working_set import WorkingSet


@dataclass(slots=True)
class _Change:
    """How stock of a lot at a location changes when a record is undone."""

    location: Location
    lot: Lot
    row: StockRow | None
    millionths: int

    @property
    def old(self) -> int:
        return self.row.millionths if self.row else 0


def reverse(state: WorkingSet, command: Reverse, context: Context) -> Answer:
    """Undoes a record.

    Raises:
        Refused: INVENTORY_LOT_RECORD_NOT_FOUND, ALREADY_REVERSED, NOT_REVERSIBLE; by steps 13 and 14, and if another
            lot is at a location that takes one lot at a time.
    """
    if command.scope is None and state.is_archived(command.record_id):
        raise Refused(NotReversible(inventory_lot_record_id=format_id(command.record_id), cause="ARCHIVED"))
    record = _found(state, command.record_id, command.scope)
    _check_reversible(record)
    changes = _opposite_changes(state, record)
    if any(change.millionths > 0 and not change.location.keeps_stock for change in changes):
        raise Refused(NotReversible(inventory_lot_record_id=format_id(record.id), cause="LOCATION"))
    end_millis = max(context.now_millis, record.end_millis or 0)
    _check_stock(state, changes, end_millis, context)
    floor = max((change.row.changed_order for change in changes if change.row), default=0)
    floor = max([floor, *(change.lot.changed_order for change in changes)])
    raised = _raised_lot(state, record)
    undone = _opposite(state, record, command, end_millis, context, max(floor, raised.changed_order))
    state.put_record(undone)
    reversed_record = replace(
        record, reversed_by_record_id=undone.id, common=record.common.edited(context.now_millis, command.principal)
    )
    state.put_record(reversed_record)
    for change in changes:
        move_stock(state, change.location.id, change.lot, change.millionths, undone)
    if record.lot_total_change_millionths:
        total = check_quantity(raised.total_millionths - record.lot_total_change_millionths)
        state.put_lot(replace(raised, total_millionths=total, changed_order=undone.effect_order))
    if record.beside_stock is not None:
        _put_back(state, record, record.beside_stock, undone)
    if record.order_count_change_millionths:
        assert record.production_order is not None
        order_id = ProductionOrderId(record.production_order.id)
        state.put_count(order_id, check_quantity(state.count(order_id) - record.order_count_change_millionths))
    key = _edge_of(record)
    if key is not None and record.lot_quantity_millionths > 0:
        take_from_edge(state, key, record.lot_quantity_millionths)
    return Answer([undone])


def _put_back(state: WorkingSet, record: Record, changed: BesideStock, undone: Record) -> None:
    """Puts back a date and the status of a closed lot, where they still are what the MERGE made them."""
    common, order = undone.common, undone.effect_order
    receiving = _lot(state, record.lot)
    if changed.expiration_millis is not None and receiving.expiration_millis == changed.expiration_millis:
        edited = receiving.common.edited(common.created_millis, common.created_by)
        before = changed.expiration_before_millis
        state.put_lot(replace(receiving, expiration_millis=before, changed_order=order, common=edited))
    if changed.closed_from is None or record.secondary_lot is None:
        return
    merged = _lot(state, record.secondary_lot)
    if merged.status is LotStatus.CLOSED:
        edited = merged.common.edited(common.created_millis, common.created_by)
        reopened = replace(merged, status=changed.closed_from, closed_millis=None, changed_order=order, common=edited)
        state.put_lot(reopened)


def likely_reads(record: Record, definitions: DefinitionCache) -> list[Key]:
    """Lots, locations, rows and the edge of a record to undo. It may miss something, but never decides."""
    lot_ids = [LotId(one.id) for one in (record.lot, record.secondary_lot) if one is not None]
    keys: list[Key] = [LotKey(lot_id) for lot_id in lot_ids]
    for place in (record.source_location, record.destination_location):
        if place is not None:
            if definitions.locations.get(place.id) is None:
                keys.append(DefinitionKey("location", place.id))
            keys.extend(StockKey(LocationId(place.id), lot_id) for lot_id in lot_ids)
    if (edge := _edge_of(record)) is not None:
        keys.append(edge)
    return keys


def _edge_of(record: Record) -> GenealogyKey | None:
    secondary, order = record.secondary_lot, record.production_order
    secondary_id, order_id = secondary.id if secondary else None, order.id if order else None
    return genealogy_key(record.lot_record_type, record.lot.id, secondary_id, order_id)


def annotate(state: WorkingSet, command: Annotate, context: Context) -> Answer:
    """Changes a record's notes and spares; if nothing differs, the version stays."""
    record = _found(state, command.record_id, command.scope)
    old = record.common
    spares = [
        was if given is None else given
        for was, given in zip((old.spare1, old.spare2, old.spare3), command.spares, strict=True)
    ]
    notes = old.notes if command.notes is None else command.notes
    new = replace(old, notes=notes, spare1=spares[0], spare2=spares[1], spare3=spares[2])
    if new != old:
        record = replace(record, common=new.edited(context.now_millis, command.principal))
        state.put_record(record)
    return Answer([record])


def _found(state: WorkingSet, record_id: RecordId, scope: Scope | None) -> Record:
    record = state.record(record_id)
    if scope is not None:
        if record is None:  # also one that is archived: nobody knows where it was
            raise Refused(within.elsewhere(state, scope))
        within.check_record(state, scope, record)
    if record is None:
        archived = state.is_archived(record_id)
        absent = NotFound(entity="inventory_lot_record", id=format_id(record_id), archived=archived)
        raise Refused(absent.at("inventory_lot_record_id"))
    return record


def _check_reversible(record: Record) -> None:
    record_id = format_id(record.id)
    if record.reversed_by_record_id is not None:
        raise Refused(AlreadyReversed(inventory_lot_record_id=record_id))
    if record.status is not Status.COMPLETED:
        raise Refused(NotReversible(inventory_lot_record_id=record_id, cause="STATUS"))
    if record.reverses_record_id is not None:
        raise Refused(NotReversible(inventory_lot_record_id=record_id, cause="REVERSAL"))
    if record.lot_record_type is LotRecordType.STATUS_CHANGE:
        raise Refused(NotReversible(inventory_lot_record_id=record_id, cause="TYPE"))


def _opposite_changes(state: WorkingSet, record: Record) -> list[_Change]:
    """How stock changes, location by location and lot by lot; of nothing only where a count found nothing to change."""
    at_source = -record.source_change_millionths
    wanted: list[tuple[NamedPlace | None, Named | None, int]] = [
        (record.source_location, record.lot, at_source),
        (record.destination_location, record.lot, -record.destination_change_millionths),
    ]
    if record.lot_record_type in BETWEEN_LOTS:
        wanted.append((record.source_location, record.secondary_lot, -at_source))
    changes = []
    for place, named, millionths in wanted:
        if millionths == 0 and (record.lot_record_type is not LotRecordType.EDIT or place is None):
            continue
        assert place is not None
        assert named is not None
        location, lot = state.location(place.id), _lot(state, named)
        assert location is not None
        row = state.stock_row(LocationId(place.id), lot.id)
        if millionths or row is not None:
            changes.append(_Change(location, lot, row, millionths))
    return changes


def _lot(state: WorkingSet, named: Named) -> Lot:
    lot = state.lot(named.id)
    assert lot is not None
    return lot


def _check_stock(state: WorkingSet, changes: list[_Change], end_millis: int, context: Context) -> None:
    """Step 13 for what falls, step 14 for what rises, then the rule of locations that take one lot at a time."""
    for change in changes:
        check_quantity(change.old + change.millionths)
        may_fall_below = change.location.allow_negative_inventory and change.location.keeps_stock
        if change.millionths < 0 and not may_fall_below:
            check_fall(state, change.location, change.lot, change.row, -change.millionths, end_millis, context)
    rises = [change for change in changes if change.millionths > 0]
    for rise in rises:
        here = [change for change in changes if change.location.id == rise.location.id]
        net_rise = sum(max(one.old + one.millionths, 0) - max(one.old, 0) for one in here)
        storing.check_capacity(state, rise.location, rise.lot, rise.millionths, net_rise)
    for rise in rises:
        falls = {one.lot.id: one.millionths for one in changes if one.location.id == rise.location.id}
        check_single_lot(state, rise.location, rise.lot.id, falls, also_where_merged=False)


def _raised_lot(state: WorkingSet, record: Record) -> Lot:
    """The lot whose total the record raised: for a SPLIT the new one."""
    named = record.secondary_lot if record.lot_record_type is LotRecordType.SPLIT else record.lot
    assert named is not None
    return _lot(state, named)


def _opposite(
    state: WorkingSet, record: Record, command: Reverse, end_millis: int, context: Context, floor: int
) -> Record:
    """The record that undoes another: the same, except for quantity, changes, dates, notes and author."""
    return replace(
        record,
        id=RecordId(context.new_id()),
        lot_status=_lot(state, record.lot).status_at(context.now_millis),
        quantity_millionths=-record.quantity_millionths,
        source_change_millionths=-record.source_change_millionths,
        destination_change_millionths=-record.destination_change_millionths,
        start_millis=context.now_millis,
        end_millis=end_millis,
        reverses_record_id=record.id,
        reversed_by_record_id=None,
        request_id=command.request_id or "",
        common=Common(context.now_millis, command.principal, command.notes),
        effect_order=context.next_effect_order(max(floor, record.effect_order)),
        lot_total_change_millionths=-record.lot_total_change_millionths,
        order_count_change_millionths=-record.order_count_change_millionths,
        picked=False,
        lot_quantity_millionths=-record.lot_quantity_millionths,
        beside_stock=None,
    )
