"""Genealogy: which lots went into which."""

from __future__ import annotations

from lotkeeper._async.calling import Calling
from lotkeeper._async_pages import AsyncPages
from lotkeeper._requests import made
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
        lots_only: bool = False,
        timeout_seconds: float | None = None,
    ) -> pb.GetLotTraceGraphResponse:
        """The lots that a lot came from or went into, and how much of each, as a graph, also through production orders.

        A node is a lot, or a production order where its `production_order_id` is set. Look at `truncated`: a lot or an
        edge may have been left out; and at `left_out`: something lies where the caller's roles do not reach.

        Args:
            lot_id_or_name: its ULID, or its name with the material.
            material_id_or_path: the material that the named lot is of.
            direction: TRACE_DIRECTION_INPUT, what it came from; _OUTPUT, what it went into. Default: both.
            depth: how many edges away a lot may be, 1 to 50; an order on the way counts. Default: 10.
            lots_only: follows only what records say between two lots. Default: through production orders, too.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(
            pb.GetLotTraceGraphRequest,
            lot_id_or_name=lot_id_or_name,
            material_id_or_path=material_id_or_path,
            direction=direction,
            depth=depth,
            lots_only=lots_only,
        )
        return await self._read(request, pb.GetLotTraceGraphResponse, timeout_seconds)

    def list_terminal_lots(
        self,
        lot_id_or_name: str,
        *,
        direction: enums_pb2.TraceDirection.ValueType,
        material_id_or_path: str | None = None,
        lots_only: bool = False,
        page_size: int = 0,
        timeout_seconds: float | None = None,
    ) -> AsyncPages[pb.TraceNode]:
        """The lots at the ends of a trace, in the order of ids: those that came from nowhere, or went nowhere.

        Lots that only go round among themselves are ends together. The search covers the 10,000 lots and production
        orders nearest to the lot asked for.

        Args:
            lot_id_or_name: its ULID, or its name with the material.
            direction: TRACE_DIRECTION_INPUT or TRACE_DIRECTION_OUTPUT.
            material_id_or_path: the material that the named lot is of.
            lots_only: follows only what records say between two lots. Default: through production orders, too.
            page_size: how many a call brings, at most 1,000. Default: the server's.
            timeout_seconds: of each call. Default: the client's.
        """
        request = made(
            pb.ListTerminalLotsRequest,
            lot_id_or_name=lot_id_or_name,
            material_id_or_path=material_id_or_path,
            direction=direction,
            page_size=page_size,
            lots_only=lots_only,
        )
        return self._pages(request, pb.ListTerminalLotsResponse, lambda page: page.nodes, timeout_seconds)

    async def hold_traced_lots(
        self,
        lot_id_or_name: str,
        *,
        material_id_or_path: str | None = None,
        direction: enums_pb2.TraceDirection.ValueType = enums_pb2.TRACE_DIRECTION_UNSPECIFIED,
        depth: int | None = None,
        lots_only: bool = False,
        notes: str | None = None,
        material_reason_code_id: str | None = None,
        request_id: str | None = None,
        validate_only: bool = False,
        timeout_seconds: float | None = None,
    ) -> pb.HoldTracedLotsResponse:
        """Holds a lot and all lots that a trace reaches, in one transaction: a recall's first step.

        Those that are OPEN, AVAILABLE or EXPIRED get QA_HOLD, with a record each; the others are in `left`. A trace
        that would leave something out is refused with TRACE_TRUNCATED.

        Args:
            lot_id_or_name: its ULID, or its name with the material.
            material_id_or_path: the material that the named lot is of.
            direction: TRACE_DIRECTION_OUTPUT, what it went into; _INPUT, what it came from; _BOTH. Default: OUTPUT.
            depth: how many edges away a lot may be, 1 to 50; an order on the way counts. Default: 10.
            lots_only: follows only what records say between two lots. Default: through production orders, too.
            notes: free text on every record. Default: none.
            material_reason_code_id: ULID of the reason code. Default: none.
            request_id: makes a retry safe. Default: a new one.
            validate_only: does everything except the commit.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(
            pb.HoldTracedLotsRequest,
            lot_id_or_name=lot_id_or_name,
            material_id_or_path=material_id_or_path,
            direction=direction,
            depth=depth,
            lots_only=lots_only,
            notes=notes,
            material_reason_code_id=material_reason_code_id,
            request_id=request_id,
            validate_only=validate_only,
        )
        return await self._call(request, pb.HoldTracedLotsResponse, timeout_seconds)
