"""Lists of keys, bound to statements piece by piece."""

from collections.abc import Iterator, Sequence
from typing import Any

from lotkeeper_server.domain import limits


def chunks(keys: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Pieces padded to a power of two with their last key, so that few distinct statements are prepared."""
    for begin in range(0, len(keys), limits.KEYS_PER_STATEMENT_MAX):
        piece = list(keys[begin : begin + limits.KEYS_PER_STATEMENT_MAX])
        size = 1 << (len(piece) - 1).bit_length()
        yield piece + [piece[-1]] * (size - len(piece))
