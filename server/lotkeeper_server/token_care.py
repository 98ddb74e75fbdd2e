"""Beside the calls: notes when tokens were used last, and warns ahead of their expiry. Never for a call."""

import asyncio
import time
from collections.abc import Mapping
from typing import Final

from lotkeeper.visible_text import visible

from lotkeeper_server.access.directory import Directory
from lotkeeper_server.access.tokens import TokenEntry, list_tokens, note_used
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.dates import rfc3339
from lotkeeper_server.domain.model.identifiers import format_id
from lotkeeper_server.domain.refusals import Refused
from lotkeeper_server.engine.clock import now_millis
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.engine.faults import logged_fault
from lotkeeper_server.engine.itself import Itself
from lotkeeper_server.event_log import get_logger
from lotkeeper_server.store.db.transaction import Transaction

LOOK_SECONDS: Final = 5.0
USE_SECONDS: Final = 3_600.0
"""The use of a token is written so often at most."""
WARN_SECONDS: Final = 86_400.0
"""It is warned so often of one token."""
WARNED_MAX: Final = 20
"""Tokens that one line names."""
_log = get_logger()


class TokenCare:
    """That of one process. Used on one event loop."""

    def __init__(
        self, engine: Engine, directory: Directory, warning_days: float, look_seconds: float = LOOK_SECONDS
    ) -> None:
        """Does nothing yet.

        Args:
            engine: reads and writes.
            directory: notes who was let in.
            warning_days: so long before a token expires it is warned; 0: never.
            look_seconds: the pause between two looks.
        """
        self._engine = engine
        self._directory = directory
        self._warning_millis = int(warning_days * limits.MILLIS_PER_DAY)
        self._look_seconds = look_seconds
        self._forgot_seconds = self._warned_seconds = -WARN_SECONDS

    async def follow(self) -> None:
        """Looks again and again, until it is cancelled."""
        while True:
            try:
                await self._look()
            except Refused:  # the store cannot be reached: the next look finds the same
                pass
            except Exception:  # the border of the task
                logged_fault(task="token_care")
            await asyncio.sleep(self._look_seconds)

    async def _look(self) -> None:
        now_seconds = time.monotonic()
        if self._warning_millis and now_seconds - self._warned_seconds >= WARN_SECONDS:
            self._warn(await self._engine.read_access(list_tokens))
            self._warned_seconds = now_seconds
        if now_seconds - self._forgot_seconds >= USE_SECONDS:
            self._forgot_seconds = now_seconds
            self._directory.forget_remembered()  # so that the use of what is remembered is noticed again
        if used := self._directory.take_used():
            try:
                await self._engine.transact(lambda tx: _write(tx, used), Itself())
            except Refused:
                self._directory.give_back_used(used)
                raise

    def _warn(self, entries: list[TokenEntry]) -> None:
        now = now_millis()
        soon = [one for one in entries if one.expires_within(self._warning_millis, now)]
        if soon:
            _log.warning(
                "tokens_expire_soon",
                count=len(soon),
                tokens=[
                    {
                        "id": format_id(one.id),
                        "principal": visible(one.principal),
                        "expires": rfc3339(one.expires_millis or 0),
                    }
                    for one in sorted(soon, key=lambda one: one.expires_millis or 0)[:WARNED_MAX]
                ],
            )


def _write(tx: Transaction, used: Mapping[bytes, int]) -> None:
    note_used(tx.connection, used, int(USE_SECONDS * 1_000))
