"""Request ids: those that have expired go; what one that is kept refers to stays.

A record says which call has written it and when it was changed last, so its own requests are found by keys. A request
that refers to a record without either (it annotated without a change, or its change was followed by another one) is
found by reading every request id that is kept, once for a run, and then on from there.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, delete, select, tuple_

from lotkeeper_server.archive.lease import Lease
from lotkeeper_server.domain.identifiers import ID_BYTES, RecordId
from lotkeeper_server.store.connection import Store
from lotkeeper_server.store.statements import fetch, rows_by_columns, rows_by_key
from lotkeeper_server.store.tables import request

REQUEST_IDS_PER_TRANSACTION_MAX: Final = 1_000
_READ_MAX: Final = 1_000
_COMMITTED_LATE_MILLIS: Final = 1_000
"""What a transaction writes may be seen so long after the moment that it bears."""
_ULID_MILLIS_BYTES: Final = 6
_BEGINNING: Final = (-1, "", "")


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


class KeptRequests:
    """What requests refer to, as far as they have been read."""

    def __init__(self, before_millis: int, now_millis: int) -> None:
        """Knows nothing yet.

        Args:
            before_millis: records from then on are not asked for.
            now_millis: the moment of now; what was changed later is looked at with more care.
        """
        self._before_millis = before_millis
        self._began_millis = now_millis
        self._referred: set[RecordId] = set()
        self._read_until: tuple[int, str, str] = _BEGINNING

    def read_all(self, store: Store, lease: Lease) -> None:
        """Reads every request id, a page a transaction."""
        more = True
        while more:
            lease.keep()
            with store.read() as connection:
                more = self._read_page(connection)

    def read_on(self, connection: Connection) -> None:
        """Reads those that were written since, in a transaction that sees them."""
        read_until = self._read_until
        self._read_until = (read_until[0] - _COMMITTED_LATE_MILLIS, "", "")
        while self._read_page(connection):
            pass
        self._read_until = max(read_until, self._read_until)

    def _read_page(self, connection: Connection) -> bool:
        """Whether there may be more."""
        text = (
            "SELECT created_millis, principal, request_id, record_ids FROM request WHERE created_millis >= ? "
            "AND (created_millis > ? OR principal > ? OR principal = ? AND request_id > ?) "
            "ORDER BY created_millis, principal, request_id LIMIT ?"
        )
        millis, principal, request_id = self._read_until
        page = fetch(connection, text, (millis, millis, principal, principal, request_id, _READ_MAX))
        older: dict[RecordId, list[tuple[int, str, str]]] = {}
        for *key, record_ids in page:
            for record_id in _ids_in(record_ids):
                if _made_millis(record_id) <= key[0]:  # else the request itself has made it
                    older.setdefault(record_id, []).append((key[0], key[1], key[2]))
        select_from = "SELECT id, moment_millis, created_by, request_id, modified_millis FROM inventory_lot_record"
        rows = rows_by_key(connection, select_from, "id", sorted(older))
        for record_id, moment_millis, *own, modified_millis in rows:
            if moment_millis < self._before_millis and any(
                [principal, request_id] != own and millis != modified_millis
                for millis, principal, request_id in older[record_id]
            ):
                self._referred.add(record_id)
        if page:
            created, principal, request_id, _ = page[-1]
            self._read_until = (created, principal, request_id)
        return len(page) == _READ_MAX

    def referred_among(self, connection: Connection, candidates: Sequence[Candidate]) -> set[RecordId]:
        """Those that a request refers to."""
        found = self._referred & {one.id for one in candidates}
        keys = sorted({(one.created_by, one.request_id) for one in candidates if one.request_id})
        columns = ("principal", "request_id")
        for (record_ids,) in rows_by_columns(connection, ("record_ids",), request, columns, keys):
            found.update(_ids_in(record_ids))
        changed = sorted({one.modified_millis for one in candidates if one.modified_millis is not None})
        for (record_ids,) in rows_by_key(connection, "SELECT record_ids FROM request", "created_millis", changed):
            found.update(_ids_in(record_ids))
        # Changed once more since the requests were read: a request of the change before could be found by its moment
        # when it was read, and now cannot.
        known_millis = self._began_millis - _COMMITTED_LATE_MILLIS
        found.update(one.id for one in candidates if one.version > 2 and (one.modified_millis or 0) > known_millis)
        return found


def drop_expired(store: Store, lease: Lease, until_millis: int) -> Iterator[int]:
    """Deletes the request ids from before or at a moment, some a transaction; how many each time.

    Raises:
        LeaseLost: where another archive has taken over.
    """
    columns = request.c
    key = tuple_(columns.principal, columns.request_id)
    expired = (
        select(columns.principal, columns.request_id)
        .where(columns.created_millis <= until_millis)
        .order_by(columns.created_millis)
        .limit(REQUEST_IDS_PER_TRANSACTION_MAX)
        .with_for_update()
    )
    while True:
        with store.write() as connection:
            lease.renew(connection)
            keys = [tuple(row) for row in connection.execute(expired)]
            if keys:
                connection.execute(delete(request).where(key.in_(keys)))
        if not keys:
            return
        yield len(keys)


def _ids_in(record_ids: Any) -> list[RecordId]:
    return [RecordId(record_ids[at : at + ID_BYTES]) for at in range(0, len(record_ids), ID_BYTES)]


def _made_millis(record_id: RecordId) -> int:
    return int.from_bytes(record_id[:_ULID_MILLIS_BYTES], "big")
