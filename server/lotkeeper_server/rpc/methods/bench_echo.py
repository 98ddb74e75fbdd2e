"""The reference method for benchmarks: Execute's request in, one prebuilt answer out, through the same gate."""

from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb

from lotkeeper_server import transport
from lotkeeper_server.domain.model.enumerations import LotRecordType, LotStatus, Status
from lotkeeper_server.domain.model.identifiers import LocationId, RecordId
from lotkeeper_server.domain.model.stock import Answer, Common, Label, Record
from lotkeeper_server.domain.refusals import Refused, Unauthenticated
from lotkeeper_server.rpc.gate.doorway import Doorway, parsed
from lotkeeper_server.rpc.gate.gate import Methods
from lotkeeper_server.rpc.gate.refusal_status import transport_status
from lotkeeper_server.rpc.methods.inventory_operations import execute_response

SERVICE = "lotkeeper.bench.v1.Bench"


class Echo:
    """/lotkeeper.bench.v1.Bench/Echo: shows what transport, gate and protobuf cost."""

    def __init__(self, doorway: Doorway) -> None:
        self._doorway = doorway
        self._answer_bytes = _usual_answer().SerializeToString()

    def begin(self, request_bytes: bytes, call: transport.Call) -> None:
        """Lets a known caller in, reads the request and answers at once."""
        self._doorway.calls.begin(call)
        try:
            if self._doorway.directory.admit_known(call, "INVENTORY_OPERATION.EXECUTE") is None:
                raise Refused(Unauthenticated())
            parsed(pb.ExecuteInventoryOperationRequest, request_bytes, call)
            call.answer(self._answer_bytes)
        except Refused as refused:
            call.refuse(transport_status(refused.refusal))
        finally:
            self._doorway.calls.end(call)


def echo_methods(doorway: Doorway) -> Methods:
    """The method by its path."""
    return {f"/{SERVICE}/Echo": transport.Unary(Echo(doorway).begin)}


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
