"""An action says what happens to stock: "CONSUME 100 kg of lot L at Silo 1 into lot B".

An operation, called with a few arguments, becomes one; so does what ExecuteInventoryActions asks for. Applying it does
not know where it came from.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from lotkeeper_server.domain.model.definitions import (
    InventoryOperation,
    Location,
    Material,
    ProductionOrder,
    ReasonCode,
    Unit,
)
from lotkeeper_server.domain.model.enumerations import InventoryActionType, LotRecordType, LotStatus
from lotkeeper_server.domain.model.identifiers import LotId
from lotkeeper_server.domain.model.stock import Lot, Record
from lotkeeper_server.domain.refusals import LotRequired, Refused

_Type = InventoryActionType

# An operation's type is numbered as the action that it becomes, so these hold for both.
FALLS: Final[frozenset[IntEnum]] = frozenset({_Type.CONSUME, _Type.SHIP, _Type.RETURN, _Type.SCRAP, _Type.SCRAP_ALL})
"""Types by which stock of the primary lot falls at the source."""
RISES: Final[frozenset[IntEnum]] = frozenset({_Type.PRODUCE, _Type.UNCONSUME, _Type.RECEIVE})
"""Types by which stock of the primary lot rises at the destination."""
MAKES_LOTS: Final[frozenset[IntEnum]] = RISES | {_Type.RECEIVE_AND_CONSUME}
"""Types that make a primary lot where there is none."""
PICKS: Final[frozenset[IntEnum]] = FALLS - {_Type.SCRAP_ALL}
"""Types that pick from the source where no lot is given."""
NEEDS_USABLE_LOT: Final[frozenset[IntEnum]] = frozenset({_Type.CONSUME, _Type.SHIP, _Type.RECEIVE_AND_CONSUME})
"""Types that take OPEN and AVAILABLE lots within their date only."""
TAKES_ANY_MATERIAL: Final[frozenset[IntEnum]] = frozenset(
    {
        _Type.SCRAP,
        _Type.SCRAP_ALL,
        _Type.RETURN,
        _Type.MOVE,
        _Type.SPLIT,
        _Type.MERGE,
        _Type.EDIT,
        _Type.STATUS_CHANGE,
    }
)
"""Types by which what is there can always be cleared away, also of a disabled material."""
TAKES_ANY_LOT: Final[frozenset[IntEnum]] = TAKES_ANY_MATERIAL - {_Type.MERGE}
"""Types that take any lot, whatever its status."""

RECORD_TYPE: Final[dict[IntEnum, LotRecordType]] = {
    _Type.CONSUME: LotRecordType.CONSUME,
    _Type.UNCONSUME: LotRecordType.UNCONSUME,
    _Type.PRODUCE: LotRecordType.PRODUCE,
    _Type.SCRAP: LotRecordType.SCRAP,
    _Type.SCRAP_ALL: LotRecordType.SCRAP,
    _Type.RETURN: LotRecordType.RETURN,
    _Type.RECEIVE: LotRecordType.RECEIVE,
    _Type.RECEIVE_AND_CONSUME: LotRecordType.CONSUME,
    _Type.SHIP: LotRecordType.SHIP,
    _Type.MOVE: LotRecordType.MOVE,
    _Type.SPLIT: LotRecordType.SPLIT,
    _Type.MERGE: LotRecordType.MERGE,
    _Type.EDIT: LotRecordType.EDIT,
    _Type.STATUS_CHANGE: LotRecordType.STATUS_CHANGE,
}
"""The type of the record of a call; RECEIVE_AND_CONSUME writes a RECEIVE before it."""
ACTION_OF: Final[dict[IntEnum, InventoryActionType]] = {one: one for one in InventoryActionType}
"""The action that an operation's type becomes."""


def record_types(action_type: IntEnum) -> frozenset[LotRecordType]:
    """The types of record that an operation's or an action's type writes for itself."""
    if action_type == _Type.RECEIVE_AND_CONSUME:
        return frozenset({LotRecordType.RECEIVE, LotRecordType.CONSUME})
    return frozenset({RECORD_TYPE[action_type]})


@dataclass(slots=True)
class Action:
    """What is to happen to stock.

    Attributes:
        type: what kind of movement.
        material: of the primary lot.
        lot: the primary lot; None where it is picked, or where SCRAP_ALL takes every lot.
        secondary_lot: genealogy; nothing moves there.
        new_lots: those of the two that do not exist yet; they are made with the first record.
        quantity_millionths: what is asked for, in `unit`; 0 at Start and for what needs none.
        unit: the unit asked in; None for what needs none.
        inventory_name: stands on every record; empty for none.
        start_millis: when it began.
        end_millis: when it ended.
        operation: the inventory operation that became this action; None for a direct one.
        running: the record that this action completes, where it stops what Start began.
        fixed_lot: the lot that a Start picked; the pick begins with it.
        versioned: lots that this call has made or edited: a call raises a version once, and not of what it makes.
        spares: of every record; None for three empty ones.
        lot_status: what a STATUS_CHANGE sets.
    """

    type: InventoryActionType
    material: Material
    lot: Lot | None
    secondary_lot: Lot | None
    new_lots: list[Lot]
    quantity_millionths: int
    unit: Unit | None
    source: Location | None
    destination: Location | None
    inventory_name: str
    start_millis: int
    end_millis: int
    reason_code: ReasonCode | None
    notes: str
    operation: InventoryOperation | None
    operation_record_id: str
    production_order: ProductionOrder | None
    increments_order: bool
    principal: str
    request_id: str
    running: Record | None = None
    fixed_lot: Lot | None = None
    versioned: set[LotId] = field(default_factory=set)
    spares: tuple[str, str, str] | None = None
    lot_status: LotStatus | None = None

    @property
    def place(self) -> Location:
        """Where stock moves: the source of what falls or passes through, the destination of what rises."""
        place = self.destination if self.type in RISES else self.source
        assert place is not None
        return place

    @property
    def the_lot(self) -> Lot:
        """The primary lot, of an action that has one."""
        if self.lot is None:
            raise Refused(LotRequired(field="primary_lot_id_or_name", strategy="FROM_LOCATION"))
        return self.lot
