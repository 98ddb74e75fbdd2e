"""Whose turn it is to write, where one transaction holds the whole store: batches of calls, and works beside them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class WriteTurns:
    """A batch never waits for its turn; a work does, and no batch comes twice in a row while one waits."""

    def __init__(self, *, exclusive: bool) -> None:
        """Nobody writes yet.

        Args:
            exclusive: whether only one may write at a time; else everybody may always.
        """
        self._exclusive = exclusive
        self._changed = threading.Condition()
        self._writing = False
        self._works_waiting = 0
        self._batch_was_last = False

    def begin_batch(self) -> bool:
        """Whether a batch may write now; then `end_batch` must follow."""
        if not self._exclusive:
            return True
        with self._changed:
            if self._writing or (self._works_waiting and self._batch_was_last):
                return False
            self._writing = True
            return True

    def end_batch(self) -> None:
        """The batch has been written."""
        if self._exclusive:
            with self._changed:
                self._writing = False
                self._batch_was_last = True
                self._changed.notify_all()

    @contextmanager
    def work(self) -> Iterator[None]:
        """While in this block, nobody else writes."""
        if not self._exclusive:
            yield
            return
        with self._changed:
            self._works_waiting += 1
            self._changed.wait_for(lambda: not self._writing)
            self._works_waiting -= 1
            self._writing = True
        try:
            yield
        finally:
            with self._changed:
                self._writing = False
                self._batch_was_last = False
                self._changed.notify_all()
