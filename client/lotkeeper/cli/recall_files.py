"""A recall as lines for people, as a table, and as JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import click

from lotkeeper._json import to_dict
from lotkeeper.cli.formulas import harmless
from lotkeeper.cli.recall_findings import Recall
from lotkeeper.cli.trace_graph import id_of, quantity_text, status_of
from lotkeeper.cli.trace_tree import tree_lines
from lotkeeper.visible_text import json_text

_COLUMNS: Final = (
    "what",
    "inventory_lot_id",
    "inventory_lot_name",
    "material_path",
    "supplier_lot_name",
    "lot_status",
    "held_now",
    "depth",
    "quantity",
    "unit_of_measure_symbol",
    "location_path",
    "inventory_name",
    "destination_location_path",
    "end_date",
    "production_order_name",
    "notes",
    "inventory_lot_record_id",
)


def lines(recall: Recall, *, utc: bool = False) -> Iterator[str]:
    """The counts, and the tree of what the lot went into, each lot with its places and shipments."""
    yield click.style(recall.counts, bold=True)
    if recall.held is not None:
        yield f"{len(recall.held)} held now"
    yield ""
    yield from tree_lines(recall.graph, backward=False, forward=True, below=recall.lines(utc=utc), tells_left_out=False)


def csv_text(recall: Recall) -> str:
    """A row for each lot, each of its places and each shipment, by RFC 4180; harmless in a spreadsheet."""
    file = io.StringIO()
    rows = csv.DictWriter(file, _COLUMNS, restval="")
    rows.writeheader()
    rows.writerows(_rows(recall))
    return file.getvalue()


def _rows(recall: Recall) -> Iterator[dict[str, Any]]:
    for node in recall.lots:
        lot = id_of(node)
        texts = {
            "inventory_lot_id": lot,
            "inventory_lot_name": harmless(node.inventory_lot_name),
            "material_path": harmless(node.material_path),
            "supplier_lot_name": harmless(node.supplier_lot_name),
            "lot_status": status_of(node),
            "held_now": "yes" if lot in (recall.held or ()) else "no",
            "depth": node.depth,
        }
        yield texts | {"what": "LOT"} | _amount(node.quantity_on_hand, node.exact_quantity_on_hand.value, node)
        for row in recall.stock.get(lot, ()):
            place = {"location_path": harmless(row.location_path), "inventory_name": harmless(row.name)}
            yield texts | {"what": "STOCK"} | _amount(row.quantity, row.exact_quantity.value, row) | place
        for record in recall.shipments.get(lot, ()):
            shipped = {
                "location_path": harmless(record.source_location_path),
                "inventory_name": harmless(record.inventory_name),
                "destination_location_path": harmless(record.destination_location_path),
                "end_date": record.end_date.ToJsonString(),
                "production_order_name": harmless(record.production_order_name),
                "notes": harmless(record.notes),
                "inventory_lot_record_id": record.id,
            }
            yield texts | {"what": "SHIPMENT"} | _amount(record.quantity, record.exact_quantity.value, record) | shipped


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _amount(quantity: float, exact: str, unit_of: Any) -> dict[str, str]:
    symbol = unit_of.unit_of_measure_symbol
    return {"quantity": quantity_text(quantity, exact, ""), "unit_of_measure_symbol": harmless(symbol)}


def json_line(recall: Recall) -> str:
    """One object: the lots, stock and shipments with the names of `to_json`."""
    return json_text(
        {
            "at": _rfc3339(recall.at.replace(microsecond=0)),
            "lots": [to_dict(node) for node in recall.lots],
            "inventory": [to_dict(row) for rows in recall.stock.values() for row in rows],
            "shipments": [to_dict(record) for records in recall.shipments.values() for record in records],
            "heldLotIds": None if recall.held is None else sorted(recall.held),
            "archivedUntil": None if recall.archived_until is None else _rfc3339(recall.archived_until),
            "truncated": recall.graph.truncated,
            "leftOut": recall.graph.left_out,
        }
    )
