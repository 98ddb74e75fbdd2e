"""Where a call comes from, as events tell it."""

from lotkeeper_server import transport
from lotkeeper_server.domain.model.audit import Origin
from lotkeeper_server.observability.trace_context import trace_id_of


def origin_of(call: transport.Call, method: str) -> Origin:
    """What was called, from where, and within which trace.

    Args:
        call: just begun.
        method: its name without its service's.
    """
    connection = call.connection
    origin: Origin | None = connection.notes.get(method)
    if origin is None:
        origin = connection.notes[method] = Origin(method, connection.address)
    trace_id = trace_id_of(call.metadata)
    return origin._replace(trace_id=bytes.fromhex(trace_id)) if trace_id else origin
