"""The latest records, read once for all watchers, and the news that there are more.

Runs only while somebody watches. What this process commits is read at once. What other processes commit is found by a
look at the end of the feed a few times a second: one index probe for all watchers.
"""

import asyncio
from bisect import bisect_right
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from contextvars import Context
from typing import Final, NamedTuple

from lotkeeper.inventory.v1 import inventory_service_pb2 as pb

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.dates import rfc3339
from lotkeeper_server.domain.refusals import Refusal, Refused, ResumeTokenExpired
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.rpc.gate.doorway import fault
from lotkeeper_server.rpc.wire.record_message import record_message
from lotkeeper_server.rpc.wire.resume_tokens import WatchPosition, resume_token
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.feed.entries import EVERYTHING, FeedEntry, FeedFilter, FeedPage, FeedPosition
from lotkeeper_server.store.feed.places import read_feed_state
from lotkeeper_server.store.feed.record_feed import Kept, RecordFeed

LOOK_SECONDS: Final = 0.2
"""The pause between two looks for what other processes have committed."""
GATHER_SECONDS: Final = 0.02
"""The pause between two reads: watchers are woken some fifty times a second at most."""
FAILED_SECONDS: Final = 1.0
"""The pause after a failed read."""


class Message(NamedTuple):
    """A record as it is sent, with what filters need, and how many archive files there were when it was read."""

    entry: FeedEntry
    response: pb.WatchInventoryLotRecordsResponse
    archive_files: int


def messages_of(page: FeedPage, begin: WatchPosition) -> list[Message]:
    """The records of a page as they are sent, each with its token.

    Args:
        page: of one snapshot.
        begin: where it begins, as of that snapshot.
    """
    return [
        Message(
            entry,
            pb.WatchInventoryLotRecordsResponse(
                inventory_lot_record=record_message(record),
                resume_token=resume_token(begin._replace(feed=entry.position)),
            ),
            begin.archive_files,
        )
        for entry, record in zip(page.entries, page.records, strict=True)
    ]


class RecordTail:
    """The end of the feed. Made and used on one event loop."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._watchers = 0
        self._reading: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._failure: Refusal | None = None
        self._forget()

    def _forget(self) -> None:
        self._begin: FeedPosition | None = None
        self._end: FeedPosition | None = None
        self._archive_files = 0
        self._epoch = b""
        self._positions: list[FeedPosition] = []
        self._messages: list[Message] = []
        self._weights: list[int] = []
        self._weight_bytes = 0

    @asynccontextmanager
    async def joined(self) -> AsyncIterator[None]:
        """Keeps reading the tail while the block runs.

        Raises:
            Refused: where the store cannot be read.
        """
        self._watchers += 1
        self._engine.feed_numbering.follow(True)
        if self._reading is None:
            self._failure = None
            reading = self._read_on()  # for all who watch, in the turn of none of them
            self._reading = asyncio.create_task(reading, name="lotkeeper-record-tail", context=Context())
        try:
            while self._end is None:
                await self._news.wait()
                self._check()
            yield
        finally:
            self._watchers -= 1
            if not self._watchers:
                self._engine.feed_numbering.follow(False)
                self._reading.cancel()
                self._reading = None
                self._forget()

    def after(self, place: WatchPosition) -> tuple[Sequence[Message], WatchPosition] | None:
        """The next few messages after a position, none if there are no more, and the position where they end.

        None if the position is not in the tail.
        """
        position = place.feed
        if self._begin is None or position < self._begin or place.epoch != self._epoch:
            return None
        first = bisect_right(self._positions, position)
        messages = self._messages[first : first + limits.WATCH_RECORDS_PER_READ_MAX]
        if not messages:
            return messages, WatchPosition(position, self._archive_files, self._epoch)
        # What comes after it may have left the tail, and the store, before it is asked for.
        return messages, WatchPosition(messages[-1].entry.position, messages[-1].archive_files, self._epoch)

    async def beyond(self, position: FeedPosition) -> None:
        """Returns once the tail goes beyond a position.

        Raises:
            Refused: where the store cannot be read.
        """
        while self._end is None or self._end <= position:
            await self._news.wait()
            self._check()

    def _check(self) -> None:
        if self._failure is not None:
            raise Refused(self._failure)

    async def _read_on(self) -> None:
        grown = self._engine.feed_grown
        while True:
            grown.clear()
            try:
                await self._read()
                self._failure = None
            except Refused as refused:
                self._failure = refused.refusal
            except Exception:  # the border of the task: without it watchers would wait for ever
                self._failure = fault("RecordTail")
            self._tell()
            await asyncio.sleep(GATHER_SECONDS if self._failure is None else FAILED_SECONDS)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await grown.wait()

    async def _read(self) -> None:
        """Reads everything up to the end of the feed; the first time only finds the end."""
        if self._end is None:
            feed = self._engine.record_feed
            latest = await self._engine.read(lambda snapshot: latest_place(snapshot, feed))
            self._begin = self._end = latest.feed
            self._archive_files, self._epoch = latest.archive_files, latest.epoch
            return
        more = True
        while more:
            try:
                end = WatchPosition(self._end, self._archive_files, self._epoch)
                read = await read_page(self._engine, end, EVERYTHING)
            except Refused as refused:
                if isinstance(refused.refusal, ResumeTokenExpired):
                    self._forget()  # what came after it is archived already, or another store: again from the end
                raise
            self._end, self._archive_files, more = read.end.feed, read.end.archive_files, read.more
            self._add(read.messages)
            if more:
                self._tell()

    def _add(self, messages: Sequence[Message]) -> None:
        for message in messages:
            weight = message.response.ByteSize()
            self._messages.append(message)
            self._positions.append(message.entry.position)
            self._weights.append(weight)
            self._weight_bytes += weight
        dropped = 0
        while (
            len(self._messages) - dropped > limits.WATCH_TAIL_RECORDS_MAX
            or self._weight_bytes > limits.WATCH_TAIL_BYTES_MAX
        ):
            self._weight_bytes -= self._weights[dropped]
            self._begin = self._positions[dropped]
            dropped += 1
        del self._messages[:dropped], self._positions[:dropped], self._weights[:dropped]

    def _tell(self) -> None:
        """Wakes all that wait now; later ones wait for the next news."""
        self._news.set()
        self._news = asyncio.Event()


def latest_place(snapshot: Snapshot, feed: RecordFeed) -> WatchPosition:
    """The position after the latest record of a snapshot."""
    state = read_feed_state(snapshot)
    return WatchPosition(feed.latest_position(snapshot), state.archive_files, state.epoch)


def check_given(snapshot: Snapshot, feed: RecordFeed, position: WatchPosition) -> WatchPosition:
    """As `check_kept`, for a position that a caller gives; it may also be ahead of a store that was put back by hand.

    Raises:
        Refused: RESUME_TOKEN_EXPIRED.
    """
    if feed.is_ahead(snapshot, position.feed):
        raise Refused(ResumeTokenExpired().at("resume_token"))
    return check_kept(snapshot, feed, position)


def check_kept(snapshot: Snapshot, feed: RecordFeed, position: WatchPosition) -> WatchPosition:
    """The position together with the present epoch and archive, after a check that all records after it are kept.

    Raises:
        Refused: RESUME_TOKEN_EXPIRED where the position is of another store or of before a restore, or where records
            after it have been archived.
    """
    state = read_feed_state(snapshot)
    if not state.is_own(position.epoch):
        raise Refused(ResumeTokenExpired().at("resume_token"))
    position = position._replace(epoch=state.epoch)
    if state.archive_files == position.archive_files:
        return position
    kept = feed.kept_behind(snapshot, position.feed, position.archive_files)
    if kept is Kept.NOT_ALL:
        assert state.archived_until_millis is not None
        raise Refused(ResumeTokenExpired(oldest=rfc3339(state.archived_until_millis)).at("resume_token"))
    return position._replace(archive_files=state.archive_files) if kept is Kept.ALL else position


class ReadPage(NamedTuple):
    """The result of a read of the store.

    Attributes:
        messages: the wanted records, ready to be sent.
        end: how far it walked, matching or not.
        more: whether the walk ended before the feed did.
    """

    messages: list[Message]
    end: WatchPosition
    more: bool


async def read_page(engine: Engine, after: WatchPosition, wanted: FeedFilter) -> ReadPage:
    """Reads the next wanted records from the store, ready to be sent.

    Raises:
        Refused: where the store cannot be read; RESUME_TOKEN_EXPIRED as `check_kept`.
    """
    feed = engine.record_feed

    def work(snapshot: Snapshot) -> ReadPage:
        begin = check_kept(snapshot, feed, after)
        records_max, walk_max = limits.WATCH_RECORDS_PER_READ_MAX, limits.WATCH_WALK_PER_READ_MAX
        page = feed.read_after(snapshot, begin.feed, wanted, records_max, walk_max)
        return ReadPage(messages_of(page, begin), begin._replace(feed=page.end), page.more)

    return await engine.read(work)
