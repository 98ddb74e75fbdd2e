"""A store that is only looked at: whatever is asked of it, everything stays as it is."""

import time
from contextlib import suppress
from typing import Final, NamedTuple

from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.dialects import Locking

_MILLIS: Final = 1_000


class ClockBeside(NamedTuple):
    """How the clock of a database's machine stands to this one's.

    Attributes:
        ahead_millis: so much later it is there.
        uncertain_millis: by so much that may be wrong: half of what the question took.
    """

    ahead_millis: float
    uncertain_millis: float


class StoreLookedAt(Store):
    """One whose reads make no file beside an embedded store, and bring no log of it over."""

    def __init__(self, database_url: str) -> None:
        """As of any store.

        Raises:
            StoreError: as of any store.
        """
        super().__init__(database_url)
        self._reads = self._dialect.engine_for_looks(self.url)

    def try_rights(self) -> None:
        """Writes what nobody needs, and rolls it back; not for an embedded store, which would make files for it.

        Raises:
            StoreError: where that cannot be done.
        """
        with suppress(_TakenBack), self.write_to_any_schema(Locking.WAIT_BRIEFLY) as connection:
            self._write_mark(connection)
            raise _TakenBack

    def clock_beside(self) -> ClockBeside | None:
        """How the clock of the database's machine stands to this one's; None for an embedded store.

        Raises:
            StoreError: where it cannot be asked.
        """
        with self.read() as connection:
            asked_millis = time.time() * _MILLIS
            there_millis = self._dialect.clock_millis(connection)
            answered_millis = time.time() * _MILLIS
        if there_millis is None:
            return None
        half_millis = (answered_millis - asked_millis) / 2
        return ClockBeside(there_millis - asked_millis - half_millis, half_millis)


class _TakenBack(Exception):
    """Ends a transaction that was never meant to be committed."""
