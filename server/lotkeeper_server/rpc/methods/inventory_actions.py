"""ExecuteInventoryActions, ReverseInventoryLotRecord and AnnotateInventoryLotRecord."""

from typing import Literal

from lotkeeper.inventory.v1 import inventory_service_pb2 as pb

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.commands import Annotate, Command, ExecuteActions, RequestedAction, Reverse
from lotkeeper_server.domain.model.identifiers import RecordId
from lotkeeper_server.domain.model.stock import Answer, Record
from lotkeeper_server.domain.refusals import FieldViolation, InvalidArgument, PermissionDenied, Refusal, Refused
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.rpc.gate.call import Call, confirmed_by_engine
from lotkeeper_server.rpc.wire.action_permissions import action_permissions
from lotkeeper_server.rpc.wire.action_shape import meaning_of, read_action
from lotkeeper_server.rpc.wire.record_message import record_message
from lotkeeper_server.rpc.wire.shape import Shape, fingerprint


class InventoryActions:
    """What changes stock without an operation, and what is done to records afterwards."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._permissions = action_permissions()

    # Not confirmed by the engine: what the caller's roles grant now has to be known before the shape is looked at.
    async def ExecuteInventoryActions(  # noqa: N802 - named as in the contract
        self, request: pb.ExecuteInventoryActionsRequest, call: Call
    ) -> pb.ExecuteInventoryActionsResponse:
        """Applies actions in order, in one transaction."""
        self._check_permissions(request, call)
        command = read_actions(request, call)
        try:
            answer = await self._answered(command, call)
        except Refused as refused:
            if refused.index is None:
                raise
            raise Refused(refused.refusal.below(f"actions[{refused.index}]."), refused.index) from None
        return pb.ExecuteInventoryActionsResponse(
            inventory_lot_records=[record_message(record, answer.unborn) for record in answer.records],
            action_indexes=answer.action_indexes,
        )

    @confirmed_by_engine
    async def ReverseInventoryLotRecord(  # noqa: N802
        self, request: pb.ReverseInventoryLotRecordRequest, call: Call
    ) -> pb.ReverseInventoryLotRecordResponse:
        """Undoes a completed record."""
        answer = await self._answered(read_reverse(request, call), call)
        return pb.ReverseInventoryLotRecordResponse(inventory_lot_record=record_message(_main(answer), answer.unborn))

    @confirmed_by_engine
    async def AnnotateInventoryLotRecord(  # noqa: N802
        self, request: pb.AnnotateInventoryLotRecordRequest, call: Call
    ) -> pb.AnnotateInventoryLotRecordResponse:
        """Changes a record's notes and spares."""
        answer = await self._answered(read_annotate(request, call), call)
        return pb.AnnotateInventoryLotRecordResponse(inventory_lot_record=record_message(_main(answer)))

    async def _answered(self, command: Command, call: Call) -> Answer:
        outcome = await self._engine.submit(command, call)
        if isinstance(outcome, Refusal):
            raise Refused(outcome)
        assert isinstance(outcome, Answer)
        return outcome

    def _check_permissions(self, request: pb.ExecuteInventoryActionsRequest, call: Call) -> None:
        """Each action's own; one without a known type has none, its shape is at fault."""
        for index, action in enumerate(request.actions):
            permission = self._permissions.get(action.type)
            if permission is not None and not call.may(permission):
                raise Refused(PermissionDenied(permission=permission), index)


def read_actions(request: pb.ExecuteInventoryActionsRequest, call: Call) -> ExecuteActions:
    """Step 2: the faults of all actions together, and those of the call itself before them."""
    shape = Shape()
    request_id = shape.request_id("request_id", request.request_id)
    count = len(request.actions)
    if not 1 <= count <= limits.BATCH_ITEMS_MAX:
        shape.fault("actions", f"has {count} actions; 1 to {limits.BATCH_ITEMS_MAX} are taken")
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
    """Step 2 of an annotation: present but empty clears, absent leaves as it is."""
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
