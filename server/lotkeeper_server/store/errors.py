"""What can go wrong in a store, by name; drivers' errors become these here and nowhere else."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc


class StoreError(Exception):
    """The store did not do what was asked; the transaction took no effect unless its class says otherwise."""


class StoreUnavailable(StoreError):
    """The store cannot be reached or cannot write: locked for too long, disk full, folder read-only."""


class StoreContention(StoreError):
    """Another transaction stood in the way; the same work may be run again."""


class AlreadyThere(StoreError):
    """A unique set is taken: someone else made it first, or it was never free."""


class ReferenceBroken(StoreError):
    """A foreign key or check of the schema refused the write."""


class OutcomeUnknown(StoreUnavailable):
    """The commit's answer was lost; it may have taken effect."""


@contextmanager
def translated() -> Iterator[None]:
    """Turns drivers' errors into the ones above."""
    try:
        yield
    except exc.IntegrityError as error:
        name = getattr(error.orig, "sqlite_errorname", "")
        unique = {"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_ROWID"}
        raise (AlreadyThere if name in unique else ReferenceBroken)(str(error.orig)) from error
    except exc.OperationalError as error:
        raise StoreUnavailable(_plain(error.orig)) from error
    except exc.DatabaseError as error:
        raise StoreUnavailable(_plain(error.orig)) from error
    except sqlite3.Error as error:
        raise StoreUnavailable(_plain(error)) from error


def _plain(error: BaseException | None) -> str:
    return str(error)
