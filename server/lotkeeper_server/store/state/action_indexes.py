"""Which record belongs to which action of a kept call: two bytes for each record, in their order."""

import struct


def pack_indexes(indexes: tuple[int, ...]) -> bytes:
    """The stored form; a call has at most 1,000 actions."""
    return struct.pack(f">{len(indexes)}H", *indexes)


def unpack_indexes(stored: bytes) -> tuple[int, ...]:
    """The indexes from the stored form."""
    return struct.unpack(f">{len(stored) // 2}H", stored)
