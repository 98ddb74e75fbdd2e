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
from lotkeeper_server.store.archived import read_archive_state
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.feed.entries import EVERYTHING, FeedEntry, FeedFilter, FeedPage, FeedPosition
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


def messages_of(page: FeedPage, archive_files: int) -> list[Message]:
    """The records of a page as they are sent, each with its token.

    Args:
        page: of one snapshot.
        archive_files: how many there are in it.
    """
    return [
        Message(
            entry,
            pb.WatchInventoryLotRecordsResponse(
                inventory_lot_record=record_message(record), resume_token=resume_token(entry.position, archive_files)
            ),
            archive_files,
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

    def after(self, position: FeedPosition) -> tuple[Sequence[Message], WatchPosition] | None:
        """The next few messages after a position, none if there are no more, and the position where they end.

        None if the position is not in the tail.
        """
        if self._begin is None or position < self._begin:
            return None
        first = bisect_right(self._positions, position)
        messages = self._messages[first : first + limits.WATCH_RECORDS_PER_READ_MAX]
        if not messages:
            return messages, WatchPosition(position, self._archive_files)
        # What comes after it may have left the tail, and the store, before it is asked for.
        return messages, WatchPosition(messages[-1].entry.position, messages[-1].archive_files)

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
            self._archive_files = latest.archive_files
            return
        more = True
        while more:
            try:
                read = await read_page(self._engine, WatchPosition(self._end, self._archive_files), EVERYTHING)
            except Refused as refused:
                if isinstance(refused.refusal, ResumeTokenExpired):
                    self._forget()  # what came after it is archived already: it begins again at the end
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
    return WatchPosition(feed.latest_position(snapshot), read_archive_state(snapshot).files)


def check_kept(snapshot: Snapshot, feed: RecordFeed, position: WatchPosition) -> WatchPosition:
    """The position together with the present archive, after a check that all records after it are kept.

    Raises:
        Refused: RESUME_TOKEN_EXPIRED where records after the position have been archived.
    """
    files, until_millis = read_archive_state(snapshot)
    if files == position.archive_files:
        return position
    kept = feed.kept_behind(snapshot, position.feed, position.archive_files)
    if kept is Kept.NOT_ALL:
        assert until_millis is not None
        raise Refused(ResumeTokenExpired(oldest=rfc3339(until_millis)).at("resume_token"))
    return position._replace(archive_files=files) if kept is Kept.ALL else position


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
        Refused: where the store cannot be read; RESUME_TOKEN_EXPIRED where some of them were archived.
    """
    feed = engine.record_feed

    def work(snapshot: Snapshot) -> ReadPage:
        begin = check_kept(snapshot, feed, after)
        records_max, walk_max = limits.WATCH_RECORDS_PER_READ_MAX, limits.WATCH_WALK_PER_READ_MAX
        page = feed.read_after(snapshot, begin.feed, wanted, records_max, walk_max)
        end = WatchPosition(page.end, begin.archive_files)
        return ReadPage(messages_of(page, end.archive_files), end, page.more)

    return await engine.read(work)
