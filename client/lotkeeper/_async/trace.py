"""Genealogy: which lots went into which."""

from __future__ import annotations

from lotkeeper._async.calling import Calling
from lotkeeper._async_pages import AsyncPages
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1 import trace_service_pb2 as pb


class TraceMethods(Calling):
    """Genealogy: which lots went into which."""

    async def get_lot_trace_graph(
        self,
        lot_id_or_name: str,
        *,
        material_id_or_path: str | None = None,
        direction: enums_pb2.TraceDirection.ValueType = enums_pb2.TRACE_DIRECTION_UNSPECIFIED,
        depth: int | None = None,
        timeout_seconds: float | None = None,
    ) -> pb.GetLotTraceGraphResponse:
        """The lots that a lot came from or went into, and how much of each, as a graph.

        Look at `truncated`: a lot or an edge may have been left out.

        Args:
            lot_id_or_name: its ULID, or its name with the material.
            material_id_or_path: the material that the named lot is of.
            direction: TRACE_DIRECTION_INPUT, what it came from; _OUTPUT, what it went into. Default: both.
            depth: how many edges away a lot may be, 1 to 50. Default: 10.
            timeout_seconds: of this call. Default: the client's.
        """
        request = pb.GetLotTraceGraphRequest(
            lot_id_or_name=lot_id_or_name, material_id_or_path=material_id_or_path, direction=direction, depth=depth
        )
        return await self._read(request, pb.GetLotTraceGraphResponse, timeout_seconds)

    def list_terminal_lots(
        self,
        lot_id_or_name: str,
        *,
        direction: enums_pb2.TraceDirection.ValueType,
        material_id_or_path: str | None = None,
        page_size: int = 0,
        timeout_seconds: float | None = None,
    ) -> AsyncPages[pb.TraceNode]:
        """The lots at the ends of a trace, in the order of ids: those that came from nowhere, or went nowhere.

        The search covers the 10,000 lots nearest to the one asked for.

        Args:
            lot_id_or_name: its ULID, or its name with the material.
            direction: TRACE_DIRECTION_INPUT or TRACE_DIRECTION_OUTPUT.
            material_id_or_path: the material that the named lot is of.
            page_size: how many a call brings, at most 1,000. Default: the server's.
            timeout_seconds: of each call. Default: the client's.
        """
        request = pb.ListTerminalLotsRequest(
            lot_id_or_name=lot_id_or_name,
            material_id_or_path=material_id_or_path,
            direction=direction,
            page_size=page_size,
        )
        return self._pages(request, pb.ListTerminalLotsResponse, lambda page: page.nodes, timeout_seconds)
