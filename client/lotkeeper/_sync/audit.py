# Made from _async/audit.py by `python client/async_to_sync.py`; change that file instead.
"""Who did or tried what."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from datetime import datetime

from lotkeeper._moments import millis_given
from lotkeeper._pages import Pages
from lotkeeper._requests import made
from lotkeeper._sync.calling import Calling
from lotkeeper._sync.following import followed
from lotkeeper.inventory.v1 import audit_service_pb2 as pb
from lotkeeper.inventory.v1 import enums_pb2


class AuditMethods(Calling):
    """Who did or tried what."""

    def list_audit_events(
        self,
        *,
        start_date: datetime | None = None,
        start_date_millis: int | None = None,
        end_date: datetime | None = None,
        end_date_millis: int | None = None,
        principal: str | None = None,
        method: str | None = None,
        entity: str | None = None,
        entity_id_or_name: str | None = None,
        request_id: str | None = None,
        results: Sequence[enums_pb2.AuditResult.ValueType] = (),
        oldest_first: bool = False,
        page_size: int = 0,
        timeout_seconds: float | None = None,
    ) -> Pages[pb.AuditEvent]:
        """The events that pass every given filter, newest first: each write, and what somebody was not let do.

        Args:
            start_date: only those at or after this moment, a datetime with a time zone. Default: all.
            start_date_millis: instead of `start_date`: the same in ms since the epoch, UTC.
            end_date: only those before this moment, a datetime with a time zone. Default: all.
            end_date_millis: instead of `end_date`: the same in ms since the epoch, UTC.
            principal: only of this principal.
            method: only of this method, without its service's name: SaveMaterial.
            entity: only about things of this kind: inventory_operation, material, role.
            entity_id_or_name: only about this thing: its ULID; of a role or a token the name.
            request_id: only of this request id.
            results: only with these results. Default: all.
            oldest_first: oldest first: the exact reverse order.
            page_size: how many a call brings, at most 1,000. Default: the server's.
            timeout_seconds: of each call. Default: the client's.
        """
        request = made(
            pb.ListAuditEventsRequest,
            start_date_millis=millis_given("start_date", start_date, start_date_millis),
            end_date_millis=millis_given("end_date", end_date, end_date_millis),
            principal=principal,
            method=method,
            entity=entity,
            entity_id_or_name=entity_id_or_name,
            request_id=request_id,
            results=results,
            oldest_first=oldest_first,
            page_size=page_size,
        )
        return self._pages(request, pb.ListAuditEventsResponse, lambda page: page.audit_events, timeout_seconds)

    def watch_audit_events(
        self,
        *,
        resume_token: str | None = None,
        from_beginning: bool = False,
        principal: str | None = None,
        method: str | None = None,
        entity: str | None = None,
        entity_id_or_name: str | None = None,
        results: Sequence[enums_pb2.AuditResult.ValueType] = (),
    ) -> Generator[pb.WatchAuditEventsResponse, None, None]:
        """Every event that passes the filters, once, as it is written; the stream does not end.

        It goes on after a loss of the connection or the server like `watch_inventory_lot_records`, and a message
        without an event is a heartbeat. Close the iterator to end it.

        Args:
            resume_token: goes on after the message that had it. Default: begins with what is written from now on.
            from_beginning: without a token: begins with the oldest event.
            principal: only of this principal.
            method: only of this method, without its service's name.
            entity: only about things of this kind.
            entity_id_or_name: only about this thing: its ULID; of a role or a token the name.
            results: only with these results. Default: all.

        Raises:
            LotkeeperError: what the server refuses; Unavailable if it cannot be reached at the beginning. After the
                first message the client tries for ever to reach the server again.
        """
        request = made(
            pb.WatchAuditEventsRequest,
            resume_token=resume_token,
            from_beginning=from_beginning,
            principal=principal,
            method=method,
            entity=entity,
            entity_id_or_name=entity_id_or_name,
            results=results,
        )
        messages = followed(self._transport, request, pb.WatchAuditEventsResponse, self._timeout_seconds)
        with closing(messages):
            for message in messages:
                yield message
