"""The shape of a requested action: what each type needs, what it has no use for, and how fields are read."""

from typing import Any

import pytest
from lotkeeper.inventory.v1.inventory_action_pb2 import InventoryAction
from lotkeeper_server.domain.commands import RequestedAction
from lotkeeper_server.domain.model.enumerations import InventoryActionType, LotStatus
from lotkeeper_server.rpc.wire.action_permissions import action_permissions
from lotkeeper_server.rpc.wire.action_shape import meaning_of, read_action
from lotkeeper_server.rpc.wire.shape import Shape

T = InventoryActionType
ULID = "01JPAND53P-BZ61RZHZ-V7C6EEHG"
SOURCE, DESTINATION = "source_location_id_or_path", "destination_location_id_or_path"
EVERY_TYPE: dict[str, Any] = {
    "lot_id_or_name": "L",
    "material_id_or_path": "Milk",
    "production_order_id_or_name": "O",
    "operation_id": ULID,
    "material_reason_code_id": ULID,
    "start_date_millis": 1,
    "end_date_millis": 2,
    "notes": "n\t\n",
    "spare1": "1",
    "spare2": "2",
    "spare3": "3",
}
SOME_TYPES: dict[str, Any] = {
    "quantity": 1.5,
    "unit_of_measure_id": ULID,
    "unit_of_measure_name": "kilogram",
    "unit_of_measure_symbol": "kg",
    SOURCE: "Silo",
    DESTINATION: "Tank",
    "secondary_lot_id_or_name": "B",
    "secondary_material_id_or_path": "Cream",
    "create_lot_if_not_found": True,
    "inventory_name": "pallet",
    "increment_production_order_count": True,
    "new_lot_name": "S",
    "lot_status": 3,
    "lot_expiration_date_millis": 0,
    "supplier_lot_name": "S-1",
}
UNIT = {"unit_of_measure_id", "unit_of_measure_name", "unit_of_measure_symbol"}
ALL_OF_OPERATIONS = {
    "quantity",
    *UNIT,
    SOURCE,
    DESTINATION,
    "secondary_lot_id_or_name",
    "secondary_material_id_or_path",
    "create_lot_if_not_found",
    "inventory_name",
}
OF_MADE_LOTS = ALL_OF_OPERATIONS | {"lot_expiration_date_millis", "supplier_lot_name"}
USED: dict[T, set[str]] = {
    T.CONSUME: ALL_OF_OPERATIONS,
    T.UNCONSUME: OF_MADE_LOTS,
    T.PRODUCE: OF_MADE_LOTS | {"increment_production_order_count"},
    T.SCRAP: ALL_OF_OPERATIONS,
    T.SCRAP_ALL: ALL_OF_OPERATIONS - UNIT - {"quantity"},
    T.RETURN: ALL_OF_OPERATIONS,
    T.RECEIVE: OF_MADE_LOTS,
    T.RECEIVE_AND_CONSUME: OF_MADE_LOTS,
    T.SHIP: ALL_OF_OPERATIONS,
    T.MOVE: {SOURCE, DESTINATION, "quantity", *UNIT, "inventory_name"},
    T.SPLIT: {SOURCE, "quantity", *UNIT, "inventory_name", "new_lot_name"},
    T.MERGE: {SOURCE, "secondary_lot_id_or_name", "secondary_material_id_or_path", "inventory_name"},
    T.EDIT: {SOURCE, "quantity", *UNIT, "inventory_name"},
    T.STATUS_CHANGE: {"lot_status"},
}
NEEDED: dict[T, set[str]] = {
    **{key: {SOURCE, "quantity"} for key in (T.CONSUME, T.SHIP, T.RETURN, T.SCRAP, T.RECEIVE_AND_CONSUME, T.EDIT)},
    **{key: {DESTINATION, "quantity"} for key in (T.PRODUCE, T.UNCONSUME, T.RECEIVE)},
    T.SCRAP_ALL: {SOURCE},
    T.MOVE: {SOURCE, DESTINATION, "quantity"},
    T.SPLIT: {SOURCE, "quantity", "new_lot_name"},
    T.MERGE: {SOURCE},
    T.STATUS_CHANGE: {"lot_status"},
}


def read(**given: Any) -> tuple[RequestedAction, set[str]]:
    """The action, and the fields at fault."""
    shape = Shape()
    action = read_action(InventoryAction(**given), shape)
    refusal = shape.refusal()
    return action, {violation.field for violation in refusal.violations} if refusal else set()


def enough(action_type: T) -> dict[str, Any]:
    """What a type needs."""
    return {"type": int(action_type)} | {name: SOME_TYPES[name] for name in NEEDED[action_type]}


@pytest.mark.parametrize("action_type", list(T), ids=lambda one: one.name)
def test_what_a_type_has_no_use_for_is_refused_when_given(action_type: T) -> None:
    """All at once, each on its field; the rest is taken."""
    _, faults = read(type=int(action_type), **EVERY_TYPE, **SOME_TYPES)
    assert faults == SOME_TYPES.keys() - USED[action_type]
    taken = {name: value for name, value in SOME_TYPES.items() if name in USED[action_type]}
    assert read(type=int(action_type), **EVERY_TYPE, **taken)[1] == set()


@pytest.mark.parametrize("action_type", list(T), ids=lambda one: one.name)
def test_what_a_type_needs_must_be_given(action_type: T) -> None:
    """But for lots, which are for a later step to say."""
    assert read(type=int(action_type))[1] == NEEDED[action_type]
    assert read(**enough(action_type))[1] == set()


@pytest.mark.parametrize("number", [0, 15, 99])
def test_a_missing_or_unknown_type_is_refused_and_nothing_is_said_of_its_fields(number: int) -> None:
    """Those that are malformed are still named."""
    assert read(type=number, **SOME_TYPES)[1] == {"type"}
    assert read(type=number, operation_id="x", inventory_name=" x")[1] == {"type", "operation_id", "inventory_name"}


def test_empty_counts_as_absent() -> None:
    """For texts, flags and enums."""
    empty = {name: "" for name, value in (EVERY_TYPE | SOME_TYPES).items() if isinstance(value, str)}
    action, faults = read(**(empty | enough(T.STATUS_CHANGE)), create_lot_if_not_found=False)
    assert faults == set()
    assert action == RequestedAction(T.STATUS_CHANGE, lot_status=LotStatus.QA_HOLD)


@pytest.mark.parametrize("quantity", [0.0, -0.0, 0.0000004, -1.0, float("nan"), float("inf"), 9.2e12])
def test_a_quantity_is_above_zero_and_below_the_limit(quantity: float) -> None:
    """EDIT takes zero itself, but not what rounds to it."""
    assert read(**(enough(T.MOVE) | {"quantity": quantity}))[1] == {"quantity"}
    assert read(**(enough(T.EDIT) | {"quantity": quantity}))[1] == ({"quantity"} if quantity else set())


def test_a_new_lots_name_has_not_the_form_of_a_ulid() -> None:
    """Of either form."""
    for name in (ULID, ULID.replace("-", "").lower(), " x", "x" * 256):
        assert read(**(enough(T.SPLIT) | {"new_lot_name": name}))[1] == {"new_lot_name"}


def test_one_location_given_twice_to_move_is_at_fault_on_both() -> None:
    """By id in two forms, or by path with and without a slash."""
    for source, destination in (("Silo", "/Silo"), (ULID, ULID.lower().replace("-", ""))):
        given = enough(T.MOVE) | {SOURCE: source, DESTINATION: destination}
        assert read(**given)[1] == {SOURCE, DESTINATION}


def test_an_unknown_status_is_refused() -> None:
    """It has no default either."""
    for number in (0, 7):
        assert read(**(enough(T.STATUS_CHANGE) | {"lot_status": number}))[1] == {"lot_status"}


def test_the_end_is_not_before_the_start() -> None:
    """On both fields; each within the years 1970 to 9999."""
    both = {"start_date_millis", "end_date_millis"}
    assert read(**enough(T.SCRAP_ALL), start_date_millis=2, end_date_millis=1)[1] == both
    assert read(**enough(T.SCRAP_ALL), start_date_millis=-1, end_date_millis=1 << 62)[1] == both


def test_texts_have_their_limits() -> None:
    """Notes take tab and line feed."""
    for name, text in (("notes", "x" * 4001), ("notes", "\r"), ("spare1", "x" * 256), ("spare3", "\x00")):
        assert read(**enough(T.SCRAP_ALL), **{name: text})[1] == {name}


def test_the_meaning_is_the_same_for_the_same_request() -> None:
    """Ids in any form, paths with or without a slash; what is left out does not count."""
    one, _ = read(**enough(T.CONSUME), operation_id=ULID, material_id_or_path="Milk")
    other, _ = read(**enough(T.CONSUME), operation_id=ULID.lower().replace("-", ""), material_id_or_path="/Milk")
    assert meaning_of(one) == meaning_of(other)
    assert "notes" not in dict(meaning_of(one))
    differing, _ = read(**enough(T.CONSUME), operation_id=ULID, material_id_or_path="Milk", notes="n")
    assert meaning_of(one) != meaning_of(differing)


def test_every_type_of_action_names_its_permission() -> None:
    """In the contract itself."""
    assert action_permissions() == {int(one): f"INVENTORY.WRITE.{one.name}" for one in T}
