"""What a requested action intends, and which definitions and lots it names."""

from typing import Any, Final

from lotkeeper_server.domain.commands import ExecuteActions, RequestedAction
from lotkeeper_server.domain.keys import DefinitionKey, Key, LotKey, LotNameKey, NameKey, PathKey
from lotkeeper_server.domain.kinds import Kind, Secondary, kind_of_action
from lotkeeper_server.domain.model.definition_cache import DefinitionCache, Shelf
from lotkeeper_server.domain.model.definitions import Material, ProductionOrder, Unit
from lotkeeper_server.domain.model.identifiers import Id, LotId, ProductionOrderId
from lotkeeper_server.domain.model.stock import Lot
from lotkeeper_server.domain.refusals import MaterialRequired
from lotkeeper_server.domain.resolve import lots
from lotkeeper_server.domain.resolve.intent import Intent, Origin
from lotkeeper_server.domain.working_set import WorkingSet


def intent_of_action(requested: RequestedAction, command: ExecuteActions, versioned: set[LotId]) -> Intent:
    """The intent of an action, from its own fields only; nothing is configured.

    Args:
        requested: the action, with a correct shape.
        command: the call that it belongs to.
        versioned: lots whose version the call has raised already.
    """
    return Intent(  # positional arguments: this runs in every call
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
        lots.statement(requested.lot_expiration_millis, requested.supplier_lot_name),
    )


def _unit(
    state: WorkingSet,
    _kind: Kind,
    _order: ProductionOrder | None,
    material: Material,
    primary: Lot | lots.NewLot | None,
) -> Unit | None:
    """Step 9: the lot's unit; for a pick, and for a lot that does not exist yet, the material's."""
    if not isinstance(primary, Lot):
        return material.unit
    return None if primary.unit_id is None else state.unit(primary.unit_id)


def _secondary_material_required(name: str) -> MaterialRequired:
    text = f"A lot named {name} cannot be looked up without a material; give one, or the lot's id."
    return MaterialRequired(text=text).at("secondary_material_id_or_path")


_ACTION: Final = Origin(
    "lot_id_or_name",
    MaterialRequired(text="No material is given, and the lot is not given by id.").at("material_id_or_path"),
    _secondary_material_required,
    _unit,
)


# What the steps will look up. It may miss something, but never decides.


def names(requested: RequestedAction, definitions: DefinitionCache) -> list[Key]:
    """The definitions that an action names and that are not loaded, and the lots that it gives by id."""
    keys: list[Key] = []
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
            keys.append(DefinitionKey(entity, given) if isinstance(given, bytes) else PathKey(entity, given))
    if requested.unit_symbol is not None:
        keys.append(NameKey("unit_of_measure", "symbol", requested.unit_symbol))
    if requested.unit_name is not None:
        keys.append(NameKey("unit_of_measure", "name", requested.unit_name))
    if isinstance(requested.production_order, str):
        keys.append(NameKey("production_order", "name", requested.production_order))
    keys.extend(LotKey(LotId(lot)) for lot in (requested.lot, requested.secondary_lot) if isinstance(lot, bytes))
    return keys


def names_all_by_id(requested: RequestedAction, definitions: DefinitionCache) -> bool:
    """Whether only lots by id have to be looked up before it is clear what an action will read."""
    lots = (requested.lot, requested.secondary_lot, requested.new_lot_name)
    return not any(isinstance(one, str) for one in lots) and all(
        isinstance(key, LotKey) for key in names(requested, definitions)
    )


def lots_named(requested: RequestedAction, state: WorkingSet) -> list[LotNameKey]:
    """The lots that an action gives by name, once their materials are loaded."""
    keys = []
    if (material := likely_material(requested, state)) is not None:
        keys = [LotNameKey(material.id, name) for name in _primary_names(requested)]
    if isinstance(requested.secondary_lot, str):
        secondary_material = _likely_secondary_material(requested, state)
        if secondary_material is not None:
            keys.append(LotNameKey(secondary_material.id, requested.secondary_lot))
    return keys


def _primary_names(requested: RequestedAction) -> list[str]:
    return [name for name in (requested.lot, requested.new_lot_name) if isinstance(name, str)]


def likely_lots(requested: RequestedAction, state: WorkingSet) -> tuple[LotId | None, LotId | None]:
    """Both lots that an action gives, if they and their materials are loaded."""
    lot_id = secondary_id = None
    if requested.lot is not None and (material := likely_material(requested, state)) is not None:
        lot_id = lots.likely(requested.lot, material.id, state)
    if requested.secondary_lot is not None:
        secondary_material = _likely_secondary_material(requested, state)
        if secondary_material is not None:
            secondary_id = lots.likely(requested.secondary_lot, secondary_material.id, state)
        elif isinstance(requested.secondary_lot, bytes):
            secondary_id = LotId(requested.secondary_lot)
    return lot_id, secondary_id


def likely_material(requested: RequestedAction, state: WorkingSet) -> Material | None:
    """The material of step 5, if it is loaded."""
    if requested.material is not None:
        return state.definitions.materials.find(requested.material)
    lot = state.lots.get(LotId(requested.lot)) if isinstance(requested.lot, bytes) else None
    return None if lot is None else state.definitions.materials.get(lot.material_id)


def _likely_secondary_material(requested: RequestedAction, state: WorkingSet) -> Material | None:
    """The material of step 7."""
    if requested.secondary_material is not None:
        return state.definitions.materials.find(requested.secondary_material)
    merges = kind_of_action(requested.type).secondary is Secondary.MERGED
    return likely_material(requested, state) if merges else None


def likely_order(requested: RequestedAction, state: WorkingSet) -> ProductionOrderId | None:
    """The order of an action without a secondary lot, if what names it is loaded."""
    given = requested.production_order
    if requested.secondary_lot is not None:
        return None
    if given is not None:
        named = state.ids_by_name.get(NameKey("production_order", "name", given)) if isinstance(given, str) else given
        return None if named is None else ProductionOrderId(named)
    if requested.operation_id is None:
        return None
    process_operation = state.definitions.process_operations.get(requested.operation_id)
    return None if process_operation is None else process_operation.current_production_order_id
