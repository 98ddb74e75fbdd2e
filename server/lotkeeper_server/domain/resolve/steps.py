"""Steps 5 to 11, the parts that an operation and a requested action have in common."""

from enum import IntEnum

from lotkeeper_server.domain.keys import LotKey, LotNameKey
from lotkeeper_server.domain.model.definitions import (
    Location,
    Material,
    ProcessOperation,
    ProductionOrder,
    ReasonCode,
    Unit,
)
from lotkeeper_server.domain.model.identifiers import Id, format_id
from lotkeeper_server.domain.model.stock import Lot
from lotkeeper_server.domain.refusals import CommentsRequired, Disabled, InvalidArgument, NotFound, Refused
from lotkeeper_server.domain.resolve import lots
from lotkeeper_server.domain.resolve.action import TAKES_ANY_MATERIAL, record_types
from lotkeeper_server.domain.working_set import WorkingSet


def check_location(location: Location) -> None:
    """Step 4: where stock moves must be enabled."""
    if not location.enabled:
        raise Refused(Disabled(entity="location", id=format_id(location.id)))


def given_material(state: WorkingSet, given: Id | str, field: str) -> Material:
    """A material by id or path; one that is not there is refused on the request's field."""
    if isinstance(given, bytes):
        material, absent = state.material(given), NotFound(entity="material", id=format_id(given))
    else:
        material, absent = state.material_at(given), NotFound(entity="material", path=given)
    if material is None:
        raise Refused(absent.at(field))
    return material


def material_of_lot(state: WorkingSet, lot_id: Id, field: str) -> Material:
    """Step 5: the material of a lot given by id."""
    material = state.material(lots.by_id(state, lot_id, field).material_id)
    assert material is not None
    return material


def check_material(material: Material, action_type: IntEnum) -> None:
    """Step 5: a disabled material can only be cleared away."""
    if not material.enabled and action_type not in TAKES_ANY_MATERIAL:
        raise Refused(Disabled(entity="material", id=format_id(material.id)))


def expect_lots(
    state: WorkingSet,
    primary: Id | str | None,
    material: Material,
    secondary: Id | str | None,
    secondary_material: Material | None,
) -> None:
    """Both lots are loaded in one go; what they mean is for steps 6 and 7 to say."""
    wanted: list[LotKey | LotNameKey] = []
    if primary is not None:
        wanted.append(lots.key(primary, material.id))
    if isinstance(secondary, bytes):
        wanted.append(lots.key(secondary, material.id))
    elif secondary is not None and secondary_material is not None:
        wanted.append(lots.key(secondary, secondary_material.id))
    state.lots_known(*wanted)


def check_not_primary(primary: Lot | lots.NewLot | None, secondary: Lot | lots.NewLot, field: str) -> None:
    """Step 7: the primary lot itself is no secondary lot."""
    if primary is not None and lots.same(primary, secondary):
        raise Refused(InvalidArgument.on(field, f"is the primary lot itself, {secondary.name}"))


def current_order(state: WorkingSet, process_operation: ProcessOperation | None) -> ProductionOrder | None:
    """The production order that a process operation currently has."""
    if process_operation is None or process_operation.current_production_order_id is None:
        return None
    return state.production_order(process_operation.current_production_order_id)


def check_reason_code(reason_code: ReasonCode, action_type: IntEnum, notes: str) -> None:
    """Step 11: enabled, of a fitting type, and with comments where it asks for them."""
    if not reason_code.enabled:
        raise Refused(Disabled(entity="material_reason_code", id=format_id(reason_code.id)))
    serves = reason_code.lot_record_type
    if serves is not None and serves not in record_types(action_type):
        text = f"reason code {reason_code.code} serves {serves.name} only, not {action_type.name}"
        raise Refused(InvalidArgument.on("material_reason_code_id", text))
    if reason_code.require_comments and not notes:
        raise Refused(CommentsRequired(reason_code=reason_code.code))


def existing_or_new(
    state: WorkingSet, lot: Lot | lots.NewLot | None, unit: Unit | None, born: lots.Birth, new_lots: list[Lot]
) -> Lot | None:
    """The lot, made where there is none; a lot made is to be written with the action's first record."""
    if not isinstance(lot, lots.NewLot):
        return lot
    made = lots.make(lot, unit, born)
    state.expect_lot(made.id)
    new_lots.append(made)
    return made
