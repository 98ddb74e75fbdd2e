"""The ends of traces: lots from which no lot outside their own circle is reached."""

from __future__ import annotations

import random

import pytest
from lotkeeper_server.domain.ask.ends import circles_of, ends
from lotkeeper_server.domain.model.enumerations import TraceDirection

from tests.genealogies import Genealogy, genealogy, lot, name_of, random_genealogy, through
from tests.genealogies import ends as ends_of

INPUT, OUTPUT = TraceDirection.INPUT, TraceDirection.OUTPUT
CHAIN = tuple((f"L{number}", f"L{number + 1}") for number in range(1, 5))


def found(
    edges: Genealogy, root: int, direction: TraceDirection, nodes_max: int = 10_000, links_max: int = 200_000
) -> tuple[dict[str, int], bool]:
    """Names and distances of the terminal lots; whether some may be missing."""
    depths, truncated = ends(lot(root), direction, nodes_max, links_max, edges.links_onward)
    return {name_of(one): depth for one, depth in depths.items()}, truncated


def test_a_lot_without_anything_onward_is_its_own_end() -> None:
    """In both directions."""
    assert found(through(("L1", "L2")), 2, OUTPUT) == ({"L2": 0}, False)
    assert found(through(("L1", "L2")), 1, INPUT) == ({"L1": 0}, False)
    assert found(through(), 1, INPUT) == ({"L1": 0}, False)


def test_lots_on_the_way_are_no_ends() -> None:
    """The chain's last lot, and the branch's."""
    assert found(through(*CHAIN, ("L2", "L9")), 1, OUTPUT) == ({"L5": 4, "L9": 2}, False)
    assert found(through(*CHAIN, ("L9", "L2")), 5, INPUT) == ({"L1": 4, "L9": 4}, False)


def test_a_circle_that_leads_nowhere_is_terminal_as_a_whole() -> None:
    """Flour into A, A into B, B into A: A and B."""
    assert found(through(("L1", "L2"), ("L2", "L3"), ("L3", "L2")), 1, OUTPUT) == ({"L2": 1, "L3": 2}, False)
    assert found(through(("L2", "L3"), ("L3", "L2")), 2, OUTPUT) == ({"L2": 0, "L3": 1}, False)


def test_a_circle_that_leads_on_is_not() -> None:
    """Whichever of its lots leads out of it."""
    circle = (("L1", "L2"), ("L2", "L3"), ("L3", "L1"))
    for leads_out in ("L1", "L2", "L3"):
        assert found(through(*circle, (leads_out, "L9")), 1, OUTPUT)[0].keys() == {"L9"}


def test_a_lot_in_an_order_that_has_produced_nothing_is_an_end() -> None:
    """The order itself never is."""
    assert found(through(("L1", "L2"), ("L2", "O1")), 1, OUTPUT) == ({"L2": 1}, False)
    assert found(through(("L1", "O1")), 1, OUTPUT) == ({"L1": 0}, False)
    assert found(through(("O1", "L1")), 1, INPUT) == ({"L1": 0}, False)


def test_a_lot_in_an_order_that_has_produced_leads_on_to_its_products() -> None:
    """Through as many orders as there are, also where another one is still empty."""
    edges = through(("L1", "O1"), ("O1", "L2"), ("L2", "O2"), ("O2", "L3"), ("L3", "O3"), ("L1", "O3"))
    assert found(edges, 1, OUTPUT) == ({"L3": 4}, False)


def test_what_an_order_gave_back_is_a_circle_through_the_order() -> None:
    """What came back of L1 is L1 itself: it is an end, as long as the order has produced nothing else."""
    assert found(through(("L1", "O1"), ("O1", "L1")), 1, OUTPUT) == ({"L1": 0}, False)
    assert found(through(("L1", "O1"), ("O1", "L1"), ("O1", "L2")), 1, OUTPUT) == ({"L2": 2}, False)


def test_lots_that_go_round_through_an_order_are_an_end_together() -> None:
    """Rework: the product goes into the order it came from."""
    edges = through(("L1", "O1"), ("O1", "L2"), ("L2", "O1"))
    assert found(edges, 1, OUTPUT) == ({"L2": 2}, False)
    assert found(edges, 2, INPUT) == ({"L1": 2}, False)


def test_a_chain_deeper_than_any_stack_has_its_end() -> None:
    """With a circle at its end: 10,000 lots."""
    numbers = [[number + 1] for number in range(9_999)] + [[9_998]]
    circles = circles_of(numbers)
    assert circles[9_998] == circles[9_999] == 0
    assert sorted(circles) == [0, *range(9_999)]


def test_the_nearest_nodes_are_looked_at_and_what_leads_beyond_is_no_end() -> None:
    """The lot asked for counts, and so do orders; as many as allowed are not truncated."""
    chain = through(*CHAIN)
    assert found(chain, 1, OUTPUT, nodes_max=5) == ({"L5": 4}, False)
    assert found(chain, 1, OUTPUT, nodes_max=4) == ({}, True)
    assert found(through(*CHAIN, ("L1", "L9")), 1, OUTPUT, nodes_max=4)[0] == {"L9": 1}
    assert found(through(("L1", "O1"), ("O1", "L2")), 1, OUTPUT, nodes_max=2) == ({}, True)


def test_as_many_links_as_allowed_are_looked_at() -> None:
    """What has not been looked at may lead on."""
    assert found(through(*CHAIN), 1, OUTPUT, links_max=4) == ({"L5": 4}, False)
    assert found(through(*CHAIN), 1, OUTPUT, links_max=3) == ({}, True)
    assert found(through(("L1", "L9"), *CHAIN), 1, OUTPUT, links_max=4) == ({"L9": 1}, True)


def slowly(edges: Genealogy, root: int, direction: TraceDirection) -> set[str]:
    """The rule word by word: every lot that is reached whose own reach holds only lots that reach it back."""
    pairs = [ends_of(key) if direction is OUTPUT else ends_of(key)[::-1] for key in edges.edges]
    nodes = {lot(root)} | {end for pair in pairs for end in pair}
    reaches: dict[bytes, set[bytes]] = {node: {node} for node in nodes}
    for _ in nodes:
        for near, far in pairs:
            reaches[near] |= reaches[far]
    lots = {node for node in nodes if name_of(node).startswith("L")}  # type: ignore[arg-type]
    terminal = {one for one in lots if all(one in reaches[other] for other in reaches[one] & lots)}
    return {name_of(one) for one in terminal & reaches[lot(root)]}  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(300))
def test_random_genealogies_end_where_a_slow_reading_of_the_rule_says(seed: int) -> None:
    """With many circles, with orders, in both directions."""
    chance = random.Random(seed)
    lots = chance.randint(2, 14)
    edges = random_genealogy(lots=lots, edges=chance.randint(1, 2 * lots), seed=seed, orders=seed % 5)
    for _ in range(seed % 4):
        one, two = chance.sample(range(1, lots + 1), 2)
        edges.edges |= genealogy((one, two), (two, one)).edges
    for direction in (INPUT, OUTPUT):
        for root in range(1, lots + 1):
            names, truncated = found(edges, root, direction)
            assert (names.keys(), truncated) == (slowly(edges, root, direction), False)
