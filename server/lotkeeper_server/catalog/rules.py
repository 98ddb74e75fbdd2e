"""The rules that single entities have, beside what all share."""

from collections.abc import Callable, Collection
from typing import Final

from sqlalchemy import Connection, func, select

from lotkeeper_server.catalog import lot_rules
from lotkeeper_server.catalog.save_in_progress import Saving
from lotkeeper_server.domain.model.enumerations import (
    InventoryOperationType,
    LotRecordType,
    LotResolutionStrategy,
    LotStorageStrategy,
    Status,
)
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.domain.refusals import ImmutableField, InvalidArgument, LocationNotEmpty, LocationRequired
from lotkeeper_server.domain.resolve.action import FALLS, RISES, record_types
from lotkeeper_server.store.db.statements import insert_of, lock_with_referrers, write_many
from lotkeeper_server.store.schema.tables import NO_ID, inventory, inventory_operation_run, location

Rule = Callable[[Saving], None]
MAY_CHANGE_WHILE_RUNNING: Final = frozenset({"enabled", "notes"})
"""Of an inventory operation's columns."""
_DERIVED: Final = frozenset({"route"})
"""Columns made of others, which say themselves that they change."""
_INSERT_RUN: Final = insert_of(inventory_operation_run)


def check_stored(saving: Saving) -> None:
    """What is looked at as soon as the stored entity is known, before its references."""
    if saving.description.entity == "lot":
        lot_rules.check_status(saving)


def check(saving: Saving) -> None:
    """The rules, once the references are known."""
    _RULES.get(saving.description.entity, _no_rule)(saving)


def before_write(saving: Saving) -> None:
    """What a write brings along in the same row."""
    if saving.description.entity == "lot":
        lot_rules.before_write(saving)


def after_write(saving: Saving) -> None:
    """What a write brings along beside the row."""
    if saving.description.entity == "lot":
        lot_rules.after_write(saving)
    elif saving.description.entity == "inventory_operation" and saving.old is None:
        add_idle_runs(saving.tx.connection, [saving.id])


def add_idle_runs(connection: Connection, operation_ids: Collection[Id]) -> None:
    """What a created inventory operation brings along: a run that stands idle."""
    write_many(connection, _INSERT_RUN, [(operation_id, int(Status.IDLE), None) for operation_id in operation_ids])


def route_of(source_location_id: Id | None, destination_location_id: Id | None) -> bytes:
    """By which an inventory operation's two locations are part of its unique key."""
    return (source_location_id or NO_ID) + (destination_location_id or NO_ID)


def _no_rule(_saving: Saving) -> None:
    return


def _conversion(saving: Saving) -> None:
    if saving.new["from_unit_id"] == saving.new["to_unit_id"]:
        saving.refuse(InvalidArgument.on(saving.path_of("to_unit_id"), "is the unit converted from"))
    saving.new["material_key"] = saving.new["material_id"] or NO_ID


def _location(saving: Saving) -> None:
    new = saving.new
    if new["storage_capacity"] is not None and new["storage_capacity_unit_id"] is None:
        text = "must be given with a capacity"
        saving.refuse(InvalidArgument.on(saving.path_of("storage_capacity_unit_id"), text))
    becomes_storeless = new["lot_storage_strategy"] == LotStorageStrategy.NO_STORAGE
    if saving.old is not None and becomes_storeless and saving.changed("lot_storage_strategy"):
        lots = _lots_at(saving)
        if not lots:  # whoever brings one there now is waited for; who comes later sees what is saved here
            lock_with_referrers(saving.tx.connection, location, [saving.id])
            lots = _lots_at(saving)
        if lots:
            refusal = LocationNotEmpty(location=saving.old["path"], lots=lots)
            saving.refuse(refusal.at(saving.path_of("lot_storage_strategy")))


def _lots_at(saving: Saving) -> int:
    lying = select(func.count()).where(inventory.c.location_id == saving.id, inventory.c.quantity != 0)
    lots: int = saving.tx.connection.execute(lying).scalar_one()
    return lots


def _inventory_operation(saving: Saving) -> None:
    new = saving.new
    new["route"] = route_of(new["source_location_id"], new["destination_location_id"])
    if not saving.unsettled.isdisjoint({"source_location", "destination_location"}):
        saving.unsettled.add("route")
    if saving.old is not None:
        _check_not_running(saving)
    if "operation_type" not in saving.unsettled:
        _check_type(saving, InventoryOperationType(new["operation_type"]))
    if new["secondary_lot_resolution_strategy"] == LotResolutionStrategy.FROM_LOCATION:
        text = "FROM_LOCATION is for the primary lot only"
        saving.refuse(InvalidArgument.on(saving.path_of("secondary_lot_resolution_strategy"), text))


def _check_type(saving: Saving, operation_type: InventoryOperationType) -> None:
    """What the type asks of the location, the primary lot's strategy and the reason code."""
    new = saving.new
    role = "destination" if operation_type in RISES else "source"
    if f"{role}_location" not in saving.unsettled and new[f"{role}_location_id"] is None:
        refusal = LocationRequired(role=role, operation_type=operation_type.name)
        saving.refuse(refusal.at(saving.path_of(f"{role}_location_id")))
    from_location = LotResolutionStrategy.FROM_LOCATION
    if new["primary_lot_resolution_strategy"] == from_location and operation_type not in FALLS:
        text = f"FROM_LOCATION is for types by which stock falls, not for {operation_type.name}"
        saving.refuse(InvalidArgument.on(saving.path_of("primary_lot_resolution_strategy"), text))
    if "material_reason_code" not in saving.unsettled:
        _check_reason_code(saving, operation_type)


def _check_not_running(saving: Saving) -> None:
    if not saving.lookups.is_running(saving.id):
        return
    for column in saving.new:  # named as the proto fields are, but for what is derived
        if column not in MAY_CHANGE_WHILE_RUNNING | _DERIVED | saving.unsettled and saving.changed(column):
            refusal = ImmutableField(entity=saving.description.refusal_entity, field=column)
            saving.refuse(refusal.at(saving.path_of(column)))


def _check_reason_code(saving: Saving, operation_type: InventoryOperationType) -> None:
    reason_code_id = saving.new["material_reason_code_id"]
    if reason_code_id is None:
        return
    (serves,) = saving.lookups.values_of("material_reason_code", reason_code_id, ("lot_record_type",))
    if serves is not None and LotRecordType(serves) not in record_types(operation_type):
        text = f"serves {LotRecordType(serves).name} only, not {operation_type.name}"
        saving.refuse(InvalidArgument.on(saving.path_of("material_reason_code_id"), text))


_RULES: dict[str, Rule] = {
    "unit_of_measure_conversion": _conversion,
    "location": _location,
    "inventory_operation": _inventory_operation,
    "lot": lot_rules.check,
}
