"""The latest records, read once for all who watch, and the news that there are more.

Runs only while somebody watches. What was committed here is read at once; what other processes commit is found by a
look at the end of the feed a few times a second, one index probe for all watchers.
"""

import asyncio
from bisect import bisect_right
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final, NamedTuple

from lotkeeper.inventory.v1 import inventory_service_pb2 as pb
from sqlalchemy import Connection

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.refusals import Refusal, Refused
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.rpc.calls import fault
from lotkeeper_server.rpc.record_message import record_message
from lotkeeper_server.rpc.resume_tokens import resume_token
from lotkeeper_server.store.feed_entries import EVERYTHING, FeedEntry, FeedFilter, FeedPage, FeedPosition

LOOK_SECONDS: Final = 0.2
"""How often the store is looked at for what other processes have committed."""
GATHER_SECONDS: Final = 0.02
"""From one reading to the next: watchers are woken some fifty times a second at most."""
FAILED_SECONDS: Final = 1.0
"""From a reading that failed to the next."""


class Message(NamedTuple):
    """A record as it is sent, with what it is filtered by."""

    entry: FeedEntry
    response: pb.WatchInventoryLotRecordsResponse


def messages_of(page: FeedPage) -> list[Message]:
    """The records of a page as they are sent, each with its token."""
    return [
        Message(
            entry,
            pb.WatchInventoryLotRecordsResponse(
                inventory_lot_record=record_message(record), resume_token=resume_token(entry.position)
            ),
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
        self._positions: list[FeedPosition] = []
        self._messages: list[Message] = []
        self._weights: list[int] = []
        self._weight_bytes = 0

    @asynccontextmanager
    async def joined(self) -> AsyncIterator[None]:
        """While in this block, the tail is read on.

        Raises:
            Refused: where the store cannot be read.
        """
        self._watchers += 1
        self._engine.feed_numbering.follow(True)
        if self._reading is None:
            self._failure = None
            self._reading = asyncio.create_task(self._read_on(), name="lotkeeper-record-tail")
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

    def after(self, position: FeedPosition) -> Sequence[Message] | None:
        """The next few messages behind a position, none where it has everything; None where it is not the tail's."""
        if self._begin is None or position < self._begin:
            return None
        first = bisect_right(self._positions, position)
        return self._messages[first : first + limits.WATCH_RECORDS_PER_READ_MAX]

    async def beyond(self, position: FeedPosition) -> None:
        """Returns once the tail ends behind a position.

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
            except Exception:  # the border of the task: watchers would wait for ever
                self._failure = fault("RecordTail")
            self._tell()
            await asyncio.sleep(GATHER_SECONDS if self._failure is None else FAILED_SECONDS)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await grown.wait()

    async def _read(self) -> None:
        """Everything up to the end of the feed; the first time only where that is."""
        if self._end is None:
            self._begin = self._end = await self._engine.read(self._engine.record_feed.latest_position)
            return
        more = True
        while more:
            page, messages = await read_page(self._engine, self._end, EVERYTHING)
            self._end, more = page.end, page.more
            self._add(messages)
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
        """Wakes all who wait now; those who wait from here on wait for the next news."""
        self._news.set()
        self._news = asyncio.Event()


async def read_page(engine: Engine, after: FeedPosition, wanted: FeedFilter) -> tuple[FeedPage, list[Message]]:
    """The next wanted records from the store, made ready to be sent.

    Raises:
        Refused: where the store cannot be read.
    """

    def work(connection: Connection) -> tuple[FeedPage, list[Message]]:
        records_max, walk_max = limits.WATCH_RECORDS_PER_READ_MAX, limits.WATCH_WALK_PER_READ_MAX
        page = engine.record_feed.read_after(connection, after, wanted, records_max, walk_max)
        return page, messages_of(page)

    return await engine.read(work)
