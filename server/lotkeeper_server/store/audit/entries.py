"""Events as the rows of `audit_feed` name them: their keys, one after the other."""

from collections.abc import Iterable
from typing import Final

from lotkeeper_server.domain.model.identifiers import ID_BYTES, Id

Key = tuple[int, Id]
"""Of an event: when it occurred, and its id."""
_MILLIS_BYTES: Final = 8
KEY_BYTES: Final = _MILLIS_BYTES + ID_BYTES


def packed(keys: Iterable[Key]) -> bytes:
    """Keys of events as bytes."""
    pieces: list[bytes] = []
    before, prefix = -1, b""
    for millis, event_id in keys:
        if millis != before:  # most have the one before's
            before, prefix = millis, millis.to_bytes(_MILLIS_BYTES, "big")
        pieces += (prefix, event_id)
    return b"".join(pieces)


def unpacked(entries: bytes) -> list[Key]:
    """The keys again."""
    return [key_of(entries[at : at + KEY_BYTES]) for at in range(0, len(entries), KEY_BYTES)]


def key_of(raw: bytes) -> Key:
    """One of them."""
    return int.from_bytes(raw[:_MILLIS_BYTES], "big"), raw[_MILLIS_BYTES:]
