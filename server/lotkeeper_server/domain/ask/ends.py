"""The ends of traces: the lots from which no lot outside their own circle is reached.

A circle is a set of nodes each of which reaches every other one; most nodes are a circle by themselves.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from lotkeeper_server.domain.model.enumerations import TraceDirection
from lotkeeper_server.domain.model.identifiers import Id, LotId


class Link(NamedTuple):
    """That one node leads to another in a direction, by whichever edges."""

    near: Id
    far: Id
    far_is_order: bool


LinksOnward = Callable[[Sequence[Id], TraceDirection, int], Iterable[Link]]
"""The links of these nodes in a direction, each once; it may stop once it has given more than so many."""


@dataclass(slots=True)
class Reached:
    """Every node that was reached, numbered from 0, the lot asked for.

    Attributes:
        nodes: their ids.
        depths: their distances from the lot asked for.
        orders: the numbers of production orders.
        onward: to which other nodes each leads.
        beyond: those that lead, or may lead, to what was not reached.
        truncated: whether something was left out.
    """

    nodes: list[Id]
    depths: list[int]
    orders: set[int] = field(default_factory=set)
    onward: list[list[int]] = field(default_factory=list)
    beyond: set[int] = field(default_factory=set)
    truncated: bool = False


def ends(
    root: LotId, direction: TraceDirection, nodes_max: int, links_max: int, links_onward: LinksOnward
) -> tuple[dict[LotId, int], bool]:
    """The terminal lots of a trace at any depth, with their distances; and whether some may be missing.

    Args:
        root: the lot asked for, one of them where it reaches no other lot outside of its circle.
        direction: INPUT or OUTPUT.
        nodes_max: lots and orders that are looked at, the nearest ones.
        links_max: between them.
        links_onward: reads links; each node is asked for once.
    """
    assert direction is not TraceDirection.BOTH
    found = reach(root, direction, nodes_max, links_max, links_onward)
    circles = circles_of(found.onward)
    leads_on = _leads_on(found, circles)
    lots = (number for number in range(len(found.nodes)) if number not in found.orders)
    return (
        {LotId(found.nodes[one]): found.depths[one] for one in lots if not leads_on[circles[one]]},
        found.truncated,
    )


def reach(root: LotId, direction: TraceDirection, nodes_max: int, links_max: int, links_onward: LinksOnward) -> Reached:
    """Walks to every node in one direction, level by level, within the bounds."""
    found = Reached([root], [0], onward=[[]])
    numbers: dict[Id, int] = {root: 0}
    level, links_left, depth = [0], links_max, 0
    while level:
        depth += 1
        following: list[int] = []
        for link in links_onward([found.nodes[one] for one in level], direction, links_left):
            near = numbers[link.near]
            if links_left == 0:
                found.beyond.update(level, following)
                found.truncated = True
                return found
            links_left -= 1
            far = numbers.get(link.far)
            if far is None and len(found.nodes) >= nodes_max:
                found.beyond.add(near)
                found.truncated = True
                continue
            if far is None:
                far = numbers[link.far] = len(found.nodes)
                found.nodes.append(link.far)
                found.depths.append(depth)
                found.onward.append([])
                if link.far_is_order:
                    found.orders.add(far)
                following.append(far)
            found.onward[near].append(far)
        level = sorted(following, key=found.nodes.__getitem__)
    return found


def _leads_on(found: Reached, circles: Sequence[int]) -> list[bool]:
    """Whether a lot outside is reached from a circle, or may be; circles lead to those with smaller numbers only."""
    members: list[list[int]] = [[] for _ in range(max(circles) + 1)]
    for number, circle in enumerate(circles):
        members[circle].append(number)
    leads_on: list[bool] = []
    matters: list[bool] = []  # whether what leads to this circle leads on by that
    for circle, numbers in enumerate(members):
        others = {circles[far] for number in numbers for far in found.onward[number]} - {circle}
        leads_on.append(any(matters[one] for one in others) or not found.beyond.isdisjoint(numbers))
        matters.append(leads_on[circle] or any(number not in found.orders for number in numbers))
    return leads_on


def circles_of(onward: Sequence[Sequence[int]]) -> list[int]:
    """The circle of each node, numbered so that every circle leads to those with smaller numbers only.

    Tarjan's strongly connected components, with a stack of its own, so that no depth is too large; in linear time.

    Args:
        onward: for each node the nodes that it leads to.
    """
    circles = [-1] * len(onward)
    met, lowest = [-1] * len(onward), [0] * len(onward)
    waiting: list[int] = []  # met, and in no circle yet
    count = meetings = 0
    for first in range(len(onward)):
        if met[first] >= 0:
            continue
        path: list[tuple[int, int]] = [(first, 0)]
        while path:
            node, place = path.pop()
            if place == 0:
                met[node] = lowest[node] = meetings
                meetings += 1
                waiting.append(node)
            elif (before := onward[node][place - 1]) >= 0 and circles[before] < 0:
                lowest[node] = min(lowest[node], lowest[before])
            while place < len(onward[node]):
                far = onward[node][place]
                place += 1
                if met[far] < 0:
                    path += [(node, place), (far, 0)]
                    break
                if circles[far] < 0:
                    lowest[node] = min(lowest[node], met[far])
            else:
                if lowest[node] == met[node]:
                    member = -1
                    while member != node:
                        member = waiting.pop()
                        circles[member] = count
                    count += 1
    return circles
