"""What a caller asks of stock directly: actions, a reversal, a word on a record or a row."""

from __future__ import annotations

from dataclasses import dataclass, fields

from tests.model.plant import ById, Reference
from tests.model.refusal import Refusal
from tests.model.requests import faults_of_shape, quantity_told
from tests.model.resolving import MAKES_LOTS, RISES, STARRED

ACTIONS_MAX = 1_000
FIRST_NINE = {"CONSUME", "SHIP", "RETURN", "SCRAP", "SCRAP_ALL", "RECEIVE_AND_CONSUME"} | RISES
QUANTITY_AND_UNIT = {
    "quantity",
    "exact_quantity",
    "unit_of_measure_id",
    "unit_of_measure_name",
    "unit_of_measure_symbol",
}


@dataclass(frozen=True)
class ActionItem:
    """InventoryAction; what is empty, None or False is absent."""

    type: str
    lot_id_or_name: Reference = ""
    material_id_or_path: Reference = ""
    quantity: float | None = None
    unit_of_measure_id: Reference = ""
    unit_of_measure_name: str = ""
    unit_of_measure_symbol: str = ""
    source_location_id_or_path: Reference = ""
    destination_location_id_or_path: Reference = ""
    secondary_lot_id_or_name: Reference = ""
    secondary_material_id_or_path: Reference = ""
    create_lot_if_not_found: bool = False
    inventory_name: str = ""
    production_order_id_or_name: Reference = ""
    increment_production_order_count: bool = False
    operation_id: Reference = ""
    material_reason_code_id: Reference = ""
    start_date_millis: int | None = None
    end_date_millis: int | None = None
    new_lot_name: Reference = ""
    lot_status: str = ""
    notes: str = ""
    spare1: str = ""
    spare2: str = ""
    spare3: str = ""
    lot_expiration_date_millis: int | None = None
    supplier_lot_name: str = ""
    exact_quantity: str | None = None


@dataclass(frozen=True)
class Actions:
    """ExecuteInventoryActions."""

    actions: tuple[ActionItem, ...]
    request_id: str = ""
    validate_only: bool = False


@dataclass(frozen=True)
class Reverse:
    """ReverseInventoryLotRecord."""

    inventory_lot_record_id: Reference
    notes: str = ""
    request_id: str = ""
    validate_only: bool = False


@dataclass(frozen=True)
class Annotate:
    """AnnotateInventoryLotRecord; None is absent, empty clears."""

    inventory_lot_record_id: Reference
    notes: str | None = None
    spare1: str | None = None
    spare2: str | None = None
    spare3: str | None = None


@dataclass(frozen=True)
class SetMetadata:
    """SetInventoryMetadata; None is absent, empty clears."""

    lot_id_or_name: Reference
    location_id_or_path: Reference
    material_id_or_path: Reference = ""
    name: str | None = None
    production_order_id_or_name: Reference | None = None


StockRequest = Actions | Reverse | Annotate | SetMetadata


def used_by(kind: str) -> set[str]:
    """The fields that a type has a use for."""
    used = {
        "type", "lot_id_or_name", "material_id_or_path", "production_order_id_or_name", "operation_id",
        "material_reason_code_id", "start_date_millis", "end_date_millis", "notes", "spare1", "spare2", "spare3",
    }  # fmt: skip
    if kind in FIRST_NINE:
        used |= {"source_location_id_or_path", "destination_location_id_or_path", "secondary_lot_id_or_name"}
        used |= {"secondary_material_id_or_path", "create_lot_if_not_found", "inventory_name"}
    if kind in {"MOVE", "SPLIT", "MERGE", "EDIT"}:
        used |= {"source_location_id_or_path", "inventory_name"}
    if kind in FIRST_NINE - {"SCRAP_ALL"} | {"MOVE", "SPLIT", "EDIT"}:
        used |= QUANTITY_AND_UNIT
    if kind in MAKES_LOTS:
        used |= {"lot_expiration_date_millis", "supplier_lot_name"}
    more = {
        "PRODUCE": {"increment_production_order_count"},
        "MOVE": {"destination_location_id_or_path"},
        "MERGE": {"secondary_lot_id_or_name", "secondary_material_id_or_path"},
        "SPLIT": {"new_lot_name"},
        "STATUS_CHANGE": {"lot_status"},
    }
    return used | more.get(kind, set())


def needed_by(kind: str) -> set[str]:
    """The fields without which an action has no shape; a lot is looked for later."""
    if kind == "STATUS_CHANGE":
        return {"lot_status"}
    needed = {"destination_location_id_or_path" if kind in RISES else "source_location_id_or_path"}
    if kind == "MOVE":
        needed.add("destination_location_id_or_path")
    if kind == "SPLIT":
        needed.add("new_lot_name")
    return needed | ({"quantity"} if kind not in {"SCRAP_ALL", "MERGE"} else set())


def faults_of_action(item: ActionItem) -> set[str]:
    """The fields of one action at fault."""
    faults = faults_of_shape(item)
    if item.type not in FIRST_NINE | STARRED:
        return faults | {"type"}
    given = {one.name for one in fields(item) if _is_given(getattr(item, one.name))}
    faults |= given - used_by(item.type)
    faults |= needed_by(item.type) - given - ({"quantity"} if "exact_quantity" in given else set())
    if isinstance(item.new_lot_name, ById):
        faults.add("new_lot_name")
    if not faults & {"quantity", "exact_quantity"} and quantity_told(item) == 0:
        may_be_zero = item.type == "EDIT" and (item.exact_quantity is not None or item.quantity == 0)
        if not may_be_zero:
            faults.add("quantity")
    source, destination = item.source_location_id_or_path, item.destination_location_id_or_path
    if item.type == "MOVE" and source and _plain(source) == _plain(destination):
        faults |= {"source_location_id_or_path", "destination_location_id_or_path"}
    has_no_order = not item.production_order_id_or_name and not item.operation_id
    if item.type == "PRODUCE" and item.increment_production_order_count and has_no_order:
        faults.add("production_order_id_or_name")
    return faults


def _is_given(value: object) -> bool:
    """A number is, even if it is 0; a switch that is off is not."""
    return value is not False if isinstance(value, bool) else value is not None and value != ""


def _plain(reference: Reference) -> Reference:
    return reference.removeprefix("/") if isinstance(reference, str) else reference


def check_actions(request: Actions) -> None:
    """Refuses with the faults of all actions; the first of them is named, unless the call itself is at fault."""
    own = faults_of_shape(request)
    if not 1 <= len(request.actions) <= ACTIONS_MAX:
        own.add("actions")
    faults = [faults_of_action(item) for item in request.actions]
    at_fault = [index for index, found in enumerate(faults) if found]
    paths = own | {f"actions[{index}].{name}" for index in at_fault for name in faults[index]}
    if paths:
        index = {"index": str(at_fault[0])} if at_fault and not own else {}
        raise Refusal("INVALID_ARGUMENT", paths, **index)
