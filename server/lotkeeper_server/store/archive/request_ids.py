"""Request ids for the archive: what the kept ones refer to, and how expired ones are deleted."""

from collections.abc import Collection
from typing import Final

from sqlalchemy import Connection, delete, select, tuple_

from lotkeeper_server.domain.model.identifiers import ID_BYTES, RecordId
from lotkeeper_server.store.db.statements import rows_by_columns, rows_by_key
from lotkeeper_server.store.schema.tables import request

_REQUEST: Final = request.c


def records_of_requests(
    connection: Connection, requests: Collection[tuple[str, str]], after_millis: int
) -> set[RecordId]:
    """The records that requests of after a moment refer to, each by its principal and id."""
    columns = ("record_ids", "created_millis")
    rows = rows_by_columns(connection, columns, request, ("principal", "request_id"), sorted(requests))
    return {record_id for packed, created in rows if created > after_millis for record_id in _unpacked(packed)}


def records_of_requests_made_at(connection: Connection, moments_millis: Collection[int]) -> set[RecordId]:
    """The records that the requests of some moments refer to."""
    rows = rows_by_key(connection, "SELECT record_ids FROM request", "created_millis", sorted(moments_millis))
    return {record_id for (packed,) in rows for record_id in _unpacked(packed)}


def delete_expired(connection: Connection, until_millis: int, limit: int) -> int:
    """Deletes the oldest requests from before or at a moment, at most so many; returns how many there were."""
    expired = (
        select(_REQUEST.principal, _REQUEST.request_id)
        .where(_REQUEST.created_millis <= until_millis)
        .order_by(_REQUEST.created_millis)
        .limit(limit)
        .with_for_update()
    )
    keys = [tuple(row) for row in connection.execute(expired)]
    if keys:
        connection.execute(delete(request).where(tuple_(_REQUEST.principal, _REQUEST.request_id).in_(keys)))
    return len(keys)


def _unpacked(record_ids: bytes) -> list[RecordId]:
    return [RecordId(record_ids[at : at + ID_BYTES]) for at in range(0, len(record_ids), ID_BYTES)]
