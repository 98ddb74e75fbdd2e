"""What can go wrong in a store, by name; drivers' errors become these here and nowhere else."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

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


_UNIQUE: Final = frozenset({"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_ROWID"})


@contextmanager
def translated() -> Iterator[None]:
    """Turns drivers' errors into the ones above."""
    try:
        yield
    except exc.DBAPIError as error:
        raise _store_error(error.orig) from error
    except sqlite3.Error as error:
        raise _store_error(error) from error


def _store_error(error: BaseException | None) -> StoreError:
    if isinstance(error, sqlite3.IntegrityError):
        kind = AlreadyThere if error.sqlite_errorname in _UNIQUE else ReferenceBroken
        return kind(str(error))
    return StoreUnavailable(str(error))
