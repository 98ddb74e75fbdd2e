"""A trace as the command line uses it: its nodes by id, what goes into and out of each, and the words for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1 import trace_service_pb2 as pb
from lotkeeper.visible_text import visible_cell

_STATUS_PREFIX: Final = "LOT_STATUS_"
_TYPE_PREFIX: Final = "LOT_RECORD_TYPE_"
ORDER: Final = "ORDER"
"""Stands where a lot has its status."""


class TraceGraph:
    """An answer to GetLotTraceGraph.

    Attributes:
        root: the lot asked for.
        nodes: every lot and production order by id, the nearest first.
        edges: as they were answered.
        into: the edges into each node.
        out_of: the edges out of each node.
        truncated: whether the limits left something out.
        left_out: whether something lies where the caller's roles do not reach.
    """

    def __init__(self, answer: pb.GetLotTraceGraphResponse) -> None:
        self.nodes = {id_of(node): node for node in answer.nodes}
        self.root = next(node for node in answer.nodes if node.depth == 0)
        self.edges: Sequence[pb.TraceEdge] = answer.edges
        self.truncated = answer.truncated
        self.left_out = answer.left_out
        self.into: defaultdict[str, list[pb.TraceEdge]] = defaultdict(list)
        self.out_of: defaultdict[str, list[pb.TraceEdge]] = defaultdict(list)
        for edge in answer.edges:
            self.into[end_of(edge)].append(edge)
            self.out_of[start_of(edge)].append(edge)

    @property
    def counts(self) -> str:
        """How many lots, orders and edges there are, in words."""
        orders = sum(map(is_order, self.nodes.values()))
        of_orders = f", {orders} order{'' if orders == 1 else 's'}" if orders else ""
        return f"{len(self.nodes) - orders} lots{of_orders}, {len(self.edges)} edges"


def is_order(node: pb.TraceNode) -> bool:
    """Whether a node is a production order, and not a lot."""
    return bool(node.production_order_id)


def id_of(node: pb.TraceNode) -> str:
    """The id of the lot or order."""
    return node.production_order_id or node.inventory_lot_id


def start_of(edge: pb.TraceEdge) -> str:
    """The id of the lot or order that it came from."""
    return edge.from_production_order_id or edge.from_inventory_lot_id


def end_of(edge: pb.TraceEdge) -> str:
    """The id of the lot or order that it went into."""
    return edge.to_production_order_id or edge.to_inventory_lot_id


def status_of(node: pb.TraceNode) -> str:
    """Such as OPEN; a number if it is newer than this client; ORDER for a production order, which has none."""
    if is_order(node):
        return ORDER
    number = node.lot_status
    known = number in enums_pb2.LotStatus.values()
    return enums_pb2.LotStatus.Name(number).removeprefix(_STATUS_PREFIX) if known else str(number)


def type_of(edge: pb.TraceEdge) -> str:
    """Such as CONSUME; a number if it is newer than this client."""
    number = edge.lot_record_type
    known = number in enums_pb2.LotRecordType.values()
    return enums_pb2.LotRecordType.Name(number).removeprefix(_TYPE_PREFIX) if known else str(number)


def quantity_text(quantity: float, exact: str, unit_symbol: str) -> str:
    """Such as 12.5 kg, without zeros at the end; by its exact text, if the server sends one."""
    number = exact or f"{quantity:.6f}".rstrip("0").rstrip(".")
    return f"{number} {visible_cell(unit_symbol)}".rstrip()


def edge_text(edge: pb.TraceEdge) -> str:
    """Such as CONSUME 12.5 kg."""
    return f"{type_of(edge)} {quantity_text(edge.quantity, edge.exact_quantity.value, edge.unit_of_measure_symbol)}"


def material_of(node: pb.TraceNode) -> str:
    """The last part of its material's path, as it may be shown."""
    if is_order(node):
        return "production order"
    return visible_cell(node.material_path.rpartition("/")[2])


def name_of(node: pb.TraceNode) -> str:
    """The name of the lot or order, as it may be shown."""
    return visible_cell(node.production_order_name if is_order(node) else node.inventory_lot_name)


def on_hand_of(node: pb.TraceNode) -> str:
    """Such as 12.5 kg on hand; empty where there is nothing."""
    if not node.quantity_on_hand:
        return ""
    exact = node.exact_quantity_on_hand.value
    return f"{quantity_text(node.quantity_on_hand, exact, node.unit_of_measure_symbol)} on hand"
