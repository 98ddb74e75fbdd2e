"""Methods that only the definitions of inventory operations have: status, validation, references."""

from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb

from lotkeeper_server.catalog.descriptions import INVENTORY_OPERATION
from lotkeeper_server.catalog.naming import check_seen
from lotkeeper_server.catalog.saving import Saver, validate
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.identifiers import Id, format_id
from lotkeeper_server.domain.model.stock import OperationRun
from lotkeeper_server.domain.refusals import NotFound, Refused
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.rpc.gate.call import Call, confirmed_by_engine
from lotkeeper_server.rpc.gate.refusal_status import cut
from lotkeeper_server.rpc.wire.masks import read_mask
from lotkeeper_server.rpc.wire.shape import Shape
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.entities.referrers import Referring, references_to
from lotkeeper_server.store.entities.runs import runs_of

_ID = "inventory_operation_id"
_TABLE = INVENTORY_OPERATION.table.name


class InventoryOperationDefinitions:
    """Methods in addition to Save, Get, List and Delete, which the catalog has for every entity."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def GetInventoryOperationStatus(  # noqa: N802 - named as in the contract
        self, request: pb.GetInventoryOperationStatusRequest, _call: Call
    ) -> pb.GetInventoryOperationStatusResponse:
        """Reads the status of an operation's run."""
        operation_id = _required_id(request.inventory_operation_id)
        run = await self._engine.read(lambda snapshot: _run_seen(snapshot, operation_id))
        return pb.GetInventoryOperationStatusResponse(
            status=int(run.status),  # type: ignore[arg-type]  # numbered alike
            current_record_id=format_id(run.current_record_id) if run.current_record_id else "",
        )

    @confirmed_by_engine
    async def ValidateInventoryOperation(  # noqa: N802
        self, request: pb.ValidateInventoryOperationRequest, call: Call
    ) -> pb.ValidateInventoryOperationResponse:
        """Says everything that a Save would refuse."""
        mask = read_mask(request.update_mask)
        message = request.inventory_operation
        saver = Saver(call.principal, call.may, scope_of=call.scope_of)
        collected = await self._engine.transact(
            lambda tx: validate(tx, INVENTORY_OPERATION, message, saver, mask), call
        )
        return pb.ValidateInventoryOperationResponse(
            violations=[
                pb.FieldViolation(
                    field=violation.field,
                    reason=refusal.reason,
                    description=cut(violation.description, limits.REFUSAL_VALUE_BYTES_MAX),
                )
                for refusal in collected
                for violation in refusal.violations
            ]
        )

    async def GetInventoryOperationReferences(  # noqa: N802
        self, request: pb.GetInventoryOperationReferencesRequest, _call: Call
    ) -> pb.GetInventoryOperationReferencesResponse:
        """Counts what refers to a definition."""
        operation_id = _required_id(request.inventory_operation_id)
        found = await self._engine.read(lambda snapshot: _references(snapshot, operation_id))
        return pb.GetInventoryOperationReferencesResponse(
            references=[
                pb.EntityReference(
                    entity=one.entity,
                    count=one.count,
                    example_id=format_id(one.example_id) if one.example_id else "",
                    example_name=one.example_name,
                )
                for one in found
            ]
        )


def _run_seen(snapshot: Snapshot, operation_id: Id) -> OperationRun:
    runs = runs_of(snapshot, [operation_id])
    check_seen(snapshot, _TABLE, operation_id, operation_id if operation_id in runs else None, _ID)
    if operation_id not in runs:
        raise Refused(_not_found(operation_id))
    return runs[operation_id]


def _references(snapshot: Snapshot, operation_id: Id) -> list[Referring]:
    _run_seen(snapshot, operation_id)
    return references_to(snapshot, INVENTORY_OPERATION.table.name, operation_id)


def _required_id(text: str) -> Id:
    shape = Shape()
    operation_id = shape.required_id(_ID, text)
    shape.check()
    return operation_id


def _not_found(operation_id: Id) -> NotFound:
    return NotFound(entity="inventory_operation", id=format_id(operation_id)).at(_ID)
