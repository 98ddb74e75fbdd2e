"""A trace as a picture: a self-contained SVG, readable on a light and on a dark screen."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final
from xml.sax.saxutils import escape

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
    quantity_text,
    start_of,
    status_of,
)
from lotkeeper.cli.trace_layout import BOX_HEIGHT, BOX_WIDTH, Arrow, Box, Layout, Point, lay_out
from lotkeeper.inventory.v1 import trace_service_pb2 as pb
from lotkeeper.visible_text import visible

ITEMS_MAX: Final = 2_000
"""The most nodes and edges that a picture shows; more would take too long to lay out, and nobody would read them."""
_COLOURS: Final = {
    "OPEN": "#2f76c4",
    "AVAILABLE": "#2b9348",
    "QA_HOLD": "#dd8a00",
    "EXPIRED": "#d03b32",
    "SHIPPED": "#8a5cc7",
    "CLOSED": "#808892",
    ORDER: "#1f9aa0",
}
_OTHER_COLOUR: Final = "#000000"
_MARGIN: Final = 24.0
_HEAD_HEIGHT: Final = 66.0
_WIDTH_MIN: Final = 640.0
_STRIP_WIDTH: Final = 7.0
_TEXT_LEFT: Final = 16.0
_NAME_PX, _SMALL_PX, _LABEL_PX, _TITLE_PX = 13.0, 11.0, 10.5, 16.0
_LABEL_WIDTH_MAX: Final = 190.0
_LABEL_MARGIN: Final = 4.0
_ARROW_LENGTH: Final = 7.0
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_STYLE: Final = """
text { font-family: "Segoe UI", "Helvetica Neue", "DejaVu Sans", "Noto Sans", "Noto Sans CJK SC", sans-serif; fill: #1d2733; }
.ground { fill: #ffffff; } .box { fill: #f6f8fa; stroke: #8b95a1; }
.asked { fill: #fff3c9; stroke: #b07d00; stroke-width: 3; }
.title { font-size: 16px; font-weight: 600; } .name { font-size: 13px; font-weight: 600; }
.small { font-size: 11px; fill: #4a5663; } .label { font-size: 10.5px; fill: #34404d; }
.line { fill: none; stroke: #8490a0; stroke-width: 1.3; } .head { fill: #8490a0; }
@media (prefers-color-scheme: dark) {
text { fill: #e8edf2; } .ground { fill: #14181d; } .box { fill: #222931; stroke: #5d6975; }
.asked { fill: #4a3c0c; stroke: #e3b341; } .small { fill: #b3bec9; } .label { fill: #c6d0da; }
.line { stroke: #77828f; } .head { fill: #77828f; }
}
"""  # noqa: E501 - a line of CSS


def svg_text(graph: TraceGraph) -> str:
    """The picture: lots as boxes, coloured by status, the one asked for with a special frame; edges with quantities.

    Production orders are boxes with round ends.

    Args:
        graph: with at most `ITEMS_MAX` nodes and edges.
    """
    assert len(graph.nodes) + len(graph.edges) <= ITEMS_MAX
    labels = [_cut(edge_text(edge), _LABEL_PX, _LABEL_WIDTH_MAX) for edge in graph.edges]
    arrows = [
        Arrow(start_of(edge), end_of(edge), _width(label, _LABEL_PX) + 2 * _LABEL_MARGIN)
        for edge, label in zip(graph.edges, labels, strict=True)
    ]
    layout = lay_out(list(graph.nodes), arrows)
    width = max(layout.width + 2 * _MARGIN, _WIDTH_MIN)
    height = layout.height + _HEAD_HEIGHT + 2 * _MARGIN
    body = [*_head(graph, width)]
    body.append(f'<g transform="translate({_MARGIN:g} {_HEAD_HEIGHT + _MARGIN:g})">')
    body += [_line(points) for points in layout.routes]
    body += [_label(edge, label, box) for edge, label, box in zip(graph.edges, labels, layout.labels, strict=True)]
    body += _boxes(graph, layout)
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
            f"<title>{_text('Trace of ' + name_of(graph.root))}</title>",
            f"<style>{_STYLE}</style>",
            f'<rect class="ground" width="{width:.0f}" height="{height:.0f}"/>',
            *body,
            "</g>",
            "</svg>",
            "",
        ]
    )


def _head(graph: TraceGraph, width: float) -> list[str]:
    """The head: what the picture shows, what was left out, and what the colours mean."""
    room = width - 2 * _MARGIN
    title = _cut(f"Trace of {name_of(graph.root)}, {material_of(graph.root)}", _TITLE_PX, room)
    lines = [f'<text class="title" x="{_MARGIN:g}" y="34">{_text(title)}</text>']
    x = _MARGIN
    used = {status_of(node) for node in graph.nodes.values()}
    for status in sorted(used, key=[*_COLOURS, *sorted(used)].index):
        lines.append(f'<rect x="{x:g}" y="47" width="12" height="12" rx="3" fill="{_colour(status)}"/>')
        lines.append(f'<text class="small" x="{x + 17:g}" y="57">{_text(status)}</text>')
        x += 17 + _width(status, _SMALL_PX) + 16
    note = graph.counts
    if graph.truncated:
        note += "; not all is shown"
    if graph.left_out:
        note += "; what lies where your roles do not reach is left out"
    lines.append(f'<text class="small" x="{width - _MARGIN:g}" y="57" text-anchor="end">{note}</text>')
    return lines


def _boxes(graph: TraceGraph, layout: Layout) -> list[str]:
    lines = []
    for node_id, node in graph.nodes.items():
        box, unit, status = layout.boxes[node_id], node.unit_of_measure_symbol, status_of(node)
        amounts = [
            ("in", node.quantity_in, node.exact_quantity_in.value),
            ("out", node.quantity_out, node.exact_quantity_out.value),
        ]
        texts = [f"{word} {quantity_text(quantity, exact, unit)}" for word, quantity, exact in amounts if quantity]
        texts += filter(None, [on_hand_of(node)])
        room = BOX_WIDTH - _TEXT_LEFT - 8
        rows = (
            ("name", _NAME_PX, name_of(node), 20),
            ("small", _SMALL_PX, material_of(node), 35.5),
            ("small", _SMALL_PX, ", ".join(texts), 50),
        )
        hint = "\n".join([name_of(node), visible(node.material_path), status, *texts, id_of(node)])
        lines.append(f'<g transform="translate({box.x:.1f} {box.y:.1f})"><title>{_text(hint)}</title>')
        kind = "asked" if node is graph.root else "box"
        corner = BOX_HEIGHT / 2 if is_order(node) else 8.0
        lines.append(f'<rect class="{kind}" width="{BOX_WIDTH:g}" height="{BOX_HEIGHT:g}" rx="{corner:g}"/>')
        strip = f'x="3.5" y="7" width="{_STRIP_WIDTH:g}" height="{BOX_HEIGHT - 14:g}" rx="3"'
        lines.append(f'<rect {strip} fill="{_colour(status)}"/>')
        for style, size, text, y in rows:
            shown = _text(_cut(text, size, room))
            lines.append(f'<text class="{style}" x="{_TEXT_LEFT:g}" y="{y:g}">{shown}</text>')
        lines.append("</g>")
    return lines


def _label(edge: pb.TraceEdge, label: str, box: Box) -> str:
    """A label on the edge's line; its background hides the line."""
    middle = f'x="{box.x + box.width / 2:.1f}" y="{box.y + box.height - 4.5:.1f}"'
    ground = f'x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}"'
    records = f"{edge.record_count} record{'' if edge.record_count == 1 else 's'}"
    return (
        f'<g><title>{_text(f"{edge_text(edge)}, {records}")}</title><rect class="ground" {ground}/>'
        f'<text class="label" {middle} text-anchor="middle">{_text(label)}</text></g>'
    )


def _line(points: Sequence[Point]) -> str:
    """An edge: straight in lanes, curved between them, with an arrowhead at the end."""
    direction = 1 if points[-1][0] > points[-2][0] else -1
    tip_x, tip_y = points[-1]
    stop = (tip_x - direction * _ARROW_LENGTH, tip_y)
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (x, y), (to_x, to_y) in zip(points, [*points[1:-1], stop], strict=False):
        if y == to_y:
            path += f"H{to_x:.1f}"
        else:
            middle = (x + to_x) / 2
            path += f"C{middle:.1f} {y:.1f} {middle:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}"
    head = f"M{tip_x:.1f} {tip_y:.1f}L{stop[0]:.1f} {tip_y - 3.5:.1f}V{tip_y + 3.5:.1f}Z"
    return f'<path class="line" d="{path}"/><path class="head" d="{head}"/>'


def _colour(status: str) -> str:
    return _COLOURS.get(status, _OTHER_COLOUR)


def _text(text: str) -> str:
    """Escapes a text; characters that XML cannot hold become the replacement character."""
    return escape(_NOT_XML.sub("\ufffd", text), {'"': "&quot;"})


def _cut(text: str, size_px: float, room_px: float) -> str:
    """The text, cut to the room there is."""
    if _width(text, size_px) <= room_px:
        return text
    while text and _width(text + "…", size_px) > room_px:
        text = text[:-1]
    return text.rstrip() + "…"


def _width(text: str, size_px: float) -> float:
    """About how wide a text is: too much is better than too little, since every screen has its own fonts."""
    return sum(map(_ems, text)) * size_px


def _ems(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WF":
        return 1.05
    if unicodedata.combining(character):
        return 0.0
    if character in "iljtfrI.,:;'|!()[] ":
        return 0.42
    if character in "mwMW@%—…" or character > "\u2e7f":
        return 1.05
    return 0.74 if character.isupper() else 0.66
