"""ListInventoryLotRecords and GetInventoryLotRecord: which records, in which order, page by page."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1.inventory_lot_record_pb2 import InventoryLotRecord
from lotkeeper_server.domain.model.enumerations import LotRecordType, LotStatus, Status
from lotkeeper_server.domain.model.identifiers import format_id
from lotkeeper_server.domain.refusals import Refused
from lotkeeper_server.rpc.wire.record_message import record_message
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.statements import execute
from lotkeeper_server.store.lists.records import RecordFilter, list_records
from lotkeeper_server.store.state.records import read_records

from tests import stores
from tests.store_work import MEASURES_PER_ROW, measured
from tests.stored_plant import MADE, Reads, StoredPlant, facts, texts

NO_SUCH = "01JPAND53P-BZ61RZHZ-V7C6EEHG"


async def test_a_record_shows_what_it_refers_to_by_the_names_of_now(
    store: Store, plant: StoredPlant, reads: Reads
) -> None:
    """The same from Get, from a list and from the store."""
    lot, other = plant.lot("MILK-1"), plant.lot("BOX-1")
    first = plant.record(lot, MADE)
    record = plant.record(
        lot,
        MADE + 2_500,
        start_millis=MADE,
        lot_record_type=LotRecordType.SHIP,
        secondary_lot_id=other,
        inventory_operation_id=plant.inventory_operation("Ship milk"),
        operation_record_id="RUN-7",
        production_order_id=plant.production_order("PO-1"),
        material_reason_code_id=plant.reason_code("SPILL"),
        source_location_id=plant.location("Co/Silo"),
        destination_location_id=plant.location("Co/Dock"),
        quantity=1_500_000,
        source_quantity_change=-1_500_000,
        inventory_name="PALLET-1",
        reverses_record_id=first,
        request_id="once-1",
        notes="n",
        spare1="s",
    )
    message = await reads.record(format_id(record))
    assert list((await reads.records(page_size=1)).inventory_lot_records) == [message]
    with store.read() as connection:
        assert record_message(read_records(connection, [record])[record]) == message
    shown = {
        "inventory_lot_name": "MILK-1",
        "secondary_inventory_lot_name": "BOX-1",
        "material_path": "Milk",
        "inventory_operation_name": "Ship milk",
        "operation_record_id": "RUN-7",
        "production_order_name": "PO-1",
        "material_reason_code": "SPILL",
        "source_location_name": "Silo",
        "source_location_path": "Co/Silo",
        "destination_location_name": "Dock",
        "destination_location_path": "Co/Dock",
        "quantity": 1.5,
        "unit_of_measure_name": "kilogram",
        "unit_of_measure_symbol": "kg",
        "source_quantity_change": -1.5,
        "destination_quantity_change": 0,
        "inventory_name": "PALLET-1",
        "duration": 2,
        "reverses_record_id": format_id(first),
        "request_id": "once-1",
        "notes": "n",
        "spare1": "s",
        "enabled": True,
    }
    assert {name: getattr(message, name) for name in shown} == shown


async def test_records_come_newest_first_by_end_or_by_start_while_running_then_by_id(
    plant: StoredPlant, reads: Reads
) -> None:
    """Oldest first is the exact reverse, whatever the size of pages."""
    lot = plant.lot("L")
    late, tie_one, tie_two, early, running, at_epoch = plant.records(
        {"lot_id": lot, "start_millis": start, "end_millis": end}
        for start, end in (
            (MADE, MADE + 9),
            (MADE, MADE + 5),
            (MADE + 5, MADE + 5),
            (MADE, MADE + 1),
            (MADE + 3, None),
            (0, 0),
        )
    )
    newest_first = texts([late, tie_two, tie_one, running, early, at_epoch])
    for size in (1, 2, 5, 6, 0):
        assert await reads.record_ids(page_size=size) == newest_first
        assert await reads.record_ids(page_size=size, oldest_first=True) == newest_first[::-1]


async def test_a_lot_means_the_primary_or_the_secondary_one(plant: StoredPlant, reads: Reads) -> None:
    """In one order; a material beside it only says which lot is meant, since a record's is its primary lot's."""
    cream = plant.material("Cream")
    lot, other, namesake = plant.lot("L"), plant.lot("M", cream), plant.lot("L", cream)
    as_primary = plant.record(lot, MADE + 1)
    as_secondary = plant.record(other, MADE + 2, secondary_lot_id=lot, material_id=cream)
    with_other = plant.record(lot, MADE + 3, secondary_lot_id=other)
    plant.record(namesake, MADE + 4, material_id=cream)
    expected = texts([with_other, as_secondary, as_primary])
    for asked in (
        {"lot_id_or_name": format_id(lot)},
        {"lot_id_or_name": "L", "material_id_or_path": "Milk"},
        {"lot_id_or_name": format_id(lot), "material_id_or_path": format_id(plant.milk)},
    ):
        for size in (1, 2, 0):
            assert await reads.record_ids(page_size=size, **asked) == expected
            assert await reads.record_ids(page_size=size, oldest_first=True, **asked) == expected[::-1]


async def test_a_records_lot_status_stays_as_it_was_written(plant: StoredPlant, reads: Reads) -> None:
    """Also where the lot is past its date by now."""
    past = time.time_ns() // 1_000_000 - 1_000
    record = plant.record(plant.lot("L", expiration_millis=past), MADE, lot_status=LotStatus.AVAILABLE)
    assert (await reads.record(format_id(record))).lot_status == enums_pb2.LOT_STATUS_AVAILABLE


async def test_a_span_of_time_includes_its_start_and_not_its_end(plant: StoredPlant, reads: Reads) -> None:
    """Of the moment that lists sort by; a span without length holds nothing."""
    lot = plant.lot("L")
    before, at_start, within, at_end = plant.records({"lot_id": lot, "end_millis": MADE + n} for n in (9, 10, 19, 20))
    running = plant.record(lot, None, start_millis=MADE + 11)
    span = {"start_date_millis": MADE + 10, "end_date_millis": MADE + 20}
    for size in (1, 0):
        assert await reads.record_ids(page_size=size, **span) == texts([within, running, at_start])
        assert await reads.record_ids(page_size=size, oldest_first=True, **span) == texts([at_start, running, within])
    assert await reads.record_ids(end_date_millis=MADE + 10) == texts([before])
    assert await reads.record_ids(start_date_millis=MADE + 20) == texts([at_end])
    assert await reads.record_ids(start_date_millis=MADE + 10, end_date_millis=MADE + 10) == []


async def test_enums_filter_by_any_of_those_given_and_unspecified_is_none(plant: StoredPlant, reads: Reads) -> None:
    """An empty list is all of them."""
    lot = plant.lot("L")
    consumed, produced = plant.record(lot, MADE), plant.record(lot, MADE + 1, lot_record_type=LotRecordType.PRODUCE)
    running = plant.record(lot, None, start_millis=MADE + 2)
    cancelled = plant.record(lot, MADE + 3, status=Status.CANCELLED)
    consume, produce = enums_pb2.LOT_RECORD_TYPE_CONSUME, enums_pb2.LOT_RECORD_TYPE_PRODUCE
    for asked, expected in (
        ({}, [cancelled, running, produced, consumed]),
        ({"lot_record_types": [0], "statuses": [0]}, [cancelled, running, produced, consumed]),
        ({"lot_record_types": [produce]}, [produced]),
        ({"lot_record_types": [produce, consume, produce, 0]}, [cancelled, running, produced, consumed]),
        ({"statuses": [enums_pb2.STATUS_RUNNING, enums_pb2.STATUS_CANCELLED]}, [cancelled, running]),
        ({"statuses": [enums_pb2.STATUS_COMPLETED], "lot_record_types": [consume]}, [consumed]),
        ({"lot_record_types": [enums_pb2.LOT_RECORD_TYPE_MOVE]}, []),
    ):
        assert await reads.record_ids(**asked) == texts(expected)


async def test_a_location_is_source_or_destination_and_with_children_all_below_it(
    plant: StoredPlant, reads: Reads
) -> None:
    """A record that has it as both comes once."""
    lot = plant.lot("L")
    line, tank, other = (plant.location(path) for path in ("Co/Line", "Co/Line/Tank", "Co/Line2"))
    pairs = ((line, None), (None, line), (line, line), (tank, other), (other, tank), (other, None), (None, None))
    records = texts(
        plant.records(
            {
                "lot_id": lot,
                "end_millis": MADE - n,
                "source_location_id": source,
                "destination_location_id": destination,
            }
            for n, (source, destination) in enumerate(pairs)
        )
    )
    assert await reads.record_ids(location_id_or_path="/Co/Line") == records[:3]
    assert await reads.record_ids(location_id_or_path=format_id(line), include_children=True) == records[:5]
    assert await reads.record_ids(location_id_or_path="Co/Line2", include_children=True) == records[3:6]


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        ({"page_size": -1}, ("INVALID_ARGUMENT", "INVALID_ARGUMENT", {}, ["page_size"])),
        ({"include_children": True}, ("INVALID_ARGUMENT", "INVALID_ARGUMENT", {}, ["include_children"])),
        ({"statuses": [8]}, ("INVALID_ARGUMENT", "INVALID_ARGUMENT", {}, ["statuses"])),
        ({"lot_record_types": [-1]}, ("INVALID_ARGUMENT", "INVALID_ARGUMENT", {}, ["lot_record_types"])),
        (
            {"lot_record_types": range(13, 200_000)},
            ("INVALID_ARGUMENT", "INVALID_ARGUMENT", {}, ["lot_record_types"]),
        ),
        ({"inventory_operation_id": "x"}, ("INVALID_ARGUMENT", "INVALID_ARGUMENT", {}, ["inventory_operation_id"])),
        ({"material_reason_code_id": "x"}, ("INVALID_ARGUMENT", "INVALID_ARGUMENT", {}, ["material_reason_code_id"])),
        ({"start_date_millis": -1}, ("INVALID_ARGUMENT", "INVALID_ARGUMENT", {}, ["start_date_millis"])),
        ({"end_date_millis": 253_402_300_800_000}, ("INVALID_ARGUMENT", "INVALID_ARGUMENT", {}, ["end_date_millis"])),
        (
            {"start_date_millis": 2, "end_date_millis": 1},
            ("INVALID_ARGUMENT", "INVALID_ARGUMENT", {}, ["start_date_millis", "end_date_millis"]),
        ),
        ({"lot_id_or_name": "L"}, ("INVALID_ARGUMENT", "MATERIAL_REQUIRED", {}, ["material_id_or_path"])),
        ({"lot_id_or_name": NO_SUCH}, ("NOT_FOUND", "LOT_NOT_FOUND", {"id": NO_SUCH}, ["lot_id_or_name"])),
        (
            {"lot_id_or_name": "No", "material_id_or_path": "Milk"},
            ("NOT_FOUND", "LOT_NOT_FOUND", {"name": "No"}, ["lot_id_or_name"]),
        ),
        ({"material_id_or_path": "No"}, ("NOT_FOUND", "MATERIAL_NOT_FOUND", {"path": "No"}, ["material_id_or_path"])),
        (
            {"inventory_operation_id": NO_SUCH},
            ("NOT_FOUND", "INVENTORY_OPERATION_NOT_FOUND", {"id": NO_SUCH}, ["inventory_operation_id"]),
        ),
        (
            {"production_order_id_or_name": "No"},
            ("NOT_FOUND", "PRODUCTION_ORDER_NOT_FOUND", {"name": "No"}, ["production_order_id_or_name"]),
        ),
        (
            {"material_reason_code_id": NO_SUCH},
            ("NOT_FOUND", "MATERIAL_REASON_CODE_NOT_FOUND", {"id": NO_SUCH}, ["material_reason_code_id"]),
        ),
        ({"location_id_or_path": "No"}, ("NOT_FOUND", "LOCATION_NOT_FOUND", {"path": "No"}, ["location_id_or_path"])),
    ],
)
async def test_a_filter_that_makes_no_sense_or_names_nothing_is_refused(
    plant: StoredPlant, reads: Reads, asked: dict[str, Any], refusal: tuple[str, str, dict[str, str], list[str]]
) -> None:
    """One violation a field, however much is wrong with it."""
    plant.lot("L")
    with pytest.raises(Refused) as refused:
        await reads.records(**asked)
    assert facts(refused.value) == refusal


async def test_a_record_that_is_not_there_is_not_found(plant: StoredPlant, reads: Reads) -> None:
    """An id of something else neither; what is no id is malformed."""
    for asked, refusal in (
        ("", ("INVALID_ARGUMENT", "INVALID_ARGUMENT", {}, ["inventory_lot_record_id"])),
        ("PALLET-1", ("INVALID_ARGUMENT", "INVALID_ARGUMENT", {}, ["inventory_lot_record_id"])),
        (NO_SUCH, ("NOT_FOUND", "INVENTORY_LOT_RECORD_NOT_FOUND", {"id": NO_SUCH}, ["inventory_lot_record_id"])),
        (
            format_id(plant.milk),
            (
                "NOT_FOUND",
                "INVENTORY_LOT_RECORD_NOT_FOUND",
                {"id": format_id(plant.milk)},
                ["inventory_lot_record_id"],
            ),
        ),
    ):
        with pytest.raises(Refused) as refused:
            await reads.record(asked)
        assert facts(refused.value) == refusal


async def test_a_token_is_good_for_its_request_alone_but_for_the_page_size(plant: StoredPlant, reads: Reads) -> None:
    """Another order is another request."""
    lot = plant.lot("L")
    records = plant.records({"lot_id": lot, "end_millis": MADE - n} for n in range(3))
    token = (await reads.records(page_size=1)).next_page_token
    following = await reads.records(page_size=2, page_token=token)
    assert [one.id for one in following.inventory_lot_records] == texts(records[1:])
    for other in ({"oldest_first": True}, {"statuses": [enums_pb2.STATUS_COMPLETED]}, {"start_date_millis": 0}):
        with pytest.raises(Refused) as refused:
            await reads.records(page_token=token, **other)
        assert facts(refused.value) == ("INVALID_ARGUMENT", "INVALID_ARGUMENT", {}, ["page_token"])


async def test_every_filter_agrees_with_a_plain_search(plant: StoredPlant, reads: Reads) -> None:
    """Two thousand records, random filters, orders and page sizes, beside a loop over a list."""
    seed = 20_251_124
    choose = random.Random(seed)
    materials = [plant.milk, plant.material("Cream")]
    lots = [plant.lot(f"L{n}", materials[n % 2]) for n in range(6)]
    places = [plant.location(path) for path in ("Co", "Co/A", "Co/A/1", "Co/A/2", "Co/B")]
    orders = [plant.production_order(f"PO-{n}") for n in range(3)]
    codes = [plant.reason_code(f"R{n}") for n in range(2)]
    operations = [plant.inventory_operation(f"O{n}") for n in range(2)]

    def made() -> dict[str, Any]:
        n = choose.randrange(6)
        status = choose.choice([Status.COMPLETED, Status.COMPLETED, Status.CANCELLED, Status.RUNNING])
        start = MADE + choose.randrange(500)
        return {
            "id": plant.new_id(),
            "lot_id": lots[n],
            "secondary_lot_id": choose.choice([None, lots[(n + 1 + choose.randrange(5)) % 6]]),
            "material_id": materials[n % 2],
            "lot_record_type": choose.choice(list(LotRecordType)),
            "status": status,
            "start_millis": start,
            "end_millis": None if status is Status.RUNNING else start + choose.randrange(500),
            "source_location_id": choose.choice([None, *places]),
            "destination_location_id": choose.choice([None, *places]),
            "production_order_id": choose.choice([None, *orders]),
            "material_reason_code_id": choose.choice([None, *codes]),
            "inventory_operation_id": choose.choice([None, *operations]),
        }

    rows = [made() for _ in range(2_000)]
    plant.records(choose.sample(rows, len(rows)))

    def moment(row: dict[str, Any]) -> int:
        return int(row["start_millis"] if row["end_millis"] is None else row["end_millis"])

    rows.sort(key=lambda row: (moment(row), row["id"]), reverse=True)
    start, end = MADE + choose.randrange(300), MADE + 300 + choose.randrange(700)
    tests: list[tuple[dict[str, Any], Any]] = [
        ({"lot_id_or_name": format_id(lots[0])}, lambda r: lots[0] in (r["lot_id"], r["secondary_lot_id"])),
        ({"material_id_or_path": "Cream"}, lambda r: r["material_id"] == materials[1]),
        ({"inventory_operation_id": format_id(operations[0])}, lambda r: r["inventory_operation_id"] == operations[0]),
        ({"lot_record_types": [1, 3, 5]}, lambda r: r["lot_record_type"] in {1, 3, 5}),
        ({"statuses": [Status.RUNNING, Status.COMPLETED]}, lambda r: r["status"] is not Status.CANCELLED),
        ({"start_date_millis": start}, lambda r: moment(r) >= start),
        ({"end_date_millis": end}, lambda r: moment(r) < end),
        ({"production_order_id_or_name": "PO-1"}, lambda r: r["production_order_id"] == orders[1]),
        ({"material_reason_code_id": format_id(codes[1])}, lambda r: r["material_reason_code_id"] == codes[1]),
        (
            {"location_id_or_path": "Co/A", "include_children": True},
            lambda r: {r["source_location_id"], r["destination_location_id"]} & set(places[1:4]),
        ),
    ]
    for _ in range(60):
        chosen = choose.sample(tests, choose.choice([0, 1, 1, 2, 2, 3]))
        asked = {name: value for one, _ in chosen for name, value in one.items()}
        if "lot_id_or_name" in asked and "material_id_or_path" in asked:
            continue  # they do not filter apart: another test's matter
        asked |= {"page_size": choose.choice([23, 50, 400]), "oldest_first": choose.random() < 0.5}
        expected = texts(row["id"] for row in rows if all(holds(row) for _, holds in chosen))
        expected = expected[::-1] if asked["oldest_first"] else expected
        assert await reads.record_ids(**asked) == expected, (seed, asked)


@pytest.mark.parametrize("oldest_first", [False, True])
@pytest.mark.parametrize("of_lot", [False, True])
async def test_pages_neither_skip_nor_repeat_while_records_come(
    plant: StoredPlant, reads: Reads, *, oldest_first: bool, of_lot: bool
) -> None:
    """Three thousand records; between any two pages others are written with moments before, behind and among them."""
    lot, other = plant.lot("L"), plant.lot("M")
    choose = random.Random(7)

    def records(count: int) -> list[str]:
        pairs = [choose.choice([(lot, None), (lot, other), (other, lot)]) for _ in range(count)]
        return texts(
            plant.records(
                {"lot_id": one, "secondary_lot_id": two, "end_millis": MADE + choose.randrange(500)}
                for one, two in pairs
            )
        )

    there = records(3_000)
    asked = {"oldest_first": oldest_first, "page_size": 211} | ({"lot_id_or_name": format_id(lot)} if of_lot else {})
    page = await reads.records(**asked)
    came = list(page.inventory_lot_records)
    while page.next_page_token:
        records(40)
        page = await reads.records(**asked, page_token=page.next_page_token)
        came += page.inventory_lot_records
    ids = [one.id for one in came]
    assert len(set(ids)) == len(ids)
    assert set(there) <= set(ids)
    order = [(one.end_date.ToMilliseconds(), one.id) for one in came]
    assert order == sorted(order, reverse=not oldest_first)


async def test_a_running_record_may_come_again_as_completed_and_others_come_once(
    store: Store, plant: StoredPlant, reads: Reads
) -> None:
    """Its moment moves from its start to its end, past the pages that were read."""
    lot = plant.lot("L")
    records = texts(plant.records({"lot_id": lot, "end_millis": MADE + n} for n in range(4)))
    running = plant.record(lot, None, start_millis=MADE)
    page = await reads.records(page_size=3, oldest_first=True)
    assert [one.id for one in page.inventory_lot_records] == [records[0], format_id(running), records[1]]
    with store.write() as connection:
        execute(
            connection,
            "UPDATE inventory_lot_record SET status = 3, end_millis = ?, moment_millis = ? WHERE id = ?",
            (MADE + 9, MADE + 9, running),
        )
    page = await reads.records(page_size=3, oldest_first=True, page_token=page.next_page_token)
    assert [one.id for one in page.inventory_lot_records] == [records[2], records[3], format_id(running)]
    assert not page.next_page_token


async def test_a_page_holds_fewer_records_where_they_would_not_fit_an_answer(plant: StoredPlant, reads: Reads) -> None:
    """The longest notes there are: every answer stays below 4 MB, and nothing is lost."""
    lot = plant.lot("L")
    notes = "\U0001f404" * 4_000
    records = plant.records({"lot_id": lot, "end_millis": MADE - n, "notes": notes} for n in range(600))
    page = await reads.records(page_size=1_000)
    assert page.ByteSize() <= 4 * 1024 * 1024
    assert 200 < len(page.inventory_lot_records) < 600
    assert await reads.record_ids(page_size=1_000) == texts(records)


@pytest.mark.parametrize("oldest_first", [False, True])
@pytest.mark.parametrize("of_lot", [False, True])
@pytest.mark.parametrize("span", [(None, None), (MADE, MADE + 40_000)], ids=["always", "span"])
def test_a_deep_page_costs_what_the_first_one_costs(
    store: Store, plant: StoredPlant, span: tuple[int | None, int | None], *, of_lot: bool, oldest_first: bool
) -> None:
    """By the store's own measure, over twenty thousand records that all pass the filter."""
    lot, other = plant.lot("L"), plant.lot("M")
    plant.records({"lot_id": lot, "secondary_lot_id": other, "end_millis": MADE + n} for n in range(20_000))
    from_millis, before_millis = span
    chosen = RecordFilter(other if of_lot else None, from_millis=from_millis, before_millis=before_millis)

    def work(after: bytes) -> tuple[int, bytes]:
        with store.read() as connection, measured(connection) as done:
            page = list_records(connection, chosen, after, 50, oldest_first=oldest_first)
            return done(), page.next_after

    first, key = work(b"")
    assert 0 < first < 500 * MEASURES_PER_ROW[stores.kind()]
    middle = (MADE + 10_000).to_bytes(8, "big") + key[8:]
    deep, _ = work(middle)
    assert deep <= 2 * first


async def test_a_bare_record_has_what_every_record_has(plant: StoredPlant, reads: Reads) -> None:
    """And nothing else."""
    record = plant.record(plant.lot("L"), MADE)
    message = await reads.record(format_id(record))
    always = {
        "id",
        "lot_record_type",
        "inventory_lot_id",
        "inventory_lot_name",
        "material_id",
        "material_path",
        "lot_status",
        "quantity",
        "exact_quantity",
        "exact_source_quantity_change",
        "exact_destination_quantity_change",
        "unit_of_measure_id",
        "unit_of_measure_name",
        "unit_of_measure_symbol",
        "start_date",
        "end_date",
        "duration",
        "status",
        "enabled",
        "created_date",
        "created_by",
        "version",
    }
    assert {one.name for one, _ in message.ListFields()} == always
    assert isinstance(message, InventoryLotRecord)
