"""How many calls of a heavy kind may be in progress at once."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from lotkeeper_server.domain.refusals import Overloaded, Refused
from lotkeeper_server.engine.readers import PRINCIPAL


class Places:
    """How many may be in progress at once; where there are several, no principal has all of them."""

    def __init__(self, most: int) -> None:
        """All are free.

        Args:
            most: how many there are.
        """
        self._free = most
        self._each_max = max(most - 1, 1)
        self._taken: Counter[str] = Counter()

    @contextmanager
    def one(self) -> Iterator[None]:
        """Holds a place while the block runs, for the principal that the coroutine runs for.

        Raises:
            Refused: OVERLOADED where none is free, or this principal has as many as it may.
        """
        whose = PRINCIPAL.get()
        if not self._free or self._taken[whose] >= self._each_max:
            raise Refused(Overloaded())
        self._free -= 1
        self._taken[whose] += 1
        try:
            yield
        finally:
            self._free += 1
            self._taken[whose] -= 1
            if not self._taken[whose]:
                del self._taken[whose]
