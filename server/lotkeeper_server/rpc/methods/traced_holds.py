"""HoldTracedLots: a lot and all lots that a trace reaches get QA_HOLD."""

from lotkeeper.inventory.v1 import trace_service_pb2 as pb

from lotkeeper_server.catalog.lot_rules import STATUS_CHANGE_PERMISSION
from lotkeeper_server.catalog.traced_holds import AskedHold, TracedHold, hold_traced
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.audit import Effect
from lotkeeper_server.domain.model.enumerations import TraceDirection
from lotkeeper_server.domain.refusals import PermissionDenied, Refused, TraceTruncated
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.rpc.gate.call import Call, confirmed_by_engine
from lotkeeper_server.rpc.methods.tracing import read_depth, read_direction
from lotkeeper_server.rpc.wire.naming import read_lot
from lotkeeper_server.rpc.wire.record_message import record_message
from lotkeeper_server.rpc.wire.shape import Shape, fingerprint
from lotkeeper_server.rpc.wire.trace_message import NO_FLOW, node_message
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.db.transaction import Transaction
from lotkeeper_server.store.db.write_transaction import ReadTransaction, WriteTransaction
from lotkeeper_server.store.lists.traced import read_shown
from lotkeeper_server.store.state.writing import write_changes


class TracedHolds:
    """Holds what was made of a lot."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @confirmed_by_engine
    async def HoldTracedLots(self, request: pb.HoldTracedLotsRequest, call: Call) -> pb.HoldTracedLotsResponse:  # noqa: N802
        """Holds them in one transaction; a dry run reads a snapshot and keeps nobody waiting."""
        engine = self._engine

        def check() -> None:
            if not call.may(STATUS_CHANGE_PERMISSION):
                raise Refused(PermissionDenied(permission=STATUS_CHANGE_PERMISSION))

        def check_everywhere(
            snapshot: Snapshot,
        ) -> None:  # a hold that ends at a border lets lots go that should be held
            call.check_everywhere(snapshot, STATUS_CHANGE_PERMISSION)

        check()
        call.check = check
        asked = read_hold(request, call)

        def dry(snapshot: Snapshot) -> pb.HoldTracedLotsResponse:
            check_everywhere(snapshot)
            context = engine.dry_context()
            hold = hold_traced(ReadTransaction(snapshot), asked, context)
            return _answer(snapshot, asked, hold, context.now_millis)

        def work(tx: Transaction) -> pb.HoldTracedLotsResponse:
            check_everywhere(tx.connection)
            writing = WriteTransaction(tx.connection)
            hold = hold_traced(writing, asked, engine.context(tx))
            answer = _answer(tx.connection, asked, hold, tx.now_millis)
            write_changes(writing, hold.changes)
            if hold.answer.wrote:
                tx.effects.append(_effect(asked, hold))
            return answer

        return await (engine.read_long(dry, call) if asked.validate_only else engine.transact(work, call))


def read_hold(request: pb.HoldTracedLotsRequest, call: Call) -> AskedHold:
    """Step 2: the faults of shape, all together."""
    shape = Shape()
    lot = read_lot(shape, request.lot_id_or_name, request.material_id_or_path)
    direction = read_direction(request, shape) or TraceDirection.OUTPUT
    depth = read_depth(request, shape)
    notes = shape.text("notes", request.notes)
    reason_code_id = shape.id("material_reason_code_id", request.material_reason_code_id)
    request_id = shape.request_id("request_id", request.request_id)
    shape.check()
    material = lot.material.given if lot.material else None
    meaning = (lot.given, material, int(direction), depth, request.lots_only, notes, reason_code_id)
    return AskedHold(
        lot=lot,
        direction=direction,
        depth=depth,
        lots_only=request.lots_only,
        notes=notes,
        reason_code_id=reason_code_id,
        principal=call.principal,
        request_id=request_id,
        fingerprint=b"" if request_id is None else fingerprint("HoldTracedLots", *meaning),
        validate_only=request.validate_only,
    )


def _effect(asked: AskedHold, hold: TracedHold) -> Effect:
    records = hold.answer.records
    record_id = records[0].id if records else None
    return Effect("inventory_lot", hold.lot_id, "", asked.request_id or "", len(records), record_id)


def _answer(snapshot: Snapshot, asked: AskedHold, hold: TracedHold, now_millis: int) -> pb.HoldTracedLotsResponse:
    """The answer; what gRPC could not carry is refused before anything is committed."""
    shown = read_shown(snapshot, list(hold.left))
    answer = pb.HoldTracedLotsResponse(
        inventory_lot_records=[record_message(record, hold.answer.unborn) for record in hold.answer.records],
        left=[node_message(lot_id, depth, NO_FLOW, shown, now_millis) for lot_id, depth in hold.left.items()],
    )
    if answer.ByteSize() > limits.ANSWER_BYTES_MAX:
        raise Refused(TraceTruncated(lot=hold.lot_name, depth=asked.depth))
    return answer
