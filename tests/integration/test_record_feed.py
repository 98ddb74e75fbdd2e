"""WatchInventoryLotRecords on a store: which records, in which order, from where, and what it costs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import pytest
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1 import inventory_service_pb2 as pb
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.enumerations import LotRecordType, Status
from lotkeeper_server.domain.model.identifiers import format_id
from lotkeeper_server.domain.refusals import Refused
from lotkeeper_server.rpc.gate.places import Places
from lotkeeper_server.rpc.methods.watching import Watching
from lotkeeper_server.rpc.wire.resume_tokens import WatchPosition, resume_token
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.statements import execute, fetch
from lotkeeper_server.store.feed import by_effect as feed_by_effect
from lotkeeper_server.store.feed import by_number as feed_by_number
from lotkeeper_server.store.feed.by_effect import FeedByEffect
from lotkeeper_server.store.feed.by_number import FeedByNumber
from lotkeeper_server.store.feed.entries import FeedFilter
from lotkeeper_server.store.feed.numbering import number_pending
from lotkeeper_server.store.feed.places import read_feed_state
from lotkeeper_server.store.feed.record_feed import record_feed_of
from lotkeeper_server.store.schema import tables
from sqlalchemy import update

from tests import stores
from tests.stored_plant import CALL, MADE, Reads, StoredPlant, facts, texts

SHORT_SECONDS = 0.05
Stream = AsyncGenerator[pb.WatchInventoryLotRecordsResponse, None]


class Watcher:
    """Watches on a real engine, without the wire."""

    def __init__(self, reads: Reads, heartbeat_seconds: float = 60) -> None:
        self.servicer = Watching(reads.engine, Places(99, 99, "watches"), heartbeat_seconds)

    def stream(self, **asked: Any) -> Stream:
        """A watch."""
        return self.servicer.WatchInventoryLotRecords(pb.WatchInventoryLotRecordsRequest(**asked), CALL)

    async def records(self, count: int, **asked: Any) -> list[pb.WatchInventoryLotRecordsResponse]:
        """The first so many messages with a record."""
        found: list[pb.WatchInventoryLotRecordsResponse] = []
        async with aclosing(self.stream(**asked)) as stream:
            while len(found) < count:
                message = await anext(stream)
                if message.HasField("inventory_lot_record"):
                    found.append(message)
        return found

    async def ids(self, count: int, **asked: Any) -> list[str]:
        """Their records' ids."""
        return [one.inventory_lot_record.id for one in await self.records(count, **asked)]


@pytest.fixture
def watcher(reads: Reads) -> Watcher:
    """A watcher whose heartbeats do not come by themselves."""
    return Watcher(reads)


async def test_the_first_message_is_a_heartbeat_and_then_come_the_records_that_complete(
    plant: StoredPlant, watcher: Watcher
) -> None:
    """Without a token: what commits after the watch was accepted, not what was there."""
    lot = plant.lot("L")
    plant.record(lot, MADE, effect_order=1)
    async with aclosing(watcher.stream()) as stream:
        first = await anext(stream)
        assert not first.HasField("inventory_lot_record")
        assert first.resume_token
        new = plant.record(lot, MADE, effect_order=2)
        message = await anext(stream)
        assert message.inventory_lot_record.id == format_id(new)
        assert message.resume_token != first.resume_token


async def test_from_the_beginning_come_all_completed_records_in_the_order_of_effects(
    plant: StoredPlant, watcher: Watcher
) -> None:
    """Neither in that of ids nor of times; running and cancelled ones never; one number twice goes by id."""
    lot = plant.lot("L")
    ends = [(MADE, 30), (None, 0), (MADE + 5, 10), (MADE, 15), (MADE, 20), (MADE, 20), (MADE, 20)]
    rows = [{"lot_id": lot, "start_millis": MADE, "end_millis": end, "effect_order": order} for end, order in ends]
    rows[3]["status"] = Status.CANCELLED
    late, _, early, _, *same = plant.records(rows)
    assert await watcher.ids(5, from_beginning=True) == texts([early, *same, late])


async def test_a_token_stands_for_all_that_came_before_it(plant: StoredPlant, watcher: Watcher) -> None:
    """From any of them the rest comes, once; also with another filter; beside `from_beginning` the token wins."""
    lot, other = plant.lot("L"), plant.lot("M")
    ids = texts(plant.record(lot if number % 2 else other, MADE, effect_order=number // 3) for number in range(30))
    messages = await watcher.records(30, from_beginning=True)
    assert [one.inventory_lot_record.id for one in messages] == ids
    for number, message in enumerate(messages[:-2]):
        token = message.resume_token
        assert await watcher.ids(2, resume_token=token) == ids[number + 1 : number + 3]
        (odd,) = await watcher.ids(1, resume_token=token, from_beginning=True, lot_id_or_name=format_id(lot))
        assert odd == next(one for one in ids[number + 1 :] if ids.index(one) % 2)


async def test_tokens_go_on_across_reads_and_the_tail(plant: StoredPlant, watcher: Watcher) -> None:
    """More records than a read brings and than the tail keeps, while more are written."""
    lot = plant.lot("L")
    count = limits.WATCH_TAIL_RECORDS_MAX + 500
    ids = plant.records({"lot_id": lot, "end_millis": MADE, "effect_order": number} for number in range(1, count))
    async with aclosing(watcher.stream(from_beginning=True)) as slow, aclosing(watcher.stream()) as other:
        await anext(slow)
        await anext(other)
        seen = [(await anext(slow)).inventory_lot_record.id for _ in range(100)]
        more = plant.records(
            {"lot_id": lot, "end_millis": MADE, "effect_order": number} for number in range(count, 2 * count)
        )
        told = [(await anext(other)).inventory_lot_record.id for _ in range(len(more))]
        seen += [(await anext(slow)).inventory_lot_record.id for _ in range(len(ids) + len(more) - 100)]
    assert told == texts(more)
    assert seen == texts([*ids, *more])
    tail = watcher.servicer._tail
    assert tail._messages == []


@pytest.mark.parametrize("text", ["x", "é", "AAAA", "A" * 39, "=" * 4, " ", "\x00"])
async def test_what_is_no_token_is_refused(plant: StoredPlant, watcher: Watcher, text: str) -> None:
    """INVALID_ARGUMENT on `resume_token`; so are a token cut, extended, or with a letter changed."""
    plant.record(plant.lot("L"), MADE)
    (message,) = await watcher.records(1, from_beginning=True)
    real = message.resume_token
    changed = [real[:at] + ("A" if real[at] != "A" else "B") + real[at + 1 :] for at in (0, 9)]
    for wrong in (text, real[:-1], real + "A", *changed):
        with pytest.raises(Refused) as refused:
            await anext(watcher.stream(resume_token=wrong))
        assert facts(refused.value) == ("INVALID_ARGUMENT", "INVALID_ARGUMENT", {}, ["resume_token"])


async def test_a_token_of_another_kind_of_store_is_refused(store: Store, watcher: Watcher) -> None:
    """As what is no token at all: its place means nothing here."""
    other = FeedByEffect().beginning if store.capabilities.numbers_after_commit else FeedByNumber().beginning
    with pytest.raises(Refused) as refused:
        await anext(watcher.stream(resume_token=resume_token(WatchPosition(other))))
    assert facts(refused.value) == ("INVALID_ARGUMENT", "INVALID_ARGUMENT", {}, ["resume_token"])
    with store.read() as connection:
        own = WatchPosition(record_feed_of(store).beginning, epoch=read_feed_state(connection).epoch)
    async with aclosing(watcher.stream(resume_token=resume_token(own))) as stream:
        assert not (await anext(stream)).HasField("inventory_lot_record")


async def test_faults_of_shape_are_reported_together(watcher: Watcher) -> None:
    """Of the token and of the filters."""
    with pytest.raises(Refused) as refused:
        await anext(
            watcher.stream(
                resume_token="x", include_children=True, lot_record_types=[99], inventory_operation_id="no id"
            )
        )
    assert sorted(facts(refused.value)[3]) == [
        "include_children",
        "inventory_operation_id",
        "lot_record_types",
        "resume_token",
    ]


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ("lot_id_or_name", "LOT_NOT_FOUND"),
        ("material_id_or_path", "MATERIAL_NOT_FOUND"),
        ("inventory_operation_id", "INVENTORY_OPERATION_NOT_FOUND"),
        ("production_order_id_or_name", "PRODUCTION_ORDER_NOT_FOUND"),
        ("material_reason_code_id", "MATERIAL_REASON_CODE_NOT_FOUND"),
        ("location_id_or_path", "LOCATION_NOT_FOUND"),
    ],
)
async def test_a_filter_that_names_what_is_not_there_is_refused(watcher: Watcher, field: str, reason: str) -> None:
    """Before any message."""
    with pytest.raises(Refused) as refused:
        await anext(watcher.stream(**{field: "01JPAND53P-BZ61RZHZ-V7C6EEHG"}))
    assert facts(refused.value)[1] == reason
    assert facts(refused.value)[3] == [field]


async def test_each_filter_lets_through_what_the_list_shows(plant: StoredPlant, watcher: Watcher, reads: Reads) -> None:
    """One by one and two together; each against the list with the same filter, both read and shared by the tail."""
    cheese = plant.material("Cheese")
    lots = [plant.lot("A"), plant.lot("B"), plant.lot("C", cheese)]
    site, silo, dock = plant.location("Co"), plant.location("Co/Silo"), plant.location("Dock")
    operation, order, reason = (
        plant.inventory_operation("Op"),
        plant.production_order("PO"),
        plant.reason_code("SPILL"),
    )

    def rows(first: int) -> list[dict[str, Any]]:
        return [
            {
                "lot_id": lots[number % 3],
                "end_millis": MADE + number,
                "effect_order": first + number,
                "material_id": cheese if number % 3 == 2 else plant.milk,
                "secondary_lot_id": lots[1] if number % 4 == 0 and number % 3 != 1 else None,
                "lot_record_type": LotRecordType.SHIP if number % 2 else LotRecordType.MOVE,
                "inventory_operation_id": operation if number % 5 == 0 else None,
                "production_order_id": order if number % 7 == 0 else None,
                "material_reason_code_id": reason if number % 11 == 0 else None,
                "source_location_id": (site, silo, None)[number % 3],
                "destination_location_id": dock if number % 13 == 0 else None,
            }
            for number in range(200)
        ]

    asked: list[dict[str, Any]] = [
        {},
        {"lot_id_or_name": format_id(lots[1])},
        {"lot_id_or_name": "A", "material_id_or_path": "Milk"},
        {"material_id_or_path": "Cheese"},
        {"inventory_operation_id": format_id(operation)},
        {"lot_record_types": [enums_pb2.LOT_RECORD_TYPE_SHIP]},
        {"lot_record_types": [enums_pb2.LOT_RECORD_TYPE_SHIP, enums_pb2.LOT_RECORD_TYPE_MOVE, 0]},
        {"production_order_id_or_name": "PO"},
        {"material_reason_code_id": format_id(reason)},
        {"location_id_or_path": "Co"},
        {"location_id_or_path": "Co", "include_children": True},
        {"location_id_or_path": "Dock"},
        {"location_id_or_path": "Co/Silo", "lot_record_types": [enums_pb2.LOT_RECORD_TYPE_MOVE]},
    ]
    plant.records(rows(1))
    streams = [watcher.stream(**one) for one in asked]
    for stream in streams:
        await anext(stream)
    plant.records(rows(1_000))
    for one, stream in zip(asked, streams, strict=True):
        ids = await reads.record_ids(**one, oldest_first=True, page_size=1_000)
        assert len(ids) > 5
        assert set(await watcher.ids(len(ids), from_beginning=True, **one)) == set(ids)
        shared = [(await anext(stream)).inventory_lot_record.id for _ in range(len(ids) // 2)]
        assert set(shared) < set(ids)
        await stream.aclose()


async def test_children_are_those_of_when_the_watch_began(plant: StoredPlant, watcher: Watcher) -> None:
    """A location made later is not among them."""
    lot, site = plant.lot("L"), plant.location("Co")
    async with aclosing(watcher.stream(location_id_or_path="Co", include_children=True)) as stream:
        await anext(stream)
        later = plant.location("Co/New")
        plant.record(lot, MADE, effect_order=1, source_location_id=later)
        seen = plant.record(lot, MADE, effect_order=2, source_location_id=site)
        assert (await anext(stream)).inventory_lot_record.id == format_id(seen)


async def test_what_changes_on_a_record_later_does_not_send_it_again(
    plant: StoredPlant, store: Store, watcher: Watcher
) -> None:
    """Neither an annotation nor the mark that it was reversed; whoever reads it later sees them."""
    lot = plant.lot("L")
    first = plant.record(lot, MADE, effect_order=1)
    async with aclosing(watcher.stream(from_beginning=True)) as stream:
        await anext(stream)
        assert (await anext(stream)).inventory_lot_record.id == format_id(first)
        reversal = plant.record(lot, MADE, effect_order=2, reverses_record_id=first)
        table = tables.inventory_lot_record
        with store.write() as connection:
            connection.execute(
                update(table).where(table.c.id == first).values(notes="n", version=2, reversed_by_record_id=reversal)
            )
        assert (await anext(stream)).inventory_lot_record.id == format_id(reversal)
        last = plant.record(lot, MADE, effect_order=3)
        assert (await anext(stream)).inventory_lot_record.id == format_id(last)
    (again,) = await watcher.records(1, from_beginning=True)
    assert again.inventory_lot_record.notes == "n"
    assert again.inventory_lot_record.reversed_by_record_id == format_id(reversal)


async def test_a_running_record_comes_when_it_completes(plant: StoredPlant, watcher: Watcher) -> None:
    """Where it stands then, not where it was begun; one that is cancelled never comes."""
    lot = plant.lot("L")
    running, cancelled = (plant.record(lot, None, start_millis=MADE, effect_order=0) for _ in range(2))
    async with aclosing(watcher.stream(from_beginning=True)) as stream:
        await anext(stream)
        between = plant.record(lot, MADE, effect_order=1)
        assert (await anext(stream)).inventory_lot_record.id == format_id(between)
        plant.end(cancelled, Status.CANCELLED, effect_order=2)
        plant.end(running, Status.COMPLETED, effect_order=2)
        assert (await anext(stream)).inventory_lot_record.id == format_id(running)


async def test_heartbeats_move_their_token_on_while_nothing_matches(plant: StoredPlant, reads: Reads) -> None:
    """The token of a heartbeat after records that did not match stands behind them."""
    watcher = Watcher(reads, heartbeat_seconds=SHORT_SECONDS)
    lot, other = plant.lot("L"), plant.lot("M")
    async with aclosing(watcher.stream(lot_id_or_name=format_id(lot))) as stream:
        first = (await anext(stream)).resume_token
        plant.record(other, MADE, effect_order=5)
        while (moved := await anext(stream)).resume_token == first:
            assert not moved.HasField("inventory_lot_record")
    after = plant.record(other, MADE, effect_order=6)
    assert await watcher.ids(1, resume_token=moved.resume_token) == texts([after])


async def test_a_rare_filter_over_many_records_reads_in_bounded_steps(plant: StoredPlant, store: Store) -> None:
    """A read walks no further than it was told, and goes on from there."""
    lot, rare = plant.lot("L"), plant.lot("R")
    plant.records({"lot_id": lot, "end_millis": MADE, "effect_order": number} for number in range(1, 501))
    found = plant.record(rare, MADE, effect_order=501)
    wanted = FeedFilter(rare, {}, frozenset(), None)
    feed = record_feed_of(store)
    while store.capabilities.numbers_after_commit and number_pending(store, MADE):
        pass
    position, steps = feed.beginning, 0
    with store.read() as connection:
        while True:
            page = feed.read_after(connection, position, wanted, 64, 100)
            steps += 1
            if page.records:
                break
            assert page.more
            position = page.end
    assert [record.id for record in page.records] == [found]
    assert not page.more
    assert steps == 6


def test_the_feed_is_a_walk_along_its_index(store: Store) -> None:
    """Neither sorted nor searched for among all records."""
    feed = feed_by_number if store.capabilities.numbers_after_commit else feed_by_effect
    with store.read() as connection:
        for statement, parameters in (
            (feed.AFTER, (1, 1, 16, 5) if store.capabilities.numbers_after_commit else (1, bytes(16), 5)),
            (feed.LATEST, ()),
        ):
            match stores.kind():
                case "postgresql":  # which would not look at an index of an empty table
                    execute(connection, "SET LOCAL enable_seqscan = off")
                    plan = "".join(row[0] for row in fetch(connection, f"EXPLAIN {statement}", parameters))
                    assert "pk_feed" in plan
                    assert "Sort" not in plan
                case "mariadb" | "galera":
                    (row,) = fetch(connection, f"EXPLAIN {statement}", parameters)
                    assert "filesort" not in str(row)
                case _:
                    row, *_ = fetch(connection, f"EXPLAIN QUERY PLAN {statement}", parameters)
                    assert "ix_inventory_lot_record_effect_order" in row[3]


async def test_the_tail_is_read_only_while_somebody_watches(watcher: Watcher) -> None:
    """Whoever ends its watch leaves nothing behind."""
    tail = watcher.servicer._tail
    streams = [watcher.stream() for _ in range(3)]
    for stream in streams:
        await anext(stream)
    reading = tail._reading
    assert reading is not None
    for stream in streams[1:]:
        await stream.aclose()
    assert not reading.done()
    waiting = asyncio.ensure_future(anext(streams[0]))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.wait([reading])
    assert tail._reading is None


async def test_a_store_that_cannot_be_read_ends_the_watches(watcher: Watcher, store: Store) -> None:
    """With STORE_UNAVAILABLE; a client comes back with its token."""
    stream = watcher.stream()
    await anext(stream)
    table = "feed" if store.capabilities.numbers_after_commit else "inventory_lot_record"
    with store.write() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {table} RENAME TO gone")
    with pytest.raises(Refused) as refused:
        await anext(stream)
    assert facts(refused.value)[1] in {"STORE_UNAVAILABLE", "INTERNAL"}
    with store.write() as connection:
        connection.exec_driver_sql(f"ALTER TABLE gone RENAME TO {table}")
    async with aclosing(watcher.stream()) as again:
        await anext(again)
