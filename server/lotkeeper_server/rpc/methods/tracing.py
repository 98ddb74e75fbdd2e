"""GetLotTraceGraph and ListTerminalLots: genealogy, each answer from one snapshot."""

from collections.abc import Iterable
from typing import TypeAlias

from google.protobuf.message import Message
from lotkeeper.inventory.v1 import trace_service_pb2 as pb

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.ask.ends import ends
from lotkeeper_server.domain.ask.trace import Bounds, Trace, fitting, flows, trace
from lotkeeper_server.domain.model.enumerations import TraceDirection
from lotkeeper_server.domain.model.identifiers import ID_BYTES, LotId
from lotkeeper_server.domain.refusals import Fault
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.rpc.gate.call import Call
from lotkeeper_server.rpc.wire import paging
from lotkeeper_server.rpc.wire.naming import read_lot
from lotkeeper_server.rpc.wire.shape import Shape
from lotkeeper_server.rpc.wire.trace_message import NO_FLOW, edge_message, node_message
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.lists.edges_within import edges_of
from lotkeeper_server.store.lists.traced import Shown, read_shown

_ITEM_FRAME_BYTES = 5
"""The largest size of tag and length of a node or an edge within an answer."""
TraceRequest: TypeAlias = pb.GetLotTraceGraphRequest | pb.ListTerminalLotsRequest | pb.HoldTracedLotsRequest


class Tracing:
    """Says where lots came from, and where they went."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def GetLotTraceGraph(self, request: pb.GetLotTraceGraphRequest, _call: Call) -> pb.GetLotTraceGraphResponse:  # noqa: N802
        """Answers the lots and orders around a lot, and the edges between them."""
        shape = Shape()
        lot = read_lot(shape, request.lot_id_or_name, request.material_id_or_path)
        direction = read_direction(request, shape) or TraceDirection.BOTH
        bounds = Bounds(read_depth(request, shape), limits.TRACE_NODES_MAX, limits.TRACE_EDGES_MAX)
        shape.check()

        def work(snapshot: Snapshot) -> pb.GetLotTraceGraphResponse:
            reading = edges_of(snapshot, lots_only=request.lots_only)
            found = trace(LotId(lot.find(snapshot)), direction, bounds, reading.edges_onward)
            shown = read_shown(snapshot, found.lots, found.orders)
            return _graph(found, shown, self._engine.clock.now_millis(), left_out=reading.left_out or shown.left_out)

        return await self._engine.read(work)

    async def ListTerminalLots(self, request: pb.ListTerminalLotsRequest, _call: Call) -> pb.ListTerminalLotsResponse:  # noqa: N802
        """Lists the lots at the ends of a trace, in the order of ids."""
        shape = Shape()
        lot = read_lot(shape, request.lot_id_or_name, request.material_id_or_path)
        page = paging.read_page_request(request, shape, ID_BYTES)
        direction = read_direction(request, shape)
        if direction is None or direction is TraceDirection.BOTH:
            shape.fault("direction", Fault.required("must be INPUT or OUTPUT"))
        shape.check()
        assert direction is not None

        def work(snapshot: Snapshot) -> pb.ListTerminalLotsResponse:
            root, reading = LotId(lot.find(snapshot)), edges_of(snapshot, lots_only=request.lots_only)
            bounds = (limits.TRACE_NODES_MAX, limits.TRACE_LINKS_MAX)
            depths, truncated = ends(root, direction, *bounds, reading.links_onward)
            found = sorted(lot_id for lot_id in depths if lot_id > page.after)
            here, now_millis = found[: page.size], self._engine.clock.now_millis()
            shown = read_shown(snapshot, here)
            messages = paging.fitting([node_message(one, depths[one], NO_FLOW, shown, now_millis) for one in here])
            return pb.ListTerminalLotsResponse(
                nodes=messages,
                next_page_token=paging.page_token(request, found[len(messages) - 1])
                if len(messages) < len(found)
                else "",
                truncated=truncated,
                left_out=reading.left_out or shown.left_out,
            )

        return await self._engine.read(work)


def read_direction(request: TraceRequest, shape: Shape) -> TraceDirection | None:
    """The direction; None where absent."""
    number = request.direction
    if number not in {0, *map(int, TraceDirection)}:
        shape.fault("direction", Fault.unknown(f"{number} is not a value of TraceDirection"))
        return TraceDirection.INPUT  # it is refused anyway; one fault is enough
    return TraceDirection(number) if number else None


def read_depth(request: pb.GetLotTraceGraphRequest | pb.HoldTracedLotsRequest, shape: Shape) -> int:
    """How many edges away a lot may be; the default where absent."""
    depth = request.depth if request.HasField("depth") else limits.TRACE_DEPTH_DEFAULT
    if not 1 <= depth <= limits.TRACE_DEPTH_MAX:
        shape.fault("depth", Fault.out_of_range(f"{depth} is not from 1 to {limits.TRACE_DEPTH_MAX}"))
    return depth


def _graph(found: Trace, shown: Shown, now_millis: int, *, left_out: bool) -> pb.GetLotTraceGraphResponse:
    """The trace as an answer; if it would be too large, its farthest nodes are left out."""
    response = _answer(found, shown, now_millis, left_out=left_out)
    if response.ByteSize() <= limits.ANSWER_BYTES_MAX:
        return response
    node_bytes = dict(zip(found.depths, _weights(response.nodes), strict=True))
    edge_bytes = dict(zip(found.edges, _weights(response.edges), strict=True))
    fits = fitting(found, node_bytes, edge_bytes, limits.ANSWER_BYTES_MAX)
    return _answer(fits, shown, now_millis, left_out=left_out)


def _weights(messages: Iterable[Message]) -> list[int]:
    return [message.ByteSize() + _ITEM_FRAME_BYTES for message in messages]


def _answer(found: Trace, shown: Shown, now_millis: int, *, left_out: bool) -> pb.GetLotTraceGraphResponse:
    sums = flows(found.lots, found.edges)
    return pb.GetLotTraceGraphResponse(
        nodes=[
            node_message(node, depth, sums.get(LotId(node)), shown, now_millis) for node, depth in found.depths.items()
        ],
        edges=[edge_message(key, edge, shown) for key, edge in found.edges.items()],
        truncated=found.truncated,
        left_out=left_out,
    )
