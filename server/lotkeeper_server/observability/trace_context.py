"""The trace that a call belongs to, as W3C's `traceparent` and `tracestate` say it."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

Metadata = Sequence[tuple[str, str | bytes]]
_TRACEPARENT: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII)
_TRACESTATE: Final = re.compile(r"[\x20-\x7e]*", re.ASCII)
_SAMPLED: Final = 1
_NO_TRACE: Final = "0" * 32
_NO_SPAN: Final = "0" * 16
_FIRST_VERSION: Final = "00"
_NO_VERSION: Final = "ff"
_CHARACTERS_MAX: Final = 256
STATE_CHARACTERS_MAX: Final = 512
"""As many as W3C asks everybody to carry on."""


class TraceParent(NamedTuple):
    """The span of a caller.

    Attributes:
        trace_id: 32 hexadecimal digits, not all of them 0.
        span_id: 16 of them.
        is_sampled: whether the caller records its trace.
    """

    trace_id: str
    span_id: str
    is_sampled: bool


def trace_parent_of(metadata: Metadata) -> TraceParent | None:
    """The caller's span; None where it sent none, or one that is not of W3C's form."""
    for key, value in metadata:
        if key == "traceparent":
            return _read(value) if isinstance(value, str) and len(value) <= _CHARACTERS_MAX else None
    return None


def trace_id_of(metadata: Metadata) -> str:
    """The id of the caller's trace; empty where it sent none, or one that is not of W3C's form."""
    parent = trace_parent_of(metadata)
    return "" if parent is None else parent.trace_id


def trace_state_of(metadata: Metadata) -> str:
    """What systems on the way noted of the trace, to be carried on as it is; empty for nothing, or too much."""
    values = [value for key, value in metadata if key == "tracestate" and isinstance(value, str)]
    state = ",".join(values)
    return state if len(state) <= STATE_CHARACTERS_MAX and _TRACESTATE.fullmatch(state) else ""


def _read(value: str) -> TraceParent | None:
    found = _TRACEPARENT.fullmatch(value)
    if found is None:
        return None
    version, trace_id, span_id, flags, more = found.groups()
    if version == _NO_VERSION or trace_id == _NO_TRACE or span_id == _NO_SPAN:
        return None
    if more and version == _FIRST_VERSION:
        return None
    return TraceParent(trace_id, span_id, bool(int(flags, 16) & _SAMPLED))
