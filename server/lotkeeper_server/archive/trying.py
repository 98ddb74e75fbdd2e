"""What an archive would move, counted on snapshots of the serving store; nothing is written, no file is made."""

from typing import Final, NamedTuple

from lotkeeper_server.archive.choosing import BEGINNING, Place, choose
from lotkeeper_server.archive.moving import RECORDS_PER_FILE_MAX
from lotkeeper_server.archive.request_ids import RequestIds
from lotkeeper_server.domain.model.identifiers import RecordId
from lotkeeper_server.store.db.connection import Store

_NEVER: Final = 2**63 - 1


class WouldMove(NamedTuple):
    """What an archive would do now.

    Attributes:
        records: that it would move.
        files: that it would write.
        left: records from before the date that would have to stay.
        oldest_millis: the moment of the oldest that it would move, milliseconds since the epoch; None where there is
            none.
    """

    records: int
    files: int
    left: int
    oldest_millis: int | None


def count_moves(store: Store, before_millis: int, request_ids: RequestIds) -> WouldMove:
    """Counts what `Archiving.run` would move.

    Args:
        store: which may serve at the same time.
        before_millis: records from this moment on stay.
        request_ids: says which of them have expired.

    Raises:
        StoreError: where the store cannot be read.
    """
    counted = files = left = 0
    oldest_millis = _NEVER
    ahead: set[RecordId] = set()  # halves of reversals that were counted with the other half, before their own turn
    after, more = BEGINNING, True
    while more:
        with store.read() as connection:
            choice = choose(connection, request_ids, before_millis, after, RECORDS_PER_FILE_MAX)
        new = [record for record in choice.records if record.id not in ahead]
        ahead = (ahead | {record.id for record in new}) - {
            record.id for record in choice.records if Place(record.moment_millis, record.id) <= choice.end
        }
        counted += len(new)
        files += bool(new)
        left += choice.left
        oldest_millis = min([oldest_millis, *(record.moment_millis for record in new)])
        after, more = choice.end, choice.more
    return WouldMove(counted, files, left, oldest_millis if counted else None)
