"""What a process that is observed does beside its calls: it looks once a second, and serves metrics and probes."""

import asyncio

from lotkeeper_server.event_log import get_logger
from lotkeeper_server.observability import catalogue
from lotkeeper_server.observability.exposition import exposition
from lotkeeper_server.observability.http_server import HttpServer, Pages
from lotkeeper_server.observability.sampling import Sampling, Sources
from lotkeeper_server.observability.server_metrics import ServerMetrics

NOT_YET = "The store was not asked yet."
STORE_AWAY = "The store cannot be used."
ENDING = "The server is shutting down."
_log = get_logger()


class Monitoring:
    """Made, begun and ended on one event loop."""

    def __init__(self, metrics: ServerMetrics, sources: Sources) -> None:
        """Serves nothing yet.

        Args:
            metrics: what the process counts.
            sources: what is asked once a second.
        """
        self._metrics = metrics
        self._sampling = Sampling(metrics.cells, sources)
        self._store_usable = metrics.cells.gauge(catalogue.STORE_USABLE)
        self._why_not_ready = NOT_YET
        self._http = HttpServer(Pages(self._exposition, lambda: self._why_not_ready))
        self._following: asyncio.Task[None] | None = None

    def tell(self, usable: bool) -> None:
        """Whether the store can be used, from now on."""
        self._store_usable.set(float(usable))
        if self._why_not_ready != ENDING:
            self._why_not_ready = "" if usable else STORE_AWAY

    async def begin(self, address: str, *, shares_address: bool) -> None:
        """Looks and serves from now on.

        Args:
            address: HOST:PORT.
            shares_address: whether other processes of this server listen there, too.

        Raises:
            OSError: where nothing can listen there.
        """
        at = await self._http.begin(address, shares_address=shares_address)
        _log.info("metrics_served", address=at)
        self._following = asyncio.create_task(self._sampling.follow(), name="lotkeeper-sampling")

    def _exposition(self) -> str:
        self._sampling.sample()
        return exposition(self._metrics.memory, catalogue.PID)

    def shut_down(self) -> None:
        """From here on it is not ready; metrics are served until `close`."""
        self._why_not_ready = ENDING

    def close(self) -> None:
        """Ends it."""
        if self._following is not None:
            self._following.cancel()
        self._http.close()
