"""Looks once a second why calls wait, and tells: a line of the log, a metric, and whoever asks for the status."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from lotkeeper_server.event_log import get_logger
from lotkeeper_server.observability.server_metrics import ServerMetrics
from lotkeeper_server.observability.watch_lags import WatchLags
from lotkeeper_server.observability.why_calls_wait import Look, Why, shown, why_calls_wait

LOOK_SECONDS: Final = 1.0
TOLD_SECONDS: Final = 10.0
"""Whoever asks is told of the last cause for so long: a cause comes and goes."""
HOLDERS_SECONDS: Final = 2.0
"""So long the store is waited for that says who holds what."""
PRINCIPALS_SHOWN_MAX: Final = 3
_log = get_logger()


class Load(Protocol):
    """What is asked of an engine."""

    @property
    def calls_held(self) -> int:
        """For what other transactions hold."""

    @property
    def held_seconds(self) -> float:
        """For how long the one that is held the longest has been."""

    @property
    def held_for(self) -> str:
        """The lot that it waits for."""

    @property
    def phase(self) -> str:
        """Of the batch at work."""

    @property
    def phase_seconds(self) -> float:
        """For how long it has been in it."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What is asked.

    Attributes:
        load: of the engine.
        put_back: how often calls were put back for what others hold, by lot.
        got_through: whether a call that had waited for a lot got through within so many seconds.
        holders: asks the store who holds what others may want, each as names and numbers; the longest first.
        busiest: the principals with the most calls in progress, with how many.
        watches: all that there are.
    """

    load: Callable[[], Load]
    put_back: Callable[[], Mapping[str, int]]
    got_through: Callable[[str, float], bool]
    holders: Callable[[], Awaitable[Sequence[dict[str, Any]]]]
    busiest: Callable[[int], dict[str, int]]
    watches: WatchLags


class WaitsFollowed:
    """Looks until it is cancelled. On one event loop."""

    def __init__(self, metrics: ServerMetrics, sources: Sources) -> None:
        """Has seen nothing yet.

        Args:
            metrics: what the process counts.
            sources: what is asked.
        """
        self._metrics = metrics
        self._sources = sources
        self._before = self._totals()
        self._put_back_before: Mapping[str, int] = {}
        self._told: dict[str, Any] | None = None
        self._told_at_seconds = 0.0

    async def follow(self) -> None:
        """Looks once a second."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except Exception:  # the border of the task: whoever is on call must not wait for ever
                _log.exception("fault", task="waits")

    async def look(self) -> None:
        """Looks now."""
        self._sources.watches.tell_of_late()
        now = self._totals()
        since = {name: total - self._before[name] for name, total in now.items()}
        self._before = now
        load = self._sources.load()
        lot, put_back = self._put_back_since(load.held_for)
        look = Look(
            calls_held=load.calls_held,
            held_seconds=load.held_seconds,
            lot=lot,
            put_back=put_back,
            gets_through=self._sources.got_through(lot, 2 * LOOK_SECONDS),
            phase=load.phase,
            phase_seconds=load.phase_seconds,
            **since,
        )
        why = why_calls_wait(look)
        if why is None:
            return
        self._metrics.calls_wait_seconds[why.value].add(LOOK_SECONDS)
        told: dict[str, Any] = {"why": why.value, **shown(look, why)}
        if why is Why.LOCKED:
            told["holders"] = await self._holders()
        if why in {Why.QUEUE, Why.HOT_LOT}:
            told["principals"] = self._sources.busiest(PRINCIPALS_SHOWN_MAX)
        self._told, self._told_at_seconds = told, time.monotonic()
        _log.warning("calls_wait", **told)

    @property
    def told(self) -> dict[str, Any] | None:
        """The last cause and its numbers; None where there was none lately."""
        return self._told if time.monotonic() - self._told_at_seconds < TOLD_SECONDS else None

    def _totals(self) -> dict[str, float]:
        batches, calls, waited, load, commit = self._metrics.pipeline.totals()
        return {
            "batches": batches,
            "calls": calls,
            "waited_seconds": waited,
            "load_seconds": load,
            "commit_seconds": commit,
        }

    def _put_back_since(self, held_for: str) -> tuple[str, int]:
        """A lot, and how often calls were put back for it since the last look: of the most, if it is not given."""
        totals = self._sources.put_back()
        before, self._put_back_before = self._put_back_before, totals
        since = {lot: total - before.get(lot, 0) for lot, total in totals.items()}  # less than before: counted anew
        lot = held_for or max((one for one in since if one), key=lambda one: since[one], default="")
        return lot, max(since.get(lot, 0), 0)

    async def _holders(self) -> Sequence[dict[str, Any]]:
        try:
            async with asyncio.timeout(HOLDERS_SECONDS):
                return await self._sources.holders()
        except TimeoutError:
            return ()
