"""Where a call comes from, as events tell it."""

from typing import Final

from lotkeeper_server import transport
from lotkeeper_server.domain.model.audit import Origin

_TRACE_KEY: Final = "traceparent"
_TRACE_PARTS: Final = 4
_TRACE_CHARACTERS: Final = 32
"""Of a W3C trace context: `00-` and 32 hexadecimal digits, the parent's 16, and flags."""


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
    for key, value in call.metadata:
        if key == _TRACE_KEY:
            return origin._replace(trace_id=_trace_id(value))
    return origin


def _trace_id(value: str | bytes) -> bytes | None:
    """The trace's id; None for what is not a W3C trace context, or one without an id."""
    parts = value.split("-") if isinstance(value, str) else []
    if len(parts) < _TRACE_PARTS or len(parts[1]) != _TRACE_CHARACTERS:
        return None
    try:
        trace_id = bytes.fromhex(parts[1])
    except ValueError:
        return None
    return trace_id if any(trace_id) else None
