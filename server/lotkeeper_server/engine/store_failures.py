"""What callers hear when the store cannot be used, and whether trying again in a moment may help."""

from typing import Final

import structlog

from lotkeeper_server.domain.refusals import Refused, StoreUnavailable
from lotkeeper_server.store.db.capabilities import Capabilities
from lotkeeper_server.store.db.errors import OutcomeUnknown, StoreError, StoreOutgrown

OUTGROWN_TEXT: Final = "The store was migrated to a newer version than this server; nothing was done."
_log = structlog.get_logger(__name__)


def may_pass(error: StoreError, capabilities: Capabilities) -> bool:
    """Whether the same may be tried again: not where it may be done already, nor where this program is too old."""
    return capabilities.can_go_away and not isinstance(error, OutcomeUnknown | StoreOutgrown)


def unavailable(error: StoreError, text: str | None = None, **facts: object) -> Refused:
    """STORE_UNAVAILABLE, with a line in the log; of a program that is too old the health check has said that, once.

    Args:
        error: of the store.
        text: what to tell the caller; None for the usual.
        facts: more for the log.
    """
    if isinstance(error, StoreOutgrown):
        return Refused(StoreUnavailable(text=OUTGROWN_TEXT))
    _log.warning("store_unavailable", error=str(error), **facts)
    return Refused(StoreUnavailable() if text is None else StoreUnavailable(text=text))
