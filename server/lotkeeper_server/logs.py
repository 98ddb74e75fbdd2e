"""Logs: one JSON object for each line on standard error, or plain lines for people."""

import logging
import sys

import structlog


class _StandardError:
    """Standard error as it is now; a log that cannot be written must not stop the work that it reports."""

    def write(self, text: str) -> None:
        """Writes; if that fails, the work goes on."""
        try:
            sys.stderr.write(text)
        except (OSError, ValueError):
            return

    def flush(self) -> None:
        """Flushes; if that fails, the work goes on."""
        try:
            sys.stderr.flush()
        except (OSError, ValueError):
            return


def configure_logs(level: str, style: str) -> None:
    """Sets up logging for the process.

    Args:
        level: debug, info, warning or error.
        style: json or console.
    """
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if style == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(_StandardError()),  # type: ignore[arg-type]  # what it needs of a file,
    )
