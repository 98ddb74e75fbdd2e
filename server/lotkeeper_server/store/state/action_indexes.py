"""Which record belongs to which action of a kept call: two bytes a record, in their order."""

import struct


def pack_indexes(indexes: tuple[int, ...]) -> bytes:
    """As stored; a call has at most 1,000 actions."""
    return struct.pack(f">{len(indexes)}H", *indexes)


def unpack_indexes(stored: bytes) -> tuple[int, ...]:
    """As they were."""
    return struct.unpack(f">{len(stored) // 2}H", stored)
