"""A trace in the command line: trees, pictures and data."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterable
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from lotkeeper.cli.trace_files import csv_text, dot_text
from lotkeeper.cli.trace_graph import TraceGraph
from lotkeeper.cli.trace_layout import Arrow, Box, Layout, lay_out
from lotkeeper.cli.trace_picture import svg_text
from lotkeeper.cli.trace_tree import TRUNCATED, tree_lines
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1 import trace_service_pb2 as pb

from tests.traced import made_up

SVG = "{http://www.w3.org/2000/svg}"
CONSUME, PRODUCE = enums_pb2.LOT_RECORD_TYPE_CONSUME, enums_pb2.LOT_RECORD_TYPE_PRODUCE


def answer(*edges: tuple[str, str], root: str = "A", truncated: bool = False) -> pb.GetLotTraceGraphResponse:
    """Lots named by letters, each edge a consumption of 2 kg."""
    made = pb.GetLotTraceGraphResponse(truncated=truncated)
    for name in dict.fromkeys([root, *itertools.chain(*edges)]):
        made.nodes.add(
            inventory_lot_id=f"id-{name}",
            inventory_lot_name=name,
            lot_status=enums_pb2.LOT_STATUS_OPEN,
            material_path="Dairy/Milk",
            depth=0 if name == root else 1,
        )
    for start, end in edges:
        made.edges.add(
            from_inventory_lot_id=f"id-{start}",
            to_inventory_lot_id=f"id-{end}",
            lot_record_type=CONSUME,
            quantity=2,
            unit_of_measure_symbol="kg",
            record_count=1,
        )
    return made


def tree(made: pb.GetLotTraceGraphResponse, *, backward: bool = True, forward: bool = True) -> str:
    lines = tree_lines(TraceGraph(made), backward=backward, forward=forward)
    return re.sub(r"\x1b\[\d+m", "", "\n".join(lines))


def test_the_tree_shows_both_directions_each_from_the_lot_asked_for() -> None:
    """Lots with material, status, and how much by which type."""
    made = answer(("M", "A"), ("N", "M"), ("A", "B"), ("A", "C"), ("C", "D"))
    made.edges.add(
        from_inventory_lot_id="id-M", to_inventory_lot_id="id-A", lot_record_type=PRODUCE, quantity=0.5, record_count=3
    )
    assert tree(made) == (
        "A  Milk  OPEN\n"
        "\n"
        "came from\n"
        "└─ M  Milk  OPEN  CONSUME 2 kg, PRODUCE 0.5 (3 records)\n"
        "   └─ N  Milk  OPEN  CONSUME 2 kg\n"
        "\n"
        "went into\n"
        "├─ B  Milk  OPEN  CONSUME 2 kg\n"
        "└─ C  Milk  OPEN  CONSUME 2 kg\n"
        "   └─ D  Milk  OPEN  CONSUME 2 kg"
    )
    assert "came from" not in tree(made, backward=False)
    assert "went into" not in tree(made, forward=False)


def test_the_tree_expands_a_lot_met_again_only_once() -> None:
    """In a diamond and in a circle."""
    assert tree(answer(("A", "B"), ("A", "C"), ("B", "D"), ("C", "D"), ("D", "A")), backward=False) == (
        "A  Milk  OPEN\n"
        "\n"
        "went into\n"
        "├─ B  Milk  OPEN  CONSUME 2 kg\n"
        "│  └─ D  Milk  OPEN  CONSUME 2 kg\n"
        "│     └─ A  Milk  OPEN  CONSUME 2 kg  (again, see above)\n"
        "└─ C  Milk  OPEN  CONSUME 2 kg\n"
        "   └─ D  Milk  OPEN  CONSUME 2 kg  (again, see above)"
    )


def test_the_tree_shows_orders_on_the_way_and_what_is_on_hand() -> None:
    """An order has neither status nor stock."""
    made = through_an_order()
    assert tree(made) == (
        "A  Milk  OPEN  2.5 kg on hand\n"
        "\n"
        "came from nothing recorded\n"
        "\n"
        "went into\n"
        "└─ ORDER-7  production order  CONSUME 2 kg\n"
        "   └─ B  Milk  OPEN  PRODUCE 3 kg"
    )


def test_an_order_is_drawn_and_written_to_files() -> None:
    """With its own form in a picture, with its own columns in a table."""
    graph = TraceGraph(through_an_order())
    assert "2 lots, 1 order, 2 edges" in svg_text(graph)
    assert ">ORDER-7<" in svg_text(graph)
    assert '"id-O" [label="ORDER-7\\nproduction order", shape=ellipse];' in dot_text(graph)
    into, out_of = csv.DictReader(io.StringIO(csv_text(graph)))
    assert (into["from_inventory_lot_name"], into["to_inventory_lot_id"]) == ("A", "")
    assert (into["to_production_order_id"], into["to_production_order_name"]) == ("id-O", "ORDER-7")
    assert (out_of["from_production_order_name"], out_of["to_inventory_lot_name"]) == ("ORDER-7", "B")


def through_an_order() -> pb.GetLotTraceGraphResponse:
    """A went into an order, B came out of it."""
    made = answer(("A", "B"))
    del made.edges[:]
    made.nodes[0].quantity_on_hand, made.nodes[0].unit_of_measure_symbol = 2.5, "kg"
    made.nodes.add(production_order_id="id-O", production_order_name="ORDER-7", depth=1)
    into, out_of = (made.edges.add(unit_of_measure_symbol="kg", record_count=1) for _ in range(2))
    into.from_inventory_lot_id, into.to_production_order_id = "id-A", "id-O"
    into.lot_record_type, into.quantity = CONSUME, 2
    out_of.from_production_order_id, out_of.to_inventory_lot_id = "id-O", "id-B"
    out_of.lot_record_type, out_of.quantity = PRODUCE, 3
    return made


def test_the_tree_says_what_there_is_not_and_what_was_left_out() -> None:
    """Nothing in a direction; not all."""
    shown = tree(answer(truncated=True))
    assert "came from nothing recorded" in shown
    assert "went into nothing recorded" in shown
    assert shown.endswith(TRUNCATED)


def test_a_chain_of_any_length_is_a_tree() -> None:
    """Longer than Python would recurse."""
    names = [f"L{number}" for number in range(3_000)]
    shown = tree(answer(*itertools.pairwise(names), root="L0"), backward=False)
    assert shown.count("\n") == 2 + 2_999


def overlapping(boxes: Iterable[Box], distance: float = 1.0) -> list[tuple[Box, Box]]:
    """Pairs that lie on each other, or nearly."""
    found = []
    ordered = sorted(boxes, key=lambda box: box.x)
    for place, one in enumerate(ordered):
        for other in ordered[place + 1 :]:
            if other.x >= one.x + one.width + distance:
                break
            if one.y < other.y + other.height + distance and other.y < one.y + one.height + distance:
                found.append((one, other))
    return found


def laid_out(made: pb.GetLotTraceGraphResponse) -> Layout:
    arrows = [Arrow(edge.from_inventory_lot_id, edge.to_inventory_lot_id, 110) for edge in made.edges]
    return lay_out([node.inventory_lot_id for node in made.nodes], arrows)


def lines_on_boxes(layout: Layout) -> int:
    """How often a straight piece of a route crosses a box or another arrow's label."""
    crossed = 0
    for number, route in enumerate(layout.routes):
        others = [*layout.boxes.values(), *(label for place, label in enumerate(layout.labels) if place != number)]
        for (x, y), (to_x, to_y) in itertools.pairwise(route):
            if y != to_y:
                continue
            left, right = min(x, to_x), max(x, to_x)
            crossed += sum(
                box.y < y < box.y + box.height and box.x + 0.1 < right and left < box.x + box.width - 0.1
                for box in others
            )
    return crossed


@pytest.mark.parametrize(
    ("lots", "seed"), [*((5, seed) for seed in range(20)), *((50, seed) for seed in range(4)), (300, 1)]
)
def test_nothing_in_a_picture_lies_on_anything_else(lots: int, seed: int) -> None:
    """Boxes and labels, and lines on neither."""
    extra = 0.4 if lots < 100 else 0.15
    layout = laid_out(made_up(lots, seed, extra=extra))
    everything = [*layout.boxes.values(), *layout.labels]
    assert len(layout.boxes) == lots
    assert overlapping(everything) == []
    assert lines_on_boxes(layout) == 0
    assert min(box.x for box in everything) >= 0
    assert min(box.y for box in everything) >= -0.001
    assert max(box.x + box.width for box in everything) <= layout.width + 0.001
    assert max(box.y + box.height for box in everything) <= layout.height + 0.001


@pytest.mark.parametrize("seed", range(6))
def test_an_arrow_leads_from_its_lot_to_the_other(seed: int) -> None:
    """Also where it leads back."""
    made = made_up(30, seed, backwards=0.3)
    layout = laid_out(made)
    for edge, route in zip(made.edges, layout.routes, strict=True):
        for lot_id, (x, y) in ((edge.from_inventory_lot_id, route[0]), (edge.to_inventory_lot_id, route[-1])):
            box = layout.boxes[lot_id]
            assert x in {box.x, box.x + box.width}
            assert box.y < y < box.y + box.height


def test_parts_that_nothing_joins_stand_below_each_other() -> None:
    """Two pairs and a single one."""
    layout = lay_out(["a", "b", "c", "d", "e"], [Arrow("a", "b", 80), Arrow("c", "d", 80)])
    assert overlapping([*layout.boxes.values(), *layout.labels]) == []


@pytest.mark.parametrize("pairs", [[("a", "b"), ("b", "a")], [("a", "b"), ("b", "c"), ("c", "a")]])
def test_circles_have_a_picture(pairs: list[tuple[str, str]]) -> None:
    """Of two, of three."""
    names = sorted(set(itertools.chain(*pairs)))
    layout = lay_out(names, [Arrow(start, end, 80) for start, end in pairs])
    assert overlapping([*layout.boxes.values(), *layout.labels]) == []


def drawn(made: pb.GetLotTraceGraphResponse) -> Any:
    return ET.fromstring(svg_text(TraceGraph(made)))  # noqa: S314 - our own


@pytest.mark.parametrize("lots", [1, 5, 50])
def test_a_picture_is_xml_with_every_name_in_full(lots: int) -> None:
    """Long, foreign and hostile names; cut where they are shown, whole in the title."""
    made = made_up(lots)
    titles = [element.text.splitlines()[0] for element in drawn(made).iter(f"{SVG}title")]
    assert {node.inventory_lot_name for node in made.nodes} <= set(titles)


def test_a_picture_marks_the_lot_asked_for_and_explains_its_colours() -> None:
    """One frame; each status that occurs stands in the legend."""
    picture = drawn(made_up(5))
    assert len([one for one in picture.iter(f"{SVG}rect") if one.get("class") == "asked"]) == 1
    texts = {element.text for element in picture.iter(f"{SVG}text")}
    assert {"OPEN", "AVAILABLE", "QA_HOLD", "EXPIRED", "SHIPPED"} <= texts
    assert "CLOSED" not in texts


def test_a_picture_says_that_not_all_is_shown() -> None:
    """In its head."""
    assert "not all is shown" in svg_text(TraceGraph(answer(("A", "B"), truncated=True)))
    assert "not all is shown" not in svg_text(TraceGraph(answer(("A", "B"))))


def test_what_xml_cannot_hold_is_replaced() -> None:
    """Not characters at all; a control character is shown as what it is."""
    made = answer(("A", "\ufffe\x0b"))
    assert "\ufffd\\x0b" in {element.text for element in drawn(made).iter(f"{SVG}text")}


def test_names_cannot_break_out_of_graphviz() -> None:
    """Quotes, backslashes and what it takes for entities."""
    text = dot_text(TraceGraph(answer(("A", 'x"]; evil [label="\\N&lt;'))))
    assert r'[label="x\"]; evil [label=\"\\N&amp;lt;\nMilk\nOPEN"]' in text
    assert '"id-A" [label="A\\nMilk\\nOPEN", penwidth=3];' in text
    assert text.count(" -> ") == 1


def test_the_table_has_an_edge_a_line_and_no_formulas() -> None:
    """RFC 4180: quoted where needed, lines end with CR LF."""
    made = answer(("A", '=1+1,"x"'), ("-A", "@b"))
    text = csv_text(TraceGraph(made))
    assert text.endswith("\r\n")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [(row["from_inventory_lot_name"], row["to_inventory_lot_name"]) for row in rows] == [
        ("A", '\'=1+1,"x"'),
        ("'-A", "'@b"),
    ]
    assert (rows[0]["lot_record_type"], rows[0]["quantity"], rows[0]["unit_of_measure_symbol"]) == (
        "CONSUME",
        "2",
        "kg",
    )
    assert (rows[0]["record_count"], rows[0]["from_material_path"]) == ("1", "Dairy/Milk")


def test_what_is_newer_than_this_client_is_shown_by_its_number() -> None:
    """A status and a type."""
    made = answer(("A", "B"))
    made.nodes[1].lot_status = 99  # type: ignore[assignment]
    made.edges[0].lot_record_type = 98  # type: ignore[assignment]
    assert "B  Milk  99  98 2 kg" in tree(made)
    assert ">99<" in svg_text(TraceGraph(made))
