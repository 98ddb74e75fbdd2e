"""Genealogy for a caller who is limited to places: edges by those of their records that lie within.

An edge keeps one sum over all its records, so here the records themselves are summed. Where a record of an edge lies
elsewhere, or is archived, so that nobody knows where it was, something is left out.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from sqlalchemy import Connection

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.ask.ends import Link
from lotkeeper_server.domain.keys import EdgeKey, GenealogyKey, OrderEdgeKey
from lotkeeper_server.domain.model.enumerations import LotRecordType, Status, TraceDirection
from lotkeeper_server.domain.model.genealogy import ends_of, genealogy_key, primary_of
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.domain.model.stock import Edge
from lotkeeper_server.store.db.statements import exact_sum, fetch
from lotkeeper_server.store.entities.within import Within, within
from lotkeeper_server.store.lists.edges import EdgeReading, Edges
from lotkeeper_server.store.schema.tables import inventory_lot_record

_KEYS_AT_ONCE: Final = limits.KEYS_PER_STATEMENT_MAX // 3
_COUNTED: Final = (
    f"t.status = {Status.COMPLETED:d} AND t.reverses_record_id IS NULL AND t.reversed_by_record_id IS NULL "
    "AND t.lot_quantity > 0"
)


class EdgesWithin:
    """Reads edges like `EdgeReading`, for one walk.

    Attributes:
        left_out: whether some record of an edge was.
    """

    def __init__(self, connection: Connection, reading: EdgeReading, seen: Within) -> None:
        """Reads nothing.

        Args:
            connection: the snapshot.
            reading: of the same walk.
            seen: what the caller may see.
        """
        self.left_out = False
        self._connection = connection
        self._reading = reading
        self._seen = seen

    def edges_onward(
        self, nodes: Sequence[Id], direction: TraceDirection, limit: int
    ) -> list[tuple[GenealogyKey, Edge]]:
        """Does what `EdgeReading.edges_onward` does, with what lies within."""
        asked = limit
        while True:
            all_of_them = self._reading.edges_onward(nodes, direction, asked)
            found = self._within(all_of_them)
            if len(all_of_them) < asked or len(found) >= limit:
                return found[:limit]
            asked *= 2

    def links_onward(self, nodes: Sequence[Id], direction: TraceDirection, limit: int) -> Iterator[Link]:
        """Does what `EdgeReading.links_onward` does, with what lies within."""
        return islice(self._links(nodes, direction), limit + 1)

    def _links(self, nodes: Sequence[Id], direction: TraceDirection) -> Iterator[Link]:
        near, far = (1, 0) if direction is TraceDirection.INPUT else (0, 1)
        given: set[Link] = set()
        for first in range(0, len(nodes), _KEYS_AT_ONCE):
            some = nodes[first : first + _KEYS_AT_ONCE]
            for key, _ in self.edges_onward(some, direction, limits.TRACE_LINKS_MAX + 1):
                ends = ends_of(key)
                link = Link(ends[near], ends[far], isinstance(key, OrderEdgeKey) and ends[far] == key.order_id)
                if link not in given:
                    given.add(link)
                    yield link

    def _within(self, edges: Sequence[tuple[GenealogyKey, Edge]]) -> list[tuple[GenealogyKey, Edge]]:
        found: list[tuple[GenealogyKey, Edge]] = []
        for first in range(0, len(edges), _KEYS_AT_ONCE):
            some = edges[first : first + _KEYS_AT_ONCE]
            sums = self._sums([key for key, _ in some])
            for key, edge in some:
                seen = sums.get(key)
                self.left_out |= seen is None or seen.record_count < edge.record_count
                if seen is not None:
                    found.append((key, seen))
        return found

    def _sums(self, keys: Sequence[GenealogyKey]) -> dict[GenealogyKey, Edge]:
        """The edges of these keys, as far as their records lie within."""
        inside, places = self._seen.condition(inventory_lot_record.name, "t")
        primary = sorted({primary_of(key) for key in keys})
        secondary = sorted({Id(one) for key in keys if isinstance(key, EdgeKey) for one in ends_of(key)})
        orders = sorted({Id(key.order_id) for key in keys if isinstance(key, OrderEdgeKey)})
        others, other_ids = [], list[Id]()
        for column, ids in (("secondary_lot_id", secondary), ("production_order_id", orders)):
            if ids:
                others.append(f"t.{column} IN ({', '.join('?' * len(ids))})")
                other_ids += ids
        if not others:
            return {}
        text = (
            "SELECT t.lot_record_type, t.lot_id, t.secondary_lot_id, t.production_order_id, "  # noqa: S608
            f"{exact_sum(self._connection, 't.lot_quantity')}, COUNT(*) FROM inventory_lot_record AS t "
            f"WHERE t.lot_id IN ({', '.join('?' * len(primary))}) AND ({' OR '.join(others)}) "
            f"AND {_COUNTED} AND {inside} "
            "GROUP BY t.lot_record_type, t.lot_id, t.secondary_lot_id, t.production_order_id"
        )
        sums: dict[GenealogyKey, Edge] = {}
        for record_type, lot_id, secondary_id, order_id, millionths, count in fetch(
            self._connection, text, (*primary, *other_ids, *places)
        ):
            key = genealogy_key(LotRecordType(record_type), lot_id, secondary_id, order_id)
            if key is not None:
                before = sums.get(key, Edge(0, 0))
                sums[key] = Edge(before.millionths + int(millionths), before.record_count + count)
        return sums


def edges_of(connection: Connection, *, lots_only: bool) -> Edges:
    """Reads what the caller of this transaction may see.

    Args:
        connection: the snapshot.
        lots_only: whether edges to and from production orders are left out.
    """
    reading, seen = EdgeReading(connection, lots_only=lots_only), within(connection)
    return reading if seen is None else EdgesWithin(connection, reading, seen)
