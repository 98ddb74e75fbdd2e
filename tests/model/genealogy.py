"""Where lots came from and where they went, by the records: from lot to lot, and through production orders."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction

from tests.model.plant import Plant, Record
from tests.model.resolving import RISES

BOTH_ARE_PRIMARY = {"SPLIT", "MERGE"}
INTO_ORDERS = {"CONSUME"}
OUT_OF_ORDERS = {"PRODUCE", "UNCONSUME"}
Key = tuple[str, str, str]
"""From which lot or order, to which lot or order, by which type."""


@dataclass
class Edge:
    """Material that went from one lot or order to another, in the unit of the records' primary lot."""

    unit: str
    quantity: Fraction = Fraction(0)
    records: int = 0


@dataclass
class Node:
    """A lot or an order, how many edges away, and what went in and out of a lot by the edges of the answer."""

    depth: int
    quantity_in: Fraction = Fraction(0)
    quantity_out: Fraction = Fraction(0)


@dataclass
class Graph:
    """An answer."""

    nodes: dict[str, Node]
    edges: dict[Key, Edge] = field(default_factory=dict)
    truncated: bool = False


def all_edges(plant: Plant, *, lots_only: bool = False) -> dict[Key, Edge]:
    """What the completed records say; neither reversals nor what they reverse."""
    edges: dict[Key, Edge] = {}
    for record in plant.records.values():
        counts = record.status == "COMPLETED" and record.reverses is None and record.reversed_by is None
        ends = _ends(record, lots_only=lots_only)
        if counts and ends is not None and record.moved > 0:
            edge = edges.setdefault((*ends, record.type), Edge(plant.lots[record.lot].unit))
            edge.quantity += record.moved
            edge.records += 1
    return edges


def _ends(record: Record, *, lots_only: bool) -> tuple[str, str] | None:
    if record.secondary is not None:
        into_primary = record.type in RISES | {"MERGE"}
        return (record.secondary, record.lot) if into_primary else (record.lot, record.secondary)
    if record.order is None or lots_only:
        return None
    if record.type in INTO_ORDERS:
        return record.lot, record.order
    return (record.order, record.lot) if record.type in OUT_OF_ORDERS else None


def graph(plant: Plant, lot: str, direction: str, depth: int, *, lots_only: bool = False) -> Graph:
    """What is reached within the depth; BOTH is the union of the two directions."""
    edges = all_edges(plant, lots_only=lots_only)
    near, far = _walk(edges, lot, direction, depth), _walk(edges, lot, direction, len(plant.lots) + len(plant.orders))
    near.truncated = near.nodes.keys() != far.nodes.keys() or near.edges.keys() != far.edges.keys()
    for (source, target, kind), edge in near.edges.items():
        if target in plant.lots and kind in RISES | BOTH_ARE_PRIMARY:
            near.nodes[target].quantity_in += edge.quantity
        if source in plant.lots and kind not in RISES:
            near.nodes[source].quantity_out += edge.quantity
    return near


def _walk(edges: dict[Key, Edge], lot: str, direction: str, depth: int) -> Graph:
    found = Graph({lot: Node(0)})
    for way in ["INPUT", "OUTPUT"] if direction == "BOTH" else [direction]:
        reached, here = {lot}, {lot}
        for distance in range(1, depth + 1):
            followed = [key for key in edges if key[1 if way == "INPUT" else 0] in here]
            found.edges |= {key: edges[key] for key in followed}
            here = {key[0 if way == "INPUT" else 1] for key in followed} - reached
            reached |= here
            for one in here:
                known = found.nodes.setdefault(one, Node(distance))
                known.depth = min(known.depth, distance)
    return found


def terminal_lots(plant: Plant, lot: str, direction: str, *, lots_only: bool = False) -> set[str]:
    """Of the lots that are reached those from which every lot that is reached leads back to them."""
    near, far = (1, 0) if direction == "INPUT" else (0, 1)
    onward: dict[str, set[str]] = defaultdict(set)
    for key in all_edges(plant, lots_only=lots_only):
        onward[key[near]].add(key[far])
    reach = {one: _reached(onward, one) for one in _reached(onward, lot)}
    return {
        one
        for one, reached in reach.items()
        if one in plant.lots and all(one in reach[other] for other in reached if other in plant.lots)
    }


def _reached(onward: dict[str, set[str]], start: str) -> set[str]:
    reached, left = {start}, [start]
    while left:
        for one in onward[left.pop()] - reached:
            reached.add(one)
            left.append(one)
    return reached


def held_by_trace(
    plant: Plant, lot: str, direction: str, depth: int, *, lots_only: bool = False
) -> tuple[set[str], set[str]] | None:
    """Which lots a hold of what is reached changes, and which it leaves; None where something is out of reach."""
    found = graph(plant, lot, direction, depth, lots_only=lots_only)
    if found.truncated:
        return None
    lots = found.nodes.keys() & plant.lots.keys()
    held = {one for one in lots if plant.lots[one].status in {"OPEN", "AVAILABLE", "EXPIRED"}}
    return held, lots - held
