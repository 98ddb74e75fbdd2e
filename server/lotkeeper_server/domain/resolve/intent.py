"""What a call intends, before the things that it names are looked up: steps 4 to 11 make an `Action` of it.

An inventory operation with the arguments of a call becomes an intent, and so does a requested action; the steps do not
ask which of the two it was. Where the two really differ, the intent's origin says how.
"""

from collections.abc import Callable
from dataclasses import dataclass

from lotkeeper_server.domain.kinds import Kind
from lotkeeper_server.domain.model.definitions import InventoryOperation, Material, ProductionOrder, Unit
from lotkeeper_server.domain.model.enumerations import LotResolutionStrategy, LotStatus
from lotkeeper_server.domain.model.identifiers import Id, LotId, MaterialId
from lotkeeper_server.domain.model.stock import Lot
from lotkeeper_server.domain.refusals import MaterialRequired
from lotkeeper_server.domain.resolve.lots import LotStatement, NewLot
from lotkeeper_server.domain.working_set import WorkingSet


@dataclass(frozen=True, slots=True)
class Origin:
    """How intents of one origin differ from those of the other.

    Attributes:
        lot_field: the request's field that gives the primary lot.
        material_required: the refusal of step 5, on its field, if no material is known.
        secondary_material_required: the refusal of step 7, if a secondary lot is given by this name without a material.
        unit: step 9 if no unit is given; None if there is none.
    """

    lot_field: str
    material_required: MaterialRequired
    secondary_material_required: Callable[[str], MaterialRequired]
    unit: Callable[[WorkingSet, Kind, ProductionOrder | None, Material, Lot | NewLot | None], Unit | None]


@dataclass(slots=True)
class Intent:
    """An intended change of stock, by ids, names and paths. An id is bytes, a name or path is text; None: not given.

    Attributes:
        kind: what kind of movement.
        origin: where it comes from.
        principal: who asks.
        request_id: of the call; empty for none.
        lot: the primary lot.
        lot_strategy: where it comes from if it is not given; None if the kind alone decides that.
        secondary_lot: the secondary lot.
        makes_secondary_lot: whether one of the secondary material is made if none is given.
        creates_lots: whether a lot that is named but does not exist may be made, for kinds that make lots.
        material: the material given.
        configured_material: the one that is used if none is given.
        material_is_fixed: whether only the configured one may be given.
        secondary_material: that of the secondary lot.
        source: a location.
        destination: a location.
        quantity_millionths: in the unit that step 9 finds.
        starts: whether it only begins, without a quantity.
        unit_id: the unit, by id.
        unit_name: by name.
        unit_symbol: by symbol; all that are given of the three must mean the same unit.
        inventory_name: empty for none.
        makes_inventory_name: whether one is made, for kinds that name their inventory.
        process_operation_id: where it happens.
        production_order: the given order; otherwise the one that the process operation currently has.
        increments_order: whether the order's count rises.
        needs_order: whether there must be an order.
        start_millis: when it began.
        end_millis: when it ended.
        reason_code_id: why.
        notes: written on every record.
        operation: the inventory operation that it comes from.
        new_lot_name: of the lot that a SPLIT makes.
        lot_status: what a STATUS_CHANGE sets.
        spares: written on every record; None for three empty ones.
        versioned: lots whose version the call has raised already.
        stated: what the call states about the primary lot; None for nothing.
    """

    kind: Kind
    origin: Origin
    principal: str
    request_id: str
    lot: Id | str | None
    lot_strategy: LotResolutionStrategy | None
    secondary_lot: Id | str | None
    makes_secondary_lot: bool
    creates_lots: bool
    material: Id | str | None
    configured_material: MaterialId | None
    material_is_fixed: bool
    secondary_material: Id | str | None
    source: Id | str | None
    destination: Id | str | None
    quantity_millionths: int | None
    starts: bool
    unit_id: Id | None
    unit_name: str | None
    unit_symbol: str | None
    inventory_name: str
    makes_inventory_name: bool
    process_operation_id: Id | None
    production_order: Id | str | None
    increments_order: bool
    needs_order: bool
    start_millis: int | None
    end_millis: int | None
    reason_code_id: Id | None
    notes: str
    operation: InventoryOperation | None
    new_lot_name: str | None
    lot_status: LotStatus | None
    spares: tuple[str, str, str] | None
    versioned: set[LotId]
    stated: LotStatement | None
