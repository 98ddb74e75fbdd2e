"""What stock, lots and locations do not allow."""

from dataclasses import dataclass

from lotkeeper_server.domain.refusals.refusal import Code, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class InsufficientInventory(Refusal):
    """Step 13: stock would fall below zero. For a pick: in the requested unit, without a lot.

    Attributes:
        available: the least that there is from the end of the fall on.
        at_moment: the first moment from then on that would be below zero; of a pick none.
    """

    code = Code.FAILED_PRECONDITION
    reason = "INSUFFICIENT_INVENTORY"
    lot: str | None = None
    location: str
    available: str
    requested: str | None = None
    unit: str | None = None
    at_moment: str | None = None

    @property
    def message(self) -> str:
        what = f"lot {self.lot}" if self.lot else "the lots that may be picked"
        unit = f" {self.unit}" if self.unit else ""
        asked = f"; {self.requested}{unit} were requested" if self.requested else ""
        too_little = f", too little at {self.at_moment}" if self.at_moment else ""
        return f"{self.location} has {self.available}{unit} of {what}{asked}{too_little}."


@dataclass(frozen=True, slots=True, kw_only=True)
class CountSuperseded(Refusal):
    """An EDIT whose moment lies before that of another one of the same stock.

    Attributes:
        inventory_lot_record_id: of the first later one.
        at_moment: its end.
    """

    code = Code.FAILED_PRECONDITION
    reason = "COUNT_SUPERSEDED"
    inventory_lot_record_id: str
    at_moment: str

    @property
    def message(self) -> str:
        return f"Record {self.inventory_lot_record_id} counted the same stock at {self.at_moment}, which is later."


@dataclass(frozen=True, slots=True, kw_only=True)
class LotStatusForbids(Refusal):
    """Step 12: the lot's status does not allow this type."""

    code = Code.FAILED_PRECONDITION
    reason = "LOT_STATUS_FORBIDS"
    lot: str
    lot_status: str
    operation_type: str

    @property
    def message(self) -> str:
        return f"Lot {self.lot} is {self.lot_status}, which forbids {self.operation_type}."


@dataclass(frozen=True, slots=True, kw_only=True)
class LotExpired(Refusal):
    """Step 12: the lot's expiration date is before the end of the call."""

    code = Code.FAILED_PRECONDITION
    reason = "LOT_EXPIRED"
    lot: str
    expiration_date: str

    @property
    def message(self) -> str:
        return f"Lot {self.lot} expired on {self.expiration_date}."


@dataclass(frozen=True, slots=True, kw_only=True)
class LotDiffers(Refusal):
    """Step 6: the lot that is there has another value than the call states; `stored` is empty where it has none."""

    code = Code.FAILED_PRECONDITION
    reason = "LOT_DIFFERS"
    lot: str
    field: str
    stored: str
    given: str

    @property
    def message(self) -> str:
        has = f"the {self.field} {self.stored}" if self.stored else f"no {self.field}"
        return f"Lot {self.lot} has {has}; the call says {self.given}."

    @property
    def metadata(self) -> dict[str, str]:
        return {"lot": self.lot, "field": self.field, "stored": self.stored, "given": self.given}


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationCapacityExceeded(Refusal):
    """Step 14: the location's stock would rise above its capacity."""

    code = Code.FAILED_PRECONDITION
    reason = "LOCATION_CAPACITY_EXCEEDED"
    location: str
    capacity: str
    stored: str
    requested: str
    unit: str

    @property
    def message(self) -> str:
        return (
            f"{self.location} holds {self.stored} of at most {self.capacity} {self.unit}; "
            f"another {self.requested} {self.unit} do not fit."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationHoldsAnotherLot(Refusal):
    """Step 15: another lot has stock at a location that takes one lot at a time."""

    code = Code.FAILED_PRECONDITION
    reason = "LOCATION_HOLDS_ANOTHER_LOT"
    location: str
    lot: str

    @property
    def message(self) -> str:
        return f"{self.location} holds lot {self.lot} and takes one lot at a time."


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeNotPossible(Refusal):
    """Step 15: lots of different material or unit cannot merge; `cause` is MATERIAL or UNIT."""

    code = Code.FAILED_PRECONDITION
    reason = "MERGE_NOT_POSSIBLE"
    location: str
    lot: str
    other_lot: str
    cause: str

    @property
    def message(self) -> str:
        return f"Lot {self.other_lot} cannot merge into {self.lot} at {self.location}: {self.cause.lower()} differs."


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitNotConvertible(Refusal):
    """Step 12: there is no conversion from one unit to the other."""

    code = Code.FAILED_PRECONDITION
    reason = "UNIT_NOT_CONVERTIBLE"
    from_unit: str | None
    to_unit: str | None
    material: str | None = None

    @property
    def message(self) -> str:
        of = f" for material {self.material}" if self.material else ""
        return f"There is no conversion from {self.from_unit or 'no unit'} to {self.to_unit or 'no unit'}{of}."

    @property
    def metadata(self) -> dict[str, str]:
        keys = {"from": self.from_unit, "to": self.to_unit, "material": self.material}
        return {key: value for key, value in keys.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantityOverflow(Refusal):
    """A stored quantity would reach 9.2e12 units."""

    code = Code.OUT_OF_RANGE
    reason = "QUANTITY_OVERFLOW"

    @property
    def message(self) -> str:
        return "A stored quantity would reach 9.2e12; all stored quantities are below that."


@dataclass(frozen=True, slots=True, kw_only=True)
class AsOfArchived(Refusal):
    """Stock at a moment whose records are partly archived."""

    code = Code.OUT_OF_RANGE
    reason = "AS_OF_ARCHIVED"
    oldest: str

    @property
    def message(self) -> str:
        return f"Records are archived up to {self.oldest}; stock is known from that moment on."
