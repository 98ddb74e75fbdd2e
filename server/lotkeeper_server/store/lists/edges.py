"""Reads genealogy: edges by the lots and production orders at their ends, never more than asked for."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Protocol

from sqlalchemy import Connection

from lotkeeper_server.domain.ask.ends import Link
from lotkeeper_server.domain.keys import EdgeKey, GenealogyKey, OrderEdgeKey
from lotkeeper_server.domain.kinds import INTO_PRIMARY, THROUGH_ORDER
from lotkeeper_server.domain.model.enumerations import LotRecordType, TraceDirection
from lotkeeper_server.domain.model.identifiers import Id, LotId, ProductionOrderId
from lotkeeper_server.domain.model.stock import Edge
from lotkeeper_server.store.db.statements import chunks, fetch

_TYPES: Final = {int(one): one for one in LotRecordType}
_NEAR: Final = {TraceDirection.INPUT: "to_lot_id", TraceDirection.OUTPUT: "from_lot_id"}
_FAR: Final = {TraceDirection.INPUT: "from_lot_id", TraceDirection.OUTPUT: "to_lot_id"}


def _listed(types: Iterable[LotRecordType]) -> str:
    return ", ".join(str(int(one)) for one in sorted(types))


_INTO_ORDER: Final = _listed(THROUGH_ORDER - INTO_PRIMARY)
_OUT_OF_ORDER: Final = _listed(THROUGH_ORDER & INTO_PRIMARY)
_FROM_LOTS: Final = {TraceDirection.INPUT: _OUT_OF_ORDER, TraceDirection.OUTPUT: _INTO_ORDER}
_FROM_ORDERS: Final = {TraceDirection.INPUT: _INTO_ORDER, TraceDirection.OUTPUT: _OUT_OF_ORDER}


class Edges(Protocol):
    """Reads the edges of one walk.

    Attributes:
        left_out: whether something lies where the caller may not look.
    """

    left_out: bool

    def edges_onward(self, nodes: Sequence[Id], direction: TraceDirection, limit: int, /) -> "EdgeList":
        """As `EdgeReading.edges_onward`."""

    def links_onward(self, nodes: Sequence[Id], direction: TraceDirection, limit: int, /) -> Iterator[Link]:
        """As `EdgeReading.links_onward`."""


EdgeList = list[tuple[GenealogyKey, Edge]]


class EdgeReading:
    """Reads edges in one snapshot for one walk, which begins at a lot; all of them.

    Attributes:
        left_out: never.
    """

    def __init__(self, connection: Connection, *, lots_only: bool = False) -> None:
        """Reads nothing.

        Args:
            connection: the snapshot.
            lots_only: whether edges to and from production orders are left out.
        """
        self.left_out = False
        self._connection = connection
        self._lots_only = lots_only
        self._orders: set[Id] = set()

    def apart(self, nodes: Sequence[Id]) -> tuple[list[LotId], list[ProductionOrderId]]:
        """The lots and the production orders among the nodes that this reading has led to, each in order."""
        orders = self._orders
        return (
            [LotId(one) for one in nodes if one not in orders],
            [ProductionOrderId(one) for one in nodes if one in orders],
        )

    def edges_onward(
        self, nodes: Sequence[Id], direction: TraceDirection, limit: int
    ) -> list[tuple[GenealogyKey, Edge]]:
        """The edges of these nodes in a direction that are not all reversed.

        Those between two lots come first, by lot, then by the lot at the other end; then those from lots to orders,
        then those from orders to lots, in the same way.

        Args:
            nodes: the lot that the walk begins at, or what the edges of this reading have led to; each once, in order.
            direction: INPUT: edges into them; OUTPUT: edges out of them.
            limit: at most so many, above 0.
        """
        lots, orders = self.apart(nodes)
        found = self._between_lots(lots, direction, limit)
        if not self._lots_only:
            for by, ids, types in (
                ("lot_id", lots, _FROM_LOTS[direction]),
                ("production_order_id", orders, _FROM_ORDERS[direction]),
            ):
                found += self._of_orders(by, ids, types, limit - len(found))
        return found

    def links_onward(self, nodes: Sequence[Id], direction: TraceDirection, limit: int) -> Iterator[Link]:
        """The nodes one edge away from each of these in a direction, once for each; at most one more than `limit`."""
        near, far = _NEAR[direction], _FAR[direction]
        lots, orders = self.apart(nodes)
        asked: list[tuple[str, Sequence[Id], str, bool]] = [
            (f"{near}, {far} FROM lot_edge WHERE {near}", lots, "", False)
        ]
        if not self._lots_only:
            of_lots = f" AND lot_record_type IN ({_FROM_LOTS[direction]})"
            of_orders = f" AND lot_record_type IN ({_FROM_ORDERS[direction]})"
            asked += [
                ("lot_id, production_order_id FROM order_edge WHERE lot_id", lots, of_lots, True),
                ("production_order_id, lot_id FROM order_edge WHERE production_order_id", orders, of_orders, False),
            ]
        left = limit + 1
        for select, ids, types, far_is_order in asked:
            for chunk in chunks(ids):
                if left == 0:
                    return
                places = ", ".join("?" for _ in chunk)
                text = f"SELECT DISTINCT {select} IN ({places}){types} AND record_count > 0 LIMIT ?"
                rows = fetch(self._connection, text, (*chunk, left))
                left -= len(rows)
                for near_id, far_id in rows:
                    if far_is_order:
                        self._orders.add(far_id)
                    yield Link(near_id, far_id, far_is_order)

    def _between_lots(
        self, lot_ids: Sequence[Id], direction: TraceDirection, limit: int
    ) -> list[tuple[GenealogyKey, Edge]]:
        near, far = _NEAR[direction], _FAR[direction]
        found: list[tuple[GenealogyKey, Edge]] = []
        for chunk in chunks(lot_ids):
            if len(found) >= limit:
                break
            places = ", ".join("?" for _ in chunk)
            text = (
                "SELECT from_lot_id, to_lot_id, lot_record_type, quantity, record_count FROM lot_edge "  # noqa: S608
                f"WHERE {near} IN ({places}) AND record_count > 0 ORDER BY {near}, {far}, lot_record_type LIMIT ?"
            )
            rows = fetch(self._connection, text, (*chunk, limit - len(found)))
            found += [
                (EdgeKey(from_id, to_id, _TYPES[record_type]), Edge(quantity, count))
                for from_id, to_id, record_type, quantity, count in rows
            ]
        return found

    def _of_orders(self, by: str, ids: Sequence[Id], types: str, limit: int) -> list[tuple[GenealogyKey, Edge]]:
        far = "production_order_id" if by == "lot_id" else "lot_id"
        found: list[tuple[GenealogyKey, Edge]] = []
        for chunk in chunks(ids):
            if len(found) >= limit:
                break
            places = ", ".join("?" for _ in chunk)
            text = (
                "SELECT lot_id, lot_record_type, production_order_id, quantity, record_count FROM order_edge "  # noqa: S608
                f"WHERE {by} IN ({places}) AND lot_record_type IN ({types}) AND record_count > 0 "
                f"ORDER BY {by}, {far}, lot_record_type LIMIT ?"
            )
            rows = fetch(self._connection, text, (*chunk, limit - len(found)))
            self._orders.update(row[2] for row in rows)
            found += [
                (OrderEdgeKey(lot_id, _TYPES[record_type], order_id), Edge(quantity, count))
                for lot_id, record_type, order_id, quantity, count in rows
            ]
        return found
