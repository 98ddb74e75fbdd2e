"""A trace as data for other programs: Graphviz, and a table of edges."""

from __future__ import annotations

import csv
import io
from typing import Final

from lotkeeper.cli.trace_graph import (
    TraceGraph,
    edge_text,
    end_of,
    is_order,
    material_of,
    name_of,
    quantity_text,
    start_of,
    status_of,
    type_of,
)

_COLUMNS: Final = (
    "from_inventory_lot_id",
    "from_inventory_lot_name",
    "from_material_path",
    "to_inventory_lot_id",
    "to_inventory_lot_name",
    "to_material_path",
    "lot_record_type",
    "quantity",
    "unit_of_measure_symbol",
    "record_count",
    "from_production_order_id",
    "from_production_order_name",
    "to_production_order_id",
    "to_production_order_name",
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet reads as the beginning of a formula; in some languages in full width, too."""


def csv_text(graph: TraceGraph) -> str:
    """The edges, one on each line, by RFC 4180; a text that a spreadsheet would run gets an apostrophe in front."""
    file = io.StringIO()
    rows = csv.writer(file)
    rows.writerow(_COLUMNS)
    for edge in graph.edges:
        start, end = graph.nodes[start_of(edge)], graph.nodes[end_of(edge)]
        rows.writerow(
            [
                start.inventory_lot_id,
                harmless(start.inventory_lot_name),
                harmless(start.material_path),
                end.inventory_lot_id,
                harmless(end.inventory_lot_name),
                harmless(end.material_path),
                type_of(edge),
                quantity_text(edge.quantity, edge.exact_quantity.value, ""),
                harmless(edge.unit_of_measure_symbol),
                edge.record_count,
                start.production_order_id,
                harmless(start.production_order_name),
                end.production_order_id,
                harmless(end.production_order_name),
            ]
        )
    return file.getvalue()


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def dot_text(graph: TraceGraph) -> str:
    """A digraph in the language of Graphviz."""
    lines = ["digraph trace {", "  rankdir=LR;", '  node [shape=box, style=rounded, fontname="sans-serif"];']
    for node_id, node in graph.nodes.items():
        words = [name_of(node), material_of(node), *([] if is_order(node) else [status_of(node)])]
        form = ", shape=ellipse" if is_order(node) else ""
        asked_for = ", penwidth=3" if node is graph.root else ""
        lines.append(f"  {_quoted(node_id)} [label={_quoted(*words)}{form}{asked_for}];")
    for edge in graph.edges:
        ends = f"{_quoted(start_of(edge))} -> {_quoted(end_of(edge))}"
        lines.append(f"  {ends} [label={_quoted(edge_text(edge))}];")
    return "\n".join([*lines, "}", ""])


def _quoted(*rows: str) -> str:
    r"""A text of these rows. Graphviz reads `\N` and `&lt;` in it, so both signs are written as themselves."""
    escaped = (row.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;") for row in rows)
    return '"' + "\\n".join(escaped) + '"'
