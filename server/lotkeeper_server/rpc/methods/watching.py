"""WatchInventoryLotRecords: every completed record once, in the order in which they took effect."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Final

from lotkeeper.inventory.v1 import inventory_service_pb2 as pb

from lotkeeper_server.domain import limits
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.observability.watch_lags import WatchLag, WatchLags
from lotkeeper_server.rpc.gate.call import Call, ends_with_the_server
from lotkeeper_server.rpc.gate.places import Places
from lotkeeper_server.rpc.methods.record_tail import Message, RecordTail, check_given, latest_place, read_page
from lotkeeper_server.rpc.wire.record_filters import RecordCriteria, read_record_criteria
from lotkeeper_server.rpc.wire.resume_tokens import WatchPosition, read_resume_token, resume_token
from lotkeeper_server.rpc.wire.shape import Shape
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.entities.within import within
from lotkeeper_server.store.feed.entries import FeedFilter
from lotkeeper_server.store.feed.record_feed import RecordFeed

HEARTBEAT_SECONDS: Final = 9.0
"""The contract promises one every 10 s."""


class Watching:
    """Streams of records."""

    def __init__(
        self,
        engine: Engine,
        places: Places,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        lags: WatchLags | None = None,
    ) -> None:
        """Nobody watches yet.

        Args:
            engine: reads.
            places: how many may watch.
            heartbeat_seconds: after so long without a record a watch is told so.
            lags: is told how far each is; None where nobody wants to know.
        """
        self._engine = engine
        self._places = places
        self._reads = asyncio.Semaphore(limits.WATCH_READS_AT_ONCE_MAX)
        self._heartbeat_seconds = heartbeat_seconds
        self._tail = RecordTail(engine)
        self._lags = lags or WatchLags()

    @ends_with_the_server
    async def WatchInventoryLotRecords(  # noqa: N802
        self, request: pb.WatchInventoryLotRecordsRequest, call: Call
    ) -> AsyncGenerator[pb.WatchInventoryLotRecordsResponse, None]:
        """A heartbeat at once, then records as they complete, and heartbeats while nothing matches."""
        query = _read_request(request, self._engine.record_feed)
        with self._places.one(call.principal), self._lags.of(call.principal) as lag:
            async with aclosing(self._watch(query, call, lag)) as responses:
                async for response in responses:
                    yield response

    async def _watch(
        self, query: "_WatchQuery", call: Call, lag: WatchLag
    ) -> AsyncGenerator[pb.WatchInventoryLotRecordsResponse, None]:
        now_seconds = asyncio.get_running_loop().time
        async with self._tail.joined():
            if query.begins_now:
                await self._engine.feed_numbering.catch_up()
            wanted, position = await self._engine.read(query.begin)
            yield _heartbeat(position)
            due_seconds = now_seconds() + self._heartbeat_seconds
            while True:
                messages: Sequence[Message]
                kept = self._tail.after(position)
                if kept is None:  # it begins earlier than the tail, or fell behind it
                    async with self._reads:
                        messages, reached, _ = await read_page(self._engine, position, wanted)
                else:
                    messages, reached = kept
                matching = [message for message in messages if wanted.matches(message.entry)]
                if matching and call.scope is not None:
                    matching = await self._engine.read(partial(_seen, matching))
                if messages or reached.feed != position.feed:
                    lag.is_behind()
                for _, response, _ in matching:
                    yield response
                    lag.note_sent()
                    due_seconds = now_seconds() + self._heartbeat_seconds
                if reached.feed == position.feed:
                    lag.is_at_the_end()
                    try:
                        async with asyncio.timeout_at(due_seconds):
                            await self._tail.beyond(position.feed)
                    except TimeoutError:
                        pass
                position = reached
                if now_seconds() >= due_seconds:
                    yield _heartbeat(position)
                    due_seconds = now_seconds() + self._heartbeat_seconds


@dataclass(frozen=True, slots=True)
class _WatchQuery:
    """What a watch asks for.

    Attributes:
        criteria: which records.
        given: the position of its token; None where absent.
        from_beginning: whether it begins, without a token, before the first record.
        feed: of the store.
    """

    criteria: RecordCriteria
    given: WatchPosition | None
    from_beginning: bool
    feed: RecordFeed

    @property
    def begins_now(self) -> bool:
        """Whether it begins after the present records."""
        return self.given is None and not self.from_beginning

    def begin(self, snapshot: Snapshot) -> tuple[FeedFilter, WatchPosition]:
        """Finds its filter, and where it begins.

        Raises:
            Refused: for what is named but does not exist, and for a token of another store, or of
                before a restore or archived records.
        """
        wanted = self.criteria.feed_filter(snapshot)
        if self.given is not None:
            return wanted, check_given(snapshot, self.feed, self.given)
        latest = latest_place(snapshot, self.feed)
        return wanted, latest._replace(feed=self.feed.beginning) if self.from_beginning else latest


def _read_request(request: pb.WatchInventoryLotRecordsRequest, feed: RecordFeed) -> _WatchQuery:
    """What a watch asks for.

    Raises:
        Refused: for a fault of shape.
    """
    shape = Shape()
    given = read_resume_token(request.resume_token, feed, shape)
    criteria = read_record_criteria(request, shape)
    shape.check()
    return _WatchQuery(criteria, given, request.from_beginning, feed)


def _seen(messages: list[Message], snapshot: Snapshot) -> list[Message]:
    """Those that lie where the caller may look, as the tree of locations is now."""
    seen = within(snapshot)
    if seen is None:
        return messages
    places = {one.entry.id: (one.entry.source_location_id, one.entry.destination_location_id) for one in messages}
    ids = {place for both in places.values() for place in both if place is not None}
    there = {None, *seen.among(snapshot, ids)}
    return [one for one in messages if there.issuperset(places[one.entry.id])]


def _heartbeat(position: WatchPosition) -> pb.WatchInventoryLotRecordsResponse:
    return pb.WatchInventoryLotRecordsResponse(resume_token=resume_token(position))
