# Made from the contract by `python client/exact_classes.py`; change that file instead.
"""WatchAuditEventsResponse."""

from __future__ import annotations

from dataclasses import dataclass

from lotkeeper.exact._audit_event import AuditEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchAuditEventsResponse:
    """One message of WatchAuditEvents."""

    audit_event: AuditEvent | None
    """The event; unset in a heartbeat: the first message, and then one at least every 10 s while nothing matches."""
    resume_token: str
    """Marks everything up to here, matching or not, as seen."""
