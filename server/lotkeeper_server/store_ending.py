"""The end of a store in a process that served: the embedded store's own file then has everything."""

from typing import Final

from lotkeeper_server.event_log import get_logger
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.errors import StoreError

END_STORE_SECONDS: Final = 5.0
"""How long a process waits for it; what is cut short is lost for nobody: the log beside the file has it."""
_log = get_logger()


def end_store(store: Store, *, is_last: bool) -> None:
    """Closes a store for good; says in the log where a copy of its file alone would not have everything.

    Args:
        store: that nobody uses any more, but for reads that may be interrupted.
        is_last: whether this process is the last one of its server: others may still write, and do this after it.
    """
    try:
        left = store.end()
    except StoreError as error:
        _log.warning("store_not_merged", beside=f"{store.path}-wal", error=str(error))
        return
    if left.pages and is_last:
        error_text = "another process has the store open"
        _log.warning("store_not_merged", beside=f"{store.path}-wal", pages=left.pages, error=error_text)
