# Made from _async/correction.py by `python client/async_to_sync.py`; change that file instead.
# Made by `python client/action_methods.py`; change client/action_table.py instead.
"""What a count or a quality check changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from lotkeeper import actions
from lotkeeper._quantities import Quantity
from lotkeeper._sync.acting import Acting
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1.inventory_lot_record_pb2 import InventoryLotRecord


class CorrectionMethods(Acting):
    """What a count or a quality check changes."""

    def edit_quantity(
        self,
        lot: str,
        quantity: Quantity,
        *,
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
        """The stock that a lot had at the source at the action's end becomes the quantity.

        The record's quantity is the difference, by which the stock of now changes. It is refused where there is a later
        count of the same stock.

        Args:
            lot: the lot, by ULID, or by name together with its material.
            quantity: 0 or above, an exact one also below 0 where the location allows that, in the unit, to 6 decimals;
                a float, which is rounded to them, or exact: a Decimal, an int or a text.
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
        action = actions.edit_quantity(
            lot,
            quantity,
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

    def change_status(
        self,
        lot: str,
        lot_status: enums_pb2.LotStatus.ValueType,
        *,
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
        """The lot gets another status; no stock moves.

        Args:
            lot: the lot, by ULID, or by name together with its material.
            lot_status: the new status, such as LOT_STATUS_QA_HOLD.
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
        action = actions.change_status(
            lot,
            lot_status,
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
