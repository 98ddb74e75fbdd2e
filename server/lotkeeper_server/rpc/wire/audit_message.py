"""Events on the wire, and the filters of their list and their watch."""

from lotkeeper.inventory.v1 import audit_service_pb2 as pb

from lotkeeper_server.domain.model.audit import AuditEvent
from lotkeeper_server.domain.model.enumerations import AuditResult
from lotkeeper_server.domain.model.identifiers import format_id, parse_id
from lotkeeper_server.domain.refusals import Fault
from lotkeeper_server.rpc.wire.record_filters import read_vocabulary
from lotkeeper_server.rpc.wire.record_message import timestamp
from lotkeeper_server.rpc.wire.shape import Shape
from lotkeeper_server.store.audit.rows import AuditFilter

FilteredRequest = pb.ListAuditEventsRequest | pb.WatchAuditEventsRequest


def event_message(event: AuditEvent) -> pb.AuditEvent:
    """An event as a message."""
    return pb.AuditEvent(
        id=format_id(event.id),
        occurred_date=timestamp(event.occurred_millis),
        principal=event.principal,
        address=event.address,
        method=event.method,
        result=int(event.result),  # type: ignore[arg-type]  # numbered alike
        reason=event.reason,
        entity=event.entity,
        entity_id=format_id(event.entity_id) if event.entity_id else "",
        entity_name=event.entity_name,
        request_id=event.request_id,
        item_count=event.item_count,
        inventory_lot_record_id=format_id(event.record_id) if event.record_id else "",
        trace_id=event.trace_id.hex() if event.trace_id else "",
        attempt_count=event.attempt_count,
        latest_date=None if event.latest_millis is None else timestamp(event.latest_millis),
        detail=event.detail,
    )


def read_audit_filter(request: FilteredRequest, shape: Shape) -> AuditFilter:
    """The filter of a list or a watch; faults go to the shape."""
    named = shape.name("entity_id_or_name", request.entity_id_or_name) or ""
    request_id = request.request_id if isinstance(request, pb.ListAuditEventsRequest) else ""
    return AuditFilter(
        principal=shape.name("principal", request.principal) or "",
        method=shape.name("method", request.method) or "",
        entity=shape.name("entity", request.entity) or "",
        entity_id=parse_id(named) if named else None,
        entity_name=named,
        request_id=shape.request_id("request_id", request_id) or "",
        results=read_vocabulary(shape, "results", request.results, AuditResult),
    )


def read_moments(request: pb.ListAuditEventsRequest, shape: Shape) -> tuple[int | None, int | None]:
    """The first moment that is wanted, and the first after it that is not."""
    start = shape.millis(
        "start_date_millis", request.start_date_millis if request.HasField("start_date_millis") else None
    )
    end = shape.millis("end_date_millis", request.end_date_millis if request.HasField("end_date_millis") else None)
    if start is not None and end is not None and end < start:
        shape.fault("start_date_millis", Fault.conflicting("is after end_date_millis"))
        shape.fault("end_date_millis", Fault.conflicting("is before start_date_millis"))
    return start, end
