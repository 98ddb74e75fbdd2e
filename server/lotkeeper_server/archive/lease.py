"""The lease in the store that lets one process at a time archive.

The owner raises a number as long as it is alive. A process that finds the number unchanged for a while takes the lease,
so no two clocks are compared. Each of the owner's transactions first renews the lease: an owner that has lost it
commits nothing.
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
"""An owner that has not renewed for so long counts as dead."""
_LOOK_SECONDS: Final = 0.2


class ArchiveAtWork(Exception):
    """Another archive of this store is running; the text names it."""


class LeaseLost(Exception):
    """This process stood still for so long that another one has taken the lease."""


@dataclass
class Lease:
    """A lease that is held.

    Attributes:
        store: whose lease it is.
        run: eight hexadecimal digits that no other run has.
    """

    store: Store
    run: str = field(default_factory=lambda: secrets.token_hex(4))

    def __post_init__(self) -> None:
        self.owner = f"{socket.gethostname()[:200]} process {os.getpid()} run {self.run}"
        self._renewed_seconds = time.monotonic()

    def take(self) -> None:
        """Takes the lease; waits until it is certain that a dead owner is dead.

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
        """The owner and its number; None if the row had to be made first."""
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
        """Renews the lease, first of all in a write; until the write commits nobody can take it.

        Raises:
            LeaseLost: where another process has taken it.
        """
        if not renew_lease(connection, self.owner):
            raise LeaseLost
        self._renewed_seconds = time.monotonic()

    def keep(self) -> None:
        """Renews the lease if the last time was long ago; called often while nothing is written.

        Raises:
            LeaseLost: where another process has taken it.
        """
        if time.monotonic() - self._renewed_seconds > LEASE_SECONDS / 5:
            with self.store.write() as connection:
                self.renew(connection)

    def release(self) -> None:
        """Gives the lease back; harmless if it was lost."""
        with self.store.write() as connection:
            release_lease(connection, self.owner)
