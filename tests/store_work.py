"""How much a store does for a question, in its own measure: what must not grow with what lies in the tables."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from lotkeeper_server.store.db.statements import fetch
from sqlalchemy import Connection

from tests import stores

MEASURES_PER_ROW: Final = {"sqlite": 0.6, "postgresql": 4.0, "mariadb": 4.0, "galera": 4.0}
"""At most, for a row that a walk looks at: hundreds of steps of SQLite's machine, elsewhere rows read."""
_HANDLER_READS: Final = (
    "SELECT SUM(variable_value) FROM information_schema.session_status WHERE variable_name LIKE 'handler_read%'"
)
_ROWS_READ: Final = {
    "postgresql": "SELECT COALESCE(SUM(seq_tup_read + idx_tup_fetch), 0) FROM pg_stat_xact_user_tables",
    "mariadb": _HANDLER_READS,
    "galera": _HANDLER_READS,
}


@contextmanager
def measured(connection: Connection) -> Iterator[Callable[[], int]]:
    """What the store has done on a connection since the block began, at each call."""
    text = _ROWS_READ.get(stores.kind())
    if text is not None:
        begin = int(fetch(connection, text)[0][0])
        yield lambda: int(fetch(connection, text)[0][0]) - begin
        return
    driver: Any = connection.connection.driver_connection
    count = itertools.count(1)
    done = 0

    def step() -> None:
        nonlocal done
        done = next(count)

    driver.set_progress_handler(step, 100)
    yield lambda: done
    driver.set_progress_handler(None, 0)
