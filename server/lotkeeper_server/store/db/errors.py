"""What can go wrong in a store, by name; drivers' errors become these in `connection` and nowhere else."""


class StoreError(Exception):
    """The store did not do what was asked; the transaction took no effect unless its class says otherwise."""


class StoreUnavailable(StoreError):
    """The store cannot be reached or cannot write: locked for too long, disk full, folder read-only.

    Attributes:
        advice: what whoever runs the server can do; empty where the text says enough.
    """

    def __init__(self, text: str = "", advice: str = "") -> None:
        super().__init__(text)
        self.advice = advice


class StoreOutgrown(StoreUnavailable):
    """The store was migrated past this program, which may not serve on it any more."""


class StoreBusy(StoreUnavailable):
    """Another process held the whole store for longer than this transaction waits for its turn."""


class StoreContention(StoreError):
    """Another transaction was in the way; the same work may be run again."""


class RowsHeld(StoreContention):
    """Another transaction has held rows for longer than this one waits."""


class VersionsMoved(StoreContention):
    """Definitions, roles or tokens have changed since the transaction began; it was taken back."""


class AlreadyThere(StoreError):
    """A unique key is taken: another transaction made it first, or it was never free."""


class ReferenceBroken(StoreError):
    """A foreign key or check of the schema refused the write."""


class OutcomeUnknown(StoreUnavailable):
    """The commit's answer was lost; it may have taken effect."""
