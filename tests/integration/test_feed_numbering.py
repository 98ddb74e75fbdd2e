"""Records are numbered after their commit: whoever reads along the numbers misses none, whichever commits first."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, contextmanager, suppress
from pathlib import Path

import pytest
from lotkeeper.inventory.v1 import inventory_service_pb2 as pb
from lotkeeper_server.domain.model.identifiers import format_id
from lotkeeper_server.rpc.gate.places import Places
from lotkeeper_server.rpc.methods.watching import Watching
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.dialects import Locking
from lotkeeper_server.store.db.errors import StoreContention
from lotkeeper_server.store.db.statements import fetch
from lotkeeper_server.store.db.write_transaction import WriteTransaction
from lotkeeper_server.store.feed.entries import EVERYTHING, FeedPosition
from lotkeeper_server.store.feed.numbering import leave_pending, number_pending
from lotkeeper_server.store.feed.record_feed import record_feed_of
from lotkeeper_server.store.schema import tables
from sqlalchemy import delete, insert

from tests import stores
from tests.archives import archive
from tests.stored_plant import CALL, MADE, Reads, StoredPlant

pytestmark = pytest.mark.skipif(stores.kind() == "sqlite", reason="one transaction writes at a time: none overlap")
Stream = AsyncIterator[pb.WatchInventoryLotRecordsResponse]


def number_all(store: Store) -> None:
    """What is pending, also after another one was at it."""
    numbered: int | None = 1
    while numbered:
        with suppress(StoreContention):
            numbered = number_pending(store, MADE)


def read_all(store: Store) -> list[bytes]:
    """The records of the feed, read in small steps."""
    feed = record_feed_of(store)
    found, position, more = [], feed.beginning, True
    while more:
        with store.read() as connection:
            page = feed.read_after(connection, position, EVERYTHING, 7, 10)
        found += [record.id for record in page.records]
        position, more = page.end, page.more
    return found


@contextmanager
def held_open(store: Store, plant: StoredPlant, lot: bytes, effect_order: int) -> Iterator[bytes]:
    """A transaction that has written a record and commits when the block ends."""
    row = plant.record_row({"lot_id": lot, "end_millis": MADE, "effect_order": effect_order})
    with store.write() as connection:
        connection.execute(insert(tables.inventory_lot_record), [row])
        leave_pending(connection, [(effect_order, row["id"])])
        yield row["id"]


@contextmanager
def leased(store: Store) -> Iterator[None]:
    """Another process that is numbering, and takes its time."""
    with store.write(Locking.SKIP) as connection:
        assert list(WriteTransaction(connection).lock_to_change("SELECT id FROM feed_lease", "id", [1]))
        yield


async def next_record(stream: Stream) -> pb.WatchInventoryLotRecordsResponse:
    """The next message with a record."""
    async for message in stream:
        if message.HasField("inventory_lot_record"):
            return message
    raise AssertionError("the stream has ended")


async def test_a_record_that_commits_late_is_not_skipped(plant: StoredPlant, store: Store, reads: Reads) -> None:
    """Its number of effects is lower than what watchers have seen; they see it next, also from a token before it."""
    lot, other = plant.lot("L"), plant.lot("M")
    watching = Watching(reads.engine, Places(99, 99, "watches"), heartbeat_seconds=60)
    async with aclosing(watching.WatchInventoryLotRecords(pb.WatchInventoryLotRecordsRequest(), CALL)) as stream:
        await anext(stream)
        with held_open(store, plant, lot, effect_order=10) as late:
            early = plant.record(other, MADE, effect_order=20)
            seen = await next_record(stream)
            assert seen.inventory_lot_record.id == format_id(early)
        assert (await next_record(stream)).inventory_lot_record.id == format_id(late)
    again = pb.WatchInventoryLotRecordsRequest(resume_token=seen.resume_token)
    async with aclosing(watching.WatchInventoryLotRecords(again, CALL)) as stream:
        assert (await next_record(stream)).inventory_lot_record.id == format_id(late)
    assert read_all(store) == [early, late]


async def test_a_watch_begins_behind_what_was_committed_before_it(
    plant: StoredPlant, store: Store, reads: Reads
) -> None:
    """Also where another process is numbering that just now."""
    lot = plant.lot("L")
    with leased(store):
        before = plant.record(lot, MADE, effect_order=1)
        watching = Watching(reads.engine, Places(99, 99, "watches"), heartbeat_seconds=60)
        stream = watching.WatchInventoryLotRecords(pb.WatchInventoryLotRecordsRequest(), CALL)
        first = asyncio.ensure_future(anext(stream))
        done, _ = await asyncio.wait([first], timeout=0.3)
        assert not done
    async with aclosing(stream):
        assert not (await first).HasField("inventory_lot_record")
        after = plant.record(lot, MADE, effect_order=2)
        assert (await next_record(stream)).inventory_lot_record.id == format_id(after)
    assert read_all(store) == [before, after]


def test_what_is_pending_together_is_ordered_by_effects(plant: StoredPlant, store: Store) -> None:
    """Over all that is pending, however many rows of the feed it takes; what was numbered before stays before."""
    lot = plant.lot("L")
    first = plant.record(lot, MADE, effect_order=9_999)
    number_all(store)
    upper = plant.records({"lot_id": lot, "end_millis": MADE, "effect_order": order} for order in range(1_500, 3_000))
    lower = plant.records({"lot_id": lot, "end_millis": MADE, "effect_order": order} for order in range(1_500))
    number_all(store)
    assert read_all(store) == [first, *lower, *upper]
    with store.read() as connection:
        assert not fetch(connection, "SELECT id FROM feed_pending")
        numbers = [row[0] for row in fetch(connection, "SELECT number FROM feed ORDER BY number")]
    assert numbers == list(range(1, 8))


def test_one_process_numbers_and_the_others_do_not_wait(plant: StoredPlant, store: Store) -> None:
    """They leave it to that one, and do it themselves where that one did not."""
    record = plant.record(plant.lot("L"), MADE)
    with leased(store):
        assert number_pending(store, MADE) is None
    assert number_pending(store, MADE) == 1
    assert number_pending(store, MADE) == 0
    assert read_all(store) == [record]


def test_what_has_no_number_yet_is_not_archived(plant: StoredPlant, store: Store, tmp_path: Path) -> None:
    """A watch could not tell that it had missed it; it goes once it is numbered."""
    record = plant.record(plant.lot("L"), MADE)
    with leased(store):
        done = archive(store, tmp_path)
        assert (done.records, done.left) == (0, 1)
    assert archive(store, tmp_path).records == 1
    with store.read() as connection:
        assert record in b"".join(row[0] for row in fetch(connection, "SELECT entries FROM feed"))


def test_many_number_at_once_and_each_record_gets_one_place(plant: StoredPlant, store: Store) -> None:
    """While others write, and somebody follows along the numbers."""
    lot = plant.lot("L")
    written = threading.Event()
    followed: list[bytes] = []

    def write(number: int) -> list[bytes]:
        orders = range(number, 400, 4)
        return [plant.record(lot, MADE, effect_order=order) for order in orders]

    def number() -> None:
        while not written.is_set():
            with suppress(StoreContention):
                number_pending(store, MADE)

    def follow() -> None:
        feed = record_feed_of(store)
        position: FeedPosition = feed.beginning
        while len(followed) < 400:
            with store.read() as connection:
                page = feed.read_after(connection, position, EVERYTHING, 64, 2_000)
            followed.extend(record.id for record in page.records)
            position = page.end

    with ThreadPoolExecutor(9) as pool:
        numberers = [pool.submit(number) for _ in range(3)]
        follower = pool.submit(follow)
        ids = [record for records in pool.map(write, range(4)) for record in records]
        follower.result(60)
        written.set()
        for one in numberers:
            one.result(60)
    assert sorted(followed) == sorted(ids)
    assert read_all(store) == followed


def test_what_is_kept_no_more_is_passed_over(plant: StoredPlant, store: Store) -> None:
    """Its place is left; who reads on goes past it."""
    lot = plant.lot("L")
    ids = plant.records({"lot_id": lot, "end_millis": MADE, "effect_order": order} for order in range(40))
    number_all(store)
    with store.write() as connection:
        connection.execute(delete(tables.inventory_lot_record).where(tables.inventory_lot_record.c.id.in_(ids[:30])))
    assert read_all(store) == ids[30:]
