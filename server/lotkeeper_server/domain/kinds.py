"""The kinds of operation: a row for each type of action says everything that the rules ask about it.

The types of inventory operations and those of actions are two vocabularies of the contract. Each has its own function
that finds the row, and nothing compares a type of one with a type of the other. What holds for one type only is not in
its row, but in the function for its effect.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from lotkeeper_server.domain.model.enumerations import InventoryActionType, InventoryOperationType, LotRecordType


class Effect(Enum):
    """What happens to stock; each effect has one function in `apply`."""

    FALL = auto()  # of the lot, or of those picked, at the source
    CLEAR = auto()  # of the lot, or of every lot of the material, to zero at the source
    RISE = auto()  # of the lot at the destination
    PASS_THROUGH = auto()  # received and consumed at the source; no row of stock is made or changed
    MOVE = auto()  # falls at the source and rises at the destination
    SPLIT = auto()  # part of the lot becomes the new lot
    MERGE = auto()  # all of the secondary lot goes into the lot
    SET = auto()  # is set to the quantity
    CHANGE_STATUS = auto()  # none; the lot gets a status


class Place(Enum):
    """Where stock moves: the roles of the locations that must be given and enabled."""

    NOWHERE = ()
    SOURCE = ("source",)
    DESTINATION = ("destination",)
    BOTH = ("source", "destination")

    def __init__(self, *roles: str) -> None:
        self.roles = roles
        self.is_source = "source" in roles
        self.is_destination = "destination" in roles


class Primary(Enum):
    """Where the primary lot comes from if none is given."""

    NEEDED = auto()  # it must be given
    PICKED = auto()  # from the source, in its order of use
    EVERY = auto()  # every lot of the material at the source
    MADE = auto()  # it may be made, also with a name that no lot has yet


class Secondary(Enum):
    """What a secondary lot is."""

    NONE = auto()  # there is none
    GENEALOGY = auto()  # the lot that the primary lot goes into or comes from; nothing moves there, and it may be made
    NEW = auto()  # made from the primary lot
    MERGED = auto()  # merged away; it must be given


class Accepted(Enum):
    """Which lots are taken."""

    USABLE = auto()  # enabled, OPEN or AVAILABLE, within their date
    NOT_SHUT = auto()  # enabled, not SHIPPED, not CLOSED
    ANY = auto()  # with any status, also disabled


class Quantity(Enum):
    """Which quantity must be given."""

    NONE = auto()  # records are in each lot's own unit
    ABOVE_ZERO = auto()
    FROM_ZERO = auto()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Kind:
    """What the rules ask about a type of action, and about the type of operation that becomes it.

    Attributes:
        type: of the action.
        operation: the type of inventory operation that becomes this action; None where only an action can be asked for.
        effect: what happens to stock.
        place: where.
        record: the type of its record; if it writes several, of the last one, which is the record of the call.
        record_before: the type of the record written before that; None for none.
        primary: where the primary lot comes from.
        secondary: what the secondary lot is.
        into_primary: whether the secondary lot went into the primary one, as its records say; else the other way.
        accepted: which lots are taken.
        quantity: which quantity is needed.
        any_material: whether a disabled material is taken, too: stock can always be cleared away.
        names_inventory: whether it makes a name for what it stores if the operation says AUTO_GENERATE.
        fills_order: whether it raises the production order's count, takes its unit and marks its stock with the order.
        through_order: whether its last record says what went into the production order, or with `into_primary` what
            came out of it, where it names an order and no secondary lot.
        startable: whether Start may begin it.
    """

    type: InventoryActionType
    operation: InventoryOperationType | None
    effect: Effect
    place: Place
    record: LotRecordType
    record_before: LotRecordType | None = None
    primary: Primary
    secondary: Secondary
    into_primary: bool = False
    accepted: Accepted
    quantity: Quantity
    any_material: bool = False
    names_inventory: bool = False
    fills_order: bool = False
    through_order: bool = False
    startable: bool = False

    @property
    def name(self) -> str:
        """The name of the type, as refusals show it."""
        return self.type.name

    @property
    def records(self) -> frozenset[LotRecordType]:
        """The types of record that it writes for itself; merges that follow a rise write their own."""
        return frozenset({self.record} if self.record_before is None else {self.record_before, self.record})

    @property
    def main_index(self) -> int:
        """Which of its records is the record of the call."""
        return 0 if self.record_before is None else 1

    @property
    def leaves_lot_to_location(self) -> bool:
        """Whether it takes what lies at the location if no lot is given."""
        return self.primary is Primary.PICKED or self.primary is Primary.EVERY


_Action = InventoryActionType
_Operation = InventoryOperationType
_Record = LotRecordType

KINDS: Final[tuple[Kind, ...]] = (
    Kind(
        type=_Action.CONSUME,
        operation=_Operation.CONSUME,
        effect=Effect.FALL,
        place=Place.SOURCE,
        record=_Record.CONSUME,
        primary=Primary.PICKED,
        secondary=Secondary.GENEALOGY,
        accepted=Accepted.USABLE,
        quantity=Quantity.ABOVE_ZERO,
        through_order=True,
        startable=True,
    ),
    Kind(
        type=_Action.UNCONSUME,
        operation=_Operation.UNCONSUME,
        effect=Effect.RISE,
        place=Place.DESTINATION,
        record=_Record.UNCONSUME,
        primary=Primary.MADE,
        secondary=Secondary.GENEALOGY,
        into_primary=True,
        accepted=Accepted.NOT_SHUT,
        quantity=Quantity.ABOVE_ZERO,
        names_inventory=True,
        through_order=True,
        startable=True,
    ),
    Kind(
        type=_Action.PRODUCE,
        operation=_Operation.PRODUCE,
        effect=Effect.RISE,
        place=Place.DESTINATION,
        record=_Record.PRODUCE,
        primary=Primary.MADE,
        secondary=Secondary.GENEALOGY,
        into_primary=True,
        accepted=Accepted.NOT_SHUT,
        quantity=Quantity.ABOVE_ZERO,
        names_inventory=True,
        fills_order=True,
        through_order=True,
        startable=True,
    ),
    Kind(
        type=_Action.SCRAP,
        operation=_Operation.SCRAP,
        effect=Effect.FALL,
        place=Place.SOURCE,
        record=_Record.SCRAP,
        primary=Primary.PICKED,
        secondary=Secondary.GENEALOGY,
        accepted=Accepted.ANY,
        quantity=Quantity.ABOVE_ZERO,
        any_material=True,
        startable=True,
    ),
    Kind(
        type=_Action.SCRAP_ALL,
        operation=_Operation.SCRAP_ALL,
        effect=Effect.CLEAR,
        place=Place.SOURCE,
        record=_Record.SCRAP,
        primary=Primary.EVERY,
        secondary=Secondary.GENEALOGY,
        accepted=Accepted.ANY,
        quantity=Quantity.NONE,
        any_material=True,
    ),
    Kind(
        type=_Action.RETURN,
        operation=_Operation.RETURN,
        effect=Effect.FALL,
        place=Place.SOURCE,
        record=_Record.RETURN,
        primary=Primary.PICKED,
        secondary=Secondary.GENEALOGY,
        accepted=Accepted.ANY,
        quantity=Quantity.ABOVE_ZERO,
        any_material=True,
        startable=True,
    ),
    Kind(
        type=_Action.RECEIVE,
        operation=_Operation.RECEIVE,
        effect=Effect.RISE,
        place=Place.DESTINATION,
        record=_Record.RECEIVE,
        primary=Primary.MADE,
        secondary=Secondary.GENEALOGY,
        into_primary=True,
        accepted=Accepted.NOT_SHUT,
        quantity=Quantity.ABOVE_ZERO,
        names_inventory=True,
        startable=True,
    ),
    Kind(
        type=_Action.RECEIVE_AND_CONSUME,
        operation=_Operation.RECEIVE_AND_CONSUME,
        effect=Effect.PASS_THROUGH,
        place=Place.SOURCE,
        record=_Record.CONSUME,
        record_before=_Record.RECEIVE,
        primary=Primary.MADE,
        secondary=Secondary.GENEALOGY,
        accepted=Accepted.USABLE,
        quantity=Quantity.ABOVE_ZERO,
        through_order=True,
        startable=True,
    ),
    Kind(
        type=_Action.SHIP,
        operation=_Operation.SHIP,
        effect=Effect.FALL,
        place=Place.SOURCE,
        record=_Record.SHIP,
        primary=Primary.PICKED,
        secondary=Secondary.GENEALOGY,
        accepted=Accepted.USABLE,
        quantity=Quantity.ABOVE_ZERO,
        startable=True,
    ),
    Kind(
        type=_Action.MOVE,
        operation=None,
        effect=Effect.MOVE,
        place=Place.BOTH,
        record=_Record.MOVE,
        primary=Primary.NEEDED,
        secondary=Secondary.NONE,
        accepted=Accepted.ANY,
        quantity=Quantity.ABOVE_ZERO,
        any_material=True,
    ),
    Kind(
        type=_Action.SPLIT,
        operation=None,
        effect=Effect.SPLIT,
        place=Place.SOURCE,
        record=_Record.SPLIT,
        primary=Primary.NEEDED,
        secondary=Secondary.NEW,
        accepted=Accepted.ANY,
        quantity=Quantity.ABOVE_ZERO,
        any_material=True,
    ),
    Kind(
        type=_Action.MERGE,
        operation=None,
        effect=Effect.MERGE,
        place=Place.SOURCE,
        record=_Record.MERGE,
        primary=Primary.NEEDED,
        secondary=Secondary.MERGED,
        into_primary=True,
        accepted=Accepted.USABLE,
        quantity=Quantity.NONE,
        any_material=True,
    ),
    Kind(
        type=_Action.EDIT,
        operation=None,
        effect=Effect.SET,
        place=Place.SOURCE,
        record=_Record.EDIT,
        primary=Primary.NEEDED,
        secondary=Secondary.NONE,
        accepted=Accepted.ANY,
        quantity=Quantity.FROM_ZERO,
        any_material=True,
    ),
    Kind(
        type=_Action.STATUS_CHANGE,
        operation=None,
        effect=Effect.CHANGE_STATUS,
        place=Place.NOWHERE,
        record=_Record.STATUS_CHANGE,
        primary=Primary.NEEDED,
        secondary=Secondary.NONE,
        accepted=Accepted.ANY,
        quantity=Quantity.NONE,
        any_material=True,
    ),
)
"""The table: every kind there is."""

_BY_ACTION: Final[dict[InventoryActionType, Kind]] = {kind.type: kind for kind in KINDS}
_BY_OPERATION: Final[dict[InventoryOperationType, Kind]] = {
    kind.operation: kind for kind in KINDS if kind.operation is not None
}


def kind_of_action(action_type: InventoryActionType) -> Kind:
    """The row of a type of action."""
    return _BY_ACTION[action_type]


def kind_of_operation(operation_type: InventoryOperationType) -> Kind:
    """The row of the action that a type of operation becomes."""
    return _BY_OPERATION[operation_type]


# What the records of a type say follows from the kinds that write them.

INTO_PRIMARY: Final[frozenset[LotRecordType]] = frozenset(kind.record for kind in KINDS if kind.into_primary)
"""Records that say that the secondary lot went into the primary one; all others say the opposite."""
BETWEEN_LOTS: Final[frozenset[LotRecordType]] = frozenset(
    kind.record for kind in KINDS if kind.secondary in {Secondary.NEW, Secondary.MERGED}
)
"""Records by which stock goes from one lot to another in the same place; both lots have the same unit."""
THROUGH_ORDER: Final[frozenset[LotRecordType]] = frozenset(kind.record for kind in KINDS if kind.through_order)
"""Records that are edges between their lot and their production order if they have one and no secondary lot."""
