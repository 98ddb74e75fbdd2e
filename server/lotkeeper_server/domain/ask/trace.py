"""Traces: which lots a lot came from and went into, level by level, within bounds; a cycle is walked once.

A production order on the way is a node like a lot. Ids are unique among all things, so a node is its id.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from lotkeeper_server.domain.keys import GenealogyKey, OrderEdgeKey
from lotkeeper_server.domain.model.enumerations import TraceDirection
from lotkeeper_server.domain.model.genealogy import ends_of, primary_lots
from lotkeeper_server.domain.model.identifiers import Id, LotId, ProductionOrderId
from lotkeeper_server.domain.model.stock import Edge

EdgesOnward = Callable[[Sequence[Id], TraceDirection, int], Sequence[tuple[GenealogyKey, Edge]]]
"""The edges of these nodes in a direction (INPUT: into them, OUTPUT: out of them), at most so many and always the same
ones first; each comes once, and edges with reversed records only do not come."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a trace holds at most.

    Attributes:
        depth: edges away from the lot asked for.
        nodes: lots and orders, including the lot asked for.
        edges: edges of either direction.
    """

    depth: int
    nodes: int
    edges: int


@dataclass(slots=True)
class Trace:
    """What was reached.

    Attributes:
        depths: each node's distance from the lot asked for, the nearest first.
        edges: those that were followed; both ends are among the nodes.
        truncated: whether a node or an edge was left out.
    """

    depths: dict[Id, int]
    edges: dict[GenealogyKey, Edge] = field(default_factory=dict)
    truncated: bool = False

    @property
    def orders(self) -> set[ProductionOrderId]:
        """The nodes that are production orders; each has an edge, by which it was reached."""
        return {key.order_id for key in self.edges if isinstance(key, OrderEdgeKey)}

    @property
    def lots(self) -> list[LotId]:
        """The other nodes, the nearest first."""
        orders: set[Id] = {*self.orders}
        return [LotId(node) for node in self.depths if node not in orders]


@dataclass(slots=True)
class _Side:
    """One direction of a walk: what it has reached, and the last level of that."""

    direction: TraceDirection
    reached: set[Id]
    last: list[Id]


def trace(root: LotId, direction: TraceDirection, bounds: Bounds, edges_onward: EdgesOnward) -> Trace:
    """Walks from a lot; BOTH is the union of the two walks, which take levels in turn, so that the nearest lots stay.

    Args:
        root: the lot asked for.
        direction: which way.
        bounds: where the walk ends; if it leaves something out there, the trace is truncated.
        edges_onward: reads edges; each node is asked for once a direction, but for those at a bound.
    """
    found = Trace({root: 0})
    sides = [_Side(one, {root}, [root]) for one in _single_directions(direction)]
    for depth in range(1, bounds.depth + 1):
        for side in sides:
            _follow(found, side, depth, bounds, edges_onward)
        if found.truncated:
            return found
    found.truncated = any(_has_more(found, side, edges_onward) for side in sides)
    return found


def _single_directions(direction: TraceDirection) -> tuple[TraceDirection, ...]:
    if direction is TraceDirection.BOTH:
        return TraceDirection.INPUT, TraceDirection.OUTPUT
    return (direction,)


def _follow(found: Trace, side: _Side, depth: int, bounds: Bounds, edges_onward: EdgesOnward) -> None:
    """Walks one level in one direction, within the bounds."""
    if not side.last:
        return
    onward = side.direction is TraceDirection.OUTPUT
    reached, depths, edges = side.reached, found.depths, found.edges
    following: list[Id] = []
    # One more than could ever be taken: if the level has more edges than that, the extra one is met below.
    for key, edge in edges_onward(side.last, side.direction, bounds.edges + 1):
        node = ends_of(key)[1 if onward else 0]
        new_edge, new_node = key not in edges, node not in depths
        if (new_edge and len(edges) >= bounds.edges) or (new_node and len(depths) >= bounds.nodes):
            found.truncated = True
            continue
        edges[key] = edge
        if new_node:
            depths[node] = depth
        if node not in reached:
            reached.add(node)
            following.append(node)
    side.last = sorted(following)


def _has_more(found: Trace, side: _Side, edges_onward: EdgesOnward) -> bool:
    """Whether an edge beyond the last level is missing in the trace."""
    if not side.last:
        return False
    edges = edges_onward(side.last, side.direction, len(found.edges) + 1)
    return any(key not in found.edges for key, _ in edges)


def fitting(
    found: Trace, node_bytes: Mapping[Id, int], edge_bytes: Mapping[GenealogyKey, int], bytes_max: int
) -> Trace:
    """Returns the trace, without its farthest nodes and their edges if all together are too large.

    Args:
        found: a trace.
        node_bytes: the size of each of its nodes.
        edge_bytes: the size of each of its edges.
        bytes_max: the largest size of the trace; the lot asked for always stays.
    """
    places = {node: place for place, node in enumerate(found.depths)}
    weights = [node_bytes[node] for node in found.depths]
    for key, weight in edge_bytes.items():
        weights[max(places[end] for end in ends_of(key))] += weight
    weight, shown = 0, 0
    for of_node in weights:
        weight += of_node
        if weight > bytes_max and shown:
            break
        shown += 1
    if shown == len(weights):
        return found
    edges = {key: edge for key, edge in found.edges.items() if all(places[end] < shown for end in ends_of(key))}
    return Trace(dict(list(found.depths.items())[:shown]), edges, truncated=True)


@dataclass(slots=True)
class Flow:
    """How much a trace's edges bring into a lot and take out of it, in millionths of the lot's unit."""

    in_millionths: int = 0
    out_millionths: int = 0


def flows(lot_ids: Collection[LotId], edges: Mapping[GenealogyKey, Edge]) -> dict[LotId, Flow]:
    """Each lot's sums over the edges that are in its unit: those whose records have it as primary lot."""
    sums = {lot_id: Flow() for lot_id in lot_ids}
    for key, edge in edges.items():
        start, end = ends_of(key)
        for lot_id in primary_lots(key):
            if lot_id == end:
                sums[lot_id].in_millionths += edge.millionths
            if lot_id == start:
                sums[lot_id].out_millionths += edge.millionths
    return sums
