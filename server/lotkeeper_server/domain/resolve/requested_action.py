"""What a requested action intends, and which definitions and lots it names."""

from collections.abc import Iterator
from typing import Any, Final

from lotkeeper_server.domain.commands import ExecuteActions, RequestedAction
from lotkeeper_server.domain.keys import DefinitionKey, Key, LotKey, LotNameKey, NameKey, PathKey
from lotkeeper_server.domain.kinds import Kind, Secondary, kind_of_action
from lotkeeper_server.domain.model.definition_cache import DefinitionCache, Shelf
from lotkeeper_server.domain.model.definitions import Material, ProductionOrder, Unit
from lotkeeper_server.domain.model.identifiers import Id, LotId
from lotkeeper_server.domain.model.stock import Lot
from lotkeeper_server.domain.refusals import MaterialRequired
from lotkeeper_server.domain.resolve import lots
from lotkeeper_server.domain.resolve.intent import Intent, Origin
from lotkeeper_server.domain.working_set import WorkingSet


def intent_of_action(requested: RequestedAction, command: ExecuteActions, versioned: set[LotId]) -> Intent:
    """All that the action says itself; nothing is configured.

    Args:
        requested: the action, whose shape is in order.
        command: the call that it belongs to.
        versioned: lots whose version the call has raised already.
    """
    return Intent(  # by place: this runs in every call
        kind_of_action(requested.type),
        _ACTION,
        command.principal,
        command.request_id or "",
        requested.lot,
        None,
        requested.secondary_lot,
        False,
        requested.create_lot_if_not_found,
        requested.material,
        None,
        False,
        requested.secondary_material,
        requested.source,
        requested.destination,
        requested.quantity_millionths,
        False,
        requested.unit_id,
        requested.unit_name,
        requested.unit_symbol,
        requested.inventory_name or "",
        False,
        requested.operation_id,
        requested.production_order,
        requested.increment_production_order_count,
        requested.increment_production_order_count,
        requested.start_millis,
        requested.end_millis,
        requested.reason_code_id,
        requested.notes,
        None,
        requested.new_lot_name,
        requested.lot_status,
        requested.spares,
        versioned,
    )


def _unit(
    state: WorkingSet,
    _kind: Kind,
    _order: ProductionOrder | None,
    material: Material,
    primary: Lot | lots.NewLot | None,
) -> Unit | None:
    """Step 9: the lot's; of a pick, and of a lot yet to be made, the material's."""
    if not isinstance(primary, Lot):
        return material.unit
    return None if primary.unit_id is None else state.unit(primary.unit_id)


def _secondary_material_required(name: str) -> MaterialRequired:
    text = f"A lot named {name} cannot be looked up without its material; give that, or the lot's id."
    return MaterialRequired(text=text).at("secondary_material_id_or_path")


_ACTION: Final = Origin(
    "lot_id_or_name",
    MaterialRequired(text="Neither a material nor a lot's id is given.").at("material_id_or_path"),
    _secondary_material_required,
    _unit,
)


# What the steps will look up. It may miss something, it never decides.


def names(requested: RequestedAction, definitions: DefinitionCache) -> Iterator[Key]:
    """The definitions that an action names and that are not at hand, and the lots that it gives by id."""
    things: tuple[tuple[str, Shelf[Any], Id | str | None], ...] = (
        ("location", definitions.locations, requested.source),
        ("location", definitions.locations, requested.destination),
        ("material", definitions.materials, requested.material),
        ("material", definitions.materials, requested.secondary_material),
        ("operation", definitions.process_operations, requested.operation_id),
        ("material_reason_code", definitions.reason_codes, requested.reason_code_id),
        ("unit_of_measure", definitions.units, requested.unit_id),
    )
    for entity, shelf, given in things:
        if given is not None and shelf.find(given) is None:
            yield DefinitionKey(entity, given) if isinstance(given, bytes) else PathKey(entity, given)
    if requested.unit_symbol is not None:
        yield NameKey("unit_of_measure", "symbol", requested.unit_symbol)
    if requested.unit_name is not None:
        yield NameKey("unit_of_measure", "name", requested.unit_name)
    if isinstance(requested.production_order, str):
        yield NameKey("production_order", "name", requested.production_order)
    for lot in (requested.lot, requested.secondary_lot):
        if isinstance(lot, bytes):
            yield LotKey(LotId(lot))


def lots_named(requested: RequestedAction, state: WorkingSet) -> Iterator[LotNameKey]:
    """The lots that an action gives by name, once their materials are at hand."""
    material = _likely_material(requested, state)
    if material is not None:
        for name in (requested.lot, requested.new_lot_name):
            if isinstance(name, str):
                yield LotNameKey(material.id, name)
    if isinstance(requested.secondary_lot, str):
        secondary_material = _likely_secondary_material(requested, state)
        if secondary_material is not None:
            yield LotNameKey(secondary_material.id, requested.secondary_lot)


def likely_lots(requested: RequestedAction, state: WorkingSet) -> tuple[LotId | None, LotId | None]:
    """Both lots that an action gives, as far as they are at hand."""
    lot_id = secondary_id = None
    if requested.lot is not None:
        lot_id = _likely_lot(requested.lot, _likely_material(requested, state), state)
    if requested.secondary_lot is not None:
        secondary_id = _likely_lot(requested.secondary_lot, _likely_secondary_material(requested, state), state)
    return lot_id, secondary_id


def _likely_material(requested: RequestedAction, state: WorkingSet) -> Material | None:
    """That of step 5."""
    if requested.material is not None:
        return state.definitions.materials.find(requested.material)
    lot = state.lots.get(LotId(requested.lot)) if isinstance(requested.lot, bytes) else None
    return None if lot is None else state.definitions.materials.get(lot.material_id)


def _likely_secondary_material(requested: RequestedAction, state: WorkingSet) -> Material | None:
    """That of step 7."""
    if requested.secondary_material is not None:
        return state.definitions.materials.find(requested.secondary_material)
    merges = kind_of_action(requested.type).secondary is Secondary.MERGED
    return _likely_material(requested, state) if merges else None


def _likely_lot(lot: Id | str, material: Material | None, state: WorkingSet) -> LotId | None:
    if isinstance(lot, bytes):
        return LotId(lot) if state.lots.get(LotId(lot)) is not None else None
    return None if material is None else state.lot_ids_by_name.get((material.id, lot))
