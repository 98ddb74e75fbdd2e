"""What a store can do, and what can happen to it: separate questions, the same for every database."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The answers of one kind of database.

    Attributes:
        has_many_writers: several transactions write at a time, so rows are locked as they are read, and what was read
            before may have changed; else a writing transaction holds the whole store.
        numbers_after_commit: transactions become visible in another order than they were numbered in, so records get
            their place in the feed after their commit.
        can_lose_answers: a commit may take effect and its answer be lost, so each transaction leaves a mark.
        can_go_away: it is reached by a connection that breaks, and comes back: calls wait for it, for a while.
        has_pipeline: statements are sent before earlier ones are answered, so that writes, a look at the versions and
            the commit take one round trip.
    """

    has_many_writers: bool
    numbers_after_commit: bool
    can_lose_answers: bool
    can_go_away: bool
    has_pipeline: bool = False


EMBEDDED = Capabilities(has_many_writers=False, numbers_after_commit=False, can_lose_answers=False, can_go_away=False)
"""A file on this machine with one writer."""
SERVER = Capabilities(has_many_writers=True, numbers_after_commit=True, can_lose_answers=True, can_go_away=True)
"""A database server with many."""
PIPELINED = replace(SERVER, has_pipeline=True)
"""One whose driver sends statements before earlier ones are answered."""
