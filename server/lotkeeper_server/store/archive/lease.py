"""The row that lets one process at a time archive."""

from typing import Final, NamedTuple

from sqlalchemy import Connection, insert, select, update

from lotkeeper_server.store.schema.archive_tables import archive_state

_STATE: Final = archive_state.c


class LeaseRow(NamedTuple):
    """Who holds the lease, empty for nobody, and a number that rises with each renewal."""

    owner: str
    renewals: int


def read_lease(connection: Connection) -> LeaseRow | None:
    """The lease; None if nobody has ever archived."""
    row = connection.execute(select(_STATE.owner, _STATE.renewals)).first()
    return None if row is None else LeaseRow(row.owner, row.renewals)


def make_lease(connection: Connection) -> None:
    """Makes the lease, held by nobody, and the state of the archive, which has no files yet.

    Raises:
        AlreadyThere: where another process has made it.
    """
    connection.execute(insert(archive_state).values(id=1, files=0, feed_order=0, owner="", renewals=0))


def take_lease(connection: Connection, seen: LeaseRow, owner: str) -> bool:
    """Gives the lease to an owner if it has not changed since it was read; returns whether it did."""
    taken = connection.execute(
        update(archive_state)
        .where(_STATE.owner == seen.owner, _STATE.renewals == seen.renewals)
        .values(owner=owner, renewals=seen.renewals + 1)
    )
    return taken.rowcount == 1


def renew_lease(connection: Connection, owner: str) -> bool:
    """Raises the number of a lease; returns whether its owner still holds it. Until the commit nobody can take it."""
    renewed = connection.execute(
        update(archive_state).where(_STATE.owner == owner).values(renewals=_STATE.renewals + 1)
    )
    return renewed.rowcount == 1


def release_lease(connection: Connection, owner: str) -> None:
    """Takes the lease from its owner; from nobody else."""
    connection.execute(update(archive_state).where(_STATE.owner == owner).values(owner=""))
