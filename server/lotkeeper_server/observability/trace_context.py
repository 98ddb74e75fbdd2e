"""The trace that a call belongs to, as W3C's `traceparent` says it."""

import re
from collections.abc import Sequence
from typing import Final

_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?", re.ASCII)
_NONE: Final = "0" * 32
_NO_VERSION: Final = "ff"
_CHARACTERS_MAX: Final = 256


def trace_id_of(metadata: Sequence[tuple[str, str | bytes]]) -> str:
    """The id of the trace, 32 hexadecimal digits; empty where the caller sent none, or one that is not of that form."""
    for key, value in metadata:
        if key == "traceparent" and isinstance(value, str) and len(value) <= _CHARACTERS_MAX:
            found = _TRACEPARENT.fullmatch(value)
            if found and found[1] != _NONE and not value.startswith(_NO_VERSION):
                return found[1]
            return ""
    return ""
