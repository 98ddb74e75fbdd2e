# Made by `python client/action_methods.py`; change client/action_table.py instead.
"""Stock that changes its place or its lot."""

from __future__ import annotations

from datetime import datetime

from lotkeeper._moments import millis_given
from lotkeeper._quantities import Quantity, double_of, exact_of
from lotkeeper._requests import made
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1.inventory_action_pb2 import InventoryAction


def move(
    lot: str,
    quantity: Quantity,
    *,
    source: str,
    destination: str,
    unit: str | None = None,
    inventory_name: str | None = None,
    material: str | None = None,
    production_order: str | None = None,
    operation_id: str | None = None,
    reason_code_id: str | None = None,
    start_date: datetime | None = None,
    start_date_millis: int | None = None,
    end_date: datetime | None = None,
    end_date_millis: int | None = None,
    notes: str | None = None,
    spare1: str | None = None,
    spare2: str | None = None,
    spare3: str | None = None,
) -> InventoryAction:
    """Stock of a lot falls at the source and rises at the destination.

    Args:
        lot: the lot, by ULID, or by name together with its material.
        quantity: above 0, in the unit, to 6 decimals; a float, which is rounded to them, or exact: a Decimal, an int or
            a text.
        source: the location where stock falls, by ULID or path.
        destination: the location where stock rises, by ULID or path.
        unit: the quantity's unit, by its symbol. Default: the lot's own.
        inventory_name: a pallet or LPN code. Default: that of the inventory row at the source.
        material: the lot's material, by ULID or path; needed if the lot is given by name, or picked. Default: the
            lot's.
        production_order: the production order, by ULID or name. Default: the one that the process operation currently
            has.
        operation_id: ULID of the process operation that it belongs to. Default: none.
        reason_code_id: ULID of the reason code. Default: none.
        start_date: when it began: a datetime with a time zone, cut to milliseconds. Default: now, or the end if that is
            earlier.
        start_date_millis: instead of `start_date`: the same in ms since the epoch, UTC.
        end_date: when it ended: a datetime with a time zone, cut to milliseconds. Default: now.
        end_date_millis: instead of `end_date`: the same in ms since the epoch, UTC.
        notes: free text on every record, at most 4,000 code points. Default: none.
        spare1: free for the plant's own use, at most 255 code points. Default: none.
        spare2: free for the plant's own use, at most 255 code points. Default: none.
        spare3: free for the plant's own use, at most 255 code points. Default: none.
    """
    return made(
        InventoryAction,
        type=enums_pb2.INVENTORY_ACTION_TYPE_MOVE,
        lot_id_or_name=lot,
        quantity=double_of(quantity),
        exact_quantity=exact_of(quantity),
        source_location_id_or_path=source,
        destination_location_id_or_path=destination,
        unit_of_measure_symbol=unit,
        inventory_name=inventory_name,
        material_id_or_path=material,
        production_order_id_or_name=production_order,
        operation_id=operation_id,
        material_reason_code_id=reason_code_id,
        start_date_millis=millis_given("start_date", start_date, start_date_millis),
        end_date_millis=millis_given("end_date", end_date, end_date_millis),
        notes=notes,
        spare1=spare1,
        spare2=spare2,
        spare3=spare3,
    )


def split(
    lot: str,
    quantity: Quantity,
    *,
    new_lot_name: str,
    source: str,
    unit: str | None = None,
    inventory_name: str | None = None,
    material: str | None = None,
    production_order: str | None = None,
    operation_id: str | None = None,
    reason_code_id: str | None = None,
    start_date: datetime | None = None,
    start_date_millis: int | None = None,
    end_date: datetime | None = None,
    end_date_millis: int | None = None,
    notes: str | None = None,
    spare1: str | None = None,
    spare2: str | None = None,
    spare3: str | None = None,
) -> InventoryAction:
    """Part of a lot's stock at the source becomes a new lot, the record's secondary lot.

    Args:
        lot: the lot, by ULID, or by name together with its material.
        quantity: above 0, in the unit, to 6 decimals; a float, which is rounded to them, or exact: a Decimal, an int or
            a text.
        new_lot_name: the name of the lot that is made; no lot of the material may have it.
        source: the location where the stock is, by ULID or path.
        unit: the quantity's unit, by its symbol. Default: the lot's own.
        inventory_name: a pallet or LPN code, on every record and on the inventory row that rises. Default: none.
        material: the lot's material, by ULID or path; needed if the lot is given by name, or picked. Default: the
            lot's.
        production_order: the production order, by ULID or name. Default: the one that the process operation currently
            has.
        operation_id: ULID of the process operation that it belongs to. Default: none.
        reason_code_id: ULID of the reason code. Default: none.
        start_date: when it began: a datetime with a time zone, cut to milliseconds. Default: now, or the end if that is
            earlier.
        start_date_millis: instead of `start_date`: the same in ms since the epoch, UTC.
        end_date: when it ended: a datetime with a time zone, cut to milliseconds. Default: now.
        end_date_millis: instead of `end_date`: the same in ms since the epoch, UTC.
        notes: free text on every record, at most 4,000 code points. Default: none.
        spare1: free for the plant's own use, at most 255 code points. Default: none.
        spare2: free for the plant's own use, at most 255 code points. Default: none.
        spare3: free for the plant's own use, at most 255 code points. Default: none.
    """
    return made(
        InventoryAction,
        type=enums_pb2.INVENTORY_ACTION_TYPE_SPLIT,
        lot_id_or_name=lot,
        quantity=double_of(quantity),
        exact_quantity=exact_of(quantity),
        new_lot_name=new_lot_name,
        source_location_id_or_path=source,
        unit_of_measure_symbol=unit,
        inventory_name=inventory_name,
        material_id_or_path=material,
        production_order_id_or_name=production_order,
        operation_id=operation_id,
        material_reason_code_id=reason_code_id,
        start_date_millis=millis_given("start_date", start_date, start_date_millis),
        end_date_millis=millis_given("end_date", end_date, end_date_millis),
        notes=notes,
        spare1=spare1,
        spare2=spare2,
        spare3=spare3,
    )


def merge(
    lot: str,
    secondary_lot: str,
    *,
    source: str,
    secondary_material: str | None = None,
    inventory_name: str | None = None,
    material: str | None = None,
    production_order: str | None = None,
    operation_id: str | None = None,
    reason_code_id: str | None = None,
    start_date: datetime | None = None,
    start_date_millis: int | None = None,
    end_date: datetime | None = None,
    end_date_millis: int | None = None,
    notes: str | None = None,
    spare1: str | None = None,
    spare2: str | None = None,
    spare3: str | None = None,
) -> InventoryAction:
    """All stock of the secondary lot at the source goes into the lot.

    The secondary lot is closed if it has no stock left anywhere.

    Args:
        lot: the lot, by ULID, or by name together with its material.
        secondary_lot: the lot that is merged away, by ULID, or by name together with its material.
        source: the location where the stock is, by ULID or path.
        secondary_material: the secondary lot's material, by ULID or path. Default: the lot's.
        inventory_name: a pallet or LPN code, on every record and on the inventory row that rises. Default: none.
        material: the lot's material, by ULID or path; needed if the lot is given by name, or picked. Default: the
            lot's.
        production_order: the production order, by ULID or name. Default: the one that the process operation currently
            has.
        operation_id: ULID of the process operation that it belongs to. Default: none.
        reason_code_id: ULID of the reason code. Default: none.
        start_date: when it began: a datetime with a time zone, cut to milliseconds. Default: now, or the end if that is
            earlier.
        start_date_millis: instead of `start_date`: the same in ms since the epoch, UTC.
        end_date: when it ended: a datetime with a time zone, cut to milliseconds. Default: now.
        end_date_millis: instead of `end_date`: the same in ms since the epoch, UTC.
        notes: free text on every record, at most 4,000 code points. Default: none.
        spare1: free for the plant's own use, at most 255 code points. Default: none.
        spare2: free for the plant's own use, at most 255 code points. Default: none.
        spare3: free for the plant's own use, at most 255 code points. Default: none.
    """
    return made(
        InventoryAction,
        type=enums_pb2.INVENTORY_ACTION_TYPE_MERGE,
        lot_id_or_name=lot,
        secondary_lot_id_or_name=secondary_lot,
        source_location_id_or_path=source,
        secondary_material_id_or_path=secondary_material,
        inventory_name=inventory_name,
        material_id_or_path=material,
        production_order_id_or_name=production_order,
        operation_id=operation_id,
        material_reason_code_id=reason_code_id,
        start_date_millis=millis_given("start_date", start_date, start_date_millis),
        end_date_millis=millis_given("end_date", end_date, end_date_millis),
        notes=notes,
        spare1=spare1,
        spare2=spare2,
        spare3=spare3,
    )
