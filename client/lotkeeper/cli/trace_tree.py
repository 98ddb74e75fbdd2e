"""A trace as trees for the terminal: where the lot came from, and what it went into."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, Protocol

import click

from lotkeeper.cli.trace_graph import (
    ORDER,
    TraceGraph,
    edge_text,
    end_of,
    id_of,
    is_order,
    material_of,
    name_of,
    on_hand_of,
    start_of,
    status_of,
)
from lotkeeper.inventory.v1 import trace_service_pb2 as pb

_COLOURS: Final = {
    "OPEN": "blue",
    "AVAILABLE": "green",
    "QA_HOLD": "yellow",
    "EXPIRED": "red",
    "SHIPPED": "magenta",
    "CLOSED": "bright_black",
    ORDER: "cyan",
}
_GAP: Final = "  "
TRUNCATED: Final = (
    "Not all is shown: lots or edges farther away were left out, by --depth (at most 50) or by the limits of an answer."
)
ELSEWHERE: Final = "Not all is shown: what lies where your roles do not reach is left out."


class _Bounded(Protocol):
    """A trace, or an answer that is one."""

    @property
    def truncated(self) -> bool:
        """Whether the limits left something out."""

    @property
    def left_out(self) -> bool:
        """Whether the caller's roles did."""


def left_out_notes(trace: _Bounded) -> list[str]:
    """What is to be said where something was left out."""
    return [note for note, tells in ((TRUNCATED, trace.truncated), (ELSEWHERE, trace.left_out)) if tells]


def tree_lines(
    graph: TraceGraph,
    *,
    backward: bool,
    forward: bool,
    below: Mapping[str, Sequence[str]] = MappingProxyType({}),
    tells_left_out: bool = True,
) -> Iterator[str]:
    """The lot asked for, and under it a tree in each direction wanted. Each node is expanded where it is first met.

    Args:
        graph: the answer.
        backward: whether to show what it came from.
        forward: whether to show what it went into.
        below: more lines about a node, by its id; they stand below it where it is expanded.
        tells_left_out: whether the last line says so where something was left out.
    """
    yield node_words(graph.root)
    yield from (f"   {line}" for line in below.get(id_of(graph.root), ()))
    if backward:
        yield ""
        yield from _tree(graph, "came from", below, backward=True)
    if forward:
        yield ""
        yield from _tree(graph, "went into", below, backward=False)
    if tells_left_out and (notes := left_out_notes(graph)):
        yield ""
        yield from notes


def _tree(graph: TraceGraph, title: str, below: Mapping[str, Sequence[str]], *, backward: bool) -> Iterator[str]:
    """Walks depth first, with its own stack, so that no depth is too large."""
    root = id_of(graph.root)
    branches = _branches(graph, root, backward=backward)
    yield click.style(title if branches else f"{title} nothing recorded", bold=True)
    met = {root}
    stack = [(branches, 0, "")]
    while stack:
        branches, place, indent = stack.pop()
        if place == len(branches):
            continue
        stack.append((branches, place + 1, indent))
        node_id, edges = branches[place]
        last = place == len(branches) - 1
        onward = [] if node_id in met else _branches(graph, node_id, backward=backward)
        again = node_id in met and bool(_branches(graph, node_id, backward=backward))
        words = [node_words(graph.nodes[node_id]), ", ".join(map(_amount, edges))]
        if again:
            words.append(click.style("(again, see above)", dim=True))
        yield indent + ("└─ " if last else "├─ ") + _GAP.join(words)
        deeper = indent + ("   " if last else "│  ")
        if node_id not in met:
            yield from (f"{deeper}{'│  ' if onward else '   '}{line}" for line in below.get(node_id, ()))
        met.add(node_id)
        stack.append((onward, 0, deeper))


def _branches(graph: TraceGraph, node_id: str, *, backward: bool) -> list[tuple[str, list[pb.TraceEdge]]]:
    """The lots and orders one edge away, each with the edges that lead there."""
    found: dict[str, list[pb.TraceEdge]] = {}
    for edge in (graph.into if backward else graph.out_of)[node_id]:
        found.setdefault(start_of(edge) if backward else end_of(edge), []).append(edge)
    return list(found.items())


def node_words(node: pb.TraceNode) -> str:
    """A line about a lot or an order: what it is, how it stands, and what is on hand."""
    status = status_of(node)
    colour = _COLOURS.get(status)
    words = [click.style(name_of(node), bold=True)]
    words += (
        [click.style(material_of(node), fg=colour)]
        if is_order(node)
        else [
            material_of(node),
            click.style(status, fg=colour),
            on_hand_of(node),
        ]
    )
    return _GAP.join(filter(None, words))


def _amount(edge: pb.TraceEdge) -> str:
    records = f" ({edge.record_count} records)" if edge.record_count > 1 else ""
    return edge_text(edge) + records
