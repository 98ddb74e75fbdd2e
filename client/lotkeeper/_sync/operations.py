# Made from _async/operations.py by `python client/async_to_sync.py`; change that file instead.
"""Runs inventory operations, and reads and changes their definitions."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from datetime import datetime

from lotkeeper._moments import millis_given
from lotkeeper._quantities import Quantity, double_of, exact_of
from lotkeeper._requests import made, mask
from lotkeeper._retrying import with_request_id
from lotkeeper._sync.definitions import DefinitionMethods
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb
from lotkeeper.inventory.v1.inventory_lot_record_pb2 import InventoryLotRecord
from lotkeeper.inventory.v1.inventory_operation_pb2 import InventoryOperation


class OperationMethods(DefinitionMethods):
    """Inventory operations: run, read, saved, imported and exported."""

    def execute_inventory_operation(
        self,
        inventory_operation_id: str,
        primary_lot_id_or_name: str | None = None,
        quantity: Quantity | None = None,
        secondary_lot_id_or_name: str | None = None,
        material_id_or_path: str | None = None,
        inventory_name: str | None = None,
        start_date_millis: int | None = None,
        end_date_millis: int | None = None,
        *,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
        lot_expiration_date: datetime | None = None,
        lot_expiration_date_millis: int | None = None,
        supplier_lot_name: str | None = None,
        request_id: str | None = None,
        validate_only: bool = False,
        timeout_seconds: float | None = None,
    ) -> InventoryLotRecord:
        """Runs an inventory operation, or stops it if it is running; returns the record of the operation.

        Args:
            inventory_operation_id: ULID of the operation.
            primary_lot_id_or_name: the lot. Default: the operation's strategy decides.
            quantity: in the operation's unit; needed by every type except SCRAP_ALL.
            secondary_lot_id_or_name: the lot that it goes into or comes from. Default: the operation's strategy
                decides.
            material_id_or_path: the material. Default: the operation's.
            inventory_name: a pallet or LPN code. Default: the operation's strategy decides.
            start_date_millis: instead of `start_date`: the same in ms since the epoch, UTC.
            end_date_millis: instead of `end_date`: the same in ms since the epoch, UTC.
            start_date: when it began: a datetime with a time zone, cut to milliseconds. Default: now.
            end_date: when it ended: a datetime with a time zone, cut to milliseconds. Default: now.
            lot_expiration_date: when the lot expires, where it is made: a datetime with a time zone, cut to
                milliseconds; a lot that is there must have this date. Only where stock comes in. Default: by shelf
                life.
            lot_expiration_date_millis: instead of `lot_expiration_date`: the same in ms since the epoch, UTC.
            supplier_lot_name: the lot's number at its supplier, by the same rules. Default: none.
            request_id: makes a retry safe: the same id never acts twice. Default: a new one.
            validate_only: does everything except the commit.
            timeout_seconds: of this call. Default: the client's.

        Raises:
            LotkeeperError: one of its subclasses.
        """
        response = self.execute(
            made(
                pb.ExecuteInventoryOperationRequest,
                inventory_operation_id=inventory_operation_id,
                primary_lot_id_or_name=primary_lot_id_or_name or "",
                quantity=double_of(quantity),
                exact_quantity=exact_of(quantity),
                secondary_lot_id_or_name=secondary_lot_id_or_name,
                material_id_or_path=material_id_or_path,
                inventory_name=inventory_name,
                start_date_millis=millis_given("start_date", start_date, start_date_millis),
                end_date_millis=millis_given("end_date", end_date, end_date_millis),
                lot_expiration_date_millis=millis_given(
                    "lot_expiration_date", lot_expiration_date, lot_expiration_date_millis
                ),
                supplier_lot_name=supplier_lot_name,
                request_id=request_id or "",
                validate_only=validate_only,
            ),
            timeout_seconds=timeout_seconds,
        )
        return response.inventory_lot_record

    def execute(
        self,
        request: pb.ExecuteInventoryOperationRequest,
        *,
        timeout_seconds: float | None = None,
    ) -> pb.ExecuteInventoryOperationResponse:
        """Runs an inventory operation; returns the whole answer, with every record that was written.

        Args:
            request: a request id is added to a copy of it, unless it has one.
            timeout_seconds: of this call. Default: the client's.
        """
        if self._coalescing is None or request.validate_only:  # a batch has no dry runs in it
            return self._call(request, pb.ExecuteInventoryOperationResponse, timeout_seconds)
        sent = pb.ExecuteInventoryOperationRequest()
        sent.CopyFrom(request)
        with_request_id(sent)
        return self._coalescing.execute(sent, self._timeout(timeout_seconds))

    def start_inventory_operation(
        self,
        inventory_operation_id: str,
        *,
        primary_lot_id_or_name: str | None = None,
        secondary_lot_id_or_name: str | None = None,
        material_id_or_path: str | None = None,
        inventory_name: str | None = None,
        start_date: datetime | None = None,
        start_date_millis: int | None = None,
        lot_expiration_date: datetime | None = None,
        lot_expiration_date_millis: int | None = None,
        supplier_lot_name: str | None = None,
        request_id: str | None = None,
        validate_only: bool = False,
        timeout_seconds: float | None = None,
    ) -> InventoryLotRecord:
        """Starts an operation; returns its record.

        Args:
            inventory_operation_id: ULID of the operation.
            primary_lot_id_or_name: the lot. Default: the operation's strategy decides.
            secondary_lot_id_or_name: the lot that it goes into or comes from. Default: the operation's strategy
                decides.
            material_id_or_path: the material. Default: the operation's.
            inventory_name: a pallet or LPN code. Default: the operation's strategy decides.
            start_date: when it began: a datetime with a time zone, cut to milliseconds. Default: now.
            start_date_millis: instead of `start_date`: the same in ms since the epoch, UTC.
            lot_expiration_date: when the lot expires, where it is made: a datetime with a time zone, cut to
                milliseconds; a lot that is there must have this date. Only where stock comes in. Default: by shelf
                life.
            lot_expiration_date_millis: instead of `lot_expiration_date`: the same in ms since the epoch, UTC.
            supplier_lot_name: the lot's number at its supplier, by the same rules. Default: none.
            request_id: makes a retry safe: the same id never acts twice. Default: a new one.
            validate_only: does everything except the commit.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(
            pb.StartInventoryOperationRequest,
            inventory_operation_id=inventory_operation_id,
            primary_lot_id_or_name=primary_lot_id_or_name or "",
            secondary_lot_id_or_name=secondary_lot_id_or_name,
            material_id_or_path=material_id_or_path,
            inventory_name=inventory_name,
            start_date_millis=millis_given("start_date", start_date, start_date_millis),
            lot_expiration_date_millis=millis_given(
                "lot_expiration_date", lot_expiration_date, lot_expiration_date_millis
            ),
            supplier_lot_name=supplier_lot_name,
            request_id=request_id or "",
            validate_only=validate_only,
        )
        response = self._call(request, pb.StartInventoryOperationResponse, timeout_seconds)
        return response.inventory_lot_record

    def stop_inventory_operation(
        self,
        inventory_operation_id: str,
        quantity: Quantity | None = None,
        *,
        inventory_name: str | None = None,
        end_date: datetime | None = None,
        end_date_millis: int | None = None,
        request_id: str | None = None,
        validate_only: bool = False,
        timeout_seconds: float | None = None,
    ) -> pb.StopInventoryOperationResponse:
        """Completes what a start began; returns the record that was running, and every record that was written.

        Args:
            inventory_operation_id: ULID of the operation.
            quantity: in the operation's unit; needed by every type except SCRAP_ALL.
            inventory_name: a pallet or LPN code. Default: the one that the start fixed.
            end_date: when it ended: a datetime with a time zone, cut to milliseconds. Default: now, or the start if
                that is later.
            end_date_millis: instead of `end_date`: the same in ms since the epoch, UTC.
            request_id: makes a retry safe: the same id never acts twice. Default: a new one.
            validate_only: does everything except the commit.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(
            pb.StopInventoryOperationRequest,
            inventory_operation_id=inventory_operation_id,
            quantity=double_of(quantity),
            exact_quantity=exact_of(quantity),
            inventory_name=inventory_name,
            end_date_millis=millis_given("end_date", end_date, end_date_millis),
            request_id=request_id or "",
            validate_only=validate_only,
        )
        return self._call(request, pb.StopInventoryOperationResponse, timeout_seconds)

    def cancel_inventory_operation(
        self,
        inventory_operation_id: str,
        *,
        request_id: str | None = None,
        timeout_seconds: float | None = None,
    ) -> InventoryLotRecord:
        """Ends what a start began and moves no stock; returns the record, CANCELLED.

        Args:
            inventory_operation_id: ULID of the operation.
            request_id: makes a retry safe: the same id never acts twice. Default: a new one.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(
            pb.CancelInventoryOperationRequest,
            inventory_operation_id=inventory_operation_id,
            request_id=request_id or "",
        )
        response = self._call(request, pb.CancelInventoryOperationResponse, timeout_seconds)
        return response.inventory_lot_record

    def batch_execute_inventory_operations(
        self,
        requests: Iterable[pb.ExecuteInventoryOperationRequest],
        *,
        all_or_nothing: bool = False,
        validate_only: bool = False,
        timeout_seconds: float | None = None,
    ) -> Sequence[pb.BatchExecuteResult]:
        """Runs up to 1,000 requests in order, in one transaction; returns a result for each.

        Args:
            requests: each gets a request id, unless it has one.
            all_or_nothing: whether one refusal undoes all and is raised; otherwise it is in its result's `status`.
            validate_only: does everything except the commit.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(
            pb.BatchExecuteInventoryOperationsRequest,
            requests=requests,
            all_or_nothing=all_or_nothing,
            validate_only=validate_only,
        )
        response = self._call(request, pb.BatchExecuteInventoryOperationsResponse, timeout_seconds)
        return response.results

    def get_inventory_operation_status(
        self, inventory_operation_id: str, *, timeout_seconds: float | None = None
    ) -> pb.GetInventoryOperationStatusResponse:
        """Reads the status of an operation's run.

        Args:
            inventory_operation_id: ULID of the operation.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(pb.GetInventoryOperationStatusRequest, inventory_operation_id=inventory_operation_id)
        return self._read(request, pb.GetInventoryOperationStatusResponse, timeout_seconds)

    def validate_inventory_operation(
        self,
        inventory_operation: InventoryOperation,
        *,
        update_mask: Sequence[str] | None = None,
        timeout_seconds: float | None = None,
    ) -> Sequence[pb.FieldViolation]:
        """Says everything that a save would refuse; empty if it would be saved.

        Args:
            inventory_operation: what would be saved.
            update_mask: the fields that would be updated, by their proto names. Default: every field.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(
            pb.ValidateInventoryOperationRequest, inventory_operation=inventory_operation, update_mask=mask(update_mask)
        )
        response = self._read(request, pb.ValidateInventoryOperationResponse, timeout_seconds)
        return response.violations

    def list_permissions(self, *, timeout_seconds: float | None = None) -> pb.ListPermissionsResponse:
        """Every permission there is, and what the caller's roles grant.

        Args:
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(pb.ListPermissionsRequest)
        return self._read(request, pb.ListPermissionsResponse, timeout_seconds)

    def get_inventory_operation_references(
        self, inventory_operation_id: str, *, timeout_seconds: float | None = None
    ) -> Sequence[pb.EntityReference]:
        """What refers to an operation, one entry for each kind of entity; empty if it can be deleted.

        Args:
            inventory_operation_id: ULID of the operation.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(pb.GetInventoryOperationReferencesRequest, inventory_operation_id=inventory_operation_id)
        response = self._read(request, pb.GetInventoryOperationReferencesResponse, timeout_seconds)
        return response.references

    def export_inventory_operations(
        self,
        *,
        export_format: enums_pb2.ExportFormat.ValueType,
        location_ids_or_paths: Sequence[str] = (),
        timeout_seconds: float | None = None,
    ) -> Generator[bytes, None, None]:
        """The definitions as one file, in pieces, ordered by name, then id; an import can read it.

        Args:
            export_format: EXPORT_FORMAT_CSV or EXPORT_FORMAT_JSON, one object on each line.
            location_ids_or_paths: only those that have one of these, or one below them, as source or destination.
                Default: all.
            timeout_seconds: until the last piece. Default: the client's.
        """
        request = made(
            pb.ExportInventoryOperationsRequest, format=export_format, location_ids_or_paths=location_ids_or_paths
        )
        return self._download(request, pb.ExportInventoryOperationsResponse, timeout_seconds)

    def import_inventory_operations(
        self,
        pieces: bytes | Iterable[bytes],
        *,
        export_format: enums_pb2.ExportFormat.ValueType,
        keep_good_rows: bool = False,
        validate_only: bool = False,
        timeout_seconds: float | None = None,
    ) -> pb.ImportInventoryOperationsResponse:
        """Creates and updates definitions from a file; returns what was done, with every row that failed.

        Look at `failed`: a failed row does not make the call fail.

        Args:
            pieces: the file, whole or in pieces of any size; for example a file opened to read bytes.
            export_format: EXPORT_FORMAT_CSV or EXPORT_FORMAT_JSON, one object on each line.
            keep_good_rows: saves the good rows; otherwise one failed row undoes all.
            validate_only: does everything except the commit.
            timeout_seconds: of the whole import. Default: the client's.
        """
        first = made(
            pb.ImportInventoryOperationsRequest,
            format=export_format,
            keep_good_rows=keep_good_rows,
            validate_only=validate_only,
        )
        return self._upload(first, pieces, pb.ImportInventoryOperationsResponse, timeout_seconds)
