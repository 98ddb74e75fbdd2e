"""GetLotTraceGraph and ListTerminalLots: genealogy, each answer from one snapshot."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from google.protobuf.message import Message
from lotkeeper.inventory.v1 import trace_service_pb2 as pb

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.ask.trace import Bounds, Flow, Trace, fitting, flows, reach, trace
from lotkeeper_server.domain.keys import EdgeKey
from lotkeeper_server.domain.model.enumerations import LotStatus, TraceDirection
from lotkeeper_server.domain.model.genealogy import primary_lots
from lotkeeper_server.domain.model.identifiers import ID_BYTES, LotId, format_id
from lotkeeper_server.domain.model.quantity import double_of
from lotkeeper_server.domain.model.stock import Edge
from lotkeeper_server.domain.resolve.lots import USABLE
from lotkeeper_server.engine.clock import now_millis
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.rpc.gate.call import Call
from lotkeeper_server.rpc.wire import paging
from lotkeeper_server.rpc.wire.exact import exact
from lotkeeper_server.rpc.wire.naming import read_lot
from lotkeeper_server.rpc.wire.shape import Shape
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.lists.edges import EdgeReading, TracedLot, read_traced_lots

_ITEM_FRAME_BYTES = 5
"""The largest size of tag and length of a node or an edge within an answer."""
_NO_FLOW = Flow()
TraceRequest: TypeAlias = pb.GetLotTraceGraphRequest | pb.ListTerminalLotsRequest


class Tracing:
    """Says where lots came from, and where they went."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def GetLotTraceGraph(self, request: pb.GetLotTraceGraphRequest, _call: Call) -> pb.GetLotTraceGraphResponse:  # noqa: N802
        """Answers the lots around a lot, and the edges between them."""
        shape = Shape()
        lot = read_lot(shape, request.lot_id_or_name, request.material_id_or_path)
        direction = _direction_of(request, shape) or TraceDirection.BOTH
        depth = request.depth if request.HasField("depth") else limits.TRACE_DEPTH_DEFAULT
        if not 1 <= depth <= limits.TRACE_DEPTH_MAX:
            shape.fault("depth", f"{depth} is not from 1 to {limits.TRACE_DEPTH_MAX}")
        shape.check()
        bounds = Bounds(depth, limits.TRACE_NODES_MAX, limits.TRACE_EDGES_MAX)

        def work(snapshot: Snapshot) -> pb.GetLotTraceGraphResponse:
            root = LotId(lot.find(snapshot))
            found = trace(root, direction, bounds, EdgeReading(snapshot).edges_onward)
            return _graph(found, read_traced_lots(snapshot, list(found.depths)))

        return await self._engine.read(work)

    async def ListTerminalLots(self, request: pb.ListTerminalLotsRequest, _call: Call) -> pb.ListTerminalLotsResponse:  # noqa: N802
        """Lists the lots at the ends of a trace, in the order of ids."""
        shape = Shape()
        lot = read_lot(shape, request.lot_id_or_name, request.material_id_or_path)
        page = paging.read_page_request(request, shape, ID_BYTES)
        direction = _direction_of(request, shape)
        if direction is None or direction is TraceDirection.BOTH:
            shape.fault("direction", "must be INPUT or OUTPUT")
        shape.check()
        assert direction is not None

        def work(snapshot: Snapshot) -> pb.ListTerminalLotsResponse:
            root, reading = LotId(lot.find(snapshot)), EdgeReading(snapshot)
            found = reach(root, direction, limits.TRACE_NODES_MAX, reading.lots_onward)
            on_the_way = reading.with_edges_onward(list(found.depths), direction)
            ends = sorted(lot_id for lot_id in found.depths if lot_id not in on_the_way and lot_id > page.after)
            lots, now = read_traced_lots(snapshot, ends[: page.size]), now_millis()
            messages = [_node(lots[end], found.depths[end], _NO_FLOW, now) for end in ends[: page.size]]
            shown = paging.fitting(messages)
            return pb.ListTerminalLotsResponse(
                nodes=shown,
                next_page_token=paging.page_token(request, ends[len(shown) - 1]) if len(shown) < len(ends) else "",
                truncated=found.truncated,
            )

        return await self._engine.read(work)


def _direction_of(request: TraceRequest, shape: Shape) -> TraceDirection | None:
    """The direction; None where absent."""
    number = request.direction
    if number not in {0, *map(int, TraceDirection)}:
        shape.fault("direction", f"{number} is not a value of TraceDirection")
        return TraceDirection.INPUT  # it is refused anyway; one fault is enough
    return TraceDirection(number) if number else None


def _graph(found: Trace, lots: Mapping[LotId, TracedLot]) -> pb.GetLotTraceGraphResponse:
    """The trace as an answer; if it would be too large, its farthest lots are left out."""
    response = _answer(found, lots)
    if response.ByteSize() <= limits.ANSWER_BYTES_MAX:
        return response
    node_bytes = dict(zip(found.depths, _weights(response.nodes), strict=True))
    edge_bytes = dict(zip(found.edges, _weights(response.edges), strict=True))
    return _answer(fitting(found, node_bytes, edge_bytes, limits.ANSWER_BYTES_MAX), lots)


def _weights(messages: Iterable[Message]) -> list[int]:
    return [message.ByteSize() + _ITEM_FRAME_BYTES for message in messages]


def _answer(found: Trace, lots: Mapping[LotId, TracedLot]) -> pb.GetLotTraceGraphResponse:
    sums, now = flows(found.depths, found.edges), now_millis()
    return pb.GetLotTraceGraphResponse(
        nodes=[_node(lots[lot_id], depth, sums[lot_id], now) for lot_id, depth in found.depths.items()],
        edges=[_edge(key, edge, lots[primary_lots(key)[0]]) for key, edge in found.edges.items()],
        truncated=found.truncated,
    )


def _node(lot: TracedLot, depth: int, flow: Flow, now: int) -> pb.TraceNode:
    past = lot.expiration_millis is not None and lot.expiration_millis < now and lot.status in USABLE
    return pb.TraceNode(
        inventory_lot_id=format_id(lot.id),
        inventory_lot_name=lot.name,
        lot_status=int(LotStatus.EXPIRED if past else lot.status),  # type: ignore[arg-type]  # numbered alike
        material_id=format_id(lot.material_id),
        material_path=lot.material_path,
        quantity_in=double_of(flow.in_millionths),
        quantity_out=double_of(flow.out_millionths),
        exact_quantity_in=exact(flow.in_millionths),
        exact_quantity_out=exact(flow.out_millionths),
        unit_of_measure_id=format_id(lot.unit_id) if lot.unit_id else "",
        unit_of_measure_name=lot.unit_name or "",
        unit_of_measure_symbol=lot.unit_symbol or "",
        depth=depth,
    )


def _edge(key: EdgeKey, edge: Edge, primary: TracedLot) -> pb.TraceEdge:
    return pb.TraceEdge(
        from_inventory_lot_id=format_id(key.from_lot_id),
        to_inventory_lot_id=format_id(key.to_lot_id),
        lot_record_type=int(key.record_type),  # type: ignore[arg-type]  # numbered alike
        quantity=double_of(edge.millionths),
        exact_quantity=exact(edge.millionths),
        unit_of_measure_id=format_id(primary.unit_id) if primary.unit_id else "",
        unit_of_measure_name=primary.unit_name or "",
        unit_of_measure_symbol=primary.unit_symbol or "",
        record_count=edge.record_count,
    )
