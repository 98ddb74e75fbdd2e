"""ListInventory as of a moment: the rows and quantities that the records until then say."""

from __future__ import annotations

import random
from collections import defaultdict
from typing import Any

import pytest
from lotkeeper_server.domain.model.enumerations import LotRecordType, Status
from lotkeeper_server.domain.model.identifiers import format_id
from lotkeeper_server.domain.refusals import Refused
from lotkeeper_server.store.lists import stock_history

from tests.stored_plant import MADE, Reads, StoredPlant, facts, texts

UNIT = 1_000_000
_MOVES = (LotRecordType.PRODUCE, LotRecordType.CONSUME, LotRecordType.MOVE, LotRecordType.SPLIT, LotRecordType.MERGE)

Row = dict[str, Any]
Book = dict[tuple[bytes, bytes], int]


def book(rows: list[Row], at_millis: int | None) -> Book:
    """The second book: every row that completed records until a moment touched, and what they left there."""
    stock: Book = defaultdict(int)
    for row in rows:
        if row.get("status") is Status.CANCELLED or row["end_millis"] is None:
            continue
        if at_millis is not None and row["end_millis"] > at_millis:
            continue
        source, destination = row.get("source_location_id"), row.get("destination_location_id")
        if source and (row["source_quantity_change"] or row["lot_record_type"] is LotRecordType.EDIT):
            stock[source, row["lot_id"]] += row["source_quantity_change"]
        if destination and row["destination_quantity_change"]:
            stock[destination, row["lot_id"]] += row["destination_quantity_change"]
        if row["lot_record_type"] in {LotRecordType.SPLIT, LotRecordType.MERGE}:
            stock[source, row["secondary_lot_id"]] -= row["source_quantity_change"]
    return dict(stock)


def put(plant: StoredPlant, rows: list[Row]) -> None:
    """Writes the records, and the stock that they left."""
    plant.records(rows)
    latest = max(row["end_millis"] or 0 for row in rows)
    plant.stocks(
        {"location_id": location, "lot_id": lot, "quantity": millionths // UNIT, "latest_end_millis": latest}
        for (location, lot), millionths in book(rows, None).items()
    )


def record(lot: bytes, end: int | None, kind: LotRecordType, **more: Any) -> Row:
    """A record that changes nothing but for what is given, in units."""
    row = {"source_quantity_change": 0, "destination_quantity_change": 0} | more
    for column in ("source_quantity_change", "destination_quantity_change"):
        row[column] *= UNIT
    moved = ("source_quantity_change", "destination_quantity_change", "lot_total_change")
    row.setdefault("lot_quantity", -max(abs(row.get(name, 0)) for name in moved))  # below zero: it adds to no edge
    return {"lot_id": lot, "end_millis": end, "lot_record_type": kind} | row


async def as_of(reads: Reads, at_millis: int, **asked: Any) -> list[tuple[str, str, float]]:
    """Rows by their ids, through all pages."""
    rows = await reads.inventory_rows(as_of_millis=at_millis, **asked)
    assert not any(row.HasField("arrived_date") or row.arrived_record_id for row in rows)
    return [(row.location_id, row.inventory_lot_id, row.quantity) for row in rows]


def shown(stock: Book, *, include_empty: bool) -> list[tuple[str, str, float]]:
    """A book as the list shows it."""
    return [
        (format_id(location), format_id(lot), millionths / UNIT)
        for (location, lot), millionths in sorted(stock.items())
        if include_empty or millionths
    ]


async def test_stock_as_of_is_the_sum_of_the_records_whose_end_is_at_or_before_it(
    plant: StoredPlant, reads: Reads
) -> None:
    """Random records of every kind that moves stock, cancelled and running ones among them, at random moments."""
    seed = 20_251_125
    choose = random.Random(seed)
    places = [plant.location(path) for path in ("Co", "Co/A", "Co/A/1", "Co/B")]
    lots = [plant.lot(f"L{number}") for number in range(8)]
    rows = []
    for _ in range(600):
        kind = choose.choice(_MOVES)
        lot, other = choose.sample(lots, 2)
        source, destination = choose.sample(places, 2)
        quantity = choose.randrange(1, 50)
        end = MADE + choose.randrange(1_000)
        match kind:
            case LotRecordType.PRODUCE:
                more: Row = {"destination_location_id": destination, "destination_quantity_change": quantity}
            case LotRecordType.CONSUME:
                more = {"source_location_id": source, "source_quantity_change": -quantity}
            case LotRecordType.MOVE:
                more = {
                    "source_location_id": source,
                    "source_quantity_change": -quantity,
                    "destination_location_id": destination,
                    "destination_quantity_change": quantity,
                }
            case LotRecordType.SPLIT:
                more = {"source_location_id": source, "source_quantity_change": -quantity, "secondary_lot_id": other}
            case _:
                more = {"source_location_id": source, "source_quantity_change": quantity, "secondary_lot_id": other}
        rows.append(record(lot, end, kind, **more))
    rows.append(record(lots[0], MADE, LotRecordType.CONSUME, status=Status.CANCELLED, source_location_id=places[0]))
    rows.append(record(lots[0], None, LotRecordType.CONSUME, start_millis=MADE, source_location_id=places[0]))
    put(plant, rows)
    for at_millis in (MADE - 1, MADE, MADE + 3, MADE + 250, MADE + 999, MADE + 5_000):
        expected = book(rows, at_millis)
        for size in (1, 7, 0):
            for include_empty in (False, True):
                found = await as_of(reads, at_millis, page_size=size, include_empty=include_empty)
                assert found == shown(expected, include_empty=include_empty), (seed, at_millis)
        inside = {key: value for key, value in expected.items() if key[0] in places[1:3]}
        found = await as_of(reads, at_millis, location_id_or_path="Co/A", include_children=True)
        assert found == shown(inside, include_empty=False)
        of_lot = {key: value for key, value in expected.items() if key[1] == lots[2]}
        found = await as_of(reads, at_millis, lot_id_or_name=format_id(lots[2]), include_empty=True)
        assert found == shown(of_lot, include_empty=True)


async def test_a_row_that_no_record_had_touched_by_then_is_not_there(plant: StoredPlant, reads: Reads) -> None:
    """One that is at zero again is, where empty rows are asked for; an edit touches its row even without a change."""
    silo, lot, edited = plant.location("Silo"), plant.lot("L"), plant.lot("M")
    put(
        plant,
        [
            record(lot, MADE, LotRecordType.PRODUCE, destination_location_id=silo, destination_quantity_change=5),
            record(lot, MADE + 1, LotRecordType.CONSUME, source_location_id=silo, source_quantity_change=-5),
            record(edited, MADE + 2, LotRecordType.EDIT, source_location_id=silo),
        ],
    )
    place, one, other = texts([silo, lot, edited])
    assert await as_of(reads, MADE - 1, include_empty=True) == []
    assert await as_of(reads, MADE) == [(place, one, 5)]
    assert await as_of(reads, MADE + 1) == []
    assert await as_of(reads, MADE + 1, include_empty=True) == [(place, one, 0)]
    assert await as_of(reads, MADE + 2, include_empty=True) == [(place, one, 0), (place, other, 0)]


async def test_a_lot_with_many_records_is_summed_from_the_nearer_end(plant: StoredPlant, reads: Reads) -> None:
    """To the same result; and a page ends early where its lots have more records than a page may sum."""
    silo, dock = plant.location("Silo"), plant.location("Dock")
    lots = [plant.lot(f"L{number}") for number in range(4)]
    count = stock_history.RECORDS_SUMMED_MAX // 3
    kinds: Row = {"destination_location_id": silo, "destination_quantity_change": 1}
    rows = [record(lot, MADE + n, LotRecordType.PRODUCE, **kinds) for lot in lots for n in range(count)]
    moved: Row = {"source_location_id": silo, "source_quantity_change": -3, "destination_location_id": dock}
    rows.append(record(lots[0], MADE + count, LotRecordType.MOVE, destination_quantity_change=3, **moved))
    put(plant, rows)
    for at_millis in (MADE + 10, MADE + count // 2 + 10, MADE + count - 2, MADE + count):
        expected = shown(book(rows, at_millis), include_empty=False)
        assert await as_of(reads, at_millis) == expected
        assert await as_of(reads, at_millis, include_empty=True) == expected
    page = await reads.inventory(as_of_millis=MADE + count, include_empty=True)
    assert len(page.inventory) < 5
    assert page.next_page_token


async def test_an_inventory_name_cannot_be_asked_for_as_of_a_moment(plant: StoredPlant, reads: Reads) -> None:
    """What rows were called then is not kept."""
    plant.location("Silo")
    for asked in ({"inventory_name": "PALLET"}, {"inventory_name": "PALLET", "include_empty": True}):
        with pytest.raises(Refused) as refused:
            await reads.inventory(as_of_millis=0, **asked)
        assert facts(refused.value) == ("INVALID_ARGUMENT", "INVALID_ARGUMENT", {}, ["inventory_name"])
    with pytest.raises(Refused) as refused:
        await reads.inventory(as_of_millis=-1)
    assert facts(refused.value) == ("INVALID_ARGUMENT", "INVALID_ARGUMENT", {}, ["as_of_millis"])
