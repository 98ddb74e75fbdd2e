"""Brings what was committed into the embedded store's own file, beside those who write.

SQLite would have one unlucky commit do it for all: with a long log that takes a second, and everybody waits. Here a
thread does it. Only the rest, which has come meanwhile, is done while nobody writes, so that the log can begin anew.
"""

import threading
from typing import Final

from lotkeeper_server.engine.turns import WriteTurns
from lotkeeper_server.event_log import get_logger
from lotkeeper_server.store.db import errors
from lotkeeper_server.store.db.connection import Store

COMMITS_BETWEEN: Final = 256
PAUSE_SECONDS: Final = 2.0
"""After so long what was committed is brought over, however little it is."""
LOG_PAGES_MAX: Final = 16_000
"""Beyond, 64 MB, the log is to begin anew."""
REST_PAGES_MAX: Final = 1_000
"""Nobody writes while so much is brought over: some ten milliseconds."""
_PASSES_MAX: Final = 4
_log = get_logger()


class Checkpoints:
    """The checkpoints of one process on the embedded store. `note_commit` may be called on any thread."""

    def __init__(self, store: Store, turns: WriteTurns) -> None:
        """Begins at once: from here on no commit does one.

        Args:
            store: to look after.
            turns: shared with those who write.
        """
        store.leave_checkpoints()
        self._store = store
        self._turns = turns
        self._commits = 0
        self._due = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="lotkeeper-checkpoints", daemon=True)
        self._thread.start()

    def note_commit(self) -> None:
        """Something was committed; the count need not be exact."""
        self._commits += 1
        if self._commits >= COMMITS_BETWEEN:
            self._due.set()

    def close(self) -> None:
        """Ends, after a checkpoint that has begun."""
        self._closing = True
        self._due.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing:
            self._due.wait(PAUSE_SECONDS)
            self._due.clear()
            if self._commits and not self._closing:
                self._commits = 0
                try:
                    self._bring_over()
                except errors.StoreError as error:
                    _log.warning("checkpoint_failed", error=str(error))
                except Exception:  # the border of the thread, which goes on
                    _log.exception("fault", task="checkpoints")

    def _bring_over(self) -> None:
        """Several passes, each shorter than the one before, unless a reader needs what was before."""
        before = -1
        for _ in range(_PASSES_MAX):
            log = self._store.checkpoint()
            rest = log.pages - log.brought_over
            if log.pages < LOG_PAGES_MAX or log.brought_over == before:
                return
            if rest <= REST_PAGES_MAX:
                with self._turns.work():
                    self._store.checkpoint()
                return
            before = log.brought_over
