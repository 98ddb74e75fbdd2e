"""What a position in the feed holds for: one store, from one restore to the next, and records that are not archived.

A store has an epoch, eight random bytes. A restore gives it another one: what was seen before may be gone, and numbers
are given again. So a position is good only together with the epoch that it was taken in.
"""

import os
from typing import Final, NamedTuple

from sqlalchemy import Connection

from lotkeeper_server.store.db.statements import execute, fetch

EPOCH_BYTES: Final = 8
_VERSIONS_SKIPPED: Final = 1_000_000
"""Beyond whatever versions the store may have had after the moment that it was put back to."""
_STATE: Final = (
    "SELECT s.epoch, s.takes_old_tokens, COALESCE(a.files, 0), a.until_millis FROM store_state AS s "
    "LEFT JOIN archive_state AS a ON a.id = s.id WHERE s.id = 1"
)


class FeedState(NamedTuple):
    """What positions of a store hold for now.

    Attributes:
        epoch: of the store.
        takes_old_tokens: whether positions without an epoch are its own: they are as old as version 0011 of the schema.
        archive_files: how many files of archived records there ever were.
        archived_until_millis: the latest moment of an archived record; None where there is none.
    """

    epoch: bytes
    takes_old_tokens: bool
    archive_files: int
    archived_until_millis: int | None

    def is_own(self, epoch: bytes) -> bool:
        """Whether a position of an epoch, or of none, b"", was taken in this store since it was last restored."""
        return epoch == self.epoch if epoch else self.takes_old_tokens


def read_feed_state(connection: Connection) -> FeedState:
    """Reads it in a snapshot."""
    epoch, takes_old_tokens, files, until_millis = fetch(connection, _STATE)[0]
    return FeedState(bytes(epoch), bool(takes_old_tokens), files, until_millis)


def new_epoch() -> bytes:
    """One that no other store has."""
    return os.urandom(EPOCH_BYTES)


def renew_epoch(connection: Connection) -> None:
    """Ends every position that was taken so far, and what processes remember of definitions, roles and tokens."""
    execute(
        connection,
        "UPDATE store_state SET epoch = ?, takes_old_tokens = FALSE, version = version + ?, "
        "access_version = access_version + ? WHERE id = 1",
        (new_epoch(), _VERSIONS_SKIPPED, _VERSIONS_SKIPPED),
    )
