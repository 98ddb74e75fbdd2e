"""The client. Made from `_async_client.py` by `python client/async_to_sync.py`; change that one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import TypeVar

import grpc
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from lotkeeper._retrying import Repeatable, with_request_id
from lotkeeper._tokens import find_token
from lotkeeper._transport import Transport
from lotkeeper.inventory.v1 import (
    enums_pb2,
    inventory_lot_pb2,
    inventory_lot_record_pb2,
    inventory_operation_pb2,
    inventory_operation_service_pb2,
    inventory_pb2,
    inventory_service_pb2,
    master_data_pb2,
    master_data_service_pb2,
)

DEFAULT_TIMEOUT_SECONDS = 30.0
_PACKAGE = "lotkeeper.inventory.v1"
_OPERATIONS = "InventoryOperationService"
Response = TypeVar("Response", bound=Message)


class Client:
    """Calls a Lotkeeper server. Close it, or use it in an `with` block.

    Every call has a deadline. On UNAVAILABLE, reads and calls that carry a request id are retried inside it; the
    client makes a request id where the caller gives none. A caller that must survive its own restart passes one that
    it stored before.
    """

    def __init__(
        self,
        address: str,
        *,
        token: str | None = None,
        channel_credentials: grpc.ChannelCredentials | None = None,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    ) -> None:
        """Connects with the first call.

        Args:
            address: HOST:PORT.
            token: the bearer token. Default: LOTKEEPER_TOKEN, else that of a development server on this machine.
            channel_credentials: for TLS, `grpc.ssl_channel_credentials()`. Default: none, plain text.
            timeout_seconds: how long a call may take, retries included.
        """
        self._timeout_seconds = timeout_seconds
        self._transport = Transport(address, token or find_token(address), channel_credentials)

    def __enter__(self) -> Client:
        """The client itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Closes the client."""
        self.close()

    def close(self) -> None:
        """Closes the connection."""
        self._transport.close()

    def execute_inventory_operation(
        self,
        inventory_operation_id: str,
        primary_lot_id_or_name: str | None = None,
        quantity: float | None = None,
        secondary_lot_id_or_name: str | None = None,
        material_id_or_path: str | None = None,
        inventory_name: str | None = None,
        start_date_millis: int | None = None,
        end_date_millis: int | None = None,
        *,
        request_id: str | None = None,
        validate_only: bool = False,
        timeout_seconds: float | None = None,
    ) -> inventory_lot_record_pb2.InventoryLotRecord:
        """Runs an inventory operation, or stops it where it is running; returns the record of the operation.

        Args:
            inventory_operation_id: ULID of the operation.
            primary_lot_id_or_name: the lot. Default: by the operation's strategy.
            quantity: in the operation's unit; needed by every type but SCRAP_ALL.
            secondary_lot_id_or_name: what the lot goes into or comes from. Default: by the operation's strategy.
            material_id_or_path: Default: the operation's.
            inventory_name: a pallet or LPN code. Default: by the operation's strategy.
            start_date_millis: when it began, ms since the epoch, UTC. Default: now.
            end_date_millis: when it ended, ms since the epoch, UTC. Default: now.
            request_id: makes a retry safe. Default: a new one.
            validate_only: does everything but the commit.
            timeout_seconds: of this call. Default: the client's.

        Raises:
            LotkeeperError: by its subclass.
        """
        response = self.execute(
            inventory_operation_service_pb2.ExecuteInventoryOperationRequest(
                inventory_operation_id=inventory_operation_id,
                primary_lot_id_or_name=primary_lot_id_or_name or "",
                quantity=quantity,
                secondary_lot_id_or_name=secondary_lot_id_or_name,
                material_id_or_path=material_id_or_path,
                inventory_name=inventory_name,
                start_date_millis=start_date_millis,
                end_date_millis=end_date_millis,
                request_id=request_id or "",
                validate_only=validate_only,
            ),
            timeout_seconds=timeout_seconds,
        )
        return response.inventory_lot_record

    def execute(
        self,
        request: inventory_operation_service_pb2.ExecuteInventoryOperationRequest,
        *,
        timeout_seconds: float | None = None,
    ) -> inventory_operation_service_pb2.ExecuteInventoryOperationResponse:
        """Runs an inventory operation; returns the whole answer, with every record that was written."""
        response_class = inventory_operation_service_pb2.ExecuteInventoryOperationResponse
        return self._call(_OPERATIONS, "ExecuteInventoryOperation", request, response_class, timeout_seconds)

    def start_inventory_operation(
        self,
        inventory_operation_id: str,
        *,
        primary_lot_id_or_name: str | None = None,
        secondary_lot_id_or_name: str | None = None,
        material_id_or_path: str | None = None,
        inventory_name: str | None = None,
        start_date_millis: int | None = None,
        request_id: str | None = None,
        validate_only: bool = False,
        timeout_seconds: float | None = None,
    ) -> inventory_lot_record_pb2.InventoryLotRecord:
        """Sets an operation running; returns its record. Arguments as of `execute_inventory_operation`."""
        request = inventory_operation_service_pb2.StartInventoryOperationRequest(
            inventory_operation_id=inventory_operation_id,
            primary_lot_id_or_name=primary_lot_id_or_name or "",
            secondary_lot_id_or_name=secondary_lot_id_or_name,
            material_id_or_path=material_id_or_path,
            inventory_name=inventory_name,
            start_date_millis=start_date_millis,
            request_id=request_id or "",
            validate_only=validate_only,
        )
        response_class = inventory_operation_service_pb2.StartInventoryOperationResponse
        response = self._call(_OPERATIONS, "StartInventoryOperation", request, response_class, timeout_seconds)
        return response.inventory_lot_record

    def stop_inventory_operation(
        self,
        inventory_operation_id: str,
        quantity: float | None = None,
        *,
        inventory_name: str | None = None,
        end_date_millis: int | None = None,
        request_id: str | None = None,
        validate_only: bool = False,
        timeout_seconds: float | None = None,
    ) -> inventory_operation_service_pb2.StopInventoryOperationResponse:
        """Completes what a start began; returns the record that was running, and every one that was written."""
        request = inventory_operation_service_pb2.StopInventoryOperationRequest(
            inventory_operation_id=inventory_operation_id,
            quantity=quantity,
            inventory_name=inventory_name,
            end_date_millis=end_date_millis,
            request_id=request_id or "",
            validate_only=validate_only,
        )
        response_class = inventory_operation_service_pb2.StopInventoryOperationResponse
        return self._call(_OPERATIONS, "StopInventoryOperation", request, response_class, timeout_seconds)

    def cancel_inventory_operation(
        self,
        inventory_operation_id: str,
        *,
        request_id: str | None = None,
        timeout_seconds: float | None = None,
    ) -> inventory_lot_record_pb2.InventoryLotRecord:
        """Ends what a start began without moving stock; returns the record, CANCELLED."""
        request = inventory_operation_service_pb2.CancelInventoryOperationRequest(
            inventory_operation_id=inventory_operation_id, request_id=request_id or ""
        )
        response_class = inventory_operation_service_pb2.CancelInventoryOperationResponse
        response = self._call(_OPERATIONS, "CancelInventoryOperation", request, response_class, timeout_seconds)
        return response.inventory_lot_record

    def batch_execute_inventory_operations(
        self,
        requests: Iterable[inventory_operation_service_pb2.ExecuteInventoryOperationRequest],
        *,
        all_or_nothing: bool = False,
        validate_only: bool = False,
        timeout_seconds: float | None = None,
    ) -> Sequence[inventory_operation_service_pb2.BatchExecuteResult]:
        """Runs up to 1,000 requests in order, in one transaction; returns a result for each.

        Args:
            requests: each gets a request id, unless it has one.
            all_or_nothing: whether one refusal undoes all and is raised; else it stands in its result's `status`.
            validate_only: does everything but the commit.
            timeout_seconds: of this call. Default: the client's.
        """
        request = inventory_operation_service_pb2.BatchExecuteInventoryOperationsRequest(
            requests=requests, all_or_nothing=all_or_nothing, validate_only=validate_only
        )
        response_class = inventory_operation_service_pb2.BatchExecuteInventoryOperationsResponse
        response = self._call(_OPERATIONS, "BatchExecuteInventoryOperations", request, response_class, timeout_seconds)
        return response.results

    def get_inventory_operation_status(
        self, inventory_operation_id: str, *, timeout_seconds: float | None = None
    ) -> inventory_operation_service_pb2.GetInventoryOperationStatusResponse:
        """Reads where an operation's run stands."""
        request = inventory_operation_service_pb2.GetInventoryOperationStatusRequest(
            inventory_operation_id=inventory_operation_id
        )
        response_class = inventory_operation_service_pb2.GetInventoryOperationStatusResponse
        return self._read(_OPERATIONS, "GetInventoryOperationStatus", request, response_class, timeout_seconds)

    def validate_inventory_operation(
        self,
        inventory_operation: inventory_operation_pb2.InventoryOperation,
        *,
        update_mask: Sequence[str] | None = None,
        timeout_seconds: float | None = None,
    ) -> Sequence[inventory_operation_service_pb2.FieldViolation]:
        """Says all that a save would refuse; nothing where it would be saved."""
        request = inventory_operation_service_pb2.ValidateInventoryOperationRequest(
            inventory_operation=inventory_operation, update_mask=_mask(update_mask)
        )
        response_class = inventory_operation_service_pb2.ValidateInventoryOperationResponse
        response = self._read(_OPERATIONS, "ValidateInventoryOperation", request, response_class, timeout_seconds)
        return response.violations

    def delete_inventory_operation(
        self, inventory_operation_id: str, *, version: int | None = None, timeout_seconds: float | None = None
    ) -> None:
        """Deletes a definition that no record refers to."""
        request = inventory_operation_service_pb2.DeleteInventoryOperationRequest(
            inventory_operation_id=inventory_operation_id, version=version
        )
        response_class = inventory_operation_service_pb2.DeleteInventoryOperationResponse
        self._call(_OPERATIONS, "DeleteInventoryOperation", request, response_class, timeout_seconds)

    def list_permissions(
        self, *, timeout_seconds: float | None = None
    ) -> inventory_operation_service_pb2.ListPermissionsResponse:
        """Every permission there is, and what the caller's roles grant."""
        request = inventory_operation_service_pb2.ListPermissionsRequest()
        response_class = inventory_operation_service_pb2.ListPermissionsResponse
        return self._read(_OPERATIONS, "ListPermissions", request, response_class, timeout_seconds)

    def get_inventory_lot_record(
        self, inventory_lot_record_id: str, *, timeout_seconds: float | None = None
    ) -> inventory_lot_record_pb2.InventoryLotRecord:
        """Reads a record."""
        request = inventory_service_pb2.GetInventoryLotRecordRequest(inventory_lot_record_id=inventory_lot_record_id)
        response_class = inventory_service_pb2.GetInventoryLotRecordResponse
        response = self._read("InventoryService", "GetInventoryLotRecord", request, response_class, timeout_seconds)
        return response.inventory_lot_record

    def save_unit_of_measure(
        self,
        unit_of_measure: master_data_pb2.UnitOfMeasure,
        *,
        update_mask: Sequence[str] | None = None,
        timeout_seconds: float | None = None,
    ) -> master_data_pb2.UnitOfMeasure:
        """Creates a unit of measure where it has no id, else updates it; returns what is saved.

        Args:
            unit_of_measure: what to save.
            update_mask: the fields to update. Default: every field.
            timeout_seconds: of this call. Default: the client's.
        """
        request = master_data_service_pb2.SaveUnitOfMeasureRequest(
            unit_of_measure=unit_of_measure, update_mask=_mask(update_mask)
        )
        response = self._call(
            "MasterDataService",
            "SaveUnitOfMeasure",
            request,
            master_data_service_pb2.SaveUnitOfMeasureResponse,
            timeout_seconds,
        )
        return response.unit_of_measure

    def get_unit_of_measure(
        self, unit_of_measure_id_or_name: str, *, timeout_seconds: float | None = None
    ) -> master_data_pb2.UnitOfMeasure:
        """Reads a unit of measure."""
        request = master_data_service_pb2.GetUnitOfMeasureRequest(unit_of_measure_id_or_name=unit_of_measure_id_or_name)
        response = self._read(
            "MasterDataService",
            "GetUnitOfMeasure",
            request,
            master_data_service_pb2.GetUnitOfMeasureResponse,
            timeout_seconds,
        )
        return response.unit_of_measure

    def list_units_of_measure(
        self,
        *,
        enabled: bool | None = None,
        name_prefix: str | None = None,
        page_size: int = 0,
        timeout_seconds: float | None = None,
    ) -> Iterator[master_data_pb2.UnitOfMeasure]:
        """Every unit of measure, by id, page after page.

        Filters that are left out do not filter; `page_size` is how many a call brings, 0 for the server's default.
        """
        request = master_data_service_pb2.ListUnitsOfMeasureRequest(
            enabled=enabled,
            name_prefix=name_prefix,
            page_size=page_size,
        )
        while True:
            response = self._read(
                "MasterDataService",
                "ListUnitsOfMeasure",
                request,
                master_data_service_pb2.ListUnitsOfMeasureResponse,
                timeout_seconds,
            )
            for item in response.units_of_measure:
                yield item
            if not response.next_page_token:
                return
            request.page_token = response.next_page_token

    def save_unit_of_measure_conversion(
        self,
        unit_of_measure_conversion: master_data_pb2.UnitOfMeasureConversion,
        *,
        update_mask: Sequence[str] | None = None,
        timeout_seconds: float | None = None,
    ) -> master_data_pb2.UnitOfMeasureConversion:
        """Creates a unit of measure conversion where it has no id, else updates it; returns what is saved.

        Args:
            unit_of_measure_conversion: what to save.
            update_mask: the fields to update. Default: every field.
            timeout_seconds: of this call. Default: the client's.
        """
        request = master_data_service_pb2.SaveUnitOfMeasureConversionRequest(
            unit_of_measure_conversion=unit_of_measure_conversion, update_mask=_mask(update_mask)
        )
        response = self._call(
            "MasterDataService",
            "SaveUnitOfMeasureConversion",
            request,
            master_data_service_pb2.SaveUnitOfMeasureConversionResponse,
            timeout_seconds,
        )
        return response.unit_of_measure_conversion

    def get_unit_of_measure_conversion(
        self, unit_of_measure_conversion_id: str, *, timeout_seconds: float | None = None
    ) -> master_data_pb2.UnitOfMeasureConversion:
        """Reads a unit of measure conversion."""
        request = master_data_service_pb2.GetUnitOfMeasureConversionRequest(
            unit_of_measure_conversion_id=unit_of_measure_conversion_id
        )
        response = self._read(
            "MasterDataService",
            "GetUnitOfMeasureConversion",
            request,
            master_data_service_pb2.GetUnitOfMeasureConversionResponse,
            timeout_seconds,
        )
        return response.unit_of_measure_conversion

    def list_unit_of_measure_conversions(
        self,
        *,
        material_id_or_path: str | None = None,
        enabled: bool | None = None,
        page_size: int = 0,
        timeout_seconds: float | None = None,
    ) -> Iterator[master_data_pb2.UnitOfMeasureConversion]:
        """Every unit of measure conversion, by id, page after page.

        Filters that are left out do not filter; `page_size` is how many a call brings, 0 for the server's default.
        """
        request = master_data_service_pb2.ListUnitOfMeasureConversionsRequest(
            material_id_or_path=material_id_or_path,
            enabled=enabled,
            page_size=page_size,
        )
        while True:
            response = self._read(
                "MasterDataService",
                "ListUnitOfMeasureConversions",
                request,
                master_data_service_pb2.ListUnitOfMeasureConversionsResponse,
                timeout_seconds,
            )
            for item in response.unit_of_measure_conversions:
                yield item
            if not response.next_page_token:
                return
            request.page_token = response.next_page_token

    def save_material_class(
        self,
        material_class: master_data_pb2.MaterialClass,
        *,
        update_mask: Sequence[str] | None = None,
        timeout_seconds: float | None = None,
    ) -> master_data_pb2.MaterialClass:
        """Creates a material class where it has no id, else updates it; returns what is saved.

        Args:
            material_class: what to save.
            update_mask: the fields to update. Default: every field.
            timeout_seconds: of this call. Default: the client's.
        """
        request = master_data_service_pb2.SaveMaterialClassRequest(
            material_class=material_class, update_mask=_mask(update_mask)
        )
        response = self._call(
            "MasterDataService",
            "SaveMaterialClass",
            request,
            master_data_service_pb2.SaveMaterialClassResponse,
            timeout_seconds,
        )
        return response.material_class

    def get_material_class(
        self, material_class_id_or_path: str, *, timeout_seconds: float | None = None
    ) -> master_data_pb2.MaterialClass:
        """Reads a material class."""
        request = master_data_service_pb2.GetMaterialClassRequest(material_class_id_or_path=material_class_id_or_path)
        response = self._read(
            "MasterDataService",
            "GetMaterialClass",
            request,
            master_data_service_pb2.GetMaterialClassResponse,
            timeout_seconds,
        )
        return response.material_class

    def list_material_classes(
        self,
        *,
        parent_id_or_path: str | None = None,
        enabled: bool | None = None,
        name_prefix: str | None = None,
        page_size: int = 0,
        timeout_seconds: float | None = None,
    ) -> Iterator[master_data_pb2.MaterialClass]:
        """Every material class, by id, page after page.

        Filters that are left out do not filter; `page_size` is how many a call brings, 0 for the server's default.
        """
        request = master_data_service_pb2.ListMaterialClassesRequest(
            parent_id_or_path=parent_id_or_path,
            enabled=enabled,
            name_prefix=name_prefix,
            page_size=page_size,
        )
        while True:
            response = self._read(
                "MasterDataService",
                "ListMaterialClasses",
                request,
                master_data_service_pb2.ListMaterialClassesResponse,
                timeout_seconds,
            )
            for item in response.material_classes:
                yield item
            if not response.next_page_token:
                return
            request.page_token = response.next_page_token

    def save_material(
        self,
        material: master_data_pb2.Material,
        *,
        update_mask: Sequence[str] | None = None,
        timeout_seconds: float | None = None,
    ) -> master_data_pb2.Material:
        """Creates a material where it has no id, else updates it; returns what is saved.

        Args:
            material: what to save.
            update_mask: the fields to update. Default: every field.
            timeout_seconds: of this call. Default: the client's.
        """
        request = master_data_service_pb2.SaveMaterialRequest(material=material, update_mask=_mask(update_mask))
        response = self._call(
            "MasterDataService", "SaveMaterial", request, master_data_service_pb2.SaveMaterialResponse, timeout_seconds
        )
        return response.material

    def get_material(
        self, material_id_or_path: str, *, timeout_seconds: float | None = None
    ) -> master_data_pb2.Material:
        """Reads a material."""
        request = master_data_service_pb2.GetMaterialRequest(material_id_or_path=material_id_or_path)
        response = self._read(
            "MasterDataService", "GetMaterial", request, master_data_service_pb2.GetMaterialResponse, timeout_seconds
        )
        return response.material

    def list_materials(
        self,
        *,
        material_class_id_or_path: str | None = None,
        enabled: bool | None = None,
        name_prefix: str | None = None,
        page_size: int = 0,
        timeout_seconds: float | None = None,
    ) -> Iterator[master_data_pb2.Material]:
        """Every material, by id, page after page.

        Filters that are left out do not filter; `page_size` is how many a call brings, 0 for the server's default.
        """
        request = master_data_service_pb2.ListMaterialsRequest(
            material_class_id_or_path=material_class_id_or_path,
            enabled=enabled,
            name_prefix=name_prefix,
            page_size=page_size,
        )
        while True:
            response = self._read(
                "MasterDataService",
                "ListMaterials",
                request,
                master_data_service_pb2.ListMaterialsResponse,
                timeout_seconds,
            )
            for item in response.materials:
                yield item
            if not response.next_page_token:
                return
            request.page_token = response.next_page_token

    def save_material_reason_code(
        self,
        material_reason_code: master_data_pb2.MaterialReasonCode,
        *,
        update_mask: Sequence[str] | None = None,
        timeout_seconds: float | None = None,
    ) -> master_data_pb2.MaterialReasonCode:
        """Creates a material reason code where it has no id, else updates it; returns what is saved.

        Args:
            material_reason_code: what to save.
            update_mask: the fields to update. Default: every field.
            timeout_seconds: of this call. Default: the client's.
        """
        request = master_data_service_pb2.SaveMaterialReasonCodeRequest(
            material_reason_code=material_reason_code, update_mask=_mask(update_mask)
        )
        response = self._call(
            "MasterDataService",
            "SaveMaterialReasonCode",
            request,
            master_data_service_pb2.SaveMaterialReasonCodeResponse,
            timeout_seconds,
        )
        return response.material_reason_code

    def get_material_reason_code(
        self, material_reason_code_id_or_code: str, *, timeout_seconds: float | None = None
    ) -> master_data_pb2.MaterialReasonCode:
        """Reads a material reason code."""
        request = master_data_service_pb2.GetMaterialReasonCodeRequest(
            material_reason_code_id_or_code=material_reason_code_id_or_code
        )
        response = self._read(
            "MasterDataService",
            "GetMaterialReasonCode",
            request,
            master_data_service_pb2.GetMaterialReasonCodeResponse,
            timeout_seconds,
        )
        return response.material_reason_code

    def list_material_reason_codes(
        self,
        *,
        enabled: bool | None = None,
        reason_code_prefix: str | None = None,
        page_size: int = 0,
        timeout_seconds: float | None = None,
    ) -> Iterator[master_data_pb2.MaterialReasonCode]:
        """Every material reason code, by id, page after page.

        Filters that are left out do not filter; `page_size` is how many a call brings, 0 for the server's default.
        """
        request = master_data_service_pb2.ListMaterialReasonCodesRequest(
            enabled=enabled,
            reason_code_prefix=reason_code_prefix,
            page_size=page_size,
        )
        while True:
            response = self._read(
                "MasterDataService",
                "ListMaterialReasonCodes",
                request,
                master_data_service_pb2.ListMaterialReasonCodesResponse,
                timeout_seconds,
            )
            for item in response.material_reason_codes:
                yield item
            if not response.next_page_token:
                return
            request.page_token = response.next_page_token

    def save_location(
        self,
        location: master_data_pb2.Location,
        *,
        update_mask: Sequence[str] | None = None,
        timeout_seconds: float | None = None,
    ) -> master_data_pb2.Location:
        """Creates a location where it has no id, else updates it; returns what is saved.

        Args:
            location: what to save.
            update_mask: the fields to update. Default: every field.
            timeout_seconds: of this call. Default: the client's.
        """
        request = master_data_service_pb2.SaveLocationRequest(location=location, update_mask=_mask(update_mask))
        response = self._call(
            "MasterDataService", "SaveLocation", request, master_data_service_pb2.SaveLocationResponse, timeout_seconds
        )
        return response.location

    def get_location(
        self, location_id_or_path: str, *, timeout_seconds: float | None = None
    ) -> master_data_pb2.Location:
        """Reads a location."""
        request = master_data_service_pb2.GetLocationRequest(location_id_or_path=location_id_or_path)
        response = self._read(
            "MasterDataService", "GetLocation", request, master_data_service_pb2.GetLocationResponse, timeout_seconds
        )
        return response.location

    def list_locations(
        self,
        *,
        parent_id_or_path: str | None = None,
        enabled: bool | None = None,
        name_prefix: str | None = None,
        page_size: int = 0,
        timeout_seconds: float | None = None,
    ) -> Iterator[master_data_pb2.Location]:
        """Every location, by id, page after page.

        Filters that are left out do not filter; `page_size` is how many a call brings, 0 for the server's default.
        """
        request = master_data_service_pb2.ListLocationsRequest(
            parent_id_or_path=parent_id_or_path,
            enabled=enabled,
            name_prefix=name_prefix,
            page_size=page_size,
        )
        while True:
            response = self._read(
                "MasterDataService",
                "ListLocations",
                request,
                master_data_service_pb2.ListLocationsResponse,
                timeout_seconds,
            )
            for item in response.locations:
                yield item
            if not response.next_page_token:
                return
            request.page_token = response.next_page_token

    def save_operation(
        self,
        operation: master_data_pb2.Operation,
        *,
        update_mask: Sequence[str] | None = None,
        timeout_seconds: float | None = None,
    ) -> master_data_pb2.Operation:
        """Creates a operation where it has no id, else updates it; returns what is saved.

        Args:
            operation: what to save.
            update_mask: the fields to update. Default: every field.
            timeout_seconds: of this call. Default: the client's.
        """
        request = master_data_service_pb2.SaveOperationRequest(operation=operation, update_mask=_mask(update_mask))
        response = self._call(
            "MasterDataService",
            "SaveOperation",
            request,
            master_data_service_pb2.SaveOperationResponse,
            timeout_seconds,
        )
        return response.operation

    def get_operation(
        self, operation_id_or_name: str, *, timeout_seconds: float | None = None
    ) -> master_data_pb2.Operation:
        """Reads a operation."""
        request = master_data_service_pb2.GetOperationRequest(operation_id_or_name=operation_id_or_name)
        response = self._read(
            "MasterDataService", "GetOperation", request, master_data_service_pb2.GetOperationResponse, timeout_seconds
        )
        return response.operation

    def list_operations(
        self,
        *,
        enabled: bool | None = None,
        name_prefix: str | None = None,
        page_size: int = 0,
        timeout_seconds: float | None = None,
    ) -> Iterator[master_data_pb2.Operation]:
        """Every operation, by id, page after page.

        Filters that are left out do not filter; `page_size` is how many a call brings, 0 for the server's default.
        """
        request = master_data_service_pb2.ListOperationsRequest(
            enabled=enabled,
            name_prefix=name_prefix,
            page_size=page_size,
        )
        while True:
            response = self._read(
                "MasterDataService",
                "ListOperations",
                request,
                master_data_service_pb2.ListOperationsResponse,
                timeout_seconds,
            )
            for item in response.operations:
                yield item
            if not response.next_page_token:
                return
            request.page_token = response.next_page_token

    def save_production_order(
        self,
        production_order: master_data_pb2.ProductionOrder,
        *,
        update_mask: Sequence[str] | None = None,
        timeout_seconds: float | None = None,
    ) -> master_data_pb2.ProductionOrder:
        """Creates a production order where it has no id, else updates it; returns what is saved.

        Args:
            production_order: what to save.
            update_mask: the fields to update. Default: every field.
            timeout_seconds: of this call. Default: the client's.
        """
        request = master_data_service_pb2.SaveProductionOrderRequest(
            production_order=production_order, update_mask=_mask(update_mask)
        )
        response = self._call(
            "MasterDataService",
            "SaveProductionOrder",
            request,
            master_data_service_pb2.SaveProductionOrderResponse,
            timeout_seconds,
        )
        return response.production_order

    def get_production_order(
        self, production_order_id_or_name: str, *, timeout_seconds: float | None = None
    ) -> master_data_pb2.ProductionOrder:
        """Reads a production order."""
        request = master_data_service_pb2.GetProductionOrderRequest(
            production_order_id_or_name=production_order_id_or_name
        )
        response = self._read(
            "MasterDataService",
            "GetProductionOrder",
            request,
            master_data_service_pb2.GetProductionOrderResponse,
            timeout_seconds,
        )
        return response.production_order

    def list_production_orders(
        self,
        *,
        status: enums_pb2.Status.ValueType = enums_pb2.STATUS_UNSPECIFIED,
        enabled: bool | None = None,
        name_prefix: str | None = None,
        page_size: int = 0,
        timeout_seconds: float | None = None,
    ) -> Iterator[master_data_pb2.ProductionOrder]:
        """Every production order, by id, page after page.

        Filters that are left out do not filter; `page_size` is how many a call brings, 0 for the server's default.
        """
        request = master_data_service_pb2.ListProductionOrdersRequest(
            status=status,
            enabled=enabled,
            name_prefix=name_prefix,
            page_size=page_size,
        )
        while True:
            response = self._read(
                "MasterDataService",
                "ListProductionOrders",
                request,
                master_data_service_pb2.ListProductionOrdersResponse,
                timeout_seconds,
            )
            for item in response.production_orders:
                yield item
            if not response.next_page_token:
                return
            request.page_token = response.next_page_token

    def save_inventory_operation(
        self,
        inventory_operation: inventory_operation_pb2.InventoryOperation,
        *,
        update_mask: Sequence[str] | None = None,
        timeout_seconds: float | None = None,
    ) -> inventory_operation_pb2.InventoryOperation:
        """Creates a inventory operation where it has no id, else updates it; returns what is saved.

        Args:
            inventory_operation: what to save.
            update_mask: the fields to update. Default: every field.
            timeout_seconds: of this call. Default: the client's.
        """
        request = inventory_operation_service_pb2.SaveInventoryOperationRequest(
            inventory_operation=inventory_operation, update_mask=_mask(update_mask)
        )
        response = self._call(
            "InventoryOperationService",
            "SaveInventoryOperation",
            request,
            inventory_operation_service_pb2.SaveInventoryOperationResponse,
            timeout_seconds,
        )
        return response.inventory_operation

    def get_inventory_operation(
        self, inventory_operation_id: str, *, timeout_seconds: float | None = None
    ) -> inventory_operation_pb2.InventoryOperation:
        """Reads a inventory operation."""
        request = inventory_operation_service_pb2.GetInventoryOperationRequest(
            inventory_operation_id=inventory_operation_id
        )
        response = self._read(
            "InventoryOperationService",
            "GetInventoryOperation",
            request,
            inventory_operation_service_pb2.GetInventoryOperationResponse,
            timeout_seconds,
        )
        return response.inventory_operation

    def list_inventory_operations(
        self,
        *,
        location_id_or_path: str | None = None,
        include_children: bool = False,
        operation_id: str | None = None,
        operation_type: enums_pb2.InventoryOperationType.ValueType = enums_pb2.INVENTORY_OPERATION_TYPE_UNSPECIFIED,
        status: enums_pb2.Status.ValueType = enums_pb2.STATUS_UNSPECIFIED,
        name_prefix: str | None = None,
        page_size: int = 0,
        timeout_seconds: float | None = None,
    ) -> Iterator[inventory_operation_pb2.InventoryOperation]:
        """Every inventory operation, by id, page after page.

        Filters that are left out do not filter; `page_size` is how many a call brings, 0 for the server's default.
        """
        request = inventory_operation_service_pb2.ListInventoryOperationsRequest(
            location_id_or_path=location_id_or_path,
            include_children=include_children,
            operation_id=operation_id,
            operation_type=operation_type,
            status=status,
            name_prefix=name_prefix,
            page_size=page_size,
        )
        while True:
            response = self._read(
                "InventoryOperationService",
                "ListInventoryOperations",
                request,
                inventory_operation_service_pb2.ListInventoryOperationsResponse,
                timeout_seconds,
            )
            for item in response.inventory_operations:
                yield item
            if not response.next_page_token:
                return
            request.page_token = response.next_page_token

    def save_lot(
        self,
        lot: inventory_lot_pb2.InventoryLot,
        *,
        update_mask: Sequence[str] | None = None,
        timeout_seconds: float | None = None,
    ) -> inventory_lot_pb2.InventoryLot:
        """Creates a lot where it has no id, else updates it; returns what is saved.

        Args:
            lot: what to save.
            update_mask: the fields to update. Default: every field.
            timeout_seconds: of this call. Default: the client's.
        """
        request = inventory_service_pb2.SaveLotRequest(lot=lot, update_mask=_mask(update_mask))
        response = self._call(
            "InventoryService", "SaveLot", request, inventory_service_pb2.SaveLotResponse, timeout_seconds
        )
        return response.lot

    def get_lot(
        self, lot_id_or_name: str, *, material_id_or_path: str | None = None, timeout_seconds: float | None = None
    ) -> inventory_lot_pb2.InventoryLot:
        """Reads a lot, by id, or by name within its material."""
        request = inventory_service_pb2.GetLotRequest(
            lot_id_or_name=lot_id_or_name, material_id_or_path=material_id_or_path
        )
        response = self._read(
            "InventoryService", "GetLot", request, inventory_service_pb2.GetLotResponse, timeout_seconds
        )
        return response.lot

    def list_lots(
        self,
        *,
        material_id_or_path: str | None = None,
        status: enums_pb2.LotStatus.ValueType = enums_pb2.LOT_STATUS_UNSPECIFIED,
        name_prefix: str | None = None,
        expiring_before_millis: int | None = None,
        page_size: int = 0,
        timeout_seconds: float | None = None,
    ) -> Iterator[inventory_lot_pb2.InventoryLot]:
        """Every lot, by id, page after page.

        Filters that are left out do not filter; `page_size` is how many a call brings, 0 for the server's default.
        """
        request = inventory_service_pb2.ListLotsRequest(
            material_id_or_path=material_id_or_path,
            status=status,
            name_prefix=name_prefix,
            expiring_before_millis=expiring_before_millis,
            page_size=page_size,
        )
        while True:
            response = self._read(
                "InventoryService", "ListLots", request, inventory_service_pb2.ListLotsResponse, timeout_seconds
            )
            for item in response.lots:
                yield item
            if not response.next_page_token:
                return
            request.page_token = response.next_page_token

    def list_inventory(
        self,
        *,
        location_id_or_path: str | None = None,
        include_children: bool = False,
        lot_id_or_name: str | None = None,
        material_id_or_path: str | None = None,
        inventory_name: str | None = None,
        include_empty: bool = False,
        page_size: int = 0,
        timeout_seconds: float | None = None,
    ) -> Iterator[inventory_pb2.Inventory]:
        """The stock, by location id, then lot id, page after page.

        Filters that are left out do not filter; `page_size` is how many a call brings, 0 for the server's default.
        """
        request = inventory_service_pb2.ListInventoryRequest(
            location_id_or_path=location_id_or_path,
            include_children=include_children,
            lot_id_or_name=lot_id_or_name,
            material_id_or_path=material_id_or_path,
            inventory_name=inventory_name,
            include_empty=include_empty,
            page_size=page_size,
        )
        while True:
            response = self._read(
                "InventoryService",
                "ListInventory",
                request,
                inventory_service_pb2.ListInventoryResponse,
                timeout_seconds,
            )
            for item in response.inventory:
                yield item
            if not response.next_page_token:
                return
            request.page_token = response.next_page_token

    def list_inventory_lot_records(
        self,
        *,
        lot_id_or_name: str | None = None,
        material_id_or_path: str | None = None,
        inventory_operation_id: str | None = None,
        lot_record_types: Sequence[enums_pb2.LotRecordType.ValueType] = (),
        statuses: Sequence[enums_pb2.Status.ValueType] = (),
        start_date_millis: int | None = None,
        end_date_millis: int | None = None,
        production_order_id_or_name: str | None = None,
        material_reason_code_id: str | None = None,
        location_id_or_path: str | None = None,
        include_children: bool = False,
        oldest_first: bool = False,
        page_size: int = 0,
        timeout_seconds: float | None = None,
    ) -> Iterator[inventory_lot_record_pb2.InventoryLotRecord]:
        """The records, newest first, page after page.

        Filters that are left out do not filter; `page_size` is how many a call brings, 0 for the server's default.
        """
        request = inventory_service_pb2.ListInventoryLotRecordsRequest(
            lot_id_or_name=lot_id_or_name,
            material_id_or_path=material_id_or_path,
            inventory_operation_id=inventory_operation_id,
            lot_record_types=lot_record_types,
            statuses=statuses,
            start_date_millis=start_date_millis,
            end_date_millis=end_date_millis,
            production_order_id_or_name=production_order_id_or_name,
            material_reason_code_id=material_reason_code_id,
            location_id_or_path=location_id_or_path,
            include_children=include_children,
            oldest_first=oldest_first,
            page_size=page_size,
        )
        while True:
            response = self._read(
                "InventoryService",
                "ListInventoryLotRecords",
                request,
                inventory_service_pb2.ListInventoryLotRecordsResponse,
                timeout_seconds,
            )
            for item in response.inventory_lot_records:
                yield item
            if not response.next_page_token:
                return
            request.page_token = response.next_page_token

    def _call(
        self,
        service: str,
        method: str,
        request: Message,
        response_class: type[Response],
        timeout_seconds: float | None,
    ) -> Response:
        """A call that changes something: a copy of the request carries a request id where it can."""
        sent = type(request)()
        sent.CopyFrom(request)
        repeatable = with_request_id(sent)
        timeout = self._timeout_seconds if timeout_seconds is None else timeout_seconds
        return self._transport.call(f"/{_PACKAGE}.{service}/{method}", sent, response_class, timeout, repeatable)

    def _read(
        self,
        service: str,
        method: str,
        request: Message,
        response_class: type[Response],
        timeout_seconds: float | None,
    ) -> Response:
        """A call that changes nothing, and may be made again."""
        timeout = self._timeout_seconds if timeout_seconds is None else timeout_seconds
        path = f"/{_PACKAGE}.{service}/{method}"
        return self._transport.call(path, request, response_class, timeout, Repeatable.YES)


def _mask(paths: Sequence[str] | None) -> FieldMask | None:
    return None if paths is None else FieldMask(paths=paths)
