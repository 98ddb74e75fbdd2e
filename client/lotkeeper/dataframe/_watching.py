"""What a watch gives, as record batches."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Generator, Iterable
from time import monotonic
from typing import Final, NamedTuple, overload

import pyarrow as pa

from lotkeeper.dataframe._batches import BATCH_ROWS, batch_of
from lotkeeper.inventory.v1.inventory_lot_record_pb2 import InventoryLotRecord
from lotkeeper.inventory.v1.inventory_service_pb2 import WatchInventoryLotRecordsResponse

WATCH_SECONDS: Final = 1.0
"""How long records are gathered, unless the caller says otherwise."""

_Messages = Iterable[WatchInventoryLotRecordsResponse]
_AsyncMessages = AsyncIterable[WatchInventoryLotRecordsResponse]


class Watched(NamedTuple):
    """Some records of a watch.

    Attributes:
        records: with the columns of a list of records, in the order of the watch.
        resume_token: goes on after them: `watch_inventory_lot_records(resume_token=...)`.
    """

    records: pa.RecordBatch
    resume_token: str


@overload
def watch_batches(
    messages: _Messages, *, batch_rows: int = BATCH_ROWS, seconds: float = WATCH_SECONDS
) -> Generator[Watched, None, None]: ...


@overload
def watch_batches(
    messages: _AsyncMessages, *, batch_rows: int = BATCH_ROWS, seconds: float = WATCH_SECONDS
) -> AsyncGenerator[Watched, None]: ...


def watch_batches(
    messages: _Messages | _AsyncMessages, *, batch_rows: int = BATCH_ROWS, seconds: float = WATCH_SECONDS
) -> Generator[Watched, None, None] | AsyncGenerator[Watched, None]:
    """What a watch gives, in batches, each with the token that goes on after it; it ends no more than the watch does.

    Records wait until there are `batch_rows`, until one comes `seconds` or more after the first of them, or until a
    heartbeat: so none waits much longer than 10 s, and while there are many, as from the beginning, batches are full.
    Closing it ends the watch. Records that no batch was given for come again after a resume.

    Args:
        messages: what `watch_inventory_lot_records` gives, of `Client` or, for an asynchronous generator, of
            `AsyncClient`.
        batch_rows: how many rows a batch has at most, at least 1.
        seconds: how long records are gathered; 0: each comes by itself.

    Raises:
        LotkeeperError: what the watch raises.
        ValueError: for `batch_rows` below 1.
    """
    gathering = _Gathering(batch_rows, seconds)
    if isinstance(messages, AsyncIterable):
        return _gathered_on_asyncio(messages, gathering)
    return _gathered(messages, gathering)


def _gathered(messages: _Messages, gathering: _Gathering) -> Generator[Watched, None, None]:
    try:
        for message in messages:
            if gathering.add(message):
                yield gathering.take()
        if gathering.rows:
            yield gathering.take()
    finally:
        if isinstance(messages, Generator):
            messages.close()


async def _gathered_on_asyncio(messages: _AsyncMessages, gathering: _Gathering) -> AsyncGenerator[Watched, None]:
    try:
        async for message in messages:
            if gathering.add(message):
                yield gathering.take()
        if gathering.rows:
            yield gathering.take()
    finally:
        if isinstance(messages, AsyncGenerator):
            await messages.aclose()


class _Gathering:
    """The records that wait.

    Attributes:
        rows: the records.
    """

    def __init__(self, batch_rows: int, seconds: float) -> None:
        if batch_rows < 1:
            raise ValueError("batch_rows is not 1 or more")
        self.rows: list[InventoryLotRecord] = []
        self._batch_rows, self._seconds = batch_rows, seconds
        self._since, self._resume_token = 0.0, ""

    def add(self, message: WatchInventoryLotRecordsResponse) -> bool:
        """Adds a message; says whether they should wait no longer."""
        self._resume_token = message.resume_token
        if not message.HasField("inventory_lot_record"):
            return bool(self.rows)
        now = monotonic()
        if not self.rows:
            self._since = now
        self.rows.append(message.inventory_lot_record)
        return len(self.rows) >= self._batch_rows or now - self._since >= self._seconds

    def take(self) -> Watched:
        """Those that wait, which then wait no longer."""
        rows, self.rows = self.rows, []
        return Watched(batch_of(InventoryLotRecord, rows), self._resume_token)
