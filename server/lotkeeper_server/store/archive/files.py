"""What the store knows about the archive's files."""

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, delete, func, insert, select, update

from lotkeeper_server.domain.model.identifiers import RecordId
from lotkeeper_server.store.db.statements import rows_by_key
from lotkeeper_server.store.schema.archive_tables import archive_file, archive_state, archived_record

_STATE: Final = archive_state.c


class NotedFile(NamedTuple):
    """A file as the store notes it.

    Attributes:
        number: from 1, each once.
        name: in the folder.
        records: how many it holds.
        from_millis: the moment of the first one.
        to_millis: the moment of the last one.
        feed_order: the place in the feed of the latest one that has one.
        feed_record_id: its id.
        sha256: of the file.
        created_millis: when it was written.
    """

    number: int
    name: str
    records: int
    from_millis: int
    to_millis: int
    feed_order: int
    feed_record_id: bytes
    sha256: bytes
    created_millis: int


def noted_files(connection: Connection) -> list[NotedFile]:
    """Every file, by number."""
    columns = [archive_file.c[name] for name in NotedFile._fields]
    found = connection.execute(select(*columns).order_by(archive_file.c.number))
    return [NotedFile(*row) for row in found]


def noted_names(connection: Connection, names: Sequence[str]) -> set[str]:
    """Those of these names that belong to noted files."""
    return {row[0] for row in rows_by_key(connection, "SELECT name FROM archive_file", "name", names)}


def last_file_number(connection: Connection) -> int:
    """The number of the latest file; 0 where there is none."""
    return int(connection.execute(select(_STATE.files)).scalar_one())


def files_before_orders(connection: Connection) -> int:
    """The number of the latest file whose records have left no edges between lots and production orders; 0: none."""
    return int(connection.execute(select(_STATE.files_before_orders)).scalar() or 0)


def note_file(connection: Connection, file: NotedFile, completed_until_millis: int | None) -> None:
    """Notes the next file, and how far the archive goes with it.

    Args:
        connection: the transaction that takes its records out of the store.
        file: complete and durable.
        completed_until_millis: the moment of its latest completed record; None if it has none.
    """
    connection.execute(insert(archive_file).values(file._asdict()))
    old = connection.execute(select(_STATE.until_millis, _STATE.feed_order)).one()
    untils = [one for one in (completed_until_millis, old.until_millis) if one is not None]
    changed = {
        "files": file.number,
        "until_millis": max(untils, default=None),
        "feed_order": max(file.feed_order, old.feed_order),
    }
    connection.execute(update(archive_state).values(changed))


def forget_file(connection: Connection, file: NotedFile) -> bool:
    """Forgets a file, and says how far the archive goes without it; False where it was not noted any more.

    Numbers of files are never given again, nor are places in the feed.
    """
    if not connection.execute(delete(archive_file).where(archive_file.c.number == file.number)).rowcount:
        return False
    of_completed = archive_file.c.feed_order >= 0
    rest = connection.execute(select(func.max(archive_file.c.to_millis)).where(of_completed)).scalar()
    old = connection.execute(select(_STATE.until_millis)).scalar()
    until_millis = None if rest is None or old is None else min(rest, old)
    connection.execute(update(archive_state).values(until_millis=until_millis))
    return True


def count_archived(connection: Connection) -> int:
    """How many records are in files, as the store knows."""
    archived: int = connection.execute(select(func.count()).select_from(archived_record)).scalar_one()
    return archived


def file_numbers(connection: Connection, record_ids: Collection[RecordId]) -> dict[RecordId, int]:
    """The file of each of these records; records that are in no file are left out."""
    select_from = "SELECT id, file_number FROM archived_record"
    return {row[0]: row[1] for row in rows_by_key(connection, select_from, "id", sorted(record_ids))}
