"""What the engine's loops take in from outside, and what they tell."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.engine.calls import End, PendingCall
from lotkeeper_server.engine.clock import Clock
from lotkeeper_server.observability.pipeline import PipelineMetrics

Confirm = Callable[[Any, Any], None]
"""Looks again, in a transaction, whether a caller may, where roles or tokens have changed since; raises Refused."""
Ended = tuple[PendingCall, End]
"""A call, and how it ends."""


@dataclass(slots=True)
class Surroundings:
    """What a loop takes in from outside, and what it tells.

    Attributes:
        clock: the time.
        new_id: gives new ids; the one source of its process.
        confirm: looks again whether a caller may.
        on_ended: ends calls, each as is said beside it, after each transaction; soon, on whichever thread is best.
        on_store_state: told whether the store could be used, each time that it was.
        metrics: what transactions count in.
    """

    clock: Clock
    new_id: Callable[[], Id]
    confirm: Confirm
    on_ended: Callable[[Sequence[Ended]], None]
    on_store_state: Callable[[bool], None]
    metrics: PipelineMetrics = field(default_factory=PipelineMetrics.alone)


def end_each(ended: Sequence[Ended]) -> None:
    """Ends calls, here and now."""
    for call, end in ended:
        call.end(end)
