"""ExecuteInventoryActions, ReverseInventoryLotRecord and AnnotateInventoryLotRecord."""

from typing import Literal

from lotkeeper.inventory.v1 import inventory_service_pb2 as pb

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.commands import Annotate, ExecuteActions, RequestedAction, Reverse
from lotkeeper_server.domain.model.identifiers import RecordId
from lotkeeper_server.domain.model.stock import Answer, Record
from lotkeeper_server.domain.refusals import Fault, FieldViolation, InvalidArgument, PermissionDenied, Refused
from lotkeeper_server.rpc.gate.call import Call, Submission, decided_by_engine
from lotkeeper_server.rpc.wire.action_permissions import action_permissions
from lotkeeper_server.rpc.wire.action_shape import meaning_of, read_action
from lotkeeper_server.rpc.wire.record_message import record_message
from lotkeeper_server.rpc.wire.shape import Shape, fingerprint


class InventoryActions:
    """Changes of stock without an operation, and later changes of records."""

    def __init__(self) -> None:
        self._permissions = action_permissions()

    @decided_by_engine
    def ExecuteInventoryActions(  # noqa: N802 - named as in the contract
        self, request: pb.ExecuteInventoryActionsRequest, call: Call
    ) -> Submission:
        """Applies actions in order, in one transaction."""
        self._check_permissions(request, call)
        return Submission(
            read_actions(request, call), actions_response, _placed, lambda: self._check_permissions(request, call)
        )

    @decided_by_engine
    def ReverseInventoryLotRecord(  # noqa: N802
        self, request: pb.ReverseInventoryLotRecordRequest, call: Call
    ) -> Submission:
        """Undoes a completed record."""
        return Submission(read_reverse(request, call), reverse_response)

    @decided_by_engine
    def AnnotateInventoryLotRecord(  # noqa: N802
        self, request: pb.AnnotateInventoryLotRecordRequest, call: Call
    ) -> Submission:
        """Changes a record's notes and spares."""
        return Submission(read_annotate(request, call), annotate_response)

    def _check_permissions(self, request: pb.ExecuteInventoryActionsRequest, call: Call) -> None:
        """The permission of each action; one without a known type has none, since its shape is wrong."""
        for index, action in enumerate(request.actions):
            permission = self._permissions.get(action.type)
            if permission is not None and not call.may(permission):
                raise Refused(PermissionDenied(permission=permission), index)


def actions_response(answer: Answer) -> pb.ExecuteInventoryActionsResponse:
    """The answer of ExecuteInventoryActions."""
    return pb.ExecuteInventoryActionsResponse(
        inventory_lot_records=[record_message(record, answer.unborn) for record in answer.records],
        action_indexes=answer.action_indexes,
    )


def reverse_response(answer: Answer) -> pb.ReverseInventoryLotRecordResponse:
    """The answer of a reversal."""
    return pb.ReverseInventoryLotRecordResponse(inventory_lot_record=record_message(_main(answer), answer.unborn))


def annotate_response(answer: Answer) -> pb.AnnotateInventoryLotRecordResponse:
    """The answer of an annotation."""
    return pb.AnnotateInventoryLotRecordResponse(inventory_lot_record=record_message(_main(answer)))


def _placed(refused: Refused) -> Refused:
    """The refusal of one action, with its place in the request."""
    return Refused(refused.refusal.below(f"actions[{refused.index}]."), refused.index)


def read_actions(request: pb.ExecuteInventoryActionsRequest, call: Call) -> ExecuteActions:
    """Step 2: the faults of all actions together, and those of the call itself before them."""
    shape = Shape()
    request_id = shape.request_id("request_id", request.request_id)
    count = len(request.actions)
    if not 1 <= count <= limits.BATCH_ITEMS_MAX:
        shape.fault("actions", Fault.out_of_range(f"has {count} actions; 1 to {limits.BATCH_ITEMS_MAX} are allowed"))
        shape.check()
    of_call = shape.refusal()
    violations: list[FieldViolation] = list(of_call.violations) if of_call else []
    first_at_fault: int | None = None
    actions: list[RequestedAction] = []
    for index, message in enumerate(request.actions):
        of_action = Shape(f"actions[{index}].")
        actions.append(read_action(message, of_action))
        if refusal := of_action.refusal():
            violations.extend(refusal.violations)
            first_at_fault = index if first_at_fault is None else first_at_fault
    if violations:
        raise Refused(InvalidArgument.of(tuple(violations)), None if of_call else first_at_fault)
    command = ExecuteActions(
        principal=call.principal, actions=actions, request_id=request_id, validate_only=request.validate_only
    )
    if request_id is not None:
        command.fingerprint = fingerprint("ExecuteInventoryActions", *map(meaning_of, actions))
    return command


def read_reverse(request: pb.ReverseInventoryLotRecordRequest, call: Call) -> Reverse:
    """Step 2 of a reversal."""
    shape = Shape()
    command = Reverse(
        principal=call.principal,
        record_id=RecordId(shape.required_id("inventory_lot_record_id", request.inventory_lot_record_id)),
        notes=shape.text("notes", request.notes),
        request_id=shape.request_id("request_id", request.request_id),
        validate_only=request.validate_only,
    )
    shape.check()
    if command.request_id is not None:
        command.fingerprint = fingerprint("ReverseInventoryLotRecord", command.record_id, command.notes)
    return command


def read_annotate(request: pb.AnnotateInventoryLotRecordRequest, call: Call) -> Annotate:
    """Step 2 of an annotation: an empty field clears, an absent one changes nothing."""
    shape = Shape()

    def spare(name: Literal["spare1", "spare2", "spare3"]) -> str | None:
        text: str = getattr(request, name)
        return shape.text(name, text, limits.SPARE_CODE_POINTS_MAX) if request.HasField(name) else None

    command = Annotate(
        principal=call.principal,
        record_id=RecordId(shape.required_id("inventory_lot_record_id", request.inventory_lot_record_id)),
        notes=shape.text("notes", request.notes) if request.HasField("notes") else None,
        spares=(spare("spare1"), spare("spare2"), spare("spare3")),
    )
    shape.check()
    return command


def _main(answer: Answer) -> Record:
    assert answer.main is not None
    return answer.main
