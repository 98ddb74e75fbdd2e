"""Where lots came from and where they went, by the records."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from tests.model.plant import Plant, Record
from tests.model.resolving import RISES

BOTH_ARE_PRIMARY = {"SPLIT", "MERGE"}
Key = tuple[str, str, str]
"""From which lot, to which lot, by which type."""


@dataclass
class Edge:
    """Material that went from one lot to another, in the unit of the records' primary lot."""

    unit: str
    quantity: Fraction = Fraction(0)
    records: int = 0


@dataclass
class Node:
    """A lot, how many edges away, and what went in and out by the edges of the answer."""

    depth: int
    quantity_in: Fraction = Fraction(0)
    quantity_out: Fraction = Fraction(0)


@dataclass
class Graph:
    """An answer."""

    nodes: dict[str, Node]
    edges: dict[Key, Edge] = field(default_factory=dict)
    truncated: bool = False


def all_edges(plant: Plant) -> dict[Key, Edge]:
    """The completed records between two lots; neither reversals nor what they reverse."""
    edges: dict[Key, Edge] = {}
    for record in plant.records.values():
        counts = record.status == "COMPLETED" and record.reverses is None and record.reversed_by is None
        if counts and record.secondary is not None and record.moved > 0:
            edge = edges.setdefault(_ends(record), Edge(plant.lots[record.lot].unit))
            edge.quantity += record.moved
            edge.records += 1
    return edges


def _ends(record: Record) -> Key:
    assert record.secondary is not None
    if record.type in RISES | {"MERGE"}:
        return record.secondary, record.lot, record.type
    return record.lot, record.secondary, record.type


def graph(plant: Plant, lot: str, direction: str, depth: int) -> Graph:
    """What is reached within the depth; BOTH is the union of the two directions."""
    edges = all_edges(plant)
    near, far = _walk(edges, lot, direction, depth), _walk(edges, lot, direction, len(plant.lots))
    near.truncated = near.nodes.keys() != far.nodes.keys() or near.edges.keys() != far.edges.keys()
    for (source, target, kind), edge in near.edges.items():
        if kind in RISES | BOTH_ARE_PRIMARY:
            near.nodes[target].quantity_in += edge.quantity
        if kind not in RISES:
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


def terminal_lots(plant: Plant, lot: str, direction: str) -> set[str]:
    """The lots reached that have no edge onward."""
    edges = all_edges(plant)
    goes_on = {key[1 if direction == "INPUT" else 0] for key in edges}
    return {one for one in _walk(edges, lot, direction, len(plant.lots)).nodes if one not in goes_on}
