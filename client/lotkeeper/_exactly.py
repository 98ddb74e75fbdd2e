# Made from the contract by `python client/exact_classes.py`; change that file instead.
"""From messages to what they say, exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from lotkeeper._exactness import exact_class_of, made_exact

if TYPE_CHECKING:
    from lotkeeper import exact
    from lotkeeper.inventory.v1 import (
        access_service_pb2,
        audit_service_pb2,
        inventory_lot_pb2,
        inventory_lot_record_pb2,
        inventory_operation_pb2,
        inventory_operation_service_pb2,
        inventory_pb2,
        inventory_service_pb2,
        master_data_pb2,
        trace_service_pb2,
    )


@overload
def exactly(message: access_service_pb2.AccessToken) -> exact.AccessToken: ...
@overload
def exactly(message: audit_service_pb2.AuditEvent) -> exact.AuditEvent: ...
@overload
def exactly(message: inventory_operation_service_pb2.BatchExecuteResult) -> exact.BatchExecuteResult: ...
@overload
def exactly(
    message: inventory_service_pb2.CheckLocationHasCapacityResponse,
) -> exact.CheckLocationHasCapacityResponse: ...
@overload
def exactly(message: access_service_pb2.CreateTokenResponse) -> exact.CreateTokenResponse: ...
@overload
def exactly(
    message: inventory_service_pb2.ExecuteInventoryActionsResponse,
) -> exact.ExecuteInventoryActionsResponse: ...
@overload
def exactly(
    message: inventory_operation_service_pb2.ExecuteInventoryOperationResponse,
) -> exact.ExecuteInventoryOperationResponse: ...
@overload
def exactly(message: trace_service_pb2.GetLotTraceGraphResponse) -> exact.GetLotTraceGraphResponse: ...
@overload
def exactly(message: trace_service_pb2.HoldTracedLotsResponse) -> exact.HoldTracedLotsResponse: ...
@overload
def exactly(message: inventory_pb2.Inventory) -> exact.Inventory: ...
@overload
def exactly(message: inventory_lot_pb2.InventoryLot) -> exact.InventoryLot: ...
@overload
def exactly(message: inventory_lot_record_pb2.InventoryLotRecord) -> exact.InventoryLotRecord: ...
@overload
def exactly(message: inventory_operation_pb2.InventoryOperation) -> exact.InventoryOperation: ...
@overload
def exactly(message: inventory_pb2.InventorySummary) -> exact.InventorySummary: ...
@overload
def exactly(message: master_data_pb2.Location) -> exact.Location: ...
@overload
def exactly(message: master_data_pb2.Material) -> exact.Material: ...
@overload
def exactly(message: master_data_pb2.MaterialClass) -> exact.MaterialClass: ...
@overload
def exactly(message: master_data_pb2.MaterialReasonCode) -> exact.MaterialReasonCode: ...
@overload
def exactly(message: master_data_pb2.Operation) -> exact.Operation: ...
@overload
def exactly(message: master_data_pb2.ProductionOrder) -> exact.ProductionOrder: ...
@overload
def exactly(message: access_service_pb2.Role) -> exact.Role: ...
@overload
def exactly(message: access_service_pb2.RoleGrant) -> exact.RoleGrant: ...
@overload
def exactly(message: access_service_pb2.RotateTokenResponse) -> exact.RotateTokenResponse: ...
@overload
def exactly(
    message: inventory_operation_service_pb2.StopInventoryOperationResponse,
) -> exact.StopInventoryOperationResponse: ...
@overload
def exactly(message: trace_service_pb2.TraceEdge) -> exact.TraceEdge: ...
@overload
def exactly(message: trace_service_pb2.TraceNode) -> exact.TraceNode: ...
@overload
def exactly(message: trace_service_pb2.TraceStock) -> exact.TraceStock: ...
@overload
def exactly(message: inventory_pb2.UnconvertibleStock) -> exact.UnconvertibleStock: ...
@overload
def exactly(message: master_data_pb2.UnitOfMeasure) -> exact.UnitOfMeasure: ...
@overload
def exactly(message: master_data_pb2.UnitOfMeasureConversion) -> exact.UnitOfMeasureConversion: ...
@overload
def exactly(message: audit_service_pb2.WatchAuditEventsResponse) -> exact.WatchAuditEventsResponse: ...
@overload
def exactly(
    message: inventory_service_pb2.WatchInventoryLotRecordsResponse,
) -> exact.WatchInventoryLotRecordsResponse: ...


def exactly(message: Any) -> Any:
    """An answer, or an entity, with its quantities as `Decimal` and its moments as `datetime` in UTC.

        for record in map(exactly, client.list_inventory_lot_records()):
            print(record.quantity, record.end_date)

    Args:
        message: one that has a class of its name in `lotkeeper.exact`.

    Returns:
        an object of that class: quantities are decimals, moments datetimes in UTC, what the message leaves out is None.

    Raises:
        TypeError: for a message without quantities and moments, or what is no message.
    """
    return made_exact(message, exact_class_of(message))
