"""The method that benchmarks compare with: Execute's request in, one prebuilt answer out, through the same gate."""

from typing import Any

import grpc
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb

from lotkeeper_server.domain.model.enumerations import LotRecordType, LotStatus, Status
from lotkeeper_server.domain.model.identifiers import LocationId, RecordId
from lotkeeper_server.domain.model.stock import Answer, Common, Label, Record
from lotkeeper_server.rpc.gate.call import Call, confirmed_by_engine
from lotkeeper_server.rpc.gate.gate import Gate
from lotkeeper_server.rpc.methods.inventory_operations import execute_response

SERVICE = "lotkeeper.bench.v1.Bench"


class Prebuilt:
    """An answer that is there already: it costs what gRPC costs."""

    def __init__(self, response_bytes: bytes) -> None:
        self._response_bytes = response_bytes

    def SerializeToString(self) -> bytes:  # noqa: N802 - as a message has it
        """The bytes, as they are."""
        return self._response_bytes


def echo_handler(gate: Gate) -> grpc.GenericRpcHandler:
    """Serves /lotkeeper.bench.v1.Bench/Echo."""
    prebuilt: Any = Prebuilt(_usual_answer().SerializeToString())

    @confirmed_by_engine
    async def echo(_request: pb.ExecuteInventoryOperationRequest, _call: Call) -> Any:
        return prebuilt

    behaviour = gate.unary(echo, pb.ExecuteInventoryOperationRequest, "INVENTORY_OPERATION.EXECUTE", f"{SERVICE}.Echo")
    return grpc.method_handlers_generic_handler(SERVICE, {"Echo": grpc.unary_unary_rpc_method_handler(behaviour)})


def _usual_answer() -> pb.ExecuteInventoryOperationResponse:
    place = Label(LocationId(bytes(16)), name="Silo1", path="DairyCo/Plant1/Silo1")
    record = Record(
        id=RecordId(bytes(16)),
        lot_record_type=LotRecordType.CONSUME,
        status=Status.COMPLETED,
        lot=Label(bytes(16), name="MILK-0815"),
        secondary_lot=None,
        material=Label(bytes(16), path="Dairy/Milk/Whole milk"),
        inventory_operation=Label(bytes(16), name="Consume milk"),
        operation_record_id="",
        production_order=None,
        reason_code=None,
        source_location=place,
        destination_location=None,
        lot_status=LotStatus.OPEN,
        quantity_millionths=100_000_000,
        unit=Label(bytes(16), name="kilogram", symbol="kg"),
        source_change_millionths=-100_000_000,
        destination_change_millionths=0,
        inventory_name="",
        start_millis=1_750_000_000_000,
        end_millis=1_750_000_000_000,
        reverses_record_id=None,
        reversed_by_record_id=None,
        request_id="",
        common=Common(1_750_000_000_000, "bench"),
    )
    return execute_response(Answer([record]))
