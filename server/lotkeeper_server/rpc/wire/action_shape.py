"""Step 2 of ExecuteInventoryActions: what each type of action needs, which fields it uses, and how they are read."""

from dataclasses import fields
from typing import Any, Final

from lotkeeper.inventory.v1 import inventory_action_pb2

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.commands import RequestedAction
from lotkeeper_server.domain.kinds import KINDS, Effect, Kind, Place, Primary, Quantity, Secondary, kind_of_action
from lotkeeper_server.domain.model import dates
from lotkeeper_server.domain.model.enumerations import InventoryActionType, LotStatus
from lotkeeper_server.domain.model.identifiers import parse_id
from lotkeeper_server.domain.refusals import Fault
from lotkeeper_server.rpc.wire.exact import read_quantity
from lotkeeper_server.rpc.wire.shape import Shape

_SOURCE, _DESTINATION = "source_location_id_or_path", "destination_location_id_or_path"
_UNIT = ("unit_of_measure_id", "unit_of_measure_name", "unit_of_measure_symbol")
_QUANTITY, _EXACT = "quantity", "exact_quantity"
_MEASURED = frozenset({_QUANTITY, _EXACT, *_UNIT})
_OF_OPTIONAL_PRESENCE = frozenset({_QUANTITY, _EXACT, "lot_expiration_date_millis"})
_SECONDARY = frozenset({"secondary_lot_id_or_name", "secondary_material_id_or_path"})
_PLACES = {"source": _SOURCE, "destination": _DESTINATION}
_NEW_LOT, _STATUS = "new_lot_name", "lot_status"
_STATED = frozenset({"lot_expiration_date_millis", "supplier_lot_name"})


def _needs(kind: Kind) -> tuple[str, ...]:
    places = tuple(_PLACES[role] for role in kind.place.roles)
    quantity = () if kind.quantity is Quantity.NONE else (_QUANTITY,)
    new_lot = (_NEW_LOT,) if kind.secondary is Secondary.NEW else ()
    return (*places, *quantity, *new_lot, *((_STATUS,) if kind.effect is Effect.CHANGE_STATUS else ()))


def _uses(kind: Kind) -> frozenset[str]:
    used = set(_needs(kind))
    if kind.quantity is not Quantity.NONE:
        used |= _MEASURED
    if kind.secondary is Secondary.GENEALOGY:
        used |= _SECONDARY | {_SOURCE, _DESTINATION, "create_lot_if_not_found"}
    elif kind.secondary is Secondary.MERGED:
        used |= _SECONDARY
    if kind.place is not Place.NOWHERE:
        used.add("inventory_name")
    if kind.primary is Primary.MADE:
        used |= _STATED
    if kind.fills_order:
        used.add("increment_production_order_count")
    return frozenset(used)


NEEDS: Final[dict[InventoryActionType, tuple[str, ...]]] = {kind.type: _needs(kind) for kind in KINDS}
"""The fields that must be given; step 6 refuses a missing lot."""
USES: Final[dict[InventoryActionType, frozenset[str]]] = {kind.type: _uses(kind) for kind in KINDS}
"""The fields that a type uses, in addition to those that every type uses."""
_USED_BY_SOME: Final = tuple(sorted(frozenset().union(*USES.values())))
_DEFAULTS: Final = {field.name: field.default for field in fields(RequestedAction)}


def read_action(message: inventory_action_pb2.InventoryAction, shape: Shape) -> RequestedAction:
    """Reads an action; faults are noted in the shape, and then the result means nothing."""
    given = frozenset(name for name in _USED_BY_SOME if _is_given(message, name))
    needs: tuple[str, ...] = ()
    used = frozenset(_USED_BY_SOME)
    try:
        action_type = InventoryActionType(message.type)
    except ValueError:
        wrong = Fault.unknown(f"{message.type} is not a type of action") if message.type else Fault.required()
        shape.fault("type", wrong)
        action_type = InventoryActionType.CONSUME
    else:
        needs, used = NEEDS[action_type], USES[action_type]
    for name in sorted(given - used):
        shape.fault(name, Fault.not_allowed(f"an action of type {action_type.name} does not use it"))
    for name in needs:
        if name not in given and not (name == _QUANTITY and _EXACT in given):
            shape.fault(name, Fault.required(f"must be given for an action of type {action_type.name}"))
    read = _Reading(message, shape, given & used)
    action = RequestedAction(
        type=action_type,
        lot=shape.id_or_name("lot_id_or_name", message.lot_id_or_name),
        material=shape.id_or_path("material_id_or_path", message.material_id_or_path),
        quantity_millionths=read.quantity(zero_too=kind_of_action(action_type).quantity is Quantity.FROM_ZERO),
        unit_id=shape.id(_UNIT[0], read.text(_UNIT[0])),
        unit_name=shape.name(_UNIT[1], read.text(_UNIT[1])),
        unit_symbol=shape.name(_UNIT[2], read.text(_UNIT[2])),
        source=shape.id_or_path(_SOURCE, read.text(_SOURCE)),
        destination=shape.id_or_path(_DESTINATION, read.text(_DESTINATION)),
        secondary_lot=shape.id_or_name("secondary_lot_id_or_name", read.text("secondary_lot_id_or_name")),
        secondary_material=shape.id_or_path(
            "secondary_material_id_or_path", read.text("secondary_material_id_or_path")
        ),
        create_lot_if_not_found=message.create_lot_if_not_found,
        inventory_name=shape.name("inventory_name", read.text("inventory_name")),
        production_order=shape.id_or_name("production_order_id_or_name", message.production_order_id_or_name),
        increment_production_order_count=message.increment_production_order_count,
        operation_id=shape.id("operation_id", message.operation_id),
        reason_code_id=shape.id("material_reason_code_id", message.material_reason_code_id),
        start_millis=read.millis("start_date_millis"),
        end_millis=read.millis("end_date_millis"),
        new_lot_name=read.new_lot_name(),
        lot_status=read.lot_status(),
        notes=shape.text("notes", message.notes),
        spares=(read.spare("spare1"), read.spare("spare2"), read.spare("spare3")),
        lot_expiration_millis=read.stated_millis("lot_expiration_date_millis"),
        supplier_lot_name=shape.name("supplier_lot_name", read.text("supplier_lot_name")),
    )
    _check_together(action, shape)
    return action


def meaning_of(action: RequestedAction) -> tuple[tuple[str, object], ...]:
    """The given fields of an action, by name, without the others: so future fields do not change the fingerprint."""
    return tuple((name, value) for name in _DEFAULTS if (value := getattr(action, name)) != _DEFAULTS[name])


def _is_given(message: inventory_action_pb2.InventoryAction, name: str) -> bool:
    """Empty texts, false and the zero of an enum count as absent; a quantity or a moment of zero does not."""
    if name in _OF_OPTIONAL_PRESENCE:
        return message.HasField(name)  # type: ignore[arg-type]  # names of the contract
    return bool(getattr(message, name))


def _check_together(action: RequestedAction, shape: Shape) -> None:
    """Notes what two fields must not say together."""
    start_millis, end_millis = action.start_millis, action.end_millis
    if start_millis is not None and end_millis is not None and end_millis < start_millis:
        text = f"the end, {dates.rfc3339(end_millis)}, is before the start, {dates.rfc3339(start_millis)}"
        shape.fault("start_date_millis", Fault.conflicting(text))
        shape.fault("end_date_millis", Fault.conflicting(text))
    moves_between = kind_of_action(action.type).place is Place.BOTH
    if moves_between and action.source is not None and action.source == action.destination:
        shape.fault(_SOURCE, Fault.conflicting("is the same location as the other"))
        shape.fault(_DESTINATION, Fault.conflicting("is the same location as the other"))


class _Reading:
    """Reads the fields of an action that are given and that its type uses."""

    __slots__ = ("_message", "_shape", "_there")

    def __init__(self, message: Any, shape: Shape, there: frozenset[str]) -> None:
        self._message = message
        self._shape = shape
        self._there = there

    def text(self, name: str) -> str:
        """A text, empty if it is absent."""
        text: str = getattr(self._message, name) if name in self._there else ""
        return text

    def quantity(self, *, zero_too: bool) -> int | None:
        """Millionths above zero; for some types also zero itself, but not a number that rounds to it, or below zero."""
        if self._there.isdisjoint((_QUANTITY, _EXACT)):
            return None
        message = self._message
        millionths = read_quantity(self._shape, message, may_be_negative=zero_too)
        if millionths == 0 and not (zero_too and message.quantity == 0):
            self._shape.fault("quantity", Fault.out_of_range("must be above zero when rounded to 6 decimals"))
        return millionths

    def millis(self, name: str) -> int | None:
        """A moment."""
        if not self._message.HasField(name):
            return None
        return self._shape.millis(name, getattr(self._message, name))

    def stated_millis(self, name: str) -> int | None:
        """A moment that only some types use."""
        return self.millis(name) if name in self._there else None

    def spare(self, name: str) -> str:
        """A short free text."""
        return self._shape.text(name, getattr(self._message, name), limits.SPARE_CODE_POINTS_MAX)

    def new_lot_name(self) -> str | None:
        """A name that does not have the form of a ULID."""
        name = self._shape.name("new_lot_name", self.text("new_lot_name"))
        if name is not None and parse_id(name) is not None:
            self._shape.fault("new_lot_name", Fault.malformed(f"{name} has the form of a ULID"))
        return name

    def lot_status(self) -> LotStatus | None:
        """One of the statuses."""
        if "lot_status" not in self._there:
            return None
        number: int = self._message.lot_status
        try:
            return LotStatus(number)
        except ValueError:
            self._shape.fault("lot_status", Fault.unknown(f"{number} is not a status of a lot"))
            return None
