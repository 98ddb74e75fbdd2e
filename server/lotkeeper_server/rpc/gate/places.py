"""How many calls of a heavy kind may be in progress at once."""

from collections.abc import Iterator
from contextlib import contextmanager

from lotkeeper_server.domain.refusals import Overloaded, Refused


class Places:
    """How many may be in progress at once."""

    def __init__(self, most: int) -> None:
        self._free = most

    @contextmanager
    def one(self) -> Iterator[None]:
        """Holds a place while the block runs.

        Raises:
            Refused: OVERLOADED where none is free.
        """
        if not self._free:
            raise Refused(Overloaded())
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1
