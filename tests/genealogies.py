"""Genealogies for tests: edges in memory, and random ones by a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from lotkeeper_server.domain.ask.ends import Link
from lotkeeper_server.domain.keys import EdgeKey, GenealogyKey, OrderEdgeKey
from lotkeeper_server.domain.model.enumerations import LotRecordType, TraceDirection
from lotkeeper_server.domain.model.identifiers import Id, LotId, ProductionOrderId
from lotkeeper_server.domain.model.stock import Edge

_ORDER = b"\xff"
"""Ids of orders begin with it."""
_OUT_OF_ORDER = (LotRecordType.PRODUCE, LotRecordType.UNCONSUME)


def lot(number: int) -> LotId:
    """The lot of a number."""
    return LotId(number.to_bytes(16, "big"))


def order(number: int) -> ProductionOrderId:
    """The production order of a number."""
    return ProductionOrderId(_ORDER + number.to_bytes(15, "big"))


def key(start: int, end: int, record_type: LotRecordType = LotRecordType.CONSUME) -> EdgeKey:
    """An edge from one lot to another."""
    return EdgeKey(lot(start), lot(end), record_type)


def into_order(lot_number: int, order_number: int) -> OrderEdgeKey:
    """What an order consumed."""
    return OrderEdgeKey(lot(lot_number), LotRecordType.CONSUME, order(order_number))


def out_of_order(
    order_number: int, lot_number: int, record_type: LotRecordType = LotRecordType.PRODUCE
) -> OrderEdgeKey:
    """What an order produced, or gave back."""
    return OrderEdgeKey(lot(lot_number), record_type, order(order_number))


def ends(one: GenealogyKey) -> tuple[Id, Id]:
    """From what to what."""
    if isinstance(one, EdgeKey):
        return one.from_lot_id, one.to_lot_id
    return (one.order_id, one.lot_id) if one.record_type in _OUT_OF_ORDER else (one.lot_id, one.order_id)


@dataclass
class Genealogy:
    """Edges in memory, read as a store reads them. It keeps what was asked, so that tests can see what a walk costs."""

    edges: dict[GenealogyKey, Edge]
    asked: list[tuple[TraceDirection, tuple[Id, ...]]] = field(default_factory=list)
    given: int = 0

    def edges_onward(
        self, nodes: Sequence[Id], direction: TraceDirection, limit: int
    ) -> list[tuple[GenealogyKey, Edge]]:
        """As `EdgesOnward` says."""
        self.asked.append((direction, tuple(nodes)))
        near, far = (1, 0) if direction is TraceDirection.INPUT else (0, 1)
        orders = {one.order_id for one in self.edges if isinstance(one, OrderEdgeKey)}
        ordered = sorted(
            (one for one in self.edges if ends(one)[near] in set(nodes)),
            key=lambda one: (
                isinstance(one, OrderEdgeKey),
                ends(one)[near] in orders,
                ends(one)[near],
                ends(one)[far],
                one.record_type,
            ),
        )
        found = [(one, self.edges[one]) for one in ordered][:limit]
        self.given += len(found)
        return found

    def links_onward(self, nodes: Sequence[Id], direction: TraceDirection, _limit: int) -> Iterator[Link]:
        """As `LinksOnward` says."""
        near, far = (1, 0) if direction is TraceDirection.INPUT else (0, 1)
        found = {
            (ends(one)[near], ends(one)[far], isinstance(one, OrderEdgeKey) and ends(one)[far] == one.order_id)
            for one, _ in self.edges_onward(nodes, direction, len(self.edges))
        }
        for one in sorted(found):
            yield Link(*one)


def genealogy(*pairs: tuple[int, int]) -> Genealogy:
    """Consumptions of one unit each."""
    return Genealogy({key(*pair): Edge(1_000_000, 1) for pair in pairs})


def through(*steps: tuple[str, str]) -> Genealogy:
    """Edges by names such as `L1` for a lot and `O1` for an order."""
    edges: dict[GenealogyKey, Edge] = {}
    for start, end in steps:
        numbers = int(start[1:]), int(end[1:])
        if end.startswith("O"):
            edges[into_order(*numbers)] = Edge(1_000_000, 1)
        elif start.startswith("O"):
            edges[out_of_order(*numbers)] = Edge(1_000_000, 1)
        else:
            edges[key(*numbers)] = Edge(1_000_000, 1)
    return Genealogy(edges)


def name_of(node: Id) -> str:
    """`L1` for a lot, `O1` for an order."""
    if node.startswith(_ORDER):
        return f"O{int.from_bytes(node[1:], 'big')}"
    return f"L{int.from_bytes(node, 'big')}"


def random_genealogy(lots: int, edges: int, seed: int, orders: int = 0) -> Genealogy:
    """Lots 1 to `lots`, mostly from lower to higher numbers, sometimes in circles; of every type.

    With orders a third of the edges goes through them.
    """
    chance = random.Random(seed)
    found: dict[GenealogyKey, Edge] = {}
    for _ in range(edges):
        start, end = sorted(chance.sample(range(1, lots + 1), 2))
        if chance.random() < 0.1:
            start, end = end, start
        amount = Edge(chance.randint(1, 10**9), chance.randint(1, 5))
        if orders and chance.random() < 0.35:
            number = chance.randint(1, orders)
            if chance.random() < 0.5:
                found[into_order(start, number)] = amount
            else:
                found[out_of_order(number, end, chance.choice(_OUT_OF_ORDER))] = amount
        else:
            found[key(start, end, chance.choice(list(LotRecordType)))] = amount
    return Genealogy(found)
