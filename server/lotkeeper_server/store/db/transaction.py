"""A write in progress: the connection, and what it gets from outside."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import Connection

from lotkeeper_server.domain.model.audit import Effect
from lotkeeper_server.domain.model.identifiers import Id


@dataclass(frozen=True, slots=True)
class Transaction:
    """One write transaction.

    Attributes:
        connection: holds the store's write lock already.
        now_millis: the moment of this transaction, milliseconds since the epoch, UTC; it stays the same.
        new_id: gives new ids, in order.
        next_effect_order: gives the order number of the next completion: later than every earlier one of this
            process, than the clock's microseconds, and than the order given to it (that of the rows it touches).
        effects: what it has written, noted by whoever wrote it; each becomes an event that is committed with it.
    """

    connection: Connection
    now_millis: int
    new_id: Callable[[], Id]
    next_effect_order: Callable[[int], int]
    effects: list[Effect] = field(default_factory=list)
