# Made from the contract by `python client/entity_methods.py`; change that file instead.
"""The definitions of inventory operations."""

from __future__ import annotations

from collections.abc import Sequence

from lotkeeper._async.calling import Calling
from lotkeeper._async_pages import AsyncPages
from lotkeeper._requests import made, mask
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb
from lotkeeper.inventory.v1.inventory_operation_pb2 import InventoryOperation


class DefinitionMethods(Calling):
    """The definitions of inventory operations."""

    async def save_inventory_operation(
        self,
        inventory_operation: InventoryOperation,
        *,
        update_mask: Sequence[str] | None = None,
        timeout_seconds: float | None = None,
    ) -> InventoryOperation:
        """Creates the definition of an inventory operation if it has no id, else updates it; returns what is saved.

        Args:
            inventory_operation: what to save.
            update_mask: the fields to update, by their proto names. Default: every field. A creation ignores it.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(
            pb.SaveInventoryOperationRequest, inventory_operation=inventory_operation, update_mask=mask(update_mask)
        )
        response = await self._call(request, pb.SaveInventoryOperationResponse, timeout_seconds)
        return response.inventory_operation

    async def get_inventory_operation(
        self, inventory_operation_id: str, *, timeout_seconds: float | None = None
    ) -> InventoryOperation:
        """Reads the definition of an inventory operation.

        Args:
            inventory_operation_id: ULID of the operation: 26 characters, or with hyphens 10-8-8; in any letter case.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(pb.GetInventoryOperationRequest, inventory_operation_id=inventory_operation_id)
        response = await self._read(request, pb.GetInventoryOperationResponse, timeout_seconds)
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
    ) -> AsyncPages[InventoryOperation]:
        """The inventory operations that pass every given filter, in the order of ids.

        Args:
            location_id_or_path: only those that have this location as source or destination.
            include_children: with a location: also those of locations below it. Refused without a location.
            operation_id: only those of this process operation.
            operation_type: only those of this type. Absent: all.
            status: only those whose run has this status. Absent: all.
            name_prefix: only those whose name begins with this text, compared by code point.
            page_size: how many a call brings, at most 1,000. Default: the server's.
            timeout_seconds: of each call. Default: the client's.
        """
        request = made(
            pb.ListInventoryOperationsRequest,
            location_id_or_path=location_id_or_path,
            include_children=include_children,
            operation_id=operation_id,
            operation_type=operation_type,
            status=status,
            name_prefix=name_prefix,
            page_size=page_size,
        )
        return self._pages(
            request, pb.ListInventoryOperationsResponse, lambda page: page.inventory_operations, timeout_seconds
        )

    async def delete_inventory_operation(
        self, inventory_operation_id: str, *, version: int | None = None, timeout_seconds: float | None = None
    ) -> None:
        """Deletes the definition of an inventory operation that nothing refers to.

        Args:
            inventory_operation_id: ULID of the operation: 26 characters, or with hyphens 10-8-8; in any letter case.
            version: the version that the caller read; an old one is refused. Default: any version.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(
            pb.DeleteInventoryOperationRequest, inventory_operation_id=inventory_operation_id, version=version
        )
        await self._call(request, pb.DeleteInventoryOperationResponse, timeout_seconds)
