"""The rules of single entities, in addition to those that all share."""

from collections.abc import Callable
from typing import Final

from lotkeeper_server.catalog import lot_rules
from lotkeeper_server.catalog.save_in_progress import Saving
from lotkeeper_server.domain.kinds import Kind, kind_of_operation
from lotkeeper_server.domain.model.enumerations import (
    InventoryOperationType,
    LotRecordType,
    LotResolutionStrategy,
    LotStorageStrategy,
)
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.domain.model.quantity import decimal_text, is_whole
from lotkeeper_server.domain.refusals import (
    Fault,
    ImmutableField,
    InvalidArgument,
    LocationNotEmpty,
    LocationRequired,
    NotWhole,
)
from lotkeeper_server.store.entities.runs import add_idle_runs
from lotkeeper_server.store.entities.stock import (
    first_broken_stock,
    keep_stock_away,
    keep_stock_unchanged,
    lots_lying_at,
)
from lotkeeper_server.store.schema.tables import NO_ID

Rule = Callable[[Saving], None]
MAY_CHANGE_WHILE_RUNNING: Final = frozenset({"enabled", "notes"})
"""Of an inventory operation's columns."""
_DERIVED: Final = frozenset({"route"})
"""Columns that are made from others; a change of those is reported for them."""


def check_stored(saving: Saving) -> None:
    """Checks that need the stored entity only, before its references."""
    if saving.description.entity == "lot":
        lot_rules.check_status(saving)


def check(saving: Saving) -> None:
    """Checks the rules, once the references are known."""
    _RULES.get(saving.description.entity, _no_rule)(saving)


def before_write(saving: Saving) -> None:
    """What a write also changes in the same row."""
    if saving.description.entity == "lot":
        lot_rules.before_write(saving)


def after_write(saving: Saving) -> None:
    """What a write also changes outside of the row."""
    if saving.description.entity == "lot":
        lot_rules.after_write(saving)
    elif saving.description.entity == "inventory_operation" and saving.old is None:
        add_idle_runs(saving.tx.connection, [saving.id])


def route_of(source_location_id: Id | None, destination_location_id: Id | None) -> bytes:
    """The columns that make an inventory operation's two locations part of its unique key."""
    return (source_location_id or NO_ID) + (destination_location_id or NO_ID)


def _no_rule(_saving: Saving) -> None:
    return


def _unit_of_measure(saving: Saving) -> None:
    """A unit whose stock is broken cannot come to be of whole numbers."""
    if saving.old is None or not saving.new["whole_only"] or not saving.changed("whole_only"):
        return
    connection = saving.tx.connection
    broken = first_broken_stock(connection, saving.id)
    if broken is None:
        keep_stock_unchanged(connection, saving.id)
        broken = first_broken_stock(connection, saving.id)
    if broken is not None:
        refusal = NotWhole(lot=broken.lot_name, location=broken.location_path, quantity=decimal_text(broken.millionths))
        saving.refuse(refusal.at(saving.path_of("whole_only")))


def _conversion(saving: Saving) -> None:
    if saving.new["from_unit_id"] == saving.new["to_unit_id"]:
        saving.refuse(
            InvalidArgument.on(
                saving.path_of("to_unit_id"), Fault.conflicting("is also the unit that is converted from")
            )
        )
    saving.new["material_key"] = saving.new["material_id"] or NO_ID


def _production_order(saving: Saving) -> None:
    """Refuses another unit or product once something is counted: the count would speak of what nobody made."""
    _check_ordered_quantity(saving)
    if saving.old is None or saving.old["quantity_produced"] == 0:
        return
    for name in ("product_material", "unit_of_measure"):
        if name not in saving.unsettled and saving.changed(f"{name}_id"):
            refusal = ImmutableField(entity=saving.description.refusal_entity, field=f"{name}_id")
            saving.refuse(refusal.at(saving.path_of(f"{name}_id")))


def _check_ordered_quantity(saving: Saving) -> None:
    """What is ordered in a unit of whole numbers is a whole number."""
    new, unit_id = saving.new, saving.new["unit_of_measure_id"]
    if unit_id is None or is_whole(new["quantity"]) or not saving.unsettled.isdisjoint({"quantity", "unit_of_measure"}):
        return
    if not (saving.changed("quantity") or saving.changed("unit_of_measure_id")):
        return
    symbol, whole_only = saving.lookups.values_of("unit_of_measure", unit_id, ("symbol", "whole_only"))
    if whole_only:
        text = f"{decimal_text(new['quantity'])} is not a whole number of {symbol}"
        saving.refuse(InvalidArgument.on(saving.path_of("quantity"), Fault.out_of_range(text)))


def _location(saving: Saving) -> None:
    new = saving.new
    if new["storage_capacity"] is not None and new["storage_capacity_unit_id"] is None:
        text = "must be given with a capacity"
        saving.refuse(InvalidArgument.on(saving.path_of("storage_capacity_unit_id"), Fault.required(text)))
    becomes_storeless = new["lot_storage_strategy"] == LotStorageStrategy.NO_STORAGE
    if saving.old is not None and becomes_storeless and saving.changed("lot_storage_strategy"):
        connection = saving.tx.connection
        lots = lots_lying_at(connection, saving.id)
        if not lots:
            keep_stock_away(connection, saving.id)
            lots = lots_lying_at(connection, saving.id)
        if lots:
            refusal = LocationNotEmpty(location=saving.old["path"], lots=lots)
            saving.refuse(refusal.at(saving.path_of("lot_storage_strategy")))


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
        saving.refuse(InvalidArgument.on(saving.path_of("secondary_lot_resolution_strategy"), Fault.not_allowed(text)))


def _check_type(saving: Saving, operation_type: InventoryOperationType) -> None:
    """Checks what the type needs: the location, the primary lot's strategy and the reason code."""
    new = saving.new
    kind = kind_of_operation(operation_type)
    for role in kind.place.roles:
        if f"{role}_location" not in saving.unsettled and new[f"{role}_location_id"] is None:
            refusal = LocationRequired(role=role, operation_type=operation_type.name)
            saving.refuse(refusal.at(saving.path_of(f"{role}_location_id")))
    from_location = LotResolutionStrategy.FROM_LOCATION
    if new["primary_lot_resolution_strategy"] == from_location and not kind.leaves_lot_to_location:
        text = f"FROM_LOCATION is for types that make stock fall, not for {operation_type.name}"
        saving.refuse(InvalidArgument.on(saving.path_of("primary_lot_resolution_strategy"), Fault.not_allowed(text)))
    if "material_reason_code" not in saving.unsettled:
        _check_reason_code(saving, kind)


def _check_not_running(saving: Saving) -> None:
    if not saving.lookups.is_running(saving.id):
        return
    for column in saving.new:  # named like the proto fields, except for derived ones
        if column not in MAY_CHANGE_WHILE_RUNNING | _DERIVED | saving.unsettled and saving.changed(column):
            refusal = ImmutableField(entity=saving.description.refusal_entity, field=column)
            saving.refuse(refusal.at(saving.path_of(column)))


def _check_reason_code(saving: Saving, kind: Kind) -> None:
    reason_code_id = saving.new["material_reason_code_id"]
    if reason_code_id is None:
        return
    (serves,) = saving.lookups.values_of("material_reason_code", reason_code_id, ("lot_record_type",))
    if serves is not None and LotRecordType(serves) not in kind.records:
        text = f"is for {LotRecordType(serves).name} only, not for {kind.name}"
        saving.refuse(InvalidArgument.on(saving.path_of("material_reason_code_id"), Fault.not_allowed(text)))


_RULES: dict[str, Rule] = {
    "unit_of_measure": _unit_of_measure,
    "unit_of_measure_conversion": _conversion,
    "location": _location,
    "inventory_operation": _inventory_operation,
    "lot": lot_rules.check,
    "production_order": _production_order,
}
