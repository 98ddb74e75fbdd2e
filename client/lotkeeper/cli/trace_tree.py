"""A trace as trees for the terminal: where the lot came from, and what it went into."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import click

from lotkeeper.cli.trace_graph import TraceGraph, edge_text, material_of, name_of, status_of
from lotkeeper.inventory.v1 import trace_service_pb2 as pb

_COLOURS: Final = {
    "OPEN": "blue",
    "AVAILABLE": "green",
    "QA_HOLD": "yellow",
    "EXPIRED": "red",
    "SHIPPED": "magenta",
    "CLOSED": "bright_black",
}
_GAP: Final = "  "
TRUNCATED: Final = (
    "Not all is shown: lots or edges farther away were left out, by --depth (at most 50) or by the limits of an answer."
)


def tree_lines(graph: TraceGraph, *, backward: bool, forward: bool) -> Iterator[str]:
    """The lot asked for, and under it a tree in each direction wanted. A lot is expanded where it is first met.

    Args:
        graph: the answer.
        backward: whether to show what it came from.
        forward: whether to show what it went into.
    """
    yield _lot(graph.root)
    if backward:
        yield ""
        yield from _tree(graph, "came from", backward=True)
    if forward:
        yield ""
        yield from _tree(graph, "went into", backward=False)
    if graph.truncated:
        yield ""
        yield TRUNCATED


def _tree(graph: TraceGraph, title: str, *, backward: bool) -> Iterator[str]:
    """Walks depth first, with its own stack, so that no depth is too large."""
    root = graph.root.inventory_lot_id
    branches = _branches(graph, root, backward=backward)
    yield click.style(title if branches else f"{title} nothing recorded", bold=True)
    met = {root}
    stack = [(branches, 0, "")]
    while stack:
        branches, place, indent = stack.pop()
        if place == len(branches):
            continue
        stack.append((branches, place + 1, indent))
        lot_id, edges = branches[place]
        last = place == len(branches) - 1
        onward = [] if lot_id in met else _branches(graph, lot_id, backward=backward)
        again = lot_id in met and bool(_branches(graph, lot_id, backward=backward))
        words = [_lot(graph.lots[lot_id]), ", ".join(map(_amount, edges))]
        if again:
            words.append(click.style("(again, see above)", dim=True))
        yield indent + ("└─ " if last else "├─ ") + _GAP.join(words)
        met.add(lot_id)
        stack.append((onward, 0, indent + ("   " if last else "│  ")))


def _branches(graph: TraceGraph, lot_id: str, *, backward: bool) -> list[tuple[str, list[pb.TraceEdge]]]:
    """The lots one edge away, each with the edges that lead there."""
    found: dict[str, list[pb.TraceEdge]] = {}
    for edge in (graph.into if backward else graph.out_of)[lot_id]:
        other = edge.from_inventory_lot_id if backward else edge.to_inventory_lot_id
        found.setdefault(other, []).append(edge)
    return list(found.items())


def _lot(node: pb.TraceNode) -> str:
    status = status_of(node)
    return _GAP.join(
        [
            click.style(name_of(node), bold=True),
            material_of(node),
            click.style(status, fg=_COLOURS.get(status)),
        ]
    )


def _amount(edge: pb.TraceEdge) -> str:
    records = f" ({edge.record_count} records)" if edge.record_count > 1 else ""
    return edge_text(edge) + records
