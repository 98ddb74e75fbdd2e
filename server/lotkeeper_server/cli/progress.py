"""What a command says while it works on something long."""

import time
from typing import Final

import click

PAUSE_SECONDS: Final = 1.0
"""Between two lines, so that a long migration does not fill a terminal."""


class TellingProgress:
    """Writes lines to standard error, at most one a second."""

    def __init__(self) -> None:
        """Has said nothing yet."""
        self._said_seconds = time.monotonic()

    def __call__(self, what: str, done: int, total: int) -> None:
        """Says how far something has come; a step that is over within a second is not worth a line."""
        now_seconds = time.monotonic()
        if now_seconds - self._said_seconds >= PAUSE_SECONDS:
            self._said_seconds = now_seconds
            click.echo(f"{what}: {done} of {total}", err=True)
