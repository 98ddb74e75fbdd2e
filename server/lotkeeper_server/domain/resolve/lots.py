"""Lots: how one is found or made by a call, and what its status allows (steps 6, 7 and 12)."""

from dataclasses import dataclass

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.context import Context
from lotkeeper_server.domain.keys import LotKey, LotNameKey
from lotkeeper_server.domain.kinds import Accepted, Kind
from lotkeeper_server.domain.model.dates import rfc3339
from lotkeeper_server.domain.model.definitions import Material, Unit
from lotkeeper_server.domain.model.enumerations import LotStatus
from lotkeeper_server.domain.model.identifiers import Id, LotId, MaterialId, format_id
from lotkeeper_server.domain.model.stock import Common, Lot
from lotkeeper_server.domain.refusals import (
    Disabled,
    LotDiffers,
    LotExpired,
    LotMaterialMismatch,
    LotStatusForbids,
    NotFound,
    Refused,
)
from lotkeeper_server.domain.working_set import WorkingSet

USABLE = frozenset({LotStatus.OPEN, LotStatus.AVAILABLE})
SHUT = frozenset({LotStatus.SHIPPED, LotStatus.CLOSED})
"""What a rise refuses."""
EXPIRATION_FIELD, SUPPLIER_FIELD = "lot_expiration_date_millis", "supplier_lot_name"


@dataclass(frozen=True, slots=True)
class LotStatement:
    """What a call states about its primary lot: a lot that it makes gets it, one that is there must agree.

    Attributes:
        expiration_millis: when it expires; None where nothing is said.
        supplier_lot_name: its number at its supplier; None where nothing is said.
    """

    expiration_millis: int | None
    supplier_lot_name: str | None

    @property
    def fields(self) -> tuple[str, ...]:
        """The request's fields that were given."""
        return (
            *(() if self.expiration_millis is None else (EXPIRATION_FIELD,)),
            *(() if self.supplier_lot_name is None else (SUPPLIER_FIELD,)),
        )


@dataclass(frozen=True, slots=True)
class NewLot:
    """A lot that the call makes, and what the call states about it."""

    material: Material
    name: str
    stated: LotStatement | None = None


@dataclass(slots=True)
class Birth:
    """When, by whom and in which call lots are made."""

    end_millis: int
    principal: str
    context: Context


def statement(expiration_millis: int | None, supplier_lot_name: str | None) -> LotStatement | None:
    """What a call states about its primary lot; None where it states nothing, as nearly all do."""
    if expiration_millis is None and supplier_lot_name is None:
        return None
    return LotStatement(expiration_millis, supplier_lot_name)


def check_agrees(lot: Lot, stated: LotStatement) -> None:
    """Step 6: a lot that is there has what the call states about it; one without a value does not get it.

    Raises:
        Refused: LOT_DIFFERS, the date first.
    """
    given = stated.expiration_millis
    if given is not None and given != lot.expiration_millis:
        stored = "" if lot.expiration_millis is None else rfc3339(lot.expiration_millis)
        differs = LotDiffers(lot=lot.name, field="expiration_date", stored=stored, given=rfc3339(given))
        raise Refused(differs.at(EXPIRATION_FIELD))
    name = stated.supplier_lot_name
    if name is not None and name != lot.supplier_lot_name:
        differs = LotDiffers(lot=lot.name, field="supplier_lot_name", stored=lot.supplier_lot_name, given=name)
        raise Refused(differs.at(SUPPLIER_FIELD))


def key(given: Id | str, material_id: MaterialId) -> LotKey | LotNameKey:
    """What to load for a lot given by id or by name."""
    return LotKey(LotId(given)) if isinstance(given, bytes) else LotNameKey(material_id, given)


def likely(given: Id | str, material_id: MaterialId, state: WorkingSet) -> LotId | None:
    """The id of a lot given by id or by name, if it is loaded: for what a call will probably read."""
    return LotId(given) if isinstance(given, bytes) else state.lot_ids_by_name.get((material_id, given))


def by_id(state: WorkingSet, lot_id: Id, field: str) -> Lot:
    """The lot of an id; if there is no lot with this id, it is refused on the request's field."""
    lot = state.lot(lot_id)
    if lot is None:
        raise Refused(NotFound(entity="inventory_lot", id=format_id(lot_id)).at(field))
    return lot


def find(state: WorkingSet, given: Id | str, material: Material, field: str, *, creates: bool) -> Lot | NewLot:
    """A lot by id, else by name within the material; if it is missing, it is made or refused. An id is never a name."""
    if isinstance(given, bytes):
        lot = by_id(state, given, field)
        if lot.material_id != material.id:
            raise Refused(LotMaterialMismatch(lot=lot.name, material=material.path).at(field))
        return lot
    named = state.lot_named(material.id, given)
    if named is not None:
        return named
    if not creates:
        raise Refused(NotFound(entity="inventory_lot", name=given).at(field))
    return NewLot(material, given)


def same(one: Lot | NewLot, other: Lot | NewLot) -> bool:
    """Whether two lots are the same, also if they do not exist yet."""
    if isinstance(one, Lot) and isinstance(other, Lot):
        return one.id == other.id
    return (
        isinstance(one, NewLot)
        and isinstance(other, NewLot)
        and (one.material.id, one.name)
        == (
            other.material.id,
            other.name,
        )
    )


def make(new: NewLot, unit: Unit | None, birth: Birth) -> Lot:
    """A new lot: OPEN, in its material's unit, with what the call states about it.

    Without a stated date it expires its material's shelf life after the end of the call.
    """
    stated = new.stated
    expiration_millis = None if stated is None else stated.expiration_millis
    shelf_life_days = new.material.shelf_life_days
    if expiration_millis is None and shelf_life_days is not None:
        expiration_millis = min(birth.end_millis + shelf_life_days * limits.MILLIS_PER_DAY, limits.MILLIS_MAX)
    return Lot(
        id=LotId(birth.context.new_id()),
        name=new.name,
        material_id=new.material.id,
        status=LotStatus.OPEN,
        total_millionths=0,
        unit_id=unit.id if unit else None,
        expiration_millis=expiration_millis,
        closed_millis=None,
        changed_order=0,
        common=Common(birth.context.now_millis, birth.principal),
        supplier_lot_name="" if stated is None else stated.supplier_lot_name or "",
    )


def existing_or_made(lot: Lot | NewLot | None, unit: Unit | None, birth: Birth, new_lots: list[Lot]) -> Lot | None:
    """The lot; if there is none, it is made in its material's unit or else that of the action, and noted as new."""
    if not isinstance(lot, NewLot):
        return lot
    made = make(lot, lot.material.unit or unit, birth)
    new_lots.append(made)
    return made


def split_off(lot: Lot, name: str, birth: Birth) -> Lot:
    """A lot that a SPLIT makes, with its lot's material, unit, status, `enabled`, date and supplier's number."""
    return Lot(
        id=LotId(birth.context.new_id()),
        name=name,
        material_id=lot.material_id,
        status=lot.status,
        total_millionths=0,
        unit_id=lot.unit_id,
        expiration_millis=lot.expiration_millis,
        closed_millis=birth.context.now_millis if lot.status is LotStatus.CLOSED else None,
        changed_order=0,
        common=Common(birth.context.now_millis, birth.principal, enabled=lot.common.enabled),
        supplier_lot_name=lot.supplier_lot_name,
    )


def check_status(lot: Lot, kind: Kind, end_millis: int) -> None:
    """Step 12: checks whether the lot is disabled, then its status, then its date."""
    if kind.accepted is Accepted.USABLE:
        check_usable(lot, kind, end_millis)
    elif kind.accepted is Accepted.NOT_SHUT:
        _check_enabled(lot)
        if lot.status in SHUT:
            raise Refused(_forbidden(lot, kind))


def check_usable(lot: Lot, kind: Kind, end_millis: int) -> None:
    """What CONSUME needs of a lot, and a merge of both lots: enabled, OPEN or AVAILABLE, within its date."""
    _check_enabled(lot)
    if lot.status not in USABLE:
        raise Refused(_forbidden(lot, kind))
    if lot.expiration_millis is not None and lot.expiration_millis < end_millis:
        raise Refused(LotExpired(lot=lot.name, expiration_date=rfc3339(lot.expiration_millis)))


def may_be_picked(lot: Lot, kind: Kind, end_millis: int) -> bool:
    """Whether step 12 would accept the lot."""
    if kind.accepted is Accepted.ANY:
        return True
    if kind.accepted is Accepted.NOT_SHUT:
        return lot.common.enabled and lot.status not in SHUT
    in_date = lot.expiration_millis is None or lot.expiration_millis >= end_millis
    return lot.common.enabled and lot.status in USABLE and in_date


def _check_enabled(lot: Lot) -> None:
    if not lot.common.enabled:
        raise Refused(Disabled(entity="inventory_lot", id=format_id(lot.id), text=lot.name))


def _forbidden(lot: Lot, kind: Kind) -> LotStatusForbids:
    return LotStatusForbids(lot=lot.name, lot_status=lot.status.name, operation_type=kind.name)
