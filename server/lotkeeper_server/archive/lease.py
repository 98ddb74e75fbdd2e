"""Who archives: one process at a time, by a lease in the store.

The owner raises a number as long as it is alive. Whoever finds the number unchanged for a while takes the lease, so no
two clocks are compared. Each of the owner's transactions renews the lease first: one that has lost it commits nothing.
"""

import os
import secrets
import socket
import time
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, insert, select, update

from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.errors import AlreadyThere
from lotkeeper_server.store.schema.archive_tables import archive_state

LEASE_SECONDS: Final = 5.0
"""An owner that has not renewed for so long is taken for dead."""
_LOOK_SECONDS: Final = 0.2
_state: Final = archive_state.c


class ArchiveAtWork(Exception):
    """Another archive of this store is at work; the text names it."""


class LeaseLost(Exception):
    """This process was stalled for so long that another one has taken the lease."""


@dataclass
class Lease:
    """A lease that is held.

    Attributes:
        store: of which it is.
        run: eight hexadecimal digits that no other run has.
    """

    store: Store
    run: str = field(default_factory=lambda: secrets.token_hex(4))

    def __post_init__(self) -> None:
        self.owner = f"{socket.gethostname()[:200]} process {os.getpid()} run {self.run}"
        self._renewed_seconds = time.monotonic()

    def take(self) -> None:
        """Takes the lease; waits until a dead owner is known to be dead.

        Raises:
            ArchiveAtWork: where its owner is alive.
            StoreError: where the store cannot be read or written.
        """
        seen: tuple[str, int] | None = None
        since_seconds = time.monotonic()
        while True:
            found = self._look()
            if found is None:
                continue
            owner, renewals = found
            if seen is not None and owner and found != seen:
                raise ArchiveAtWork(owner)
            if (not owner or time.monotonic() - since_seconds >= LEASE_SECONDS) and self._take_from(owner, renewals):
                return
            seen = found
            time.sleep(_LOOK_SECONDS)

    def _look(self) -> tuple[str, int] | None:
        """The owner and its number; None where the row had to be made first."""
        with self.store.read() as connection:
            row = connection.execute(select(_state.owner, _state.renewals)).first()
        if row is not None:
            return row.owner, row.renewals
        try:
            with self.store.write() as connection:
                connection.execute(insert(archive_state).values(id=1, files=0, feed_order=0, owner="", renewals=0))
        except AlreadyThere:
            pass
        return None

    def _take_from(self, owner: str, renewals: int) -> bool:
        with self.store.write() as connection:
            taken = connection.execute(
                update(archive_state)
                .where(_state.owner == owner, _state.renewals == renewals)
                .values(owner=self.owner, renewals=renewals + 1)
            )
            return taken.rowcount == 1

    def renew(self, connection: Connection) -> None:
        """Renews it as part of a write, first of all; until that commits nobody can take it.

        Raises:
            LeaseLost: where somebody has.
        """
        renewed = connection.execute(
            update(archive_state).where(_state.owner == self.owner).values(renewals=_state.renewals + 1)
        )
        if renewed.rowcount != 1:
            raise LeaseLost
        self._renewed_seconds = time.monotonic()

    def keep(self) -> None:
        """Renews it where that was long ago; called often where nothing is written for a while.

        Raises:
            LeaseLost: where somebody has taken it.
        """
        if time.monotonic() - self._renewed_seconds > LEASE_SECONDS / 5:
            with self.store.write() as connection:
                self.renew(connection)

    def release(self) -> None:
        """Gives it back; where it was lost, to nobody's harm."""
        with self.store.write() as connection:
            connection.execute(update(archive_state).where(_state.owner == self.owner).values(owner=""))
