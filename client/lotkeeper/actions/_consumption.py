# Made by `python client/action_methods.py`; change client/action_table.py instead.
"""What production uses up, and what goes back."""

from __future__ import annotations

from datetime import datetime

from lotkeeper._moments import millis_given
from lotkeeper._quantities import Quantity, double_of, exact_of
from lotkeeper._requests import made
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1.inventory_action_pb2 import InventoryAction


def consume(
    lot: str | None,
    quantity: Quantity,
    *,
    source: str,
    destination: str | None = None,
    unit: str | None = None,
    secondary_lot: str | None = None,
    secondary_material: str | None = None,
    create_lot_if_not_found: bool = False,
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
    """Stock of a lot falls at the source: it is used up.

    Without a lot it is picked from the material's lots at the source, with one record for each lot.

    Args:
        lot: the lot, by ULID, or by name together with its material. None: picked from the material's lots at the
            source.
        quantity: above 0, in the unit, to 6 decimals; a float, which is rounded to them, or exact: a Decimal, an int or
            a text.
        source: the location where stock falls, by ULID or path.
        destination: the location that it goes to, by ULID or path, for the record only: nothing moves there. Default:
            none.
        unit: the quantity's unit, by its symbol. Default: the lot's own, for a pick the material's.
        secondary_lot: the lot that consumes it, by ULID, or by name together with its material. Default: none.
        secondary_material: the secondary lot's material, by ULID or path; needed if that is given by name.
        create_lot_if_not_found: makes the secondary lot if it is named and does not exist.
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
        type=enums_pb2.INVENTORY_ACTION_TYPE_CONSUME,
        lot_id_or_name=lot,
        quantity=double_of(quantity),
        exact_quantity=exact_of(quantity),
        source_location_id_or_path=source,
        destination_location_id_or_path=destination,
        unit_of_measure_symbol=unit,
        secondary_lot_id_or_name=secondary_lot,
        secondary_material_id_or_path=secondary_material,
        create_lot_if_not_found=create_lot_if_not_found,
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


def unconsume(
    lot: str,
    quantity: Quantity,
    *,
    destination: str,
    source: str | None = None,
    unit: str | None = None,
    secondary_lot: str | None = None,
    secondary_material: str | None = None,
    create_lot_if_not_found: bool = False,
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
    lot_expiration_date: datetime | None = None,
    lot_expiration_date_millis: int | None = None,
    supplier_lot_name: str | None = None,
) -> InventoryAction:
    """Stock of a lot rises at the destination: what was taken and not used comes back.

    Args:
        lot: the lot, by ULID, or by name together with its material.
        quantity: above 0, in the unit, to 6 decimals; a float, which is rounded to them, or exact: a Decimal, an int or
            a text.
        destination: the location where stock rises, by ULID or path.
        source: the location that it comes from, by ULID or path, for the record only: nothing moves there. Default:
            none.
        unit: the quantity's unit, by its symbol. Default: the lot's own.
        secondary_lot: the lot that it comes back from, by ULID, or by name together with its material. Default: none.
        secondary_material: the secondary lot's material, by ULID or path; needed if that is given by name.
        create_lot_if_not_found: makes the lot, and the secondary lot, if it is named and does not exist.
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
        lot_expiration_date: when the lot expires; a lot that is made gets it, one that is there must have the same: a
            datetime with a time zone, cut to milliseconds. Default: by shelf life.
        lot_expiration_date_millis: instead of `lot_expiration_date`: the same in ms since the epoch, UTC.
        supplier_lot_name: the lot's number at its supplier; a lot that is made gets it, one that is there must have the
            same. Default: none.
    """
    return made(
        InventoryAction,
        type=enums_pb2.INVENTORY_ACTION_TYPE_UNCONSUME,
        lot_id_or_name=lot,
        quantity=double_of(quantity),
        exact_quantity=exact_of(quantity),
        destination_location_id_or_path=destination,
        source_location_id_or_path=source,
        unit_of_measure_symbol=unit,
        secondary_lot_id_or_name=secondary_lot,
        secondary_material_id_or_path=secondary_material,
        create_lot_if_not_found=create_lot_if_not_found,
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
        lot_expiration_date_millis=millis_given("lot_expiration_date", lot_expiration_date, lot_expiration_date_millis),
        supplier_lot_name=supplier_lot_name,
    )


def return_lot(
    lot: str | None,
    quantity: Quantity,
    *,
    source: str,
    destination: str | None = None,
    unit: str | None = None,
    secondary_lot: str | None = None,
    secondary_material: str | None = None,
    create_lot_if_not_found: bool = False,
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
    """Stock of a lot falls at the source, with any lot status: it goes back where it came from.

    Without a lot it is picked, like in `consume`.

    Args:
        lot: the lot, by ULID, or by name together with its material. None: picked from the material's lots at the
            source.
        quantity: above 0, in the unit, to 6 decimals; a float, which is rounded to them, or exact: a Decimal, an int or
            a text.
        source: the location where stock falls, by ULID or path.
        destination: the location that it goes to, by ULID or path, for the record only: nothing moves there. Default:
            none.
        unit: the quantity's unit, by its symbol. Default: the lot's own, for a pick the material's.
        secondary_lot: the lot returned into, by ULID, or by name together with its material. Default: none.
        secondary_material: the secondary lot's material, by ULID or path; needed if that is given by name.
        create_lot_if_not_found: makes the secondary lot if it is named and does not exist.
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
        type=enums_pb2.INVENTORY_ACTION_TYPE_RETURN,
        lot_id_or_name=lot,
        quantity=double_of(quantity),
        exact_quantity=exact_of(quantity),
        source_location_id_or_path=source,
        destination_location_id_or_path=destination,
        unit_of_measure_symbol=unit,
        secondary_lot_id_or_name=secondary_lot,
        secondary_material_id_or_path=secondary_material,
        create_lot_if_not_found=create_lot_if_not_found,
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
