"""Which version of the schema this program knows, and whether a store still lets it serve."""

from collections.abc import Sequence
from typing import Any, Final

from lotkeeper_server.store.db.errors import StoreOutgrown

HEAD_REVISION: Final = "0015"
"""The newest migration; a test compares it with the files."""
SERVES_FROM: Final = "SELECT serves_from FROM store_state WHERE id = 1"
"""The oldest program that may read and write; each write transaction asks, and a migration waits for all that did."""


def check_serves(rows: Sequence[Sequence[Any]]) -> None:
    """Looks at the answer to `SERVES_FROM`.

    Raises:
        StoreOutgrown: where this program is older than those that may serve.
    """
    if rows and rows[0][0] > HEAD_REVISION:
        raise StoreOutgrown(
            f"the store was migrated to a schema that only programs from {rows[0][0]} on may use; this one knows "
            f"{HEAD_REVISION}: upgrade it"
        )
