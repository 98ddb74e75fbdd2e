"""Logs: one JSON object a line on standard error, or plain lines for people."""

import logging
import sys

import structlog


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
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
