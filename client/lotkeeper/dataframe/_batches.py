"""Messages as record batches, some thousand at a time."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Final, overload

import pyarrow as pa
from google.protobuf.message import Message

from lotkeeper._async_pages import AsyncPages
from lotkeeper._pages import Pages
from lotkeeper.dataframe._columns import columns_of

BATCH_ROWS: Final = 10_000
"""How many rows a batch has, unless the caller says otherwise: some 10 MB of records while it is made."""


def schema(message_class: type[Message]) -> pa.Schema:
    """The columns of a class of messages, as `record_batches` makes them.

    Raises:
        TypeError: for a class that has no columns, as it holds another message.
    """
    return pa.schema([(column.name, column.type) for column in columns_of(message_class.DESCRIPTOR)])


@overload
def record_batches(
    messages: Iterable[Message], message_class: type[Message] | None = None, *, batch_rows: int = BATCH_ROWS
) -> pa.RecordBatchReader: ...


@overload
def record_batches(
    messages: AsyncIterable[Message], message_class: type[Message] | None = None, *, batch_rows: int = BATCH_ROWS
) -> AsyncIterator[pa.RecordBatch]: ...


def record_batches(
    messages: Iterable[Message] | AsyncIterable[Message],
    message_class: type[Message] | None = None,
    *,
    batch_rows: int = BATCH_ROWS,
) -> pa.RecordBatchReader | AsyncIterator[pa.RecordBatch]:
    """Messages as record batches: of a list of the client, or any others of one class.

    A list is read while the batches are, in pages of 1,000 unless it was asked for in pages of another size. No more of
    it is in memory than a batch, so a reader can be written to a file however long the list is. An empty list has no
    batches, but its reader has the schema.

    Args:
        messages: a list of `Client`, or any iterable, as of the records that a call wrote: gives a RecordBatchReader. A
            list of `AsyncClient`, or any asynchronous iterable: gives an asynchronous iterator of RecordBatch.
        message_class: the class of the messages. Default: that of the list; for other iterables that of the first one.
        batch_rows: how many rows a batch has, at least 1; the last one may have fewer.

    Raises:
        LotkeeperError: while batches are read: what a call of the list raises. Where other programs read the reader
            through Arrow's C stream it is an error of theirs that has its text.
        TypeError: for messages of other classes than the first, or of one that has no columns.
        ValueError: where there is no message, and the class is not given; and for `batch_rows` below 1.
    """
    if batch_rows < 1:
        raise ValueError("batch_rows is not 1 or more")
    if isinstance(messages, Pages | AsyncPages):
        messages.in_large_pages()
        message_class = message_class or messages.message_class
    if isinstance(messages, AsyncIterable):
        return _batches_on_asyncio(messages, message_class, batch_rows)
    rows = iter(messages)
    if message_class is None:
        first = next(rows, None)
        if first is None:
            raise ValueError("there is no message to tell the columns by; give the message_class")
        message_class, rows = type(first), chain([first], rows)
    return pa.RecordBatchReader.from_batches(schema(message_class), _batches(rows, message_class, batch_rows))


def _batches(rows: Iterator[Message], message_class: type[Message], batch_rows: int) -> Iterator[pa.RecordBatch]:
    while chunk := list(islice(rows, batch_rows)):
        yield batch_of(message_class, chunk)


async def _batches_on_asyncio(
    messages: AsyncIterable[Message], message_class: type[Message] | None, batch_rows: int
) -> AsyncGenerator[pa.RecordBatch, None]:
    chunk: list[Message] = []
    async for message in messages:
        message_class = message_class or type(message)
        chunk.append(message)
        if len(chunk) == batch_rows:
            yield batch_of(message_class, chunk)
            chunk = []
    if chunk:
        yield batch_of(message_class or type(chunk[0]), chunk)


def batch_of(message_class: type[Message], messages: Sequence[Message]) -> pa.RecordBatch:
    """A record batch of messages, if all are of that class."""
    for message in messages:
        if type(message) is not message_class:
            raise TypeError(f"{type(message).__name__} is not a row of {message_class.__name__}")
    arrays = [column.filled(messages) for column in columns_of(message_class.DESCRIPTOR)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema(message_class))
