"""How many calls of a heavy kind may be in progress at once, in all and of one principal."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import ParamSpec, TypeVar, cast

from lotkeeper_server.domain.refusals import Cancelled, Limit, Overloaded, Refused

Arguments = ParamSpec("Arguments")
Value = TypeVar("Value")


class Place:
    """A place that a call holds.

    It is free once the call has ended and no thread works for it any more: a thread cannot be stopped, and callers who
    go and come again must not have more threads at work than there are places.

    Attributes:
        resources: closed before the place is free.
        stopped: set once the call has ended; long work looks at it.
    """

    def __init__(self, free: Callable[[], None]) -> None:
        self.resources = ExitStack()
        self.stopped = threading.Event()
        self._free = free
        self._lock = threading.Lock()
        self._at_work = 0

    def using(self, work: Callable[Arguments, Value]) -> Callable[Arguments, Value]:
        """The work, which keeps the place while it runs, on whichever thread.

        The work raises Refused(CANCELLED) where it has not begun before the call ended.
        """

        def held(*arguments: Arguments.args, **more: Arguments.kwargs) -> Value:
            with self._lock:
                if self.stopped.is_set():
                    raise Refused(Cancelled())
                self._at_work += 1
            try:
                return work(*arguments, **more)
            finally:
                with self._lock:
                    self._at_work -= 1
                    over = self.stopped.is_set() and not self._at_work
                if over:
                    self._give_back()

        return held

    def each(self, values: Iterator[Value]) -> Iterator[Value]:
        """The same values; the making of each keeps the place, on whichever thread."""
        end = object()
        advance = self.using(lambda: next(values, end))
        while (value := advance()) is not end:
            yield cast("Value", value)

    def leave(self) -> None:
        """The call has ended."""
        with self._lock:
            self.stopped.set()
            over = not self._at_work
        if over:
            self._give_back()

    def _give_back(self) -> None:
        try:
            self.resources.close()
        finally:
            self._free()


class Places:
    """How many may be in progress at once. Given back on any thread."""

    def __init__(self, most: int, of_principal: int, what: str) -> None:
        """All are free.

        Args:
            most: in all.
            of_principal: of one principal.
            what: they are for, in the plural, for refusals.
        """
        self._free = most
        self._of_principal_max = of_principal
        self._what = what
        self._of_principal: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def one(self, principal: str) -> Iterator[Place]:
        """Holds a place while the block runs, and longer where threads still work in it.

        Raises:
            Refused: OVERLOADED where none is free, or the principal has its share.
        """
        with self._lock:
            if self._of_principal[principal] >= self._of_principal_max:
                text = f"One caller may have {self._of_principal_max} {self._what} at once."
                raise Refused(Overloaded(text=text, limit_hit=Limit.PLACES_OF_PRINCIPAL))
            if not self._free:
                text = f"All places for {self._what} are taken. Retry later."
                raise Refused(Overloaded(text=text, limit_hit=Limit.PLACES))
            self._free -= 1
            self._of_principal[principal] += 1
        place = Place(lambda: self._give_back(principal))
        try:
            yield place
        finally:
            place.leave()

    def _give_back(self, principal: str) -> None:
        with self._lock:
            self._free += 1
            self._of_principal[principal] -= 1
            if not self._of_principal[principal]:
                del self._of_principal[principal]
