"""Genealogies for tests: edges in memory, and random ones by a seed."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from lotkeeper_server.domain.keys import EdgeKey
from lotkeeper_server.domain.model.enumerations import LotRecordType, TraceDirection
from lotkeeper_server.domain.model.identifiers import LotId
from lotkeeper_server.domain.model.stock import Edge


def lot(number: int) -> LotId:
    """The lot of a number."""
    return LotId(number.to_bytes(16, "big"))


def key(start: int, end: int, record_type: LotRecordType = LotRecordType.CONSUME) -> EdgeKey:
    """An edge from one lot to another."""
    return EdgeKey(lot(start), lot(end), record_type)


@dataclass
class Genealogy:
    """Edges in memory, read as a store reads them. It keeps what was asked, so that tests can see what a walk costs."""

    edges: dict[EdgeKey, Edge]
    asked: list[tuple[TraceDirection, tuple[LotId, ...]]] = field(default_factory=list)
    given: int = 0

    def edges_onward(
        self, lot_ids: Sequence[LotId], direction: TraceDirection, limit: int
    ) -> list[tuple[EdgeKey, Edge]]:
        """As `EdgesOnward` says."""
        self.asked.append((direction, tuple(lot_ids)))
        incoming, lots = direction is TraceDirection.INPUT, set(lot_ids)
        ordered = sorted((one[1], one[0], one) if incoming else (one[0], one[1], one) for one in self.edges)
        found = [(one, self.edges[one]) for near, _, one in ordered if near in lots][:limit]
        self.given += len(found)
        return found

    def lots_onward(self, lot_ids: Sequence[LotId], direction: TraceDirection, _limit: int) -> Iterable[LotId]:
        """As `LotsOnward` says."""
        for one, _ in self.edges_onward(lot_ids, direction, len(self.edges)):
            yield one.from_lot_id if direction is TraceDirection.INPUT else one.to_lot_id


def genealogy(*pairs: tuple[int, int]) -> Genealogy:
    """Consumptions of one unit each."""
    return Genealogy({key(*pair): Edge(1_000_000, 1) for pair in pairs})


def random_genealogy(lots: int, edges: int, seed: int) -> Genealogy:
    """Lots 1 to `lots`, mostly from lower to higher numbers, sometimes in circles; of every type."""
    chance = random.Random(seed)
    found: dict[EdgeKey, Edge] = {}
    for _ in range(edges):
        start, end = sorted(chance.sample(range(1, lots + 1), 2))
        if chance.random() < 0.1:
            start, end = end, start
        record_type = chance.choice(list(LotRecordType))
        found[key(start, end, record_type)] = Edge(chance.randint(1, 10**9), chance.randint(1, 5))
    return Genealogy(found)
