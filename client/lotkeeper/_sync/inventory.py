# Made from _async/inventory.py by `python client/async_to_sync.py`; change that file instead.
"""Stock, its history, and what changes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from lotkeeper._moments import millis_given
from lotkeeper._pages import Pages
from lotkeeper._quantities import Quantity, double_of, exact_of
from lotkeeper._requests import made
from lotkeeper._sync.lots import LotMethods
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1 import inventory_service_pb2 as pb
from lotkeeper.inventory.v1.inventory_action_pb2 import InventoryAction
from lotkeeper.inventory.v1.inventory_lot_record_pb2 import InventoryLotRecord
from lotkeeper.inventory.v1.inventory_pb2 import Inventory, InventorySummary


class InventoryMethods(LotMethods):
    """Stock, its history, and what changes them."""

    def execute_inventory_actions(
        self,
        actions: Iterable[InventoryAction],
        *,
        request_id: str | None = None,
        validate_only: bool = False,
        timeout_seconds: float | None = None,
    ) -> pb.ExecuteInventoryActionsResponse:
        """Applies actions in their order, each seeing the effects of those before it: all of them, or none.

        A refusal's `index` says which action was refused.

        Args:
            actions: 1 to 1,000.
            request_id: makes a retry safe. Default: a new one.
            validate_only: does everything except the commit.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(
            pb.ExecuteInventoryActionsRequest,
            actions=actions,
            request_id=request_id or None,
            validate_only=validate_only,
        )
        return self._call(request, pb.ExecuteInventoryActionsResponse, timeout_seconds)

    def reverse_inventory_lot_record(
        self,
        inventory_lot_record_id: str,
        *,
        notes: str | None = None,
        request_id: str | None = None,
        validate_only: bool = False,
        timeout_seconds: float | None = None,
    ) -> InventoryLotRecord:
        """Undoes a completed record by a new one with the opposite changes, and returns that.

        Args:
            inventory_lot_record_id: ULID of the record to undo.
            notes: why, on the new record.
            request_id: makes a retry safe. Default: a new one.
            validate_only: does everything except the commit.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(
            pb.ReverseInventoryLotRecordRequest,
            inventory_lot_record_id=inventory_lot_record_id,
            notes=notes,
            request_id=request_id or None,
            validate_only=validate_only,
        )
        response = self._call(request, pb.ReverseInventoryLotRecordResponse, timeout_seconds)
        return response.inventory_lot_record

    def annotate_inventory_lot_record(
        self,
        inventory_lot_record_id: str,
        *,
        notes: str | None = None,
        spare1: str | None = None,
        spare2: str | None = None,
        spare3: str | None = None,
        timeout_seconds: float | None = None,
    ) -> InventoryLotRecord:
        """Changes a record's notes and spares, and returns it; nothing else of a record ever changes.

        What is left out stays as it is, an empty text clears.

        Args:
            inventory_lot_record_id: ULID of the record.
            notes: free text, at most 4,000 code points.
            spare1: free for the plant's own use, at most 255 code points.
            spare2: free for the plant's own use, at most 255 code points.
            spare3: free for the plant's own use, at most 255 code points.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(
            pb.AnnotateInventoryLotRecordRequest,
            inventory_lot_record_id=inventory_lot_record_id,
            notes=notes,
            spare1=spare1,
            spare2=spare2,
            spare3=spare3,
        )
        response = self._call(request, pb.AnnotateInventoryLotRecordResponse, timeout_seconds)
        return response.inventory_lot_record

    def set_inventory_metadata(
        self,
        lot_id_or_name: str,
        location_id_or_path: str,
        *,
        material_id_or_path: str | None = None,
        name: str | None = None,
        production_order_id_or_name: str | None = None,
        timeout_seconds: float | None = None,
    ) -> Inventory:
        """Changes the name and the production order of an inventory row, and returns it.

        Args:
            lot_id_or_name: the row's lot, by ULID, or by name with the material.
            location_id_or_path: the row's location.
            material_id_or_path: the material within which the lot's name is meant.
            name: a pallet or LPN code; an empty text clears it. Default: stays as it is.
            production_order_id_or_name: the order; an empty text clears it. Default: stays as it is.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(
            pb.SetInventoryMetadataRequest,
            lot_id_or_name=lot_id_or_name,
            material_id_or_path=material_id_or_path,
            location_id_or_path=location_id_or_path,
            name=name,
            production_order_id_or_name=production_order_id_or_name,
        )
        response = self._call(request, pb.SetInventoryMetadataResponse, timeout_seconds)
        return response.inventory

    def check_location_has_capacity(
        self,
        location_id_or_path: str,
        quantity: Quantity,
        *,
        unit_of_measure_id: str | None = None,
        unit_of_measure_name: str | None = None,
        unit_of_measure_symbol: str | None = None,
        material_id_or_path: str | None = None,
        timeout_seconds: float | None = None,
    ) -> pb.CheckLocationHasCapacityResponse:
        """Whether a location has room for a quantity, and how much there is; changes nothing.

        Args:
            location_id_or_path: the location.
            quantity: 0 or above.
            unit_of_measure_id: the quantity's unit, by one of the three.
            unit_of_measure_name: the unit by its name.
            unit_of_measure_symbol: the unit by its symbol.
            material_id_or_path: the material to store. Default: only conversions for every material are used.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(
            pb.CheckLocationHasCapacityRequest,
            location_id_or_path=location_id_or_path,
            quantity=double_of(quantity) or 0.0,
            exact_quantity=exact_of(quantity),
            unit_of_measure_id=unit_of_measure_id,
            unit_of_measure_name=unit_of_measure_name,
            unit_of_measure_symbol=unit_of_measure_symbol,
            material_id_or_path=material_id_or_path,
        )
        return self._read(request, pb.CheckLocationHasCapacityResponse, timeout_seconds)

    def list_inventory(
        self,
        *,
        location_id_or_path: str | None = None,
        include_children: bool = False,
        lot_id_or_name: str | None = None,
        material_id_or_path: str | None = None,
        inventory_name: str | None = None,
        include_empty: bool = False,
        as_of: datetime | None = None,
        as_of_millis: int | None = None,
        page_size: int = 0,
        timeout_seconds: float | None = None,
    ) -> Pages[Inventory]:
        """The stock that passes every filter that is given, by location id, then lot id.

        Args:
            location_id_or_path: only at this location.
            include_children: with a location: also what lies below it.
            lot_id_or_name: only of this lot; a name needs the material, too.
            material_id_or_path: only of this material.
            inventory_name: only rows of this name.
            include_empty: also rows of zero.
            as_of: the stock at this moment, a datetime with a time zone. Default: now. Not together with a name.
            as_of_millis: instead of `as_of`: the same in ms since the epoch, UTC.
            page_size: how many a call brings, at most 1,000. Default: the server's.
            timeout_seconds: of each call. Default: the client's.
        """
        request = made(
            pb.ListInventoryRequest,
            location_id_or_path=location_id_or_path,
            include_children=include_children,
            lot_id_or_name=lot_id_or_name,
            material_id_or_path=material_id_or_path,
            inventory_name=inventory_name,
            include_empty=include_empty,
            as_of_millis=millis_given("as_of", as_of, as_of_millis),
            page_size=page_size,
        )
        return self._pages(request, pb.ListInventoryResponse, lambda page: page.inventory, timeout_seconds)

    def summarize_inventory(
        self,
        group_by: Sequence[enums_pb2.InventoryGroupBy.ValueType],
        *,
        location_id_or_path: str | None = None,
        include_children: bool = False,
        lot_id_or_name: str | None = None,
        material_id_or_path: str | None = None,
        inventory_name: str | None = None,
        include_empty: bool = False,
        as_of: datetime | None = None,
        as_of_millis: int | None = None,
        page_size: int = 0,
        timeout_seconds: float | None = None,
    ) -> Pages[InventorySummary]:
        """Sums of the stock that passes every filter that is given, in the materials' units.

        Args:
            group_by: one summary for each combination of these; at least one.
            location_id_or_path: only at this location.
            include_children: with a location: also what lies below it.
            lot_id_or_name: only of this lot; a name needs the material, too.
            material_id_or_path: only of this material.
            inventory_name: only rows of this name.
            include_empty: also rows of zero.
            as_of: the stock at this moment, a datetime with a time zone. Default: now. Not together with a name.
            as_of_millis: instead of `as_of`: the same in ms since the epoch, UTC.
            page_size: how many a call brings, at most 1,000. Default: the server's.
            timeout_seconds: of each call. Default: the client's.
        """
        request = made(
            pb.SummarizeInventoryRequest,
            group_by=group_by,
            location_id_or_path=location_id_or_path,
            include_children=include_children,
            lot_id_or_name=lot_id_or_name,
            material_id_or_path=material_id_or_path,
            inventory_name=inventory_name,
            include_empty=include_empty,
            as_of_millis=millis_given("as_of", as_of, as_of_millis),
            page_size=page_size,
        )
        response_class = pb.SummarizeInventoryResponse
        return self._pages(request, response_class, lambda page: page.inventory_summaries, timeout_seconds)

    def list_inventory_lot_records(
        self,
        *,
        lot_id_or_name: str | None = None,
        material_id_or_path: str | None = None,
        inventory_operation_id: str | None = None,
        lot_record_types: Sequence[enums_pb2.LotRecordType.ValueType] = (),
        statuses: Sequence[enums_pb2.Status.ValueType] = (),
        start_date: datetime | None = None,
        start_date_millis: int | None = None,
        end_date: datetime | None = None,
        end_date_millis: int | None = None,
        production_order_id_or_name: str | None = None,
        material_reason_code_id: str | None = None,
        location_id_or_path: str | None = None,
        include_children: bool = False,
        oldest_first: bool = False,
        page_size: int = 0,
        timeout_seconds: float | None = None,
    ) -> Pages[InventoryLotRecord]:
        """The records that pass every given filter, newest first by their end (for a running one, its start).

        Args:
            lot_id_or_name: only of this lot, primary or secondary; a name needs the material, too.
            material_id_or_path: only of this material.
            inventory_operation_id: only of this inventory operation.
            lot_record_types: only of these types. Default: all.
            statuses: only of these statuses. Default: all.
            start_date: only those at or after this moment, a datetime with a time zone. Default: all.
            start_date_millis: instead of `start_date`: the same in ms since the epoch, UTC.
            end_date: only those before this moment, a datetime with a time zone. Default: all.
            end_date_millis: instead of `end_date`: the same in ms since the epoch, UTC.
            production_order_id_or_name: only of this production order.
            material_reason_code_id: only of this reason code.
            location_id_or_path: only those that have this location as source or destination.
            include_children: with a location: also those of locations below it.
            oldest_first: oldest first: the exact reverse order.
            page_size: how many a call brings, at most 1,000. Default: the server's.
            timeout_seconds: of each call. Default: the client's.
        """
        request = made(
            pb.ListInventoryLotRecordsRequest,
            lot_id_or_name=lot_id_or_name,
            material_id_or_path=material_id_or_path,
            inventory_operation_id=inventory_operation_id,
            lot_record_types=lot_record_types,
            statuses=statuses,
            start_date_millis=millis_given("start_date", start_date, start_date_millis),
            end_date_millis=millis_given("end_date", end_date, end_date_millis),
            production_order_id_or_name=production_order_id_or_name,
            material_reason_code_id=material_reason_code_id,
            location_id_or_path=location_id_or_path,
            include_children=include_children,
            oldest_first=oldest_first,
            page_size=page_size,
        )
        response_class = pb.ListInventoryLotRecordsResponse
        return self._pages(request, response_class, lambda page: page.inventory_lot_records, timeout_seconds)

    def get_inventory_lot_record(
        self, inventory_lot_record_id: str, *, timeout_seconds: float | None = None
    ) -> InventoryLotRecord:
        """Reads a record.

        Args:
            inventory_lot_record_id: its ULID.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(pb.GetInventoryLotRecordRequest, inventory_lot_record_id=inventory_lot_record_id)
        response = self._read(request, pb.GetInventoryLotRecordResponse, timeout_seconds)
        return response.inventory_lot_record
