"""Traces: which lots a lot came from and went into, level by level, within bounds; a cycle is walked once."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from lotkeeper_server.domain.keys import EdgeKey
from lotkeeper_server.domain.model.enumerations import TraceDirection
from lotkeeper_server.domain.model.genealogy import primary_lots
from lotkeeper_server.domain.model.identifiers import LotId
from lotkeeper_server.domain.model.stock import Edge

EdgesOnward = Callable[[Sequence[LotId], TraceDirection, int], Sequence[tuple[EdgeKey, Edge]]]
"""The edges of these lots in a direction (INPUT: into them, OUTPUT: out of them), at most so many and always the same
ones first; each comes once, and edges with reversed records only do not come."""
LotsOnward = Callable[[Sequence[LotId], TraceDirection, int], Iterable[LotId]]
"""The lots one edge away in a direction; it may stop once it has given more than so many different ones."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a trace holds at most.

    Attributes:
        depth: edges away from the lot asked for.
        nodes: lots, including the one asked for.
        edges: edges of either direction.
    """

    depth: int
    nodes: int
    edges: int


@dataclass(slots=True)
class Trace:
    """What was reached.

    Attributes:
        depths: each lot's distance from the one asked for, the nearest first.
        edges: those that were followed; both ends are among the lots.
        truncated: whether a lot or an edge was left out.
    """

    depths: dict[LotId, int]
    edges: dict[EdgeKey, Edge] = field(default_factory=dict)
    truncated: bool = False


@dataclass(slots=True)
class _Side:
    """One direction of a walk: what it has reached, and the last level of that."""

    direction: TraceDirection
    reached: set[LotId]
    last: list[LotId]


def trace(root: LotId, direction: TraceDirection, bounds: Bounds, edges_onward: EdgesOnward) -> Trace:
    """Walks from a lot; BOTH is the union of the two walks, which take levels in turn, so that the nearest lots stay.

    Args:
        root: the lot asked for.
        direction: which way.
        bounds: where the walk ends; if it leaves something out there, the trace is truncated.
        edges_onward: reads edges; each lot is asked for once a direction.
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
    following: list[LotId] = []
    # One more than could ever be taken: if the level has more edges than that, the extra one is met below.
    for key, edge in edges_onward(side.last, side.direction, bounds.edges + 1):
        lot_id = key.to_lot_id if onward else key.from_lot_id
        new_edge, new_lot = key not in edges, lot_id not in depths
        if (new_edge and len(edges) >= bounds.edges) or (new_lot and len(depths) >= bounds.nodes):
            found.truncated = True
            continue
        edges[key] = edge
        if new_lot:
            depths[lot_id] = depth
        if lot_id not in reached:
            reached.add(lot_id)
            following.append(lot_id)
    side.last = sorted(following)


def _has_more(found: Trace, side: _Side, edges_onward: EdgesOnward) -> bool:
    """Whether an edge beyond the last level is missing in the trace."""
    if not side.last:
        return False
    edges = edges_onward(side.last, side.direction, len(found.edges) + 1)
    return any(key not in found.edges for key, _ in edges)


def reach(root: LotId, direction: TraceDirection, nodes_max: int, lots_onward: LotsOnward) -> Trace:
    """Every lot in one direction at any depth, without the edges.

    Args:
        root: the lot asked for, one of them.
        direction: INPUT or OUTPUT.
        nodes_max: at most so many; if there are more, the trace is truncated.
        lots_onward: reads neighbours; each lot is asked for once.
    """
    assert direction is not TraceDirection.BOTH
    found = Trace({root: 0})
    level, depth = [root], 0
    while level and not found.truncated:
        depth += 1
        following: list[LotId] = []
        for lot_id in lots_onward(level, direction, nodes_max):
            if lot_id in found.depths:
                continue
            if len(found.depths) >= nodes_max:
                found.truncated = True
                break
            found.depths[lot_id] = depth
            following.append(lot_id)
        level = sorted(following)
    return found


def fitting(found: Trace, node_bytes: Mapping[LotId, int], edge_bytes: Mapping[EdgeKey, int], bytes_max: int) -> Trace:
    """Returns the trace, without its farthest lots and their edges if all together are too large.

    Args:
        found: a trace.
        node_bytes: the size of each of its lots.
        edge_bytes: the size of each of its edges.
        bytes_max: the largest size of the trace; the lot asked for always stays.
    """
    places = {lot_id: place for place, lot_id in enumerate(found.depths)}
    weights = [node_bytes[lot_id] for lot_id in found.depths]
    for key, weight in edge_bytes.items():
        weights[max(places[key.from_lot_id], places[key.to_lot_id])] += weight
    weight, shown = 0, 0
    for of_lot in weights:
        weight += of_lot
        if weight > bytes_max and shown:
            break
        shown += 1
    if shown == len(weights):
        return found
    edges = {
        key: edge
        for key, edge in found.edges.items()
        if places[key.from_lot_id] < shown and places[key.to_lot_id] < shown
    }
    return Trace(dict(list(found.depths.items())[:shown]), edges, truncated=True)


@dataclass(slots=True)
class Flow:
    """How much a trace's edges bring into a lot and take out of it, in millionths of the lot's unit."""

    in_millionths: int = 0
    out_millionths: int = 0


def flows(lot_ids: Collection[LotId], edges: Mapping[EdgeKey, Edge]) -> dict[LotId, Flow]:
    """Each lot's sums over the edges that are in its unit: those whose records have it as primary lot."""
    sums = {lot_id: Flow() for lot_id in lot_ids}
    for key, edge in edges.items():
        for lot_id in primary_lots(key):
            if lot_id == key.to_lot_id:
                sums[lot_id].in_millionths += edge.millionths
            if lot_id == key.from_lot_id:
                sums[lot_id].out_millionths += edge.millionths
    return sums
