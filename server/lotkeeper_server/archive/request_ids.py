"""Request ids: those that have expired go; what one that is kept refers to stays.

A request refers to the records that it has written, which bear its id. A Stop or Cancel refers to the running record,
which bears the id of its Start but was changed at the moment of that request. One that was changed once more since does
not say when it was stopped: so long as that may have been by a request that is kept, it stays.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, delete, select, tuple_

from lotkeeper_server.archive.lease import Lease
from lotkeeper_server.domain.model.identifiers import ID_BYTES, RecordId
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.statements import rows_by_columns, rows_by_key
from lotkeeper_server.store.schema.tables import request

REQUEST_IDS_PER_TRANSACTION_MAX: Final = 1_000
_VERSION_ONCE_STOPPED: Final = 2


class Candidate(NamedTuple):
    """A record as far as it matters to whether it may be archived. Columns of its table."""

    id: RecordId
    moment_millis: int
    status: int
    version: int
    request_id: str
    created_by: str
    modified_millis: int | None
    reverses_record_id: RecordId | None
    reversed_by_record_id: RecordId | None

    @property
    def partner_id(self) -> RecordId | None:
        """The other half of a reversal."""
        return self.reverses_record_id or self.reversed_by_record_id


@dataclass(frozen=True, slots=True)
class RequestIds:
    """Those of a store.

    Attributes:
        expired_until_millis: the ids from before or at that moment have expired.
    """

    expired_until_millis: int

    def referred_among(self, connection: Connection, candidates: Sequence[Candidate]) -> set[RecordId]:
        """The records among these that a kept request refers to, or may refer to. Expired ids are deleted before."""
        named: set[RecordId] = set()
        keys = sorted({(one.created_by, one.request_id) for one in candidates if one.request_id})
        columns = ("principal", "request_id")
        for (record_ids,) in rows_by_columns(connection, ("record_ids",), request, columns, keys):
            named.update(_ids_in(record_ids))
        changed = sorted({one.modified_millis for one in candidates if one.modified_millis is not None})
        for (record_ids,) in rows_by_key(connection, "SELECT record_ids FROM request", "created_millis", changed):
            named.update(_ids_in(record_ids))
        return {one.id for one in candidates if one.id in named or self._may_be_referred(one)}

    def _may_be_referred(self, record: Candidate) -> bool:
        return record.version > _VERSION_ONCE_STOPPED and (record.modified_millis or 0) > self.expired_until_millis

    def drop_expired(self, store: Store, lease: Lease) -> Iterator[int]:
        """Deletes those that have expired, some a transaction; how many each time.

        Raises:
            LeaseLost: where another archive has taken over.
            StoreError: where the store cannot be written.
        """
        columns = request.c
        expired = (
            select(columns.principal, columns.request_id)
            .where(columns.created_millis <= self.expired_until_millis)
            .order_by(columns.created_millis)
            .limit(REQUEST_IDS_PER_TRANSACTION_MAX)
            .with_for_update()
        )
        while True:
            with store.write() as connection:
                lease.renew(connection)
                keys = [tuple(row) for row in connection.execute(expired)]
                if keys:
                    connection.execute(delete(request).where(tuple_(columns.principal, columns.request_id).in_(keys)))
            if not keys:
                return
            yield len(keys)


def _ids_in(record_ids: Any) -> list[RecordId]:
    return [RecordId(record_ids[at : at + ID_BYTES]) for at in range(0, len(record_ids), ID_BYTES)]
