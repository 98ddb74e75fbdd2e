"""How the stock of a row changed by moments, counted back from its present stock.

A moment's stock is the present stock less all changes after that moment. A row may have changed some hundred thousand
times in a week, and whoever looks at it often must not hold others up: so changes are kept in blocks, each with its sum
and its lowest point, and a look passes over whole blocks.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import Final, TypeVar

from lotkeeper_server.domain.model.identifiers import RecordId

BLOCK_MOMENTS: Final = 512
"""In a block that was just made; one that has grown to twice as many is halved."""
_Default = TypeVar("_Default")


class _Block:
    """Moments in order, with the change at each, in millionths.

    Attributes:
        moments: in milliseconds since the epoch.
        changes: at these.
        total: of the changes.
        lowest: the smallest sum of the first changes, one at least.
    """

    __slots__ = ("changes", "lowest", "moments", "total")

    def __init__(self, moments: Iterable[int], changes: Iterable[int]) -> None:
        self.moments = array("q", moments)
        self.changes = list(changes)  # a sum of many records at one moment may pass 64 bits
        self.add_up()

    def add_up(self) -> None:
        self.total = sum(self.changes)
        self.lowest = min(accumulate(self.changes), default=0)


@dataclass(frozen=True, slots=True)
class Least:
    """The least stock from a moment on.

    Attributes:
        millionths: how much.
        stock_then: the stock at that moment itself.
    """

    millionths: int
    stock_then: int


class Timeline:
    """Changes of a row by moment, all those after `since_millis`; a mapping from moments to changes.

    Attributes:
        since_millis: what came at or before this moment is not known, and not needed.
        counts: the ends of EDITs after that moment, by record, without reversals and what was reversed.
    """

    __slots__ = ("_blocks", "_firsts", "counts", "since_millis")

    def __init__(
        self, since_millis: int, changes: Iterable[tuple[int, int]], counts: Iterable[tuple[RecordId, int]]
    ) -> None:
        """Makes it.

        Args:
            since_millis: the moment after which everything is known.
            changes: moments, each once, in order, and the change at each.
            counts: EDITs and their ends.
        """
        self.since_millis = since_millis
        self.counts = dict(counts)
        self._blocks = list(_blocks_of(changes))
        self._firsts = [block.moments[0] for block in self._blocks]

    def __len__(self) -> int:
        """How many moments there are."""
        return sum(len(block.moments) for block in self._blocks)

    @property
    def latest_millis(self) -> int:
        """The latest moment that is there; where there is none, the one since which everything is known."""
        return self._blocks[-1].moments[-1] if self._blocks else self.since_millis

    def extend_back(
        self, since_millis: int, changes: Iterable[tuple[int, int]], counts: Iterable[tuple[RecordId, int]]
    ) -> None:
        """Adds what came between an earlier moment and the one since which everything is known."""
        earlier = list(_blocks_of(changes))
        self._blocks[:0] = earlier
        self._firsts[:0] = [block.moments[0] for block in earlier]
        self.counts.update(counts)
        self.since_millis = since_millis

    def change_after(self, moment_millis: int) -> int:
        """The sum of all changes after a moment."""
        at = self._block_of(moment_millis)
        total = sum(block.total for block in islice(self._blocks, at + 1, None))
        if at >= 0:
            block = self._blocks[at]
            total += sum(islice(block.changes, bisect_right(block.moments, moment_millis), None))
        return total

    def least(self, present: int, end_millis: int) -> Least:
        """The least stock from a moment on.

        Args:
            present: the stock of now, in millionths.
            end_millis: the moment; not before `since_millis`.
        """
        stock = then = least = present - self.change_after(end_millis)
        at = self._block_of(end_millis)
        if at >= 0:
            block = self._blocks[at]
            for change in islice(block.changes, bisect_right(block.moments, end_millis), None):
                stock += change
                least = min(least, stock)
        for block in islice(self._blocks, at + 1, None):
            least = min(least, stock + block.lowest)
            stock += block.total
        return Least(least, then)

    def first_below(self, present: int, end_millis: int, millionths: int) -> int | None:
        """The first moment from one on at which there is less than a quantity; None where there is none."""
        stock = present - self.change_after(end_millis)
        if stock < millionths:
            return end_millis
        at = self._block_of(end_millis)
        for number in range(max(at, 0), len(self._blocks)):
            block = self._blocks[number]
            begin = bisect_right(block.moments, end_millis) if number == at else 0
            if begin == 0 and stock + block.lowest >= millionths:
                stock += block.total
                continue
            for place in range(begin, len(block.changes)):
                stock += block.changes[place]
                if stock < millionths:
                    return block.moments[place]
        return None

    def first_count_after(self, moment_millis: int) -> tuple[RecordId, int] | None:
        """The first EDIT whose end is after a moment, and its end."""
        later = [(end, record_id) for record_id, end in self.counts.items() if end > moment_millis]
        if not later:
            return None
        end, record_id = min(later)
        return record_id, end

    # As a mapping, so that a working set notes what a decision changes, and takes it back.

    def get(self, moment_millis: int, default: _Default) -> int | _Default:
        """The change at a moment."""
        at = self._block_of(moment_millis)
        if at >= 0:
            block = self._blocks[at]
            place = bisect_left(block.moments, moment_millis)
            if place < len(block.moments) and block.moments[place] == moment_millis:
                return block.changes[place]
        return default

    def __setitem__(self, moment_millis: int, change: int) -> None:
        """Sets the change at a moment."""
        if not self._blocks:
            self._put_block(0, _Block([moment_millis], [change]))
            return
        at = max(self._block_of(moment_millis), 0)
        block = self._blocks[at]
        place = bisect_left(block.moments, moment_millis)
        if place < len(block.moments) and block.moments[place] == moment_millis:
            block.changes[place] = change
        else:
            block.moments.insert(place, moment_millis)
            block.changes.insert(place, change)
            self._firsts[at] = block.moments[0]
        block.add_up()
        if len(block.moments) > 2 * BLOCK_MOMENTS:
            rest = _Block(block.moments[BLOCK_MOMENTS:], block.changes[BLOCK_MOMENTS:])
            del block.moments[BLOCK_MOMENTS:], block.changes[BLOCK_MOMENTS:]
            block.add_up()
            self._put_block(at + 1, rest)

    def __getitem__(self, moment_millis: int) -> int:
        """The change at a moment that is there."""
        found = self.get(moment_millis, None)
        if found is None:
            raise KeyError(moment_millis)
        return found

    def __delitem__(self, moment_millis: int) -> None:
        """Takes out a moment that is there."""
        at = self._block_of(moment_millis)
        block = self._blocks[at]
        place = bisect_left(block.moments, moment_millis)
        del block.moments[place], block.changes[place]
        if block.moments:
            self._firsts[at] = block.moments[0]
            block.add_up()
        else:
            del self._blocks[at], self._firsts[at]

    def _put_block(self, at: int, block: _Block) -> None:
        self._blocks.insert(at, block)
        self._firsts.insert(at, block.moments[0])

    def _block_of(self, moment_millis: int) -> int:
        """Where the block is that has a moment or would have it; -1 before all of them."""
        return bisect_right(self._firsts, moment_millis) - 1


def _blocks_of(changes: Iterable[tuple[int, int]]) -> Iterator[_Block]:
    rest = iter(changes)
    while piece := list(islice(rest, BLOCK_MOMENTS)):
        yield _Block([moment for moment, _ in piece], [change for _, change in piece])
