"""How much of something that has an end each principal holds: of a queue, say, in commands or in bytes."""


class Shares:
    """What is held, by principal. Not for several threads at once.

    While there is room everybody may have more. Where all is held, only one with less than an equal share may: so one
    alone may hold all, and still keeps nobody out. N principals together hold at most 1 + 1/2 + ... + 1/N of it.
    """

    def __init__(self, most: int) -> None:
        """Nobody holds anything.

        Args:
            most: where all is held.
        """
        self._most = most
        self._held: dict[str, int] = {}
        self._total = 0

    def hold(self, whose: str, amount: int) -> None:
        """A principal holds so much more."""
        held = self._held
        held[whose] = held.get(whose, 0) + amount
        self._total += amount

    def release(self, whose: str, amount: int) -> None:
        """A principal holds so much less."""
        left = self._held.get(whose, 0) - amount
        self._total -= amount
        if left:
            self._held[whose] = left
        else:
            self._held.pop(whose, None)

    @property
    def is_full(self) -> bool:
        """Whether all is held."""
        return self._total >= self._most

    def refuses(self, whose: str) -> bool:
        """Whether a principal may not have more now."""
        if not self.is_full:
            return False
        own = self._held.get(whose, 0)
        principals = len(self._held) + (not own)
        return own * principals >= self._most

    def of(self, whose: str) -> int:
        """How much a principal holds."""
        return self._held.get(whose, 0)

    @property
    def principals(self) -> int:
        """How many hold something."""
        return len(self._held)
