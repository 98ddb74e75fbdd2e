"""A trace as the command line uses it: lots by id, what goes into and out of each, and the words for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1 import trace_service_pb2 as pb
from lotkeeper.visible_text import visible_cell

_STATUS_PREFIX: Final = "LOT_STATUS_"
_TYPE_PREFIX: Final = "LOT_RECORD_TYPE_"


class TraceGraph:
    """An answer to GetLotTraceGraph.

    Attributes:
        root: the lot asked for.
        lots: every lot by id, the nearest first.
        edges: as they were answered.
        into: the edges into each lot.
        out_of: the edges out of each lot.
        truncated: whether something was left out.
    """

    def __init__(self, answer: pb.GetLotTraceGraphResponse) -> None:
        self.lots = {node.inventory_lot_id: node for node in answer.nodes}
        self.root = next(node for node in answer.nodes if node.depth == 0)
        self.edges: Sequence[pb.TraceEdge] = answer.edges
        self.truncated = answer.truncated
        self.into: defaultdict[str, list[pb.TraceEdge]] = defaultdict(list)
        self.out_of: defaultdict[str, list[pb.TraceEdge]] = defaultdict(list)
        for edge in answer.edges:
            self.into[edge.to_inventory_lot_id].append(edge)
            self.out_of[edge.from_inventory_lot_id].append(edge)


def status_of(node: pb.TraceNode) -> str:
    """Such as OPEN; a number if it is newer than this client."""
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
    return visible_cell(node.material_path.rpartition("/")[2])


def name_of(node: pb.TraceNode) -> str:
    """The lot's name, as it may be shown."""
    return visible_cell(node.inventory_lot_name)
