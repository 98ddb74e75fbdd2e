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

from lotkeeper_server.store.archive.lease import (
    LeaseRow,
    make_lease,
    read_lease,
    release_lease,
    renew_lease,
    take_lease,
)
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.errors import AlreadyThere
from lotkeeper_server.store.db.snapshot import WriteConnection

LEASE_SECONDS: Final = 5.0
"""An owner that has not renewed for so long is taken for dead."""
_LOOK_SECONDS: Final = 0.2


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
        seen: LeaseRow | None = None
        since_seconds = time.monotonic()
        while True:
            found = self._look()
            if found is None:
                continue
            if seen is not None and found.owner and found != seen:
                raise ArchiveAtWork(found.owner)
            dead = not found.owner or time.monotonic() - since_seconds >= LEASE_SECONDS
            if dead and self._take_from(found):
                return
            seen = found
            time.sleep(_LOOK_SECONDS)

    def _look(self) -> LeaseRow | None:
        """The owner and its number; None where the row had to be made first."""
        with self.store.read() as connection:
            found = read_lease(connection)
        if found is not None:
            return found
        try:
            with self.store.write() as connection:
                make_lease(connection)
        except AlreadyThere:
            pass
        return None

    def _take_from(self, seen: LeaseRow) -> bool:
        with self.store.write() as connection:
            return take_lease(connection, seen, self.owner)

    def renew(self, connection: WriteConnection) -> None:
        """Renews it as part of a write, first of all; until that commits nobody can take it.

        Raises:
            LeaseLost: where somebody has.
        """
        if not renew_lease(connection, self.owner):
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
            release_lease(connection, self.owner)
