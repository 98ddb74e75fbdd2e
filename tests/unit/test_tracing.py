"""The walk of a trace: directions, depth, circles, bounds, sums."""

from __future__ import annotations

import pytest
from lotkeeper_server.domain.ask.trace import Bounds, Flow, Trace, fitting, flows, trace
from lotkeeper_server.domain.keys import GenealogyKey
from lotkeeper_server.domain.model.enumerations import LotRecordType, TraceDirection
from lotkeeper_server.domain.model.identifiers import Id, LotId
from lotkeeper_server.domain.model.stock import Edge

from tests.genealogies import (
    Genealogy,
    ends,
    genealogy,
    into_order,
    key,
    lot,
    name_of,
    order,
    out_of_order,
    random_genealogy,
    through,
)

INPUT, OUTPUT, BOTH = TraceDirection.INPUT, TraceDirection.OUTPUT, TraceDirection.BOTH
WIDE = Bounds(depth=50, nodes=10_000, edges=20_000)
KG = 1_000_000


def depths(found: Trace) -> dict[int, int]:
    return {int.from_bytes(lot_id, "big"): depth for lot_id, depth in found.depths.items()}


def pairs(found: Trace) -> set[tuple[int, int]]:
    return {(int.from_bytes(start, "big"), int.from_bytes(end, "big")) for start, end in map(ends, found.edges)}


def named(found: Trace) -> tuple[dict[str, int], set[tuple[str, str]]]:
    """Its nodes with their depths, and its edges, by names such as L1 and O1."""
    steps = {(name_of(start), name_of(end)) for start, end in map(ends, found.edges)}
    return {name_of(node): depth for node, depth in found.depths.items()}, steps


def walked(edges: Genealogy, root: int, direction: TraceDirection, bounds: Bounds = WIDE) -> Trace:
    return trace(lot(root), direction, bounds, edges.edges_onward)


CHAIN = ((1, 2), (2, 3), (3, 4), (4, 5))


def test_input_goes_towards_what_went_into_the_lot() -> None:
    """And not on from there."""
    found = walked(genealogy(*CHAIN, (2, 9)), 3, INPUT)
    assert (depths(found), pairs(found), found.truncated) == ({3: 0, 2: 1, 1: 2}, {(1, 2), (2, 3)}, False)


def test_output_goes_towards_what_the_lot_went_into() -> None:
    """The other half of the chain."""
    found = walked(genealogy(*CHAIN, (9, 4)), 3, OUTPUT)
    assert (depths(found), pairs(found), found.truncated) == ({3: 0, 4: 1, 5: 2}, {(3, 4), (4, 5)}, False)


def test_both_is_the_union_of_two_walks_and_never_turns_around() -> None:
    """What else came from an input, or went into an output, is no part of it."""
    found = walked(genealogy(*CHAIN, (2, 9), (9, 10), (8, 4)), 3, BOTH)
    assert depths(found) == {3: 0, 2: 1, 4: 1, 1: 2, 5: 2}
    assert pairs(found) == set(CHAIN)
    assert not found.truncated


def test_a_lot_without_edges_is_its_whole_trace() -> None:
    """In every direction."""
    for direction in TraceDirection:
        assert walked(genealogy((7, 8)), 1, direction) == Trace({lot(1): 0})


def test_a_diamond_has_each_lot_once_and_every_edge() -> None:
    """The depth is that of the shorter way."""
    found = walked(genealogy((1, 2), (1, 3), (2, 4), (3, 4), (1, 4), (4, 5)), 1, OUTPUT)
    assert depths(found) == {1: 0, 2: 1, 3: 1, 4: 1, 5: 2}
    assert len(found.edges) == 6


def test_a_circle_is_walked_once() -> None:
    """Each lot is asked for once, and the edge that closes the circle is there."""
    edges = genealogy((1, 2), (2, 3), (3, 1))
    found = walked(edges, 1, OUTPUT)
    assert (depths(found), pairs(found), found.truncated) == ({1: 0, 2: 1, 3: 2}, {(1, 2), (2, 3), (3, 1)}, False)
    assert [len(lots) for _, lots in edges.asked] == [1, 1, 1]


def test_a_lot_reached_both_ways_has_the_smaller_depth_and_is_followed_both_ways() -> None:
    """3 is an input of 1 by one edge, and an output by two."""
    found = walked(genealogy((1, 2), (2, 3), (3, 1), (3, 4), (5, 3)), 1, BOTH)
    assert depths(found) == {1: 0, 3: 1, 2: 1, 5: 2, 4: 3}


def test_edges_of_several_types_between_two_lots_are_several() -> None:
    """One lot more, two edges."""
    edges = {key(1, 2): Edge(5, 1), key(1, 2, LotRecordType.SPLIT): Edge(7, 2)}
    assert walked(Genealogy({**edges}), 1, OUTPUT) == Trace({lot(1): 0, lot(2): 1}, {**edges})


def test_the_depth_bounds_the_walk_and_says_so() -> None:
    """Where an edge leads on from the last level."""
    found = walked(genealogy(*CHAIN), 1, OUTPUT, Bounds(2, 100, 100))
    assert (depths(found), pairs(found), found.truncated) == ({1: 0, 2: 1, 3: 2}, {(1, 2), (2, 3)}, True)


def test_a_depth_that_reaches_the_end_leaves_nothing_out() -> None:
    """A chain of four edges, asked to depth four."""
    assert not walked(genealogy(*CHAIN), 1, OUTPUT, Bounds(4, 100, 100)).truncated


def test_an_edge_back_that_the_depth_leaves_out_truncates() -> None:
    """No lot is missing, but the edge that closes the circle."""
    found = walked(genealogy((1, 2), (2, 1)), 1, OUTPUT, Bounds(1, 100, 100))
    assert (pairs(found), found.truncated) == ({(1, 2)}, True)


def test_an_edge_that_the_other_direction_followed_is_not_left_out() -> None:
    """The same circle, both ways to depth 1: all of it is there."""
    found = walked(genealogy((1, 2), (2, 1)), 1, BOTH, Bounds(1, 100, 100))
    assert (pairs(found), found.truncated) == ({(1, 2), (2, 1)}, False)


def test_the_nodes_are_bounded_and_the_nearest_stay() -> None:
    """Edges to lots that are left out are left out; edges between those that stay are there."""
    found = walked(genealogy((1, 2), (1, 3), (2, 4), (2, 5), (3, 4), (3, 2)), 1, OUTPUT, Bounds(50, 4, 100))
    assert depths(found) == {1: 0, 2: 1, 3: 1, 4: 2}
    assert pairs(found) == {(1, 2), (1, 3), (2, 4), (3, 4), (3, 2)}
    assert found.truncated


def test_as_many_nodes_as_allowed_are_not_truncated() -> None:
    """The bound itself is still allowed."""
    assert not walked(genealogy(*CHAIN), 1, OUTPUT, Bounds(50, 5, 4)).truncated


def test_the_edges_are_bounded_and_the_nearest_stay() -> None:
    """The walk ends with the level in which they ran out."""
    found = walked(genealogy(*CHAIN), 1, OUTPUT, Bounds(50, 100, 2))
    assert (depths(found), pairs(found), found.truncated) == ({1: 0, 2: 1, 3: 2}, {(1, 2), (2, 3)}, True)


def test_both_directions_share_the_bounds_level_by_level() -> None:
    """The farther ones of one side give way to the nearer ones of the other."""
    inputs = [(100 + number, 100 + number - 1) for number in range(1, 6)]
    outputs = [(100 - number + 1, 100 - number) for number in range(1, 6)]
    found = walked(genealogy(*inputs, *outputs), 100, BOTH, Bounds(50, 7, 100))
    assert sorted(depths(found).values()) == [0, 1, 1, 2, 2, 3, 3]
    assert found.truncated


def test_a_lot_with_very_many_edges_is_not_read_whole() -> None:
    """One edge more than the bound is all that is read."""
    edges = genealogy(*((1, number) for number in range(2, 5_000)))
    found = walked(edges, 1, OUTPUT, Bounds(50, 100, 200))
    assert (len(found.depths), len(found.edges), found.truncated) == (100, 99, True)
    assert edges.given == 201


def test_the_end_by_depth_reads_no_more_than_it_needs() -> None:
    """Of the last level's edges one more than the trace has."""
    edges = genealogy((1, 2), *((2, number) for number in range(3, 5_000)))
    assert walked(edges, 1, OUTPUT, Bounds(1, 100, 200)).truncated
    assert edges.given == 1 + 2


SUMS = {
    LotRecordType.CONSUME: (0, 5, 0, 0),
    LotRecordType.SCRAP: (0, 5, 0, 0),
    LotRecordType.RETURN: (0, 5, 0, 0),
    LotRecordType.SHIP: (0, 5, 0, 0),
    LotRecordType.PRODUCE: (0, 0, 5, 0),
    LotRecordType.UNCONSUME: (0, 0, 5, 0),
    LotRecordType.RECEIVE: (0, 0, 5, 0),
    LotRecordType.SPLIT: (0, 5, 5, 0),
    LotRecordType.MERGE: (0, 5, 5, 0),
}


@pytest.mark.parametrize("record_type", SUMS)
def test_an_edge_counts_for_the_lot_whose_unit_it_is_in(record_type: LotRecordType) -> None:
    """Falls: what it came from. Rises: what it went into. SPLIT and MERGE: both."""
    sums = flows([lot(1), lot(2)], {key(1, 2, record_type): Edge(5, 1)})
    start, end = sums[lot(1)], sums[lot(2)]
    expected = SUMS[record_type]
    assert (start.in_millionths, start.out_millionths, end.in_millionths, end.out_millionths) == expected


def test_a_nodes_sums_are_those_of_the_answers_edges() -> None:
    """Several edges of several types."""
    edges = {
        key(1, 2): Edge(3 * KG, 1),
        key(1, 3): Edge(4 * KG, 2),
        key(1, 3, LotRecordType.SPLIT): Edge(5 * KG, 1),
        key(2, 3, LotRecordType.PRODUCE): Edge(6 * KG, 1),
    }
    assert flows([lot(1), lot(2), lot(3)], edges) == {
        lot(1): Flow(0, 12 * KG),
        lot(2): Flow(0, 0),
        lot(3): Flow(11 * KG, 0),
    }


def test_what_weighs_too_much_loses_its_farthest_lots_and_their_edges() -> None:
    """As many of the nearest as fit, each with its edges to those before it."""
    found = walked(genealogy((1, 2), (1, 3), (2, 4), (3, 4), (2, 3)), 1, OUTPUT)
    node_bytes, edge_bytes = dict.fromkeys(found.depths, 10), dict.fromkeys(found.edges, 1)
    assert fitting(found, node_bytes, edge_bytes, 45) == found
    trimmed = fitting(found, node_bytes, edge_bytes, 44)
    assert (depths(trimmed), pairs(trimmed), trimmed.truncated) == (
        {1: 0, 2: 1, 3: 1},
        {(1, 2), (1, 3), (2, 3)},
        True,
    )
    assert depths(fitting(found, node_bytes, edge_bytes, 1)) == {1: 0}


MILK_TO_ORDER = (("L1", "O1"), ("L2", "O1"), ("O1", "L3"), ("O1", "L4"), ("L3", "O2"), ("O2", "L5"))


def test_a_trace_goes_through_production_orders() -> None:
    """Forward into what the order produced, backward into what it consumed; an order counts in depth."""
    forward = walked(through(*MILK_TO_ORDER), 1, OUTPUT)
    assert named(forward) == (
        {"L1": 0, "O1": 1, "L3": 2, "L4": 2, "O2": 3, "L5": 4},
        {("L1", "O1"), ("O1", "L3"), ("O1", "L4"), ("L3", "O2"), ("O2", "L5")},
    )
    backward = walked(through(*MILK_TO_ORDER), 5, INPUT)
    assert named(backward)[0] == {"L5": 0, "O2": 1, "L3": 2, "O1": 3, "L1": 4, "L2": 4}
    assert (forward.truncated, backward.truncated) == (False, False)
    assert (forward.orders, [*map(name_of, forward.lots)]) == ({order(1), order(2)}, ["L1", "L3", "L4", "L5"])


def test_what_an_order_gave_back_came_out_of_it() -> None:
    """An UNCONSUME leads from the order to the lot, like a PRODUCE."""
    edges = {into_order(1, 1): Edge(5, 1), out_of_order(1, 2, LotRecordType.UNCONSUME): Edge(3, 1)}
    assert named(walked(Genealogy({**edges}), 1, OUTPUT))[1] == {("L1", "O1"), ("O1", "L2")}


def test_an_order_counts_in_depth_and_limits() -> None:
    """At depth 1 the order is the last that is reached; of two nodes it is one."""
    for bounds in (Bounds(1, 100, 100), Bounds(50, 2, 100), Bounds(50, 100, 1)):
        found = walked(through(*MILK_TO_ORDER), 1, OUTPUT, bounds)
        assert (named(found), found.truncated) == (({"L1": 0, "O1": 1}, {("L1", "O1")}), True)


def test_edges_with_orders_count_for_their_lot() -> None:
    """What it gave to an order flows out of it, what an order made of it flows in."""
    edges = {
        into_order(1, 1): Edge(3 * KG, 2),
        into_order(1, 2): Edge(2 * KG, 1),
        out_of_order(1, 2): Edge(7 * KG, 1),
    }
    assert flows([lot(1), lot(2)], edges) == {lot(1): Flow(0, 5 * KG), lot(2): Flow(7 * KG, 0)}


def naive(edges: dict[GenealogyKey, Edge], root: LotId, direction: TraceDirection, depth: int) -> Trace:
    """The rule read slowly: distances by relaxing every edge until nothing changes; then what is within the depth."""
    found: dict[Id, int] = {}
    followed: dict[GenealogyKey, Edge] = {}
    for one in (INPUT, OUTPUT) if direction is BOTH else (direction,):
        distance: dict[Id, int] = {root: 0}
        for _ in edges:
            for edge in edges:
                near, far = ends(edge) if one is OUTPUT else reversed(ends(edge))
                if near in distance:
                    distance[far] = min(distance.get(far, 10**9), distance[near] + 1)
        for edge, amount in edges.items():
            near = ends(edge)[0 if one is OUTPUT else 1]
            if distance.get(near, 10**9) < depth:
                followed[edge] = amount
        for node, away in distance.items():
            if away <= depth:
                found[node] = min(found.get(node, 10**9), away)
    unbounded = followed if depth >= len(edges) else naive(edges, root, direction, len(edges)).edges
    return Trace(found, followed, truncated=followed.keys() != unbounded.keys())


@pytest.mark.parametrize("seed", range(60))
def test_random_genealogies_are_traced_as_a_slow_reading_of_the_rule_does(seed: int) -> None:
    """Every direction, several depths; nodes come the nearest first."""
    edges = random_genealogy(lots=4 + seed % 12, edges=5 + seed % 25, seed=seed, orders=seed % 4)
    for direction in TraceDirection:
        for depth in (1, 2, 3, 50):
            found = walked(edges, 1 + seed % 3, direction, Bounds(depth, 10_000, 20_000))
            assert found == naive(edges.edges, lot(1 + seed % 3), direction, depth)
            assert list(found.depths.values()) == sorted(found.depths.values())


@pytest.mark.parametrize("seed", range(40))
def test_a_bounded_trace_is_a_part_of_the_whole_one(seed: int) -> None:
    """Within its bounds, joined, with right depths; truncated exactly where something is missing."""
    edges = random_genealogy(lots=20, edges=60, seed=seed, orders=seed % 5)
    for bounds in (Bounds(50, 7, 100), Bounds(50, 100, 9), Bounds(2, 9, 12), Bounds(50, 20, 60)):
        for direction in TraceDirection:
            whole, found = walked(edges, 10, direction), walked(edges, 10, direction, bounds)
            assert len(found.depths) <= bounds.nodes
            assert len(found.edges) <= bounds.edges
            assert found.depths.items() <= whole.depths.items()
            assert found.edges.keys() <= whole.edges.keys()
            assert all(found.depths.keys() >= set(ends(one)) for one in found.edges)
            assert found.truncated == (found.edges.keys() != whole.edges.keys())
            assert found.depths.keys() - {end for one in found.edges for end in ends(one)} <= {lot(10)}
