# Made from the contract by `python client/entity_methods.py`; change that file instead.
"""Locations, process operations and production orders."""

from __future__ import annotations

from collections.abc import Sequence

from lotkeeper._async.calling import Calling
from lotkeeper._async_pages import AsyncPages
from lotkeeper._requests import made, mask
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1 import master_data_service_pb2 as pb
from lotkeeper.inventory.v1.master_data_pb2 import Location, Operation, ProductionOrder


class PlantMethods(Calling):
    """Locations, process operations and production orders."""

    async def save_location(
        self, location: Location, *, update_mask: Sequence[str] | None = None, timeout_seconds: float | None = None
    ) -> Location:
        """Creates a location if it has no id, else updates it; returns what is saved.

        Args:
            location: what to save.
            update_mask: the fields to update, by their proto names. Default: every field. A creation ignores it.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(pb.SaveLocationRequest, location=location, update_mask=mask(update_mask))
        response = await self._call(request, pb.SaveLocationResponse, timeout_seconds)
        return response.location

    async def get_location(self, location_id_or_path: str, *, timeout_seconds: float | None = None) -> Location:
        """Reads a location.

        Args:
            location_id_or_path: its ULID or its path.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(pb.GetLocationRequest, location_id_or_path=location_id_or_path)
        response = await self._read(request, pb.GetLocationResponse, timeout_seconds)
        return response.location

    def list_locations(
        self,
        *,
        parent_id_or_path: str | None = None,
        enabled: bool | None = None,
        name_prefix: str | None = None,
        page_size: int = 0,
        timeout_seconds: float | None = None,
    ) -> AsyncPages[Location]:
        """The locations that pass every given filter, in the order of ids.

        Args:
            parent_id_or_path: only the direct children of this location.
            enabled: only those that are enabled (true), or disabled (false). Absent: all.
            name_prefix: only those whose name begins with this text, compared by code point.
            page_size: how many a call brings, at most 1,000. Default: the server's.
            timeout_seconds: of each call. Default: the client's.
        """
        request = made(
            pb.ListLocationsRequest,
            parent_id_or_path=parent_id_or_path,
            enabled=enabled,
            name_prefix=name_prefix,
            page_size=page_size,
        )
        return self._pages(request, pb.ListLocationsResponse, lambda page: page.locations, timeout_seconds)

    async def delete_location(
        self, location_id_or_path: str, *, version: int | None = None, timeout_seconds: float | None = None
    ) -> None:
        """Deletes a location that nothing refers to.

        Args:
            location_id_or_path: its ULID or its path.
            version: the version that the caller read; an old one is refused. Default: any version.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(pb.DeleteLocationRequest, location_id_or_path=location_id_or_path, version=version)
        await self._call(request, pb.DeleteLocationResponse, timeout_seconds)

    async def save_operation(
        self, operation: Operation, *, update_mask: Sequence[str] | None = None, timeout_seconds: float | None = None
    ) -> Operation:
        """Creates a process operation if it has no id, else updates it; returns what is saved.

        Args:
            operation: what to save.
            update_mask: the fields to update, by their proto names. Default: every field. A creation ignores it.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(pb.SaveOperationRequest, operation=operation, update_mask=mask(update_mask))
        response = await self._call(request, pb.SaveOperationResponse, timeout_seconds)
        return response.operation

    async def get_operation(self, operation_id_or_name: str, *, timeout_seconds: float | None = None) -> Operation:
        """Reads a process operation.

        Args:
            operation_id_or_name: its ULID or its name.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(pb.GetOperationRequest, operation_id_or_name=operation_id_or_name)
        response = await self._read(request, pb.GetOperationResponse, timeout_seconds)
        return response.operation

    def list_operations(
        self,
        *,
        enabled: bool | None = None,
        name_prefix: str | None = None,
        page_size: int = 0,
        timeout_seconds: float | None = None,
    ) -> AsyncPages[Operation]:
        """The operations that pass every given filter, in the order of ids.

        Args:
            enabled: only those that are enabled (true), or disabled (false). Absent: all.
            name_prefix: only those whose name begins with this text, compared by code point.
            page_size: how many a call brings, at most 1,000. Default: the server's.
            timeout_seconds: of each call. Default: the client's.
        """
        request = made(pb.ListOperationsRequest, enabled=enabled, name_prefix=name_prefix, page_size=page_size)
        return self._pages(request, pb.ListOperationsResponse, lambda page: page.operations, timeout_seconds)

    async def delete_operation(
        self, operation_id_or_name: str, *, version: int | None = None, timeout_seconds: float | None = None
    ) -> None:
        """Deletes a process operation that nothing refers to.

        Args:
            operation_id_or_name: its ULID or its name.
            version: the version that the caller read; an old one is refused. Default: any version.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(pb.DeleteOperationRequest, operation_id_or_name=operation_id_or_name, version=version)
        await self._call(request, pb.DeleteOperationResponse, timeout_seconds)

    async def save_production_order(
        self,
        production_order: ProductionOrder,
        *,
        update_mask: Sequence[str] | None = None,
        timeout_seconds: float | None = None,
    ) -> ProductionOrder:
        """Creates a production order if it has no id, else updates it; returns what is saved.

        Args:
            production_order: what to save.
            update_mask: the fields to update, by their proto names. Default: every field. A creation ignores it.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(pb.SaveProductionOrderRequest, production_order=production_order, update_mask=mask(update_mask))
        response = await self._call(request, pb.SaveProductionOrderResponse, timeout_seconds)
        return response.production_order

    async def get_production_order(
        self, production_order_id_or_name: str, *, timeout_seconds: float | None = None
    ) -> ProductionOrder:
        """Reads a production order.

        Args:
            production_order_id_or_name: its ULID or its name.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(pb.GetProductionOrderRequest, production_order_id_or_name=production_order_id_or_name)
        response = await self._read(request, pb.GetProductionOrderResponse, timeout_seconds)
        return response.production_order

    def list_production_orders(
        self,
        *,
        status: enums_pb2.Status.ValueType = enums_pb2.STATUS_UNSPECIFIED,
        enabled: bool | None = None,
        name_prefix: str | None = None,
        page_size: int = 0,
        timeout_seconds: float | None = None,
    ) -> AsyncPages[ProductionOrder]:
        """The production orders that pass every given filter, in the order of ids.

        Args:
            status: only those with this status. Absent: all.
            enabled: only those that are enabled (true), or disabled (false). Absent: all.
            name_prefix: only those whose name begins with this text, compared by code point.
            page_size: how many a call brings, at most 1,000. Default: the server's.
            timeout_seconds: of each call. Default: the client's.
        """
        request = made(
            pb.ListProductionOrdersRequest, status=status, enabled=enabled, name_prefix=name_prefix, page_size=page_size
        )
        return self._pages(
            request, pb.ListProductionOrdersResponse, lambda page: page.production_orders, timeout_seconds
        )

    async def delete_production_order(
        self, production_order_id_or_name: str, *, version: int | None = None, timeout_seconds: float | None = None
    ) -> None:
        """Deletes a production order that nothing refers to.

        Args:
            production_order_id_or_name: its ULID or its name.
            version: the version that the caller read; an old one is refused. Default: any version.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(
            pb.DeleteProductionOrderRequest, production_order_id_or_name=production_order_id_or_name, version=version
        )
        await self._call(request, pb.DeleteProductionOrderResponse, timeout_seconds)
