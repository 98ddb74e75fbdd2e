"""The plain echo: the speed of gRPC on Python without further work, the reference of B1 and B3.

A server as anybody would write it: grpc.aio without options, and a handler that parses Execute's request, like
generated code. It answers the bytes of a usual answer, made once. `python -m bench.plain_echo` prints its address.
"""

import asyncio
from typing import Any, Final

import grpc
from lotkeeper.inventory.v1 import enums_pb2, inventory_lot_record_pb2
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb

SERVICE: Final = "lotkeeper.inventory.v1.InventoryOperationService"
_ID: Final = "01JX000000-00000000-00000000"


def usual_answer() -> bytes:
    """The answer of an Execute that consumes from a lot, in the usual size."""
    record = inventory_lot_record_pb2.InventoryLotRecord(
        id=_ID,
        lot_record_type=enums_pb2.LOT_RECORD_TYPE_CONSUME,
        inventory_lot_id=_ID,
        inventory_lot_name="MILK-0815",
        material_id=_ID,
        material_path="Dairy/Milk/Whole milk",
        inventory_operation_id=_ID,
        inventory_operation_name="Consume milk",
        source_location_id=_ID,
        source_location_name="Silo1",
        source_location_path="DairyCo/Plant1/Silo1",
        lot_status=enums_pb2.LOT_STATUS_OPEN,
        quantity=100.0,
        unit_of_measure_id=_ID,
        unit_of_measure_name="kilogram",
        unit_of_measure_symbol="kg",
        source_quantity_change=-100.0,
        status=enums_pb2.STATUS_COMPLETED,
        enabled=True,
        created_by="bench",
        version=1,
    )
    for moment in (record.start_date, record.end_date, record.created_date):
        moment.FromMilliseconds(1_750_000_000_123)
    record.duration = 0
    answer = pb.ExecuteInventoryOperationResponse(inventory_lot_record=record, inventory_lot_records=[record])
    return answer.SerializeToString()


async def serve() -> None:
    """Answers until it is killed."""
    answer = usual_answer()

    async def execute(_request: pb.ExecuteInventoryOperationRequest, _context: Any) -> bytes:
        return answer

    handler: Any = grpc.unary_unary_rpc_method_handler(
        execute, request_deserializer=pb.ExecuteInventoryOperationRequest.FromString
    )
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(SERVICE, {"ExecuteInventoryOperation": handler}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"The plain echo serves on 127.0.0.1:{port}", flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(serve())
