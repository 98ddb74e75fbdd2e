"""The traces of one process: what notes its calls, and who sends that."""

import asyncio
from typing import TYPE_CHECKING, Final

from lotkeeper_server.observability.server_metrics import ServerMetrics
from lotkeeper_server.observability.traces.recording import Recorder
from lotkeeper_server.settings import Settings
from lotkeeper_server.shown_settings import program_versions

if TYPE_CHECKING:
    from lotkeeper_server.observability.traces.sending import Sender

END_SECONDS_MIN: Final = 0.5
END_SECONDS_MAX: Final = 2.0
"""How long the end of a process waits for the receiver: what is left of `shutdown_seconds`, within these."""


class TraceExport:
    """Notes calls and sends their spans, where the settings want it; else does nothing.

    Attributes:
        recorder: notes calls; None where there are no traces.
    """

    def __init__(self, settings: Settings, metrics: ServerMetrics) -> None:
        """Sends nothing yet; made in the process that serves.

        Args:
            settings: in force.
            metrics: what is counted in.
        """
        self.recorder: Recorder | None = None
        self._sender: Sender | None = None
        if settings.traces_endpoint is not None:
            self.recorder = Recorder(settings.traces_sample_ratio)
            self._sender = _sender(settings, settings.traces_endpoint, self.recorder, metrics)

    def begin(self) -> None:
        """Sends from now on."""
        if self._sender is not None:
            self._sender.begin()

    async def end(self, left_seconds: float) -> None:
        """Sends what waits; a receiver that takes longer than that is not waited for.

        Args:
            left_seconds: of the time that the server has to end.
        """
        if self._sender is not None:
            seconds_max = min(max(left_seconds, END_SECONDS_MIN), END_SECONDS_MAX)
            await asyncio.to_thread(self._sender.close, seconds_max)

    def close(self) -> None:
        """Sends no more; waits for nobody."""
        if self._sender is not None:
            self._sender.close(0.0)


def _sender(settings: Settings, url: str, recorder: Recorder, metrics: ServerMetrics) -> "Sender":
    # Not imported where it is not asked for: it needs an extra, and takes a while.
    from lotkeeper_server.observability.traces.receiver import Address, Receiver  # noqa: PLC0415
    from lotkeeper_server.observability.traces.sending import Sender  # noqa: PLC0415

    version = program_versions()["lotkeeper"]
    receiver = Receiver(Address(url, settings.traces_ca_file, settings.trace_headers()), f"lotkeeper/{version}")
    return Sender(recorder, receiver, metrics, version)
