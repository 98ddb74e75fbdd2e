"""Execute, Start, Stop, Cancel and batches: read the request, submit the command, write the answer."""

from collections.abc import Sequence
from typing import Any, TypeVar

from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.commands import Batch, Cancel, Execute, OfOperation, Start, Stop
from lotkeeper_server.domain.model import dates
from lotkeeper_server.domain.model.stock import Answer
from lotkeeper_server.domain.refusals import Fault, FieldViolation, InvalidArgument, Refusal, Refused
from lotkeeper_server.rpc.gate.call import Call, Submission, decided_by_engine
from lotkeeper_server.rpc.gate.refusal_status import status_of
from lotkeeper_server.rpc.wire.exact import read_quantity
from lotkeeper_server.rpc.wire.record_message import record_message, write_record
from lotkeeper_server.rpc.wire.shape import Shape, fingerprint

SomeCommand = TypeVar("SomeCommand", bound=OfOperation)


class InventoryOperations:
    """Runs operations; another servicer has their definitions."""

    @decided_by_engine
    def ExecuteInventoryOperation(  # noqa: N802 - named as in the contract
        self, request: pb.ExecuteInventoryOperationRequest, call: Call
    ) -> Submission:
        """Runs an operation, or stops it if it is running."""
        shape = Shape()
        command = read_execute(request, call, shape)
        shape.check()
        return Submission(command, execute_response)

    @decided_by_engine
    def StartInventoryOperation(  # noqa: N802
        self, request: pb.StartInventoryOperationRequest, call: Call
    ) -> Submission:
        """Starts an operation."""
        return Submission(read_start(request, call), start_response)

    @decided_by_engine
    def StopInventoryOperation(  # noqa: N802
        self, request: pb.StopInventoryOperationRequest, call: Call
    ) -> Submission:
        """Completes what Start began."""
        return Submission(read_stop(request, call), stop_response)

    @decided_by_engine
    def CancelInventoryOperation(  # noqa: N802
        self, request: pb.CancelInventoryOperationRequest, call: Call
    ) -> Submission:
        """Ends what Start began and moves no stock."""
        return Submission(read_cancel(request, call), cancel_response)

    @decided_by_engine
    def BatchExecuteInventoryOperations(  # noqa: N802
        self, request: pb.BatchExecuteInventoryOperationsRequest, call: Call
    ) -> Submission:
        """Runs many requests in order, in one transaction."""
        return Submission(read_batch(request, call), batch_response, _placed)


def read_execute(request: pb.ExecuteInventoryOperationRequest, call: Call, shape: Shape) -> Execute:
    """Step 2 of Execute."""
    command = Execute(
        principal=call.principal,
        operation_id=shape.required_id("inventory_operation_id", request.inventory_operation_id),
        request_id=shape.request_id("request_id", request.request_id),
        validate_only=request.validate_only,
        primary_lot=shape.id_or_name("primary_lot_id_or_name", request.primary_lot_id_or_name),
        quantity_millionths=read_quantity(shape, request),
        secondary_lot=shape.id_or_name("secondary_lot_id_or_name", request.secondary_lot_id_or_name),
        material=shape.id_or_path("material_id_or_path", request.material_id_or_path),
        inventory_name=shape.name("inventory_name", request.inventory_name),
        start_millis=_millis(shape, request, "start_date_millis"),
        end_millis=_millis(shape, request, "end_date_millis"),
        lot_expiration_millis=_millis(shape, request, "lot_expiration_date_millis"),
        supplier_lot_name=shape.name("supplier_lot_name", request.supplier_lot_name),
    )
    start_millis, end_millis = command.start_millis, command.end_millis
    if start_millis is not None and end_millis is not None and end_millis < start_millis:
        text = f"the end, {dates.rfc3339(end_millis)}, is before the start, {dates.rfc3339(start_millis)}"
        shape.fault("start_date_millis", Fault.conflicting(text))
        shape.fault("end_date_millis", Fault.conflicting(text))
    if shape.has_faults:  # a fingerprint of megabytes would take its time
        return command
    return _fingerprinted(
        command,
        "ExecuteInventoryOperation",
        command.primary_lot,
        command.quantity_millionths,
        command.secondary_lot,
        command.material,
        command.inventory_name,
        start_millis,
        end_millis,
        *_stated(command),
    )


def read_start(request: pb.StartInventoryOperationRequest, call: Call) -> Start:
    """Step 2 of Start."""
    shape = Shape()
    command = Start(
        principal=call.principal,
        operation_id=shape.required_id("inventory_operation_id", request.inventory_operation_id),
        request_id=shape.request_id("request_id", request.request_id),
        validate_only=request.validate_only,
        primary_lot=shape.id_or_name("primary_lot_id_or_name", request.primary_lot_id_or_name),
        secondary_lot=shape.id_or_name("secondary_lot_id_or_name", request.secondary_lot_id_or_name),
        material=shape.id_or_path("material_id_or_path", request.material_id_or_path),
        inventory_name=shape.name("inventory_name", request.inventory_name),
        start_millis=_millis(shape, request, "start_date_millis"),
        lot_expiration_millis=_millis(shape, request, "lot_expiration_date_millis"),
        supplier_lot_name=shape.name("supplier_lot_name", request.supplier_lot_name),
    )
    shape.check()
    return _fingerprinted(
        command,
        "StartInventoryOperation",
        command.primary_lot,
        command.secondary_lot,
        command.material,
        command.inventory_name,
        command.start_millis,
        *_stated(command),
    )


def read_stop(request: pb.StopInventoryOperationRequest, call: Call) -> Stop:
    """Step 2 of Stop."""
    shape = Shape()
    command = Stop(
        principal=call.principal,
        operation_id=shape.required_id("inventory_operation_id", request.inventory_operation_id),
        request_id=shape.request_id("request_id", request.request_id),
        validate_only=request.validate_only,
        quantity_millionths=read_quantity(shape, request),
        inventory_name=shape.name("inventory_name", request.inventory_name),
        end_millis=_millis(shape, request, "end_date_millis"),
    )
    shape.check()
    return _fingerprinted(
        command, "StopInventoryOperation", command.quantity_millionths, command.inventory_name, command.end_millis
    )


def read_cancel(request: pb.CancelInventoryOperationRequest, call: Call) -> Cancel:
    """Step 2 of Cancel."""
    shape = Shape()
    command = Cancel(
        principal=call.principal,
        operation_id=shape.required_id("inventory_operation_id", request.inventory_operation_id),
        request_id=shape.request_id("request_id", request.request_id),
    )
    shape.check()
    return _fingerprinted(command, "CancelInventoryOperation")


def read_batch(request: pb.BatchExecuteInventoryOperationsRequest, call: Call) -> Batch:
    """Step 2 of a batch: with all_or_nothing the shapes of all are checked first, else each refuses only itself."""
    count = len(request.requests)
    if not 1 <= count <= limits.BATCH_ITEMS_MAX:
        text = f"has {count} requests; 1 to {limits.BATCH_ITEMS_MAX} are allowed"
        raise Refused(InvalidArgument.on("requests", Fault.out_of_range(text)))
    items: list[Execute | Refusal] = []
    violations: list[FieldViolation] = []
    first_at_fault: int | None = None
    for index, item in enumerate(request.requests):
        shape = Shape(f"requests[{index}].")
        command = read_execute(item, call, shape)
        if item.validate_only:
            shape.fault("validate_only", Fault.not_allowed("must be set on the batch, not on its requests"))
        refusal = shape.refusal()
        items.append(refusal or command)
        if refusal is not None:
            violations.extend(refusal.violations)
            first_at_fault = index if first_at_fault is None else first_at_fault
    if violations and request.all_or_nothing:
        raise Refused(InvalidArgument.of(tuple(violations)), first_at_fault)
    return Batch(items, request.all_or_nothing, request.validate_only)


def execute_response(answer: Answer) -> pb.ExecuteInventoryOperationResponse:
    """The answer of Execute."""
    response = pb.ExecuteInventoryOperationResponse()
    _write_answer(response, answer)
    return response


def start_response(answer: Answer) -> pb.StartInventoryOperationResponse:
    """The answer of Start."""
    return pb.StartInventoryOperationResponse(inventory_lot_record=_main_message(answer))


def stop_response(answer: Answer) -> pb.StopInventoryOperationResponse:
    """The answer of Stop."""
    return pb.StopInventoryOperationResponse(
        inventory_lot_record=_main_message(answer),
        inventory_lot_records=[record_message(record, answer.unborn) for record in answer.records],
    )


def cancel_response(answer: Answer) -> pb.CancelInventoryOperationResponse:
    """The answer of Cancel."""
    return pb.CancelInventoryOperationResponse(inventory_lot_record=_main_message(answer))


def batch_response(outcomes: Sequence[Answer | Refusal]) -> pb.BatchExecuteInventoryOperationsResponse:
    """The answer of a batch, one result for each request."""
    response = pb.BatchExecuteInventoryOperationsResponse()
    for index, outcome in enumerate(outcomes):
        _write_result(response.results.add(), index, outcome)
    return response


def _write_answer(response: pb.ExecuteInventoryOperationResponse, answer: Answer) -> None:
    messages = response.inventory_lot_records
    for record in answer.records:
        write_record(messages.add(), record, answer.unborn)
    if answer.main_index is not None:
        response.inventory_lot_record.CopyFrom(messages[answer.main_index])
    response.stopped_running_operation = answer.stopped_running_operation


def _write_result(result: pb.BatchExecuteResult, index: int, outcome: Answer | Refusal) -> None:
    if isinstance(outcome, Answer):
        result.response.SetInParent()
        _write_answer(result.response, outcome)
    else:
        refusal = _below(outcome, index)
        result.status.CopyFrom(status_of(refusal, bytes_max=limits.REFUSAL_OF_ITEM_BYTES_MAX))


def _placed(refused: Refused) -> Refused:
    """The refusal of a batch, because of the first of its requests that was refused."""
    assert refused.index is not None
    return Refused(_below(refused.refusal, refused.index), refused.index)


def _below(refusal: Refusal, index: int) -> Refusal:
    """The refusal of an item, with field paths from the request's root; refusals of shape have them already."""
    prefix = f"requests[{index}]."
    at_root = any(violation.field.startswith("requests[") for violation in refusal.violations)
    return refusal if at_root else refusal.below(prefix)


def _main_message(answer: Answer) -> Any:
    assert answer.main is not None
    return record_message(answer.main, answer.unborn)


def _millis(shape: Shape, request: Any, field: str) -> int | None:
    return shape.millis(field, getattr(request, field)) if request.HasField(field) else None


def _stated(command: Execute | Start) -> tuple[object, ...]:
    """What is stated about the lot, for a fingerprint: nothing where nothing is, as in requests from before."""
    if command.lot_expiration_millis is None and command.supplier_lot_name is None:
        return ()
    return ("lot", command.lot_expiration_millis, command.supplier_lot_name)


def _fingerprinted(command: SomeCommand, method: str, *fields: object) -> SomeCommand:
    """Adds to a command with a request id the fingerprint of its method and the meaning of its fields."""
    if command.request_id is not None:
        command.fingerprint = fingerprint(method, command.operation_id, *fields)
    return command
