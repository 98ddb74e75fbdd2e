"""ListAuditEvents and WatchAuditEvents."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial
from typing import Final

from lotkeeper.inventory.v1 import audit_service_pb2 as pb

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.dates import rfc3339
from lotkeeper_server.domain.refusals import Refused, ResumeTokenExpired
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.rpc.gate.call import Call, ends_with_the_server
from lotkeeper_server.rpc.gate.places import Places
from lotkeeper_server.rpc.wire.audit_message import event_message, read_audit_filter, read_moments
from lotkeeper_server.rpc.wire.paging import fitting, page_token, read_page_request
from lotkeeper_server.rpc.wire.resume_tokens import WatchPosition, read_resume_token, resume_token
from lotkeeper_server.rpc.wire.shape import Shape
from lotkeeper_server.store.audit.entries import KEY_BYTES
from lotkeeper_server.store.audit.feed import AuditFeed, AuditSteps
from lotkeeper_server.store.audit.rows import AuditFilter
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.feed.entries import FeedPosition
from lotkeeper_server.store.feed.places import read_feed_state
from lotkeeper_server.store.lists.audit_events import key_after, list_events

HEARTBEAT_SECONDS: Final = 9.0
"""The contract promises one every 10 s."""
LOOK_SECONDS: Final = 0.25
"""How often the end of the feed is looked at, for each watcher: these are few."""


class AuditReads:
    """Reads what was done and tried; an event does not say where, so whoever is limited to places sees none."""

    def __init__(self, engine: Engine, heartbeat_seconds: float = HEARTBEAT_SECONDS) -> None:
        self._engine = engine
        self._feed = AuditFeed()
        self._places = Places(limits.AUDIT_WATCHES_MAX, limits.AUDIT_WATCHES_OF_PRINCIPAL_MAX, "watches of events")
        self._heartbeat_seconds = heartbeat_seconds

    async def ListAuditEvents(self, request: pb.ListAuditEventsRequest, call: Call) -> pb.ListAuditEventsResponse:  # noqa: N802
        """Lists events newest first."""
        shape = Shape()
        page = read_page_request(request, shape, KEY_BYTES)
        wanted, moments = read_audit_filter(request, shape), read_moments(request, shape)
        shape.check()

        def work(snapshot: Snapshot) -> pb.ListAuditEventsResponse:
            call.check_everywhere(snapshot)
            events, after = list_events(
                snapshot, wanted, moments, page.after, page.size, oldest_first=request.oldest_first
            )
            shown = fitting([event_message(event) for event in events])
            if len(shown) < len(events):
                after = key_after(events[len(shown) - 1])
            return pb.ListAuditEventsResponse(audit_events=shown, next_page_token=page_token(request, after))

        return await self._engine.read(work)

    @ends_with_the_server
    async def WatchAuditEvents(  # noqa: N802
        self, request: pb.WatchAuditEventsRequest, call: Call
    ) -> AsyncGenerator[pb.WatchAuditEventsResponse, None]:
        """A heartbeat at once, then events as they are written, and heartbeats while nothing matches."""
        shape = Shape()
        given = read_resume_token(request.resume_token, self._feed, shape)
        wanted = read_audit_filter(request, shape)
        shape.check()
        with self._places.one(call.principal):
            await self._engine.read(call.check_everywhere)
            position = await self._begin(given, request.from_beginning)
            async with aclosing(self._watch(position, wanted, call)) as responses:
                async for response in responses:
                    yield response

    async def _begin(self, given: WatchPosition | None, from_beginning: bool) -> WatchPosition:
        if given is None and not from_beginning:
            await self._engine.feed_numbering.catch_up()

        def work(snapshot: Snapshot) -> WatchPosition | None:
            epoch = read_feed_state(snapshot).epoch
            if given is None:
                place = self._feed.beginning if from_beginning else self._feed.latest_position(snapshot)
                return WatchPosition(place, epoch=epoch)
            if given.epoch != epoch:
                raise Refused(ResumeTokenExpired().at("resume_token"))
            return given if self._feed.is_kept_behind(snapshot, given.feed) else None

        begun = await self._engine.read(work)
        if begun is None:
            raise await self._expired()
        return begun

    async def _expired(self) -> Refused:
        oldest_millis = await self._engine.read(self._feed.kept_since)
        return Refused(ResumeTokenExpired(oldest=rfc3339(oldest_millis)).at("resume_token"))

    def _read_after(self, call: Call, after: FeedPosition, snapshot: Snapshot) -> AuditSteps:
        call.check_everywhere(snapshot)  # its role may have been limited meanwhile
        return self._feed.read_after(snapshot, after=after)

    async def _watch(
        self, position: WatchPosition, wanted: AuditFilter, call: Call
    ) -> AsyncGenerator[pb.WatchAuditEventsResponse, None]:
        now_seconds = asyncio.get_running_loop().time
        yield pb.WatchAuditEventsResponse(resume_token=resume_token(position))
        due_seconds = now_seconds() + self._heartbeat_seconds
        while True:
            after = position
            steps = await self._engine.read(partial(self._read_after, call, after.feed))
            if not steps.is_whole:
                raise await self._expired()
            for place, event in steps.events:
                if wanted.matches(event):
                    yield pb.WatchAuditEventsResponse(
                        audit_event=event_message(event), resume_token=resume_token(after._replace(feed=place))
                    )
                    due_seconds = now_seconds() + self._heartbeat_seconds
            position = after._replace(feed=steps.end)
            if now_seconds() >= due_seconds:
                yield pb.WatchAuditEventsResponse(resume_token=resume_token(position))
                due_seconds = now_seconds() + self._heartbeat_seconds
            if position == after:
                await asyncio.sleep(LOOK_SECONDS)  # other processes write, too: there is nothing to wait for
