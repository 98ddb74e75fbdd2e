"""An action says what happens to stock: "CONSUME 100 kg of lot L at Silo 1 into lot B".

An operation or a requested action becomes an action. What applies it does not know where it came from.
"""

from dataclasses import dataclass, field

from lotkeeper_server.domain.kinds import Kind, Place
from lotkeeper_server.domain.model.definitions import (
    InventoryOperation,
    Location,
    Material,
    ProductionOrder,
    ReasonCode,
    Unit,
)
from lotkeeper_server.domain.model.enumerations import LotStatus
from lotkeeper_server.domain.model.identifiers import LotId
from lotkeeper_server.domain.model.stock import Lot, Record
from lotkeeper_server.domain.refusals import LotRequired, Refused


@dataclass(slots=True)
class Action:
    """A change of stock to apply.

    Attributes:
        kind: what kind of movement.
        material: of the primary lot.
        lot: the primary lot; None if it is picked, or if every lot is meant.
        secondary_lot: its meaning depends on the kind.
        new_lots: those of the two that do not exist yet; they are made with the first record.
        quantity_millionths: the requested quantity, in `unit`; 0 at Start and for kinds that need none.
        unit: the requested unit; None for kinds that need none.
        inventory_name: written on every record; empty for none.
        start_millis: when it began.
        end_millis: when it ended.
        operation: the inventory operation that became this action; None for a direct one.
        running: the record that this action completes, if it stops what Start began.
        fixed_lot: the lot that a Start picked; the pick begins with it.
        versioned: lots that this call has made or edited: a call raises a version once, and not that of a lot that it
            makes.
        spares: written on every record; None for three empty ones.
        lot_status: what a STATUS_CHANGE sets.
    """

    kind: Kind
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
        """Where stock moves first: the destination if stock only rises, otherwise the source."""
        place = self.destination if self.kind.place is Place.DESTINATION else self.source
        assert place is not None
        return place

    @property
    def the_lot(self) -> Lot:
        """The primary lot, of an action that has one."""
        if self.lot is None:
            raise Refused(LotRequired(field="primary_lot_id_or_name", strategy="FROM_LOCATION"))
        return self.lot
