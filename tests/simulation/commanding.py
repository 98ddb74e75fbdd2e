"""A request of the model as the command that the engine decides."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields, replace
from typing import Any

from lotkeeper_server.domain import commands
from lotkeeper_server.domain.model.enumerations import InventoryActionType, LotStatus

from tests.model.plant import ById, Plant
from tests.model.refusal import Refusal
from tests.model.requests import (
    Batch,
    Cancel,
    Execute,
    Start,
    Stop,
    as_read,
    check_shape,
    faults_of_shape,
    meaning,
    one_form,
    quantity_told,
)
from tests.model.resolving_actions import find_location
from tests.model.stock_requests import ActionItem, Actions, Annotate, Reverse, check_actions
from tests.simulation.definitions import millionths


def is_well_formed(request: Any) -> bool:
    """Whether it would get as far as the engine."""
    request = as_read(request)
    try:
        if isinstance(request, Batch):
            return not any(faults_of_shape(item) or item.validate_only for item in request.requests)
        if isinstance(request, Actions):
            check_actions(request)
        else:
            check_shape(request)
    except Refusal:
        return False
    return True


def moves_nowhere(plant: Plant, request: Any) -> bool:
    """Whether a MOVE has one location twice: where that is disabled, too, it may be refused for either."""
    for item in request.actions if isinstance(request, Actions) else []:
        places = (item.source_location_id_or_path, item.destination_location_id_or_path)
        if item.type == "MOVE":
            with suppress(Refusal):
                source, destination = (find_location(plant, place, "") for place in places)
                if source == destination:
                    return True
    return False


def with_references(request: Any, changed: Callable[[ById | str], ById | str]) -> Any:
    """The same request, with its references by id and its texts changed."""
    values: dict[str, Any] = {}
    for one in fields(request):
        value = getattr(request, one.name)
        if isinstance(value, ById | str):
            values[one.name] = changed(value)
        elif isinstance(value, tuple):
            values[one.name] = tuple(with_references(item, changed) for item in value)
    return replace(request, **values)


def shown(request: Any) -> str:
    """What is given of it, for a trace."""
    given = []
    for one in fields(request):
        value = getattr(request, one.name)
        if isinstance(value, tuple):
            value = f"[{', '.join(map(shown, value))}]"
        if value not in {"", None, False}:
            given.append(f"{one.name}={value.key.lstrip('0') if isinstance(value, ById) else value}")
    return f"{type(request).__name__}({', '.join(given)})"


def command_of(request: Any, principal: str) -> Any:
    """The command; references by id are ids in hexadecimal."""
    request = as_read(request)
    if isinstance(request, Batch):
        items = [command_of(item, principal) for item in request.requests]
        return commands.Batch(items, request.all_or_nothing, request.validate_only)
    asked: dict[str, Any] = {"principal": principal}
    if request_id := getattr(request, "request_id", ""):
        fingerprint = hashlib.sha256(repr(meaning(request)).encode()).digest()
        asked |= {"request_id": request_id, "fingerprint": fingerprint}
    if getattr(request, "validate_only", False):
        asked["validate_only"] = True
    match request:
        case Execute() | Start() | Stop() | Cancel():
            return _of_operation(request, asked)
        case Actions():
            return commands.ExecuteActions(actions=[_action(item) for item in request.actions], **asked)
        case Reverse():
            record = _given(request.inventory_lot_record_id)
            return commands.Reverse(record_id=record, notes=request.notes, **asked)
        case Annotate():
            spares = (request.spare1, request.spare2, request.spare3)
            record = _given(request.inventory_lot_record_id)
            return commands.Annotate(record_id=record, notes=request.notes, spares=spares, **asked)
    raise AssertionError(request)


def _of_operation(request: Any, asked: dict[str, Any]) -> Any:
    asked["operation_id"] = _given(request.inventory_operation_id)
    known = {
        "primary_lot_id_or_name": "primary_lot",
        "secondary_lot_id_or_name": "secondary_lot",
        "material_id_or_path": "material",
        "inventory_name": "inventory_name",
        "start_date_millis": "start_millis",
        "end_date_millis": "end_millis",
        "lot_expiration_date_millis": "lot_expiration_millis",
        "supplier_lot_name": "supplier_lot_name",
    }
    for name, of_command in known.items():
        if hasattr(request, name):
            asked[of_command] = _given(getattr(request, name), is_path=name.endswith("_path"))
    if hasattr(request, "quantity"):
        asked["quantity_millionths"] = _millionths(request)
    kinds = {Execute: commands.Execute, Start: commands.Start, Stop: commands.Stop, Cancel: commands.Cancel}
    return kinds[type(request)](**asked)


def _action(item: ActionItem) -> commands.RequestedAction:
    return commands.RequestedAction(
        type=InventoryActionType[item.type],
        lot=_given(item.lot_id_or_name),
        material=_given(item.material_id_or_path, is_path=True),
        quantity_millionths=_millionths(item),
        unit_id=_given(item.unit_of_measure_id),
        unit_name=_given(item.unit_of_measure_name),
        unit_symbol=_given(item.unit_of_measure_symbol),
        source=_given(item.source_location_id_or_path, is_path=True),
        destination=_given(item.destination_location_id_or_path, is_path=True),
        secondary_lot=_given(item.secondary_lot_id_or_name),
        secondary_material=_given(item.secondary_material_id_or_path, is_path=True),
        create_lot_if_not_found=item.create_lot_if_not_found,
        inventory_name=_given(item.inventory_name),
        production_order=_given(item.production_order_id_or_name),
        increment_production_order_count=item.increment_production_order_count,
        operation_id=_given(item.operation_id),
        reason_code_id=_given(item.material_reason_code_id),
        start_millis=item.start_date_millis,
        end_millis=item.end_date_millis,
        new_lot_name=_given(item.new_lot_name),
        lot_status=LotStatus[item.lot_status] if item.lot_status else None,
        notes=item.notes,
        spares=(item.spare1, item.spare2, item.spare3),
        lot_expiration_millis=item.lot_expiration_date_millis,
        supplier_lot_name=_given(item.supplier_lot_name),
    )


def _given(value: Any, *, is_path: bool = False) -> Any:
    """An id as bytes, a text as it is; None where there is none."""
    if isinstance(value, ById):
        return bytes.fromhex(value.key)
    if isinstance(value, str):
        return one_form(value.removeprefix("/") if is_path else value) or None
    return value


def _millionths(request: Any) -> int | None:
    """The quantity that a request gives, by either field."""
    told = quantity_told(request)
    return None if told is None else millionths(told)
