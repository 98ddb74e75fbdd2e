# Made from _async/rearrangement.py by `python client/async_to_sync.py`; change that file instead.
# Made by `python client/action_methods.py`; change client/action_table.py instead.
"""Stock that changes its place or its lot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from lotkeeper import actions
from lotkeeper._quantities import Quantity
from lotkeeper._sync.acting import Acting
from lotkeeper.inventory.v1.inventory_lot_record_pb2 import InventoryLotRecord


class RearrangementMethods(Acting):
    """Stock that changes its place or its lot."""

    def move(
        self,
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
        request_id: str | None = None,
        validate_only: bool = False,
        timeout_seconds: float | None = None,
    ) -> Sequence[InventoryLotRecord]:
        """Stock of a lot falls at the source and rises at the destination.

        Args:
            lot: the lot, by ULID, or by name together with its material.
            quantity: above 0, in the unit, to 6 decimals; a float, which is rounded to them, or exact: a Decimal, an
                int or a text.
            source: the location where stock falls, by ULID or path.
            destination: the location where stock rises, by ULID or path.
            unit: the quantity's unit, by its symbol. Default: the lot's own.
            inventory_name: a pallet or LPN code. Default: that of the inventory row at the source.
            material: the lot's material, by ULID or path; needed if the lot is given by name, or picked. Default: the
                lot's.
            production_order: the production order, by ULID or name. Default: the one that the process operation
                currently has.
            operation_id: ULID of the process operation that it belongs to. Default: none.
            reason_code_id: ULID of the reason code. Default: none.
            start_date: when it began: a datetime with a time zone, cut to milliseconds. Default: now, or the end if
                that is earlier.
            start_date_millis: instead of `start_date`: the same in ms since the epoch, UTC.
            end_date: when it ended: a datetime with a time zone, cut to milliseconds. Default: now.
            end_date_millis: instead of `end_date`: the same in ms since the epoch, UTC.
            notes: free text on every record, at most 4,000 code points. Default: none.
            spare1: free for the plant's own use, at most 255 code points. Default: none.
            spare2: free for the plant's own use, at most 255 code points. Default: none.
            spare3: free for the plant's own use, at most 255 code points. Default: none.
            request_id: makes a retry safe: the same id never acts twice. Default: a new one.
            validate_only: does everything except the commit.
            timeout_seconds: how long it may take, retries included. Default: the client's.

        Returns:
            every record that it wrote, in order, the one of its type first.

        Raises:
            LotkeeperError: one of its subclasses; nothing was done.
        """
        action = actions.move(
            lot,
            quantity,
            source=source,
            destination=destination,
            unit=unit,
            inventory_name=inventory_name,
            material=material,
            production_order=production_order,
            operation_id=operation_id,
            reason_code_id=reason_code_id,
            start_date=start_date,
            start_date_millis=start_date_millis,
            end_date=end_date,
            end_date_millis=end_date_millis,
            notes=notes,
            spare1=spare1,
            spare2=spare2,
            spare3=spare3,
        )
        return self._act(action, request_id, validate_only, timeout_seconds)

    def split(
        self,
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
        request_id: str | None = None,
        validate_only: bool = False,
        timeout_seconds: float | None = None,
    ) -> Sequence[InventoryLotRecord]:
        """Part of a lot's stock at the source becomes a new lot, the record's secondary lot.

        Args:
            lot: the lot, by ULID, or by name together with its material.
            quantity: above 0, in the unit, to 6 decimals; a float, which is rounded to them, or exact: a Decimal, an
                int or a text.
            new_lot_name: the name of the lot that is made; no lot of the material may have it.
            source: the location where the stock is, by ULID or path.
            unit: the quantity's unit, by its symbol. Default: the lot's own.
            inventory_name: a pallet or LPN code, on every record and on the inventory row that rises. Default: none.
            material: the lot's material, by ULID or path; needed if the lot is given by name, or picked. Default: the
                lot's.
            production_order: the production order, by ULID or name. Default: the one that the process operation
                currently has.
            operation_id: ULID of the process operation that it belongs to. Default: none.
            reason_code_id: ULID of the reason code. Default: none.
            start_date: when it began: a datetime with a time zone, cut to milliseconds. Default: now, or the end if
                that is earlier.
            start_date_millis: instead of `start_date`: the same in ms since the epoch, UTC.
            end_date: when it ended: a datetime with a time zone, cut to milliseconds. Default: now.
            end_date_millis: instead of `end_date`: the same in ms since the epoch, UTC.
            notes: free text on every record, at most 4,000 code points. Default: none.
            spare1: free for the plant's own use, at most 255 code points. Default: none.
            spare2: free for the plant's own use, at most 255 code points. Default: none.
            spare3: free for the plant's own use, at most 255 code points. Default: none.
            request_id: makes a retry safe: the same id never acts twice. Default: a new one.
            validate_only: does everything except the commit.
            timeout_seconds: how long it may take, retries included. Default: the client's.

        Returns:
            every record that it wrote, in order, the one of its type first.

        Raises:
            LotkeeperError: one of its subclasses; nothing was done.
        """
        action = actions.split(
            lot,
            quantity,
            new_lot_name=new_lot_name,
            source=source,
            unit=unit,
            inventory_name=inventory_name,
            material=material,
            production_order=production_order,
            operation_id=operation_id,
            reason_code_id=reason_code_id,
            start_date=start_date,
            start_date_millis=start_date_millis,
            end_date=end_date,
            end_date_millis=end_date_millis,
            notes=notes,
            spare1=spare1,
            spare2=spare2,
            spare3=spare3,
        )
        return self._act(action, request_id, validate_only, timeout_seconds)

    def merge(
        self,
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
        request_id: str | None = None,
        validate_only: bool = False,
        timeout_seconds: float | None = None,
    ) -> Sequence[InventoryLotRecord]:
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
            production_order: the production order, by ULID or name. Default: the one that the process operation
                currently has.
            operation_id: ULID of the process operation that it belongs to. Default: none.
            reason_code_id: ULID of the reason code. Default: none.
            start_date: when it began: a datetime with a time zone, cut to milliseconds. Default: now, or the end if
                that is earlier.
            start_date_millis: instead of `start_date`: the same in ms since the epoch, UTC.
            end_date: when it ended: a datetime with a time zone, cut to milliseconds. Default: now.
            end_date_millis: instead of `end_date`: the same in ms since the epoch, UTC.
            notes: free text on every record, at most 4,000 code points. Default: none.
            spare1: free for the plant's own use, at most 255 code points. Default: none.
            spare2: free for the plant's own use, at most 255 code points. Default: none.
            spare3: free for the plant's own use, at most 255 code points. Default: none.
            request_id: makes a retry safe: the same id never acts twice. Default: a new one.
            validate_only: does everything except the commit.
            timeout_seconds: how long it may take, retries included. Default: the client's.

        Returns:
            every record that it wrote, in order, the one of its type first.

        Raises:
            LotkeeperError: one of its subclasses; nothing was done.
        """
        action = actions.merge(
            lot,
            secondary_lot,
            source=source,
            secondary_material=secondary_material,
            inventory_name=inventory_name,
            material=material,
            production_order=production_order,
            operation_id=operation_id,
            reason_code_id=reason_code_id,
            start_date=start_date,
            start_date_millis=start_date_millis,
            end_date=end_date,
            end_date_millis=end_date_millis,
            notes=notes,
            spare1=spare1,
            spare2=spare2,
            spare3=spare3,
        )
        return self._act(action, request_id, validate_only, timeout_seconds)
