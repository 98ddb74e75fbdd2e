"""What a command says while it works on something long."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import click
from lotkeeper.progress import can_show, progress

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


@contextmanager
def migration_told() -> Iterator[None]:
    """How far a migration is: a bar on a terminal; elsewhere, as in the log of a service, lines."""
    from lotkeeper_server.store.schema.progress import reporting  # noqa: PLC0415 - only who migrates needs it

    if not can_show():
        with reporting(TellingProgress()):
            yield
        return
    with progress("migrating") as shown:

        def told(what: str, done: int, total: int) -> None:
            shown.doing, shown.done, shown.total = what, done, total

        with reporting(told):
            yield
