"""A recall as a report to print: one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from html import escape
from typing import Final

import click

from lotkeeper.cli.recall_findings import Recall, amount_of, moment_text, title_of
from lotkeeper.cli.trace_graph import id_of, name_of, on_hand_of, status_of
from lotkeeper.cli.trace_tree import left_out_notes, tree_lines
from lotkeeper.inventory.v1.inventory_lot_record_pb2 import InventoryLotRecord
from lotkeeper.inventory.v1.inventory_pb2 import Inventory
from lotkeeper.visible_text import visible_cell

_STYLE: Final = """
body { font: 11pt/1.4 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #111; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.1rem; margin: 1.6rem 0 .4rem; break-after: avoid; }
table { border-collapse: collapse; width: 100%; } thead { display: table-header-group; } tr { break-inside: avoid; }
th, td { border: 1px solid #999; padding: .2rem .5rem; text-align: left; vertical-align: top; }
td { overflow-wrap: break-word; } th { background: #eee; }
.number { text-align: right; } .number, .whole { white-space: nowrap; }
pre { white-space: pre-wrap; font: 10pt/1.3 ui-monospace, monospace; }
.warning { border: 2px solid #b00; padding: .5rem; font-weight: bold; }
.signatures { display: flex; gap: 2rem; margin-top: 3rem; break-inside: avoid; }
.signatures div { flex: 1; border-top: 1px solid #111; padding-top: .2rem; }
@page { size: landscape; margin: 15mm; @bottom-right { content: counter(page) " / " counter(pages); } }
@media print { body { margin: 0; max-width: none; font-size: 9.5pt; } th { background: none; } }
"""
_SHIPPED: Final = ("Lot", "Quantity", "To", "From", "When", "Order", "Notes")
_IN_STOCK: Final = ("Lot", "Quantity", "Location", "Pallet or LPN", "Status")
_LOTS: Final = ("Lot", "Material", "Status", "On hand", "Held now", "Id")
_CLASSES: Final = {
    "Quantity": "number",
    "On hand": "number",
    "When": "whole",
    "Status": "whole",
    "Id": "whole",
}


def html_text(recall: Recall, address: str, *, utc: bool = False) -> str:
    """The whole file; every text of the plant is escaped.

    Args:
        recall: what was found.
        address: of the server.
        utc: whether times are in UTC.
    """
    title = f"Recall of {title_of(recall)}"
    root = recall.graph.root
    told = [f"Asked of {visible_cell(address)} at {moment_text(recall.at, utc=utc)}. {recall.counts}."]
    if root.supplier_lot_name:
        told.append(f"Number at its supplier: {visible_cell(root.supplier_lot_name)}.")
    if recall.held is not None:
        told.append(f"{len(recall.held)} of these lots were put on QA_HOLD by this recall.")
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{escape(title)}</h1>",
        *(f"<p>{escape(line)}</p>" for line in told),
    ]
    parts += [f'<p class="warning">{escape(note)}</p>' for note in left_out_notes(recall.graph)]
    archived = recall.archived(utc=utc)
    if archived is not None:
        parts.append(f'<p class="warning">{escape(archived)}</p>')
    shipped = [record for records in recall.shipments.values() for record in records]
    stock = [row for rows in recall.stock.values() for row in rows]
    parts += _section(
        "Shipped",
        _sums(shipped),
        ("Lot", "Quantity", "To", "From", "When", "Order", "Notes"),
        _shipped(recall, utc=utc),
    )
    parts += _section(
        "In stock", _sums(stock), ("Lot", "Quantity", "Location", "Pallet or LPN", "Status"), _in_stock(recall)
    )
    parts += _section("Lots", "", ("Lot", "Material", "Status", "On hand", "Held now", "Id"), _lots(recall))
    tree = (
        click.unstyle(line) for line in tree_lines(recall.graph, backward=False, forward=True, tells_left_out=False)
    )
    parts += ["<h2>What went into what</h2>", f"<pre>{escape(chr(10).join(tree))}</pre>"]
    parts.append('<div class="signatures"><div>Date</div><div>Name</div><div>Signature</div></div>')
    return "\n".join([*parts, "</body></html>", ""])


def _section(title: str, sums: str, titles: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table; columns in which nothing stands are left out."""
    yield f"<h2>{title}</h2>"
    cells = [list(row) for row in rows]
    if not cells:
        yield "<p>Nothing.</p>"
        return
    if sums:
        yield f"<p>{escape(sums)}</p>"
    places = [place for place in range(len(titles)) if any(row[place] for row in cells)]
    classes = [f' class="{_CLASSES[one]}"' if one in _CLASSES else "" for one in titles]
    head = "".join(f"<th{classes[place]}>{titles[place]}</th>" for place in places)
    yield f"<table><thead><tr>{head}</tr></thead><tbody>"
    for row in cells:
        line = "".join(f"<td{classes[place]}>{_breakable(row[place])}</td>" for place in places)
        yield f"<tr>{line}</tr>"
    yield "</tbody></table>"


def _breakable(text: str) -> str:
    """A text that may be broken behind the slashes of a path."""
    return escape(text).replace("/", "/<wbr>")


def _sums(rows: Iterable[Inventory | InventoryLotRecord]) -> str:
    """How much it is of each material, in each unit."""
    sums: dict[tuple[str, str], Decimal] = {}
    for row in rows:
        key = visible_cell(row.material_path), visible_cell(row.unit_of_measure_symbol)
        sums[key] = sums.get(key, Decimal(0)) + Decimal(row.exact_quantity.value or repr(row.quantity))
    texts = [f"{quantity:f} {unit} of {material}" for (material, unit), quantity in sorted(sums.items())]
    return f"In all {'; '.join(texts)}." if texts else ""


def _shipped(recall: Recall, *, utc: bool) -> Iterator[Sequence[str]]:
    for records in recall.shipments.values():
        for record in records:
            yield (
                visible_cell(record.inventory_lot_name),
                amount_of(record),
                visible_cell(record.destination_location_path),
                visible_cell(record.source_location_path),
                moment_text(record.end_date.ToDatetime(recall.at.tzinfo), utc=utc),
                visible_cell(record.production_order_name),
                visible_cell(record.notes),
            )


def _in_stock(recall: Recall) -> Iterator[Sequence[str]]:
    for lot, rows in recall.stock.items():
        for row in rows:
            status = status_of(recall.graph.nodes[lot])
            name, place = visible_cell(row.inventory_lot_name), visible_cell(row.location_path)
            yield name, amount_of(row), place, visible_cell(row.name), status


def _lots(recall: Recall) -> Iterator[Sequence[str]]:
    for node in recall.lots:
        held = "yes" if id_of(node) in (recall.held or ()) else ""
        on_hand = on_hand_of(node).removesuffix(" on hand")
        yield name_of(node), visible_cell(node.material_path), status_of(node), on_hand, held, id_of(node)
