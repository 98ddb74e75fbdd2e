"""Pages of what has a name and no id, in the order in which it was made."""

import hashlib
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

Item = TypeVar("Item")
_MILLIS_BYTES: Final = 8
_NAME_BYTES: Final = 16
MADE_KEY_BYTES: Final = _MILLIS_BYTES + _NAME_BYTES


def made_key(created_millis: int, *names: str) -> bytes:
    """Where something stands: by when it was made, then by a digest of its names."""
    digest = hashlib.sha256("\n".join(names).encode()).digest()[:_NAME_BYTES]
    return created_millis.to_bytes(_MILLIS_BYTES) + digest


def made_page(
    items: Iterable[Item], key_of: Callable[[Item], bytes], after: bytes, size: int
) -> tuple[list[Item], bool]:
    """The next items of a list, and whether more follow them.

    Args:
        items: all of them, in any order.
        key_of: where one stands.
        after: the key of the last one of the page before; empty for the first page.
        size: at most so many.
    """
    rest = sorted((one for one in items if key_of(one) > after), key=key_of)
    return rest[:size], len(rest) > size
