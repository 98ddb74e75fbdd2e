"""Request ids: expired ones are deleted; records that a kept one refers to stay.

A request refers to the records that it has written, which carry its id. A Stop or Cancel refers to the running record,
which carries the id of its Start but was changed at the moment of that request. A record that was changed again later
does not say when it was stopped: it stays as long as a kept request may have stopped it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from lotkeeper_server.archive.lease import Lease
from lotkeeper_server.domain.model.identifiers import RecordId
from lotkeeper_server.store.archive.records import Candidate
from lotkeeper_server.store.archive.request_ids import (
    delete_expired,
    records_of_requests,
    records_of_requests_made_at,
)
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.snapshot import Snapshot

REQUEST_IDS_PER_TRANSACTION_MAX: Final = 1_000
_VERSION_ONCE_STOPPED: Final = 2


@dataclass(frozen=True, slots=True)
class RequestIds:
    """The request ids of a store.

    Attributes:
        expired_until_millis: ids from this moment and earlier have expired.
    """

    expired_until_millis: int

    def referred_among(self, snapshot: Snapshot, candidates: Sequence[Candidate]) -> set[RecordId]:
        """Those of these records that a request that has not expired refers to, or may refer to."""
        requests = {(one.created_by, one.request_id) for one in candidates if one.request_id}
        kept_after_millis = self.expired_until_millis
        changed = {one.modified_millis for one in candidates if (one.modified_millis or 0) > kept_after_millis}
        named = records_of_requests(snapshot, requests, kept_after_millis)
        named |= records_of_requests_made_at(snapshot, {one for one in changed if one is not None})
        return {one.id for one in candidates if one.id in named or self._may_be_referred(one)}

    def _may_be_referred(self, record: Candidate) -> bool:
        return record.version > _VERSION_ONCE_STOPPED and (record.modified_millis or 0) > self.expired_until_millis

    def drop_expired(self, store: Store, lease: Lease) -> Iterator[int]:
        """Deletes expired ones, a number in each transaction; yields how many each time.

        Raises:
            LeaseLost: where another archive has taken over.
            StoreError: where the store cannot be written.
        """
        while True:
            with store.write() as connection:
                lease.renew(connection)
                deleted = delete_expired(connection, self.expired_until_millis, REQUEST_IDS_PER_TRANSACTION_MAX)
            if not deleted:
                return
            yield deleted
