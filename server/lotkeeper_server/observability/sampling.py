"""What is looked at once a second while metrics are served: how much waits, how far watches are behind, the process."""

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from lotkeeper_server.event_log import get_logger
from lotkeeper_server.observability import catalogue
from lotkeeper_server.observability.cells import Cells
from lotkeeper_server.observability.process_metrics import ProcessMetrics
from lotkeeper_server.observability.watch_lags import WatchLags

SAMPLE_SECONDS: Final = 1.0
RARELY: Final = 30
"""In so many looks the store is asked once for what changes rarely."""
_log = get_logger()


class Load(Protocol):
    """What an engine has to do at one moment."""

    @property
    def calls_waiting(self) -> int:
        """To be collected."""

    @property
    def calls_held(self) -> int:
        """For what other transactions hold."""

    @property
    def held_seconds(self) -> float:
        """For how long the one that is held the longest has been."""

    @property
    def works_waiting(self) -> int:
        """Saves and imports."""

    @property
    def reads_waiting(self) -> int:
        """For a thread."""

    @property
    def definitions_cached(self) -> int:
        """In memory."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What is asked.

    Attributes:
        load: of the engine.
        calls_in_progress: how many calls there are.
        connections: how many there are.
        watches: all that there are.
        pools: connections to the store that are in use: for reads, for writes.
        archive_files: asks the store how many there are; None where it cannot be read.
        store_path: the embedded store's file; None for a server database.
        temporary_folder: where temporary files are.
    """

    load: Callable[[], Load]
    calls_in_progress: Callable[[], int]
    connections: Callable[[], int]
    watches: WatchLags
    pools: Callable[[], tuple[int, int]]
    archive_files: Callable[[], Awaitable[int | None]]
    store_path: Path | None
    temporary_folder: Path


class Sampling:
    """Looks until it is cancelled. On one event loop."""

    def __init__(self, cells: Cells, sources: Sources) -> None:
        """Looks at nothing yet.

        Args:
            cells: of the process.
            sources: what is asked.
        """
        self._sources = sources
        self._process = ProcessMetrics(cells)
        self._late = cells.gauge(catalogue.LOOP_LATE_SECONDS)
        self._calls_waiting = cells.gauge(catalogue.CALLS_WAITING)
        self._calls_held = cells.gauge(catalogue.CALLS_HELD)
        self._held_seconds = cells.gauge(catalogue.HELD_SECONDS)
        self._works_waiting = cells.gauge(catalogue.WORKS_WAITING)
        self._reads_waiting = cells.gauge(catalogue.READS_WAITING)
        self._definitions = cells.gauge(catalogue.DEFINITIONS_CACHED)
        self._calls = cells.gauge(catalogue.CALLS_IN_PROGRESS)
        self._connections = cells.gauge(catalogue.CONNECTIONS)
        self._watches = cells.gauge(catalogue.WATCHES)
        self._watch_lag = cells.gauge(catalogue.WATCH_LAG_SECONDS)
        self._pools = tuple(cells.gauge(catalogue.STORE_CONNECTIONS, pool) for pool in catalogue.POOLS)
        self._archive_files = cells.gauge(catalogue.ARCHIVE_FILES)
        self._store_bytes = cells.gauge(catalogue.STORE_BYTES)
        self._store_log_bytes = cells.gauge(catalogue.STORE_LOG_BYTES)
        self._disk_free = cells.gauge(catalogue.DISK_FREE_BYTES)

    async def follow(self) -> None:
        """Looks once a second."""
        loop = asyncio.get_running_loop()
        number = 0
        while True:
            try:
                self.sample()
                if number % RARELY == 0:
                    await self._sample_rarely()
            except Exception:  # the border of the task: metrics must not stay as they are for ever
                _log.exception("fault", task="sampling")
            number += 1
            due_seconds = loop.time() + SAMPLE_SECONDS
            await asyncio.sleep(SAMPLE_SECONDS)
            self._late.set(max(loop.time() - due_seconds, 0.0))

    def sample(self) -> None:
        """Looks now."""
        sources = self._sources
        load = sources.load()
        self._calls_waiting.set(load.calls_waiting)
        self._calls_held.set(load.calls_held)
        self._held_seconds.set(load.held_seconds)
        self._works_waiting.set(load.works_waiting)
        self._reads_waiting.set(load.reads_waiting)
        self._definitions.set(load.definitions_cached)
        self._calls.set(sources.calls_in_progress())
        self._connections.set(sources.connections())
        self._watches.set(len(sources.watches))
        self._watch_lag.set(sources.watches.longest_seconds())
        for gauge, count in zip(self._pools, sources.pools(), strict=True):
            gauge.set(count)
        self._process.sample()
        self._sample_disk()

    def _sample_disk(self) -> None:
        path = self._sources.store_path
        folder = self._sources.temporary_folder if path is None else path.absolute().parent
        with suppress(OSError):
            self._disk_free.set(shutil.disk_usage(folder).free)
        if path is not None:
            self._store_bytes.set(_size_of(path))
            self._store_log_bytes.set(_size_of(Path(f"{path}-wal")))

    async def _sample_rarely(self) -> None:
        files = await self._sources.archive_files()
        if files is not None:
            self._archive_files.set(files)


def _size_of(path: Path) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116 - once a second
    except OSError:
        return 0
