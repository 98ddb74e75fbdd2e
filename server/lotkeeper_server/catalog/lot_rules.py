"""The rules of saving a lot: its status is guarded and recorded, its material and unit stay once it has a record."""

from sqlalchemy import insert, select

from lotkeeper_server.catalog.save_in_progress import Saving
from lotkeeper_server.domain.enumerations import LotRecordType, LotStatus, Status
from lotkeeper_server.domain.lots import USABLE
from lotkeeper_server.domain.refusals import ImmutableField, InvalidArgument, PermissionDenied
from lotkeeper_server.store.rows import value_where
from lotkeeper_server.store.tables import inventory_lot_record, material

STATUS_CHANGE_PERMISSION = "INVENTORY.WRITE.STATUS_CHANGE"


def check_status(saving: Saving) -> None:
    """A changed status needs its own permission, and without a mask the version that the caller read."""
    if saving.old is None:
        return
    expiration = saving.old["expiration_millis"]
    shows_expired = (
        expiration is not None and expiration < saving.tx.now_millis and LotStatus(saving.old["status"]) in USABLE
    )
    if saving.new["status"] == LotStatus.EXPIRED and shows_expired:
        saving.new["status"] = saving.old["status"]
    if not saving.changed("status"):
        return
    if not saving.may(STATUS_CHANGE_PERMISSION):
        saving.refuse(PermissionDenied(permission=STATUS_CHANGE_PERMISSION))
    if saving.looked_at is None and not saving.named_version:
        text = "must be given where a status changes, so that a stale form undoes no hold"
        saving.refuse(InvalidArgument.on(saving.path_of("version"), text))


def check(saving: Saving) -> None:
    """The unit defaults to the material's; a lot that has a record keeps its material and unit."""
    new = saving.new
    if new["unit_of_measure_id"] is None and saving.old is None and new["material_id"] is not None:
        new["unit_of_measure_id"] = value_where(
            saving.tx.connection, material, "unit_of_measure_id", id=new["material_id"]
        )
    if saving.old is None:
        return
    for name in ("material", "unit_of_measure"):
        if saving.changed(f"{name}_id") and _has_record(saving):
            refusal = ImmutableField(entity=saving.description.refusal_entity, field=f"{name}_id")
            saving.refuse(refusal.at(saving.path_of(f"{name}_id")))


def _has_record(saving: Saving) -> bool:
    of_lot = select(inventory_lot_record.c.id).where(inventory_lot_record.c.lot_id == saving.id).limit(1)
    into_lot = select(inventory_lot_record.c.id).where(inventory_lot_record.c.secondary_lot_id == saving.id).limit(1)
    return any(saving.tx.connection.execute(query).first() for query in (of_lot, into_lot))


def before_write(saving: Saving) -> None:
    """The closing moment follows the status; a recorded change has its place in the order of effects."""
    if saving.changed("status"):
        closed = saving.new["status"] == LotStatus.CLOSED
        saving.new["closed_millis"] = saving.tx.now_millis if closed else None
        if saving.old is not None:
            saving.new["changed_order"] = saving.tx.next_effect_order(saving.old["changed_order"])


def after_write(saving: Saving) -> None:
    """No status changes without a record; what a creation sets is no change."""
    if saving.old is None or not saving.changed("status"):
        return
    now = saving.tx.now_millis
    saving.tx.connection.execute(
        insert(inventory_lot_record).values(
            id=saving.tx.new_id(),
            lot_record_type=int(LotRecordType.STATUS_CHANGE),
            status=int(Status.COMPLETED),
            lot_id=saving.id,
            material_id=saving.new["material_id"],
            lot_status=saving.new["status"],
            quantity=0,
            unit_of_measure_id=saving.new["unit_of_measure_id"],
            start_millis=now,
            end_millis=now,
            moment_millis=now,
            effect_order=saving.new["changed_order"],
            created_millis=now,
            created_by=saving.principal,
            version=1,
        )
    )
