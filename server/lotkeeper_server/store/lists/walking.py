"""Pages of lists with several filters, at a cost that does not depend on the page or on the size of the plant.

A page walks along the index of one filter, in the list's order, and checks the other filters for each row. The store
itself tells which filter leads: the one whose next rows lie farthest apart. Nothing is left to a planner, which does
not know how rows lie: every statement has one equality, one order and a limit, and the other filters are a column of
its answer. A walk that finds little jumps to where every filter has a row again, and ends after so many rows; the page
then holds less, and the next one goes on from there.
"""

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection

from lotkeeper_server.domain import limits
from lotkeeper_server.store.db.statements import beyond, fetch, indexed_by, walked_by
from lotkeeper_server.store.entities.within import PLACES, within
from lotkeeper_server.store.lists.conditions import NEVER, Condition, IndexValues, Places, Range, Walk
from lotkeeper_server.store.staged.visible import is_staging, visible

ROWS_LOOKED_AT_MAX: Final = 8_192
"""How many rows one page may look at."""
ROWS_SORTED_MAX: Final = 2_048
"""How many rows of a range may be collected and sorted; more are walked."""
_ROWS_BEFORE_LEAP: Final = 1_024
_HITS_SPARSE: Final = 1 / 16
_HITS_RARE: Final = 1 / 128
"""If a walk finds less, looking up the first row of each location pays."""
_PROBED_ROWS: Final = 64
_CHUNK_ROWS_MIN: Final = 8
_CHUNK_ROWS_MAX: Final = 2_048
_WALK_COST_ROWS: Final = 8
"""Beginning a walk costs as much as so many of its rows."""
_LAST: Final = b"\xff" * 17
"""An id after all others."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is listed, and in which order.

    Attributes:
        table: the listed table.
        columns: a key of it, one or two columns.
        descending: from the last to the first.
    """

    table: str
    columns: tuple[str, ...]
    descending: bool = False

    def precedes(self, one: IndexValues, other: IndexValues) -> bool:
        """Whether one comes before the other."""
        return one > other if self.descending else one < other


@dataclass(frozen=True, slots=True)
class Bound:
    """Where a walk begins."""

    key: IndexValues
    inclusive: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Keys of rows, in the list's order, and the key after which the next page begins; None on the last page."""

    keys: list[IndexValues]
    next_after: IndexValues | None


def walk_page(
    connection: Connection,
    order: Order,
    conditions: Sequence[Condition],
    limit: int,
    after: IndexValues | None = None,
    stop: IndexValues | None = None,
) -> Page:
    """A page of the rows that meet every condition.

    Args:
        connection: a snapshot.
        order: of the list.
        conditions: all must hold.
        limit: at most so many keys.
        after: keys after this one; None from the beginning.
        stop: and before this one; None to the end.
    """
    if NEVER in conditions:
        return Page([], None)
    if is_staging(connection) and (condition := visible(connection, order.table, "t")):
        conditions = [*conditions, Condition(condition)]
    begin = None if after is None else Bound(after)
    seen = within(connection)
    if seen is None or order.table not in PLACES:
        return _Listing(connection, order, conditions, limit, stop).page(begin)
    conditions = [*conditions, Condition(*seen.condition(order.table, "t"))]
    while True:
        page = _Listing(connection, order, conditions, limit, stop).page(begin)
        if page.next_after is None:
            return page
        if page.keys:  # the next page begins after a row that the caller sees: a token must not tell of others
            return Page(page.keys, page.keys[-1])
        begin = Bound(page.next_after)


@dataclass(slots=True)
class _Driver:
    """What a page walks along, which conditions are checked row by row, and whether another may be better later."""

    checked: Sequence[Condition]
    walks: Sequence[tuple[IndexValues | None, Walk]] = ()
    gathered: Sequence[IndexValues] | None = None
    may_leap: bool = False


@dataclass(slots=True)
class _Listing:
    connection: Connection
    order: Order
    conditions: Sequence[Condition]
    limit: int
    stop: IndexValues | None
    looked_at: int = 0
    ranges: dict[int, list[IndexValues] | None] = field(default_factory=dict)

    def page(self, begin: Bound | None) -> Page:
        keys: list[IndexValues] = []
        driver = self._choose(begin)
        while True:
            base, hits_base, hits = self.looked_at, len(keys), 0.0
            for key, holds in self._stream(driver, begin):
                if holds:
                    if len(keys) == self.limit:
                        return Page(keys, keys[-1])
                    keys.append(key)
                self.looked_at += 1
                if self.looked_at >= ROWS_LOOKED_AT_MAX:
                    return Page(keys, key)
                begin = Bound(key)
                looked = self.looked_at - base
                if looked >= _ROWS_BEFORE_LEAP and driver.may_leap:
                    hits = (len(keys) - hits_base) / looked
                    if hits < _HITS_SPARSE:
                        break
            else:
                return Page(keys, None)
            assert begin is not None
            leap = self._leap(begin)
            if leap is None:
                return Page(keys, None)
            begin = leap
            driver = self._choose(begin, rare=hits < _HITS_RARE)

    # Which filter leads.

    def _choose(self, begin: Bound | None, *, rare: bool = False) -> _Driver:
        """The filter with the fewest rows ahead, estimated by a few looks."""
        best: Condition | None = None
        farthest: IndexValues | None = None
        indexed = [one for one in self.conditions if one.walks]
        ranges = [one for one in self.conditions if one.range is not None]
        if len(indexed) == 1 and not ranges:
            best = indexed[0]
        else:
            for one in indexed:
                reach = self._reach(one, begin)
                if reach is None:
                    return self._walking(one)
                if farthest is None or self.order.precedes(farthest, reach):
                    best, farthest = one, reach
        for number, one in enumerate(ranges):
            if number not in self.ranges:
                assert one.range is not None
                self.ranges[number] = self._gather(one.range)
            gathered = self.ranges[number]
            if gathered is not None:
                return _Driver([other for other in self.conditions if other is not one], gathered=gathered)
        if rare:
            for one in self.conditions:
                if one.places is not None:
                    others = [other for other in self.conditions if other is not one]
                    return _Driver(others, self._heads(one.places, begin))
        return self._walking(best)

    def _walking(self, leading: Condition | None) -> _Driver:
        walks = (Walk(),) if leading is None else leading.walks
        others = [one for one in self.conditions if one is not leading or not one.exact]
        may_leap = any(one.walks or one.places for one in others if one is not leading)
        return _Driver(others, [(None, walk) for walk in walks], may_leap=may_leap)

    def _reach(self, condition: Condition, begin: Bound | None) -> IndexValues | None:
        """How far some rows of a condition reach at least; None if it has fewer left."""
        nearest: IndexValues | None = None
        for walk in condition.walks:
            key = self._key_at(walk, begin, _PROBED_ROWS // len(condition.walks))
            if key is not None and (nearest is None or self.order.precedes(key, nearest)):
                nearest = key
        return nearest

    def _leap(self, begin: Bound) -> Bound | None:
        """The next place where every filter has a row; None if one of them has none."""
        farthest = begin
        for condition in self.conditions:
            if not condition.walks:
                continue
            heads = [key for walk in condition.walks if (key := self._key_at(walk, begin, 0)) is not None]
            if not heads:
                return None
            head = max(heads) if self.order.descending else min(heads)
            if self.order.precedes(farthest.key, head):
                farthest = Bound(head, inclusive=True)
        return farthest

    def _key_at(self, walk: Walk, begin: Bound | None, offset: int) -> IndexValues | None:
        statement = self._statement(walk, begin, ())
        if statement is None:
            return None
        text, parameters = statement
        rows = fetch(self.connection, f"{text} LIMIT 1 OFFSET {offset}", parameters)
        return (*walk.constant, *rows[0][:-1]) if rows else None

    def _gather(self, wanted: Range) -> list[IndexValues] | None:
        """Every key of a range, sorted like the list; None if there are too many."""
        columns = ", ".join(self.order.columns)
        text = f"SELECT {columns} FROM {self.order.table} WHERE {wanted.where} LIMIT {ROWS_SORTED_MAX + 1}"  # noqa: S608
        rows = fetch(self.connection, text, wanted.parameters)
        return None if len(rows) > ROWS_SORTED_MAX else sorted(tuple(row) for row in rows)

    def _heads(self, places: Places, begin: Bound | None) -> list[tuple[IndexValues | None, Walk]]:
        """The walks of locations that have rows ahead, by the place of the first one."""
        found: list[tuple[IndexValues | None, Walk]] = []
        free = self.order.columns[1:] if places.leads else self.order.columns
        direction = " DESC" if self.order.descending else ""
        by = ", ".join(f"w.{column}{direction}" for column in free)
        for column in places.columns:
            # If the location leads, those that lie before are left out below; one more row for the one in between.
            bound, parameters = ("", ()) if places.leads else self._bound("w.", free, begin)
            within = "" if places.within is None else f" AND w.{places.within.condition}"
            index = indexed_by(self.connection, "" if places.within is None else places.within.name)
            text = (
                f"SELECT p.id, (SELECT w.{free[0]} FROM {self.order.table} AS w{index} "  # noqa: S608 - the schema's own
                f"WHERE w.{column} = p.id{within}{bound} ORDER BY {by} LIMIT 1) FROM location AS p "
                f"WHERE {places.inside.where}"
            )
            for location_id, head in fetch(self.connection, text, (*parameters, *places.inside.parameters)):
                if head is not None:
                    key = (location_id,) if places.leads else (head, _LAST) if self.order.descending else (head,)
                    if not places.leads or begin is None or location_id >= begin.key[0]:
                        found.append((key, places.walk(column, location_id)))
        return sorted(found, key=_head_of, reverse=self.order.descending)

    # How rows come.

    def _stream(self, driver: _Driver, begin: Bound | None) -> Iterator[tuple[IndexValues, bool]]:
        """Keys in order, each once, and whether the conditions hold that the walk itself does not ensure."""
        if driver.gathered is not None:
            return self._those(driver.gathered, driver.checked, begin)
        if len(driver.walks) == 1:
            size = self.limit + 1
            return self._rows(driver.walks[0][1], driver.checked, begin, size)
        return self._merged(driver.walks, driver.checked, begin)

    def _those(
        self, keys: Sequence[IndexValues], checked: Sequence[Condition], begin: Bound | None
    ) -> Iterator[tuple[IndexValues, bool]]:
        if begin is not None:
            cut = bisect_left if begin.inclusive else bisect_right
            keys = keys[cut(keys, begin.key) :]
        holds, holding = _all_of(checked)
        (column,) = self.order.columns
        for first in range(0, len(keys), limits.KEYS_PER_STATEMENT_MAX):
            piece = [key[0] for key in keys[first : first + limits.KEYS_PER_STATEMENT_MAX]]
            marks = ", ".join("?" for _ in piece)
            text = f"SELECT t.{column}, {holds} FROM {self.order.table} AS t WHERE t.{column} IN ({marks})"  # noqa: S608
            found = dict(tuple(row) for row in fetch(self.connection, text, (*holding, *piece)))
            yield from (((key,), bool(found[key])) for key in piece)

    def _rows(
        self, walk: Walk, checked: Sequence[Condition], begin: Bound | None, size: int
    ) -> Iterator[tuple[IndexValues, bool]]:
        size = max(size, _CHUNK_ROWS_MIN)
        constant = walk.constant
        while (statement := self._statement(walk, begin, checked)) is not None:
            text, parameters = statement
            rows = fetch(self.connection, f"{text} LIMIT {size}", parameters)
            for row in rows:
                yield (*constant, *row[:-1]), bool(row[-1])
            if len(rows) < size:
                return
            begin = Bound((*constant, *rows[-1][:-1]))
            size = min(size * 4, _CHUNK_ROWS_MAX)

    def _merged(
        self, walks: Sequence[tuple[IndexValues | None, Walk]], checked: Sequence[Condition], begin: Bound | None
    ) -> Iterator[tuple[IndexValues, bool]]:
        """Walks side by side; one whose first row is known to lie ahead begins when it is reached."""
        size = 2 * (self.limit + 1) // len(walks) if walks else 0
        waiting = iter(walks)
        upcoming = next(waiting, None)
        heap: list[_Ahead] = []
        last: IndexValues | None = None
        while heap or upcoming is not None:
            while upcoming is not None and (
                not heap or upcoming[0] is None or not self.order.precedes(heap[0].key, upcoming[0])
            ):
                rows = self._rows(upcoming[1], checked, begin, size)
                self.looked_at += _WALK_COST_ROWS if upcoming[0] is not None else 0
                if (first := next(rows, None)) is not None:
                    heapq.heappush(heap, _Ahead(*first, rows, self.order.descending))
                upcoming = next(waiting, None)
            if not heap:
                continue
            ahead = heap[0]
            if ahead.key != last:
                last = ahead.key
                yield ahead.key, ahead.holds
            following = next(ahead.rows, None)
            if following is None:
                heapq.heappop(heap)
            else:
                heapq.heapreplace(heap, _Ahead(*following, ahead.rows, self.order.descending))

    # Statements.

    def _statement(
        self, walk: Walk, begin: Bound | None, checked: Sequence[Condition]
    ) -> tuple[str, tuple[Any, ...]] | None:
        """A walk from a bound on, without its limit; None if nothing of it can lie there."""
        order, fixed = self.order, len(walk.constant)
        columns = (walk.columns or order.columns)[fixed:]
        if fixed and begin is not None:
            if order.precedes(walk.constant, begin.key[:fixed]):
                return None
            same = walk.constant == begin.key[:fixed]
            begin = Bound(begin.key[fixed:], begin.inclusive) if same else None
        holds, holding = _all_of(checked)
        if walk.table and checked:
            key = f"t.{order.columns[0]} = w.{columns[0]}"
            holds = f"EXISTS (SELECT 1 FROM {order.table} AS t WHERE {key} AND {holds})"  # noqa: S608
        alias = "w" if walk.table else "t"
        bound, bounding = self._bound("", columns, begin)
        where = f"{walk.where}{bound}".removeprefix(" AND ")
        direction = " DESC" if order.descending else ""
        index = indexed_by(self.connection, walk.index)
        if walk.column or not walk.where:
            index = index or walked_by(self.connection, order.table, [*filter(None, [walk.column]), *columns])
        text = (
            f"SELECT {', '.join(columns)}, {holds} FROM {walk.table or order.table} AS {alias}{index} "  # noqa: S608
            f"{'WHERE ' if where else ''}{where} ORDER BY {', '.join(column + direction for column in columns)}"
        )
        return text, (*holding, *walk.parameters, *bounding)

    def _bound(self, alias: str, columns: Sequence[str], begin: Bound | None) -> tuple[str, tuple[Any, ...]]:
        """At most one bound at each end: with two at one end SQLite may walk from the wrong one."""
        names = [f"{alias}{column}" for column in columns]
        onward, back = ("<", ">") if self.order.descending else (">", "<")
        text = ""
        parameters: IndexValues = ()
        bounds = [] if begin is None else [(f"{onward}{'=' if begin.inclusive else ''}", begin.key)]
        for sign, key in [*bounds, *([] if self.stop is None else [(back, self.stop)])]:
            bound, values = beyond(self.connection, names, sign, key)
            text += f" AND {bound}"
            parameters += values
        return text, parameters


def _all_of(conditions: Sequence[Condition]) -> tuple[str, tuple[Any, ...]]:
    """Whether all of them hold, as a column."""
    text = " AND ".join(f"({one.holds})" for one in conditions) or "1"
    return text, tuple(value for one in conditions for value in one.parameters)


def _head_of(walk: tuple[IndexValues | None, Walk]) -> IndexValues:
    assert walk[0] is not None
    return walk[0]


@dataclass(slots=True, eq=False)
class _Ahead:
    """A walk, by its next row."""

    key: IndexValues
    holds: bool
    rows: Iterator[tuple[IndexValues, bool]]
    descending: bool

    def __lt__(self, other: "_Ahead") -> bool:
        return self.key > other.key if self.descending else self.key < other.key
