"""Counts callers who were not let in, and logs them together: a flood of them is one line a second.

Nothing that a caller chose is logged: neither a token or a part of it, nor a path, nor a text. A principal is, where
its token is good or has been.
"""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from lotkeeper_server.access.refused_credentials import Cause, NotAdmitted
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.refusals import Code, Refused
from lotkeeper_server.event_log import get_logger
from lotkeeper_server.observability.call_log import NotedCaller
from lotkeeper_server.transport import Call

LINE_SECONDS: Final = 1.0
"""The shortest time between two lines."""
PRINCIPALS_KEPT_MAX: Final = 256
DENIED: Final = frozenset({Code.UNAUTHENTICATED, Code.PERMISSION_DENIED})
"""What a caller is refused with that may not."""
_log = get_logger()


class RefusedCallers:
    """The callers that one process did not let in; `note` may be called on any thread.

    Attributes:
        total: of all since the start.
    """

    def __init__(
        self,
        event_loop: asyncio.AbstractEventLoop,
        line_seconds: float = LINE_SECONDS,
        on_refused: Callable[[str], None] = lambda _cause: None,
    ) -> None:
        """None yet.

        Args:
            event_loop: where lines are written.
            line_seconds: the shortest time between two.
            on_refused: called with the cause, for each.
        """
        self.total = 0
        self._on_refused = on_refused
        self._event_loop = event_loop
        self._line_seconds = line_seconds
        self._lock = threading.Lock()
        self._count = 0
        self._causes: Counter[str] = Counter()
        self._principals: Counter[str] = Counter()
        self._peers: Counter[str] = Counter()
        self._other_peers = 0
        self._totals: Counter[str] = Counter()
        self._is_due = False
        self._next_seconds = 0.0

    def note(self, refused: Refused, call: Call) -> None:
        """Counts a refusal, where it is one of credentials or permissions.

        Args:
            refused: what the caller was refused with.
            call: whose it was; of its peer the port is left out.
        """
        if refused.refusal.code not in DENIED:
            return
        cause, principal = Cause.DENIED, ""
        if isinstance(refused, NotAdmitted):
            cause, principal = refused.cause, refused.principal
        elif call.noted is not None:  # let in, and refused for a place or a part of what it asked
            of_caller: Any = call.noted
            principal = of_caller.principal
        if call.noted is None and principal:
            call.noted = NotedCaller(principal)
        self._on_refused(cause.value)
        address = call.connection.address
        with self._lock:
            self.total += 1
            self._count += 1
            self._causes[cause.value] += 1
            self._totals[f"{cause.value} {principal}".strip()] += 1
            if len(self._totals) > PRINCIPALS_KEPT_MAX:
                self._totals.clear()
            if principal and (principal in self._principals or len(self._principals) < PRINCIPALS_KEPT_MAX):
                self._principals[principal] += 1
            if address in self._peers or len(self._peers) < limits.REFUSED_PEERS_KEPT_MAX:
                self._peers[address] += 1
            else:
                self._other_peers += 1
            begins = not self._is_due
            self._is_due = True
        if begins:
            self._event_loop.call_soon_threadsafe(self._schedule)

    def totals(self) -> dict[str, int]:
        """How often, by the cause and, where it is known, the principal behind it; counted anew after many."""
        with self._lock:
            return dict(self._totals)

    def _schedule(self) -> None:
        self._event_loop.call_at(max(self._next_seconds, self._event_loop.time()), self._write)

    def _write(self) -> None:
        self._next_seconds = self._event_loop.time() + self._line_seconds
        with self._lock:
            count, causes, peers, others = self._count, dict(self._causes), self._peers, self._other_peers
            self._count = self._other_peers = 0
            principals = dict(self._principals.most_common(limits.REFUSED_PEERS_SHOWN_MAX))
            self._causes, self._peers, self._principals = Counter(), Counter(), Counter()
            self._is_due = False
        shown = dict(peers.most_common(limits.REFUSED_PEERS_SHOWN_MAX))
        _log.warning(
            "callers_refused",
            count=count,
            causes=causes,
            principals=principals,
            peers=shown,
            of_other_peers=others + peers.total() - sum(shown.values()),
            total=self.total,
        )
