"""Actions for `Client.execute_inventory_actions`: a function for each type.

    client.execute_inventory_actions(
        [
            actions.receive("MILK-17", 900.0, material=milk, destination="DairyCo/Plant1/Silo1", unit="kg"),
            actions.move("MILK-17", 500.0, material=milk, source="DairyCo/Plant1/Silo1", destination=silo_2, unit="kg"),
        ]
    )

For a single action, the client has a method with the same name. In all of them lots, locations, materials and
production orders are given by ULID, or by their name or path, a lot's name together with its material; a unit by its
symbol (default: the lot's own, for a pick the material's). A quantity is a float, or exact: a `Decimal`, an int, or a
text such as `"90000000001.099997"`.
"""

from __future__ import annotations

from typing import Any, Final, Unpack

from lotkeeper._quantities import Quantity, double_of, exact_of
from lotkeeper.action_details import Details, FlowDetails, RiseDetails
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1.inventory_action_pb2 import InventoryAction

_FIELDS: Final = {
    "lot": "lot_id_or_name",
    "material": "material_id_or_path",
    "unit": "unit_of_measure_symbol",
    "source": "source_location_id_or_path",
    "destination": "destination_location_id_or_path",
    "production_order": "production_order_id_or_name",
    "reason_code_id": "material_reason_code_id",
    "secondary_lot": "secondary_lot_id_or_name",
    "secondary_material": "secondary_material_id_or_path",
}


def consume(
    lot: str | None,
    quantity: Quantity,
    *,
    source: str,
    destination: str | None = None,
    unit: str | None = None,
    **details: Unpack[FlowDetails],
) -> InventoryAction:
    """Stock of a lot falls at the source: it is used up.

    Without a lot it is picked from the material's lots at the source, with one record for each lot. The secondary lot
    is the lot that consumes it.
    """
    return _action(
        enums_pb2.INVENTORY_ACTION_TYPE_CONSUME,
        details,
        lot=lot,
        quantity=quantity,
        source=source,
        destination=destination,
        unit=unit,
    )


def unconsume(
    lot: str,
    quantity: Quantity,
    *,
    destination: str,
    source: str | None = None,
    unit: str | None = None,
    **details: Unpack[RiseDetails],
) -> InventoryAction:
    """Stock of a lot rises at the destination: what was taken and not used comes back.

    The secondary lot is the lot that it comes back from.
    """
    return _action(
        enums_pb2.INVENTORY_ACTION_TYPE_UNCONSUME,
        details,
        lot=lot,
        quantity=quantity,
        destination=destination,
        source=source,
        unit=unit,
    )


def produce(
    lot: str,
    quantity: Quantity,
    *,
    destination: str,
    source: str | None = None,
    unit: str | None = None,
    increment_production_order_count: bool = False,
    **details: Unpack[RiseDetails],
) -> InventoryAction:
    """Stock of a lot rises at the destination: it is made.

    The secondary lot is the lot that produces it. `increment_production_order_count` adds the quantity to the
    production order's quantity_produced.
    """
    return _action(
        enums_pb2.INVENTORY_ACTION_TYPE_PRODUCE,
        details,
        lot=lot,
        quantity=quantity,
        destination=destination,
        source=source,
        unit=unit,
        increment_production_order_count=increment_production_order_count,
    )


def scrap(
    lot: str | None,
    quantity: Quantity,
    *,
    source: str,
    destination: str | None = None,
    unit: str | None = None,
    **details: Unpack[FlowDetails],
) -> InventoryAction:
    """Stock of a lot falls at the source, with any lot status: it is thrown away.

    Without a lot it is picked, like in `consume`. The secondary lot is the lot scrapped into.
    """
    return _action(
        enums_pb2.INVENTORY_ACTION_TYPE_SCRAP,
        details,
        lot=lot,
        quantity=quantity,
        source=source,
        destination=destination,
        unit=unit,
    )


def scrap_all(
    lot: str | None = None, *, source: str, destination: str | None = None, **details: Unpack[FlowDetails]
) -> InventoryAction:
    """The stock of a lot, or of every lot of the material, falls to zero at the source, with any lot status.

    There is one record for each lot; none if there was no stock.
    """
    return _action(enums_pb2.INVENTORY_ACTION_TYPE_SCRAP_ALL, details, lot=lot, source=source, destination=destination)


def return_lot(
    lot: str | None,
    quantity: Quantity,
    *,
    source: str,
    destination: str | None = None,
    unit: str | None = None,
    **details: Unpack[FlowDetails],
) -> InventoryAction:
    """Stock of a lot falls at the source, with any lot status: it goes back where it came from.

    Without a lot it is picked, like in `consume`. The secondary lot is the lot returned into.
    """
    return _action(
        enums_pb2.INVENTORY_ACTION_TYPE_RETURN,
        details,
        lot=lot,
        quantity=quantity,
        source=source,
        destination=destination,
        unit=unit,
    )


def receive(
    lot: str,
    quantity: Quantity,
    *,
    destination: str,
    source: str | None = None,
    unit: str | None = None,
    **details: Unpack[RiseDetails],
) -> InventoryAction:
    """Stock of a lot rises at the destination: it comes from outside.

    The secondary lot is the lot received from.
    """
    return _action(
        enums_pb2.INVENTORY_ACTION_TYPE_RECEIVE,
        details,
        lot=lot,
        quantity=quantity,
        destination=destination,
        source=source,
        unit=unit,
    )


def receive_and_consume(
    lot: str,
    quantity: Quantity,
    *,
    source: str,
    destination: str | None = None,
    unit: str | None = None,
    **details: Unpack[RiseDetails],
) -> InventoryAction:
    """A lot passes through the source: received and used up at once, no stock is kept.

    Two records, RECEIVE and CONSUME. The secondary lot is the lot that consumes it.
    """
    return _action(
        enums_pb2.INVENTORY_ACTION_TYPE_RECEIVE_AND_CONSUME,
        details,
        lot=lot,
        quantity=quantity,
        source=source,
        destination=destination,
        unit=unit,
    )


def ship(
    lot: str | None,
    quantity: Quantity,
    *,
    source: str,
    destination: str | None = None,
    unit: str | None = None,
    **details: Unpack[FlowDetails],
) -> InventoryAction:
    """Stock of a lot falls at the source: it goes to a customer.

    Without a lot it is picked, like in `consume`. The secondary lot is the lot shipped into.
    """
    return _action(
        enums_pb2.INVENTORY_ACTION_TYPE_SHIP,
        details,
        lot=lot,
        quantity=quantity,
        source=source,
        destination=destination,
        unit=unit,
    )


def move(
    lot: str,
    quantity: Quantity,
    *,
    source: str,
    destination: str,
    unit: str | None = None,
    inventory_name: str | None = None,
    **details: Unpack[Details],
) -> InventoryAction:
    """Stock of a lot falls at the source and rises at the destination.

    Without an inventory name it keeps that of the row at the source.
    """
    return _action(
        enums_pb2.INVENTORY_ACTION_TYPE_MOVE,
        details,
        lot=lot,
        quantity=quantity,
        source=source,
        destination=destination,
        unit=unit,
        inventory_name=inventory_name,
    )


def split(
    lot: str,
    quantity: Quantity,
    *,
    new_lot_name: str,
    source: str,
    unit: str | None = None,
    inventory_name: str | None = None,
    **details: Unpack[Details],
) -> InventoryAction:
    """Part of a lot's stock at the source becomes a new lot with this name, the record's secondary lot."""
    return _action(
        enums_pb2.INVENTORY_ACTION_TYPE_SPLIT,
        details,
        lot=lot,
        quantity=quantity,
        new_lot_name=new_lot_name,
        source=source,
        unit=unit,
        inventory_name=inventory_name,
    )


def merge(
    lot: str,
    secondary_lot: str,
    *,
    source: str,
    secondary_material: str | None = None,
    inventory_name: str | None = None,
    **details: Unpack[Details],
) -> InventoryAction:
    """All stock of the secondary lot at the source goes into the lot.

    The secondary lot is closed if it has no stock left anywhere.
    """
    return _action(
        enums_pb2.INVENTORY_ACTION_TYPE_MERGE,
        details,
        lot=lot,
        secondary_lot=secondary_lot,
        source=source,
        secondary_material=secondary_material,
        inventory_name=inventory_name,
    )


def edit_quantity(
    lot: str,
    quantity: Quantity,
    *,
    source: str,
    unit: str | None = None,
    inventory_name: str | None = None,
    **details: Unpack[Details],
) -> InventoryAction:
    """The stock that a lot had at the source at the action's end becomes the quantity, 0 or above.

    An exact quantity may be below 0 where the location allows that.

    The record's quantity is the difference, by which the stock of now changes. It is refused where there is a later
    count of the same stock.
    """
    return _action(
        enums_pb2.INVENTORY_ACTION_TYPE_EDIT,
        details,
        lot=lot,
        quantity=quantity,
        source=source,
        unit=unit,
        inventory_name=inventory_name,
    )


def change_status(lot: str, lot_status: enums_pb2.LotStatus.ValueType, **details: Unpack[Details]) -> InventoryAction:
    """The lot gets another status; no stock moves."""
    return _action(enums_pb2.INVENTORY_ACTION_TYPE_STATUS_CHANGE, details, lot=lot, lot_status=lot_status)


def _action(
    kind: enums_pb2.InventoryActionType.ValueType,
    details: Details | FlowDetails,
    *,
    quantity: Quantity | None = None,
    **own: str | float | None,
) -> InventoryAction:
    given: dict[str, Any] = {_FIELDS.get(name, name): value for name, value in (own | {**details}).items()}
    return InventoryAction(type=kind, quantity=double_of(quantity), exact_quantity=exact_of(quantity), **given)
