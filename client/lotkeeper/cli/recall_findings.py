"""What a recall must know of a lot: where it and all that was made of it is, and what was shipped where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final

from lotkeeper._errors import OutOfRange
from lotkeeper._sync.client import Client
from lotkeeper.cli.trace_graph import TraceGraph, id_of, is_order, name_of, quantity_text
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1 import trace_service_pb2 as pb
from lotkeeper.inventory.v1.inventory_lot_record_pb2 import InventoryLotRecord
from lotkeeper.inventory.v1.inventory_pb2 import Inventory
from lotkeeper.progress import Progress
from lotkeeper.visible_text import visible_cell

PAGE_SIZE: Final = 1_000
_LONG_AGO_MILLIS: Final = 1
_THREADS: Final = 8
"""How many lots are asked about at a time."""


@dataclass(frozen=True)
class Recall:
    """What was found.

    Attributes:
        graph: the lot, and what it went into.
        stock: the rows of each lot, by its id; only lots that have some.
        shipments: what was shipped of each lot and not reversed, by its id, the oldest first.
        held: ids of the lots that were held by this recall; None where none was asked for.
        archived_until: the end of the latest archived record, whose shipments are not found; None: none is archived.
        at: when it was asked.
    """

    graph: TraceGraph
    stock: Mapping[str, Sequence[Inventory]]
    shipments: Mapping[str, Sequence[InventoryLotRecord]]
    held: frozenset[str] | None
    archived_until: datetime | None
    at: datetime

    @property
    def lots(self) -> list[pb.TraceNode]:
        """The lots, the nearest first."""
        return [node for node in self.graph.nodes.values() if not is_order(node)]

    @property
    def counts(self) -> str:
        """In words: how many lots, places and shipments."""
        rows = sum(map(len, self.stock.values()))
        shipped = sum(map(len, self.shipments.values()))
        return f"{_many(len(self.lots), 'lot')}, {_many(rows, 'row')} of stock, {_many(shipped, 'shipment')}"

    def archived(self, *, utc: bool = False) -> str | None:
        """What is not known since records were archived; None: nothing."""
        if self.archived_until is None:
            return None
        until = moment_text(self.archived_until, utc=utc)
        return f"Records up to {until} are archived: what was shipped until then may be in the archive's files alone."

    def lines(self, *, utc: bool = False) -> dict[str, list[str]]:
        """For people: where a lot is and what was shipped of it, by its id."""
        found: dict[str, list[str]] = {}
        for node in self.lots:
            identifier = id_of(node)
            rows = [stock_text(row) for row in self.stock.get(identifier, ())]
            rows += [shipment_text(record, utc=utc) for record in self.shipments.get(identifier, ())]
            if rows:
                found[identifier] = rows
        return found


def find(client: Client, answer: pb.GetLotTraceGraphResponse, held: frozenset[str] | None, shown: Progress) -> Recall:
    """Asks where each lot of a trace is, and what was shipped of it.

    Args:
        client: of the server.
        answer: the trace from the lot onwards.
        held: the lots that were held just now; None where none was asked for.
        shown: counts the lots that were asked about.

    Raises:
        LotkeeperError: where the server refuses.
    """
    graph = TraceGraph(answer)
    lots = [identifier for identifier, node in graph.nodes.items() if not is_order(node)]
    with ThreadPoolExecutor(_THREADS) as pool:
        stocked = [lot for lot in lots if graph.nodes[lot].stock]
        shown.count("looking for stock", len(stocked), "lots")
        stock = {}
        for lot, rows in zip(stocked, pool.map(partial(_stock, client), stocked), strict=True):
            stock[lot] = rows
            shown.done += 1
        shown.count("looking for shipments", len(lots), "lots")
        shipments = {}
        for lot, records in zip(lots, pool.map(partial(_shipments, client), lots), strict=True):
            shipments[lot] = records
            shown.done += 1
    return Recall(
        graph=graph,
        stock={identifier: rows for identifier, rows in stock.items() if rows},
        shipments={identifier: records for identifier, records in shipments.items() if records},
        held=held,
        archived_until=_archived_until(client, id_of(graph.root)),
        at=datetime.now(UTC),
    )


def _archived_until(client: Client, lot: str) -> datetime | None:
    """Stock of long ago is refused, with a date, where records were archived."""
    try:
        list(client.list_inventory(lot_id_or_name=lot, as_of_millis=_LONG_AGO_MILLIS, page_size=1))
    except OutOfRange as refused:
        if "oldest" not in refused.metadata:
            raise
        return datetime.fromisoformat(refused.metadata["oldest"])
    return None


def _stock(client: Client, lot: str) -> list[Inventory]:
    return list(client.list_inventory(lot_id_or_name=lot, page_size=PAGE_SIZE))


def _shipments(client: Client, lot: str) -> list[InventoryLotRecord]:
    records = client.list_inventory_lot_records(
        lot_id_or_name=lot,
        lot_record_types=[enums_pb2.LOT_RECORD_TYPE_SHIP],
        statuses=[enums_pb2.STATUS_COMPLETED],
        oldest_first=True,
        page_size=PAGE_SIZE,
    )
    return [
        record
        for record in records
        if record.inventory_lot_id == lot and not (record.reversed_by_record_id or record.reverses_record_id)
    ]


def amount_of(one: Inventory | InventoryLotRecord) -> str:
    """Such as 12.5 kg."""
    return quantity_text(one.quantity, one.exact_quantity.value, one.unit_of_measure_symbol)


def stock_text(row: Inventory) -> str:
    """Such as `at Plant/Silo: 12.5 kg on PALLET-7`."""
    text = f"at {visible_cell(row.location_path)}: {amount_of(row)}"
    return f"{text} on {visible_cell(row.name)}" if row.name else text


def shipment_text(record: InventoryLotRecord, *, utc: bool = False) -> str:
    """Such as `shipped 5 kg to Customers/Dairy shop at 2026-03-01 08:30+0100`, with the order and the notes."""
    words = [f"shipped {amount_of(record)}"]
    if record.destination_location_path:
        words.append(f"to {visible_cell(record.destination_location_path)}")
    if record.source_location_path:
        words.append(f"from {visible_cell(record.source_location_path)}")
    words.append(f"at {moment_text(record.end_date.ToDatetime(UTC), utc=utc)}")
    text = " ".join(words)
    more = [f"order {record.production_order_name}"] if record.production_order_name else []
    more += [record.notes] if record.notes else []
    return f"{text}: {visible_cell('; '.join(more))}" if more else text


def moment_text(moment: datetime, *, utc: bool = False) -> str:
    """A time to the minute, local or in UTC, with its zone."""
    local = moment.astimezone(UTC) if utc else moment.astimezone()
    return local.strftime("%Y-%m-%d %H:%M") + ("Z" if utc else local.strftime("%z"))


def title_of(recall: Recall) -> str:
    """The lot and its material."""
    root = recall.graph.root
    return f"{name_of(root)} ({visible_cell(root.material_path)})"


def _many(count: int, word: str) -> str:
    if word == "row":
        return f"{count} {'row' if count == 1 else 'rows'}"
    return f"{count} {word}{'' if count == 1 else 's'}"
