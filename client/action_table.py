"""The types of actions as Python calls them: their arguments, and what is said of each."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Argument:
    """An argument.

    Attributes:
        declared: its type, and its default if it has one.
        about: what it means, its unit and what its absence means.
    """

    declared: str
    about: str


@dataclass(frozen=True)
class Action:
    """A type of action.

    Attributes:
        name: of the function and the method.
        kind: the value of InventoryActionType, without its prefix.
        module: one of MODULES.
        about: the paragraphs of its docstring.
        arguments: in their order, by name.
        positional: those that come by position; all others come by keyword.
    """

    name: str
    kind: str
    module: str
    about: tuple[str, ...]
    arguments: dict[str, Argument]
    positional: tuple[str, ...] = ("lot", "quantity")


MODULES = {
    "consumption": "What production uses up, and what goes back.",
    "production": "What production makes, and what is thrown away.",
    "exchange": "What comes from outside, and what leaves.",
    "rearrangement": "Stock that changes its place or its lot.",
    "correction": "What a count or a quality check changes.",
}

_NAMED = "by ULID, or by name together with its material."
_LOT = Argument("str", f"the lot, {_NAMED}")
_LOT_OR_PICK = Argument("str | None", f"the lot, {_NAMED} None: picked from the material's lots at the source.")
_QUANTITY = Argument(
    "Quantity",
    "above 0, in the unit, to 6 decimals; a float, which is rounded to them, or exact: a Decimal, an int or a text.",
)
_UNIT = Argument("str | None = None", "the quantity's unit, by its symbol. Default: the lot's own.")
_UNIT_OF_PICK = replace(_UNIT, about=_UNIT.about.removesuffix(".") + ", for a pick the material's.")
_FALLS_AT = Argument("str", "the location where stock falls, by ULID or path.")
_RISES_AT = Argument("str", "the location where stock rises, by ULID or path.")
_IS_AT = Argument("str", "the location where the stock is, by ULID or path.")
_COMES_FROM = Argument(
    "str | None = None",
    "the location that it comes from, by ULID or path, for the record only: nothing moves there. Default: none.",
)
_GOES_TO = Argument(
    "str | None = None",
    "the location that it goes to, by ULID or path, for the record only: nothing moves there. Default: none.",
)


def _moment(name: str, about: str, default: str) -> dict[str, Argument]:
    """A moment, in both ways to give one."""
    return {
        name: Argument(
            "datetime | None = None",
            f"{about}: a datetime with a time zone, cut to milliseconds. Default: {default}.",
        ),
        f"{name}_millis": Argument("int | None = None", f"instead of `{name}`: the same in ms since the epoch, UTC."),
    }


_INVENTORY_NAME = {
    "inventory_name": Argument(
        "str | None = None", "a pallet or LPN code, on every record and on the inventory row that rises. Default: none."
    )
}
_DETAILS = {
    "material": Argument(
        "str | None = None",
        "the lot's material, by ULID or path; needed if the lot is given by name, or picked. Default: the lot's.",
    ),
    "production_order": Argument(
        "str | None = None",
        "the production order, by ULID or name. Default: the one that the process operation currently has.",
    ),
    "operation_id": Argument("str | None = None", "ULID of the process operation that it belongs to. Default: none."),
    "reason_code_id": Argument("str | None = None", "ULID of the reason code. Default: none."),
    **_moment("start_date", "when it began", "now, or the end if that is earlier"),
    **_moment("end_date", "when it ended", "now"),
    "notes": Argument("str | None = None", "free text on every record, at most 4,000 code points. Default: none."),
    **{
        f"spare{number}": Argument(
            "str | None = None", "free for the plant's own use, at most 255 code points. Default: none."
        )
        for number in (1, 2, 3)
    },
}


def _flow(secondary: str) -> dict[str, Argument]:
    """The arguments of actions where stock comes or goes."""
    return {
        "secondary_lot": Argument("str | None = None", f"the lot {secondary}, {_NAMED} Default: none."),
        "secondary_material": Argument(
            "str | None = None", "the secondary lot's material, by ULID or path; needed if that is given by name."
        ),
        "create_lot_if_not_found": Argument(
            "bool = False", "makes the secondary lot if it is named and does not exist."
        ),
        **_INVENTORY_NAME,
        **_DETAILS,
    }


def _rise(secondary: str) -> dict[str, Argument]:
    """The arguments of actions where stock comes in."""
    both = Argument("bool = False", "makes the lot, and the secondary lot, if it is named and does not exist.")
    expiry = _moment(
        "lot_expiration_date",
        "when the lot expires; a lot that is made gets it, one that is there must have the same",
        "by shelf life",
    )
    return {
        **_flow(secondary),
        "create_lot_if_not_found": both,
        **expiry,
        "supplier_lot_name": Argument(
            "str | None = None",
            "the lot's number at its supplier; a lot that is made gets it, one that is there must have the same. "
            "Default: none.",
        ),
    }


def _falling(secondary: str) -> dict[str, Argument]:
    own = {"lot": _LOT_OR_PICK, "quantity": _QUANTITY, "source": _FALLS_AT, "destination": _GOES_TO}
    return {**own, "unit": _UNIT_OF_PICK, **_flow(secondary)}


def _rising(secondary: str) -> dict[str, Argument]:
    own = {"lot": _LOT, "quantity": _QUANTITY, "destination": _RISES_AT, "source": _COMES_FROM, "unit": _UNIT}
    return {**own, **_rise(secondary)}


_COUNTED = {
    "increment_production_order_count": Argument(
        "bool = False", "adds the quantity to the production order's quantity_produced; needs an order."
    )
}
_PICKED = "Without a lot it is picked, like in `consume`."

ACTIONS = (
    Action(
        "consume",
        "CONSUME",
        "consumption",
        (
            "Stock of a lot falls at the source: it is used up.",
            "Without a lot it is picked from the material's lots at the source, with one record for each lot.",
        ),
        _falling("that consumes it"),
    ),
    Action(
        "unconsume",
        "UNCONSUME",
        "consumption",
        ("Stock of a lot rises at the destination: what was taken and not used comes back.",),
        _rising("that it comes back from"),
    ),
    Action(
        "produce",
        "PRODUCE",
        "production",
        ("Stock of a lot rises at the destination: it is made.",),
        {**_rising("that produces it"), **_COUNTED},
    ),
    Action(
        "scrap",
        "SCRAP",
        "production",
        ("Stock of a lot falls at the source, with any lot status: it is thrown away.", _PICKED),
        _falling("scrapped into"),
    ),
    Action(
        "scrap_all",
        "SCRAP_ALL",
        "production",
        (
            "The stock of a lot, or of every lot of the material, falls to zero at the source, with any lot status.",
            "There is one record for each lot; none if there was no stock.",
        ),
        {
            "lot": Argument("str | None = None", f"the lot, {_NAMED} Default: every lot of the material."),
            "source": _FALLS_AT,
            "destination": _GOES_TO,
            **_flow("scrapped into"),
        },
        ("lot",),
    ),
    Action(
        "receive",
        "RECEIVE",
        "exchange",
        ("Stock of a lot rises at the destination: it comes from outside.",),
        _rising("received from"),
    ),
    Action(
        "receive_and_consume",
        "RECEIVE_AND_CONSUME",
        "exchange",
        (
            "A lot passes through the source: received and used up at once, no stock is kept.",
            "Two records, RECEIVE and CONSUME.",
        ),
        {
            "lot": _LOT,
            "quantity": _QUANTITY,
            "source": Argument("str", "the location where it is used up, by ULID or path."),
            "destination": _GOES_TO,
            "unit": _UNIT,
            **_rise("that consumes it"),
        },
    ),
    Action(
        "ship",
        "SHIP",
        "exchange",
        ("Stock of a lot falls at the source: it goes to a customer.", _PICKED),
        _falling("shipped into"),
    ),
    Action(
        "return_lot",
        "RETURN",
        "consumption",
        ("Stock of a lot falls at the source, with any lot status: it goes back where it came from.", _PICKED),
        _falling("returned into"),
    ),
    Action(
        "move",
        "MOVE",
        "rearrangement",
        ("Stock of a lot falls at the source and rises at the destination.",),
        {
            "lot": _LOT,
            "quantity": _QUANTITY,
            "source": _FALLS_AT,
            "destination": _RISES_AT,
            "unit": _UNIT,
            "inventory_name": Argument(
                "str | None = None", "a pallet or LPN code. Default: that of the inventory row at the source."
            ),
            **_DETAILS,
        },
    ),
    Action(
        "split",
        "SPLIT",
        "rearrangement",
        ("Part of a lot's stock at the source becomes a new lot, the record's secondary lot.",),
        {
            "lot": _LOT,
            "quantity": _QUANTITY,
            "new_lot_name": Argument("str", "the name of the lot that is made; no lot of the material may have it."),
            "source": _IS_AT,
            "unit": _UNIT,
            **_INVENTORY_NAME,
            **_DETAILS,
        },
    ),
    Action(
        "merge",
        "MERGE",
        "rearrangement",
        (
            "All stock of the secondary lot at the source goes into the lot.",
            "The secondary lot is closed if it has no stock left anywhere.",
        ),
        {
            "lot": _LOT,
            "secondary_lot": Argument("str", f"the lot that is merged away, {_NAMED}"),
            "source": _IS_AT,
            "secondary_material": Argument(
                "str | None = None", "the secondary lot's material, by ULID or path. Default: the lot's."
            ),
            **_INVENTORY_NAME,
            **_DETAILS,
        },
        ("lot", "secondary_lot"),
    ),
    Action(
        "edit_quantity",
        "EDIT",
        "correction",
        (
            "The stock that a lot had at the source at the action's end becomes the quantity.",
            """The record's quantity is the difference, by which the stock of now changes. It is refused where there is
            a later count of the same stock.""",
        ),
        {
            "lot": _LOT,
            "quantity": replace(
                _QUANTITY,
                about="0 or above, an exact one also below 0 where the location allows that"
                + _QUANTITY.about.removeprefix("above 0"),
            ),
            "source": _IS_AT,
            "unit": _UNIT,
            **_INVENTORY_NAME,
            **_DETAILS,
        },
    ),
    Action(
        "change_status",
        "STATUS_CHANGE",
        "correction",
        ("The lot gets another status; no stock moves.",),
        {
            "lot": _LOT,
            "lot_status": Argument("enums_pb2.LotStatus.ValueType", "the new status, such as LOT_STATUS_QA_HOLD."),
            **_DETAILS,
        },
        ("lot", "lot_status"),
    ),
)
