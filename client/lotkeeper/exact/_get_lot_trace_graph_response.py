# Made from the contract by `python client/exact_classes.py`; change that file instead.
"""GetLotTraceGraphResponse."""

from __future__ import annotations

from dataclasses import dataclass

from lotkeeper.exact._trace_edge import TraceEdge
from lotkeeper.exact._trace_node import TraceNode


@dataclass(frozen=True, slots=True, kw_only=True)
class GetLotTraceGraphResponse:
    """What GetLotTraceGraph answers."""

    nodes: tuple[TraceNode, ...]
    """The lots that were reached, the nearest first, the one asked for among them."""
    edges: tuple[TraceEdge, ...]
    """The edges that were followed; both ends are among the nodes."""
    truncated: bool
    """Whether a lot or an edge was left out, because of the depth or of the limits: 10,000 nodes, 20,000 edges, 4
    MB. The nearest lots are kept.
    """
    left_out: bool
    """Whether something was left out that lies where the caller's roles do not reach: an edge, a part of one, or
    stock. What is archived counts as such for a caller whose roles are limited to locations.
    """
