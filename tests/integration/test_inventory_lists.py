"""ListInventory: which rows, in which order, page by page."""

from __future__ import annotations

import time
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.decimal_pb2 import Decimal
from lotkeeper.inventory.v1 import enums_pb2, inventory_pb2
from lotkeeper_server.domain.model.enumerations import LotStatus
from lotkeeper_server.domain.model.identifiers import format_id
from lotkeeper_server.domain.refusals import Refused

from tests.stored_plant import Reads, StoredPlant, facts

NO_SUCH = "01JPAND53P-BZ61RZHZ-V7C6EEHG"
HOUR = 3_600_000


def keys(rows: list[inventory_pb2.Inventory]) -> list[tuple[str, str]]:
    return [(row.location_id, row.inventory_lot_id) for row in rows]


def stock(rows: list[inventory_pb2.Inventory]) -> dict[tuple[str, str], float]:
    return {(row.location_path, row.inventory_lot_name): row.quantity for row in rows}


async def test_a_row_shows_what_it_refers_to_by_the_names_of_now(plant: StoredPlant, reads: Reads) -> None:
    """Every field of a row that has all, and of one that has none."""
    silo, order = plant.location("DairyCo/Silo1"), plant.production_order("PO-1")
    full, bare = plant.lot("MILK-1"), plant.lot("MILK-2", unit_of_measure_id=None)
    record = plant.record(full, 1_750_000_000_123)
    arrival = {"arrived_millis": 1_750_000_000_123, "arrived_record_id": record}
    plant.stock(silo, full, 12, name="PALLET-1", production_order_id=order, **arrival)
    plant.stock(silo, bare, -3)
    assert await reads.inventory_rows() == [
        inventory_pb2.Inventory(
            location_id=format_id(silo),
            location_path="DairyCo/Silo1",
            inventory_lot_id=format_id(full),
            inventory_lot_name="MILK-1",
            lot_status=enums_pb2.LOT_STATUS_OPEN,
            material_id=format_id(plant.milk),
            material_path="Milk",
            quantity=12,
            exact_quantity=Decimal(value="12"),
            unit_of_measure_id=format_id(plant.kg),
            unit_of_measure_name="kilogram",
            unit_of_measure_symbol="kg",
            name="PALLET-1",
            production_order_id=format_id(order),
            production_order_name="PO-1",
            arrived_date=Timestamp(seconds=1_750_000_000, nanos=123_000_000),
            arrived_record_id=format_id(record),
        ),
        inventory_pb2.Inventory(
            location_id=format_id(silo),
            location_path="DairyCo/Silo1",
            inventory_lot_id=format_id(bare),
            inventory_lot_name="MILK-2",
            lot_status=enums_pb2.LOT_STATUS_OPEN,
            material_id=format_id(plant.milk),
            material_path="Milk",
            quantity=-3,
            exact_quantity=Decimal(value="-3"),
        ),
    ]


async def test_rows_come_by_location_id_then_lot_id(plant: StoredPlant, reads: Reads) -> None:
    """Whatever the order in which they were written, and whatever things are called."""
    places = [plant.location(path) for path in ("C", "A", "B")]
    lots = [plant.lot(name) for name in ("Z", "X", "Y")]
    for place in reversed(places):
        for lot in (lots[1], lots[2], lots[0]):
            plant.stock(place, lot, 1)
    expected = [(format_id(place), format_id(lot)) for place in places for lot in lots]
    assert keys(await reads.inventory_rows()) == expected
    assert keys(await reads.inventory_rows(page_size=2)) == expected


async def test_rows_of_zero_come_only_when_asked_for_and_those_below_zero_always(
    plant: StoredPlant, reads: Reads
) -> None:
    """Exactly zero is empty."""
    silo = plant.location("Silo")
    for name, quantity in (("full", 2), ("empty", 0), ("short", -2)):
        plant.stock(silo, plant.lot(name), quantity)
    assert stock(await reads.inventory_rows()) == {("Silo", "full"): 2, ("Silo", "short"): -2}
    everything = {("Silo", "full"): 2, ("Silo", "empty"): 0, ("Silo", "short"): -2}
    assert stock(await reads.inventory_rows(include_empty=True)) == everything


async def test_a_location_is_itself_and_with_children_all_below_it(plant: StoredPlant, reads: Reads) -> None:
    """Paths that only begin alike, and signs that sort beside the slash, are other locations."""
    inside = ["Co/Silo1", "Co/Silo1/A", "Co/Silo1/A/B", "Co/Silo1/\U0010ffff", "Co/Silo1/ü"]
    outside = ["Co", "Co/Silo10", "Co/Silo1-2", "Co/Silo1 x", "Co/Silo1.", "Co/Silo1:", "co/silo1/A", "Silo1/A"]
    lot = plant.lot("L")
    ids = {path: plant.location(path) for path in inside + outside}
    for location in ids.values():
        plant.stock(location, lot, 1)
    assert stock(await reads.inventory_rows(location_id_or_path="Co/Silo1")) == {("Co/Silo1", "L"): 1}
    below = {(path, "L"): 1.0 for path in inside}
    for name in ("Co/Silo1", "/Co/Silo1", format_id(ids["Co/Silo1"])):
        rows = await reads.inventory_rows(location_id_or_path=name, include_children=True, page_size=2)
        assert stock(rows) == below
        assert keys(rows) == sorted(keys(rows))


async def test_filters_hold_together(plant: StoredPlant, reads: Reads) -> None:
    """Lot, material and inventory name, each alone and with the location."""
    cream = plant.material("Dairy/Cream")
    silo, tank = plant.location("Silo"), plant.location("Tank")
    milk_lot, cream_lot = plant.lot("L"), plant.lot("L", cream)
    plant.stock(silo, milk_lot, 1, name="P1")
    plant.stock(tank, milk_lot, 2, name="P2")
    plant.stock(silo, cream_lot, 3, name="P1", material_id=cream)

    async def quantities(**asked: Any) -> list[float]:
        return sorted(row.quantity for row in await reads.inventory_rows(**asked))

    assert await quantities(lot_id_or_name=format_id(milk_lot)) == [1, 2]
    assert await quantities(lot_id_or_name="L", material_id_or_path="/Dairy/Cream") == [3]
    assert await quantities(lot_id_or_name=format_id(cream_lot), material_id_or_path=format_id(cream)) == [3]
    assert await quantities(material_id_or_path="Milk") == [1, 2]
    assert await quantities(inventory_name="P1") == [1, 3]
    assert await quantities(inventory_name="p1") == []
    assert await quantities(inventory_name="P1", material_id_or_path="Milk", location_id_or_path="Silo") == [1]
    assert await quantities(lot_id_or_name=format_id(milk_lot), location_id_or_path="Tank") == [2]


async def test_a_lot_past_its_date_shows_expired(plant: StoredPlant, reads: Reads) -> None:
    """OPEN and AVAILABLE ones; other statuses show as they are, and so does a lot still in date."""
    silo, now = plant.location("Silo"), time.time_ns() // 1_000_000
    lots = {
        "open": (LotStatus.OPEN, now - HOUR, LotStatus.EXPIRED),
        "available": (LotStatus.AVAILABLE, now - HOUR, LotStatus.EXPIRED),
        "held": (LotStatus.QA_HOLD, now - HOUR, LotStatus.QA_HOLD),
        "fresh": (LotStatus.AVAILABLE, now + HOUR, LotStatus.AVAILABLE),
        "undated": (LotStatus.OPEN, None, LotStatus.OPEN),
    }
    for name, (status, expires, _) in lots.items():
        plant.stock(silo, plant.lot(name, status=status, expiration_millis=expires), 1)
    shown = {row.inventory_lot_name: row.lot_status for row in await reads.inventory_rows()}
    assert shown == {name: int(status) for name, (_, _, status) in lots.items()}


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        ({"include_children": True}, ("INVALID_ARGUMENT", "INVALID_ARGUMENT", {}, ["include_children"])),
        ({"page_size": -1}, ("INVALID_ARGUMENT", "INVALID_ARGUMENT", {}, ["page_size"])),
        ({"page_token": "x"}, ("INVALID_ARGUMENT", "INVALID_ARGUMENT", {}, ["page_token"])),
        ({"inventory_name": " x"}, ("INVALID_ARGUMENT", "INVALID_ARGUMENT", {}, ["inventory_name"])),
        (
            {"page_size": -1, "location_id_or_path": "a" * 751, "lot_id_or_name": "a\n"},
            ("INVALID_ARGUMENT", "INVALID_ARGUMENT", {}, ["page_size", "location_id_or_path", "lot_id_or_name"]),
        ),
        (
            {"lot_id_or_name": "L"},
            ("INVALID_ARGUMENT", "MATERIAL_REQUIRED", {}, ["material_id_or_path"]),
        ),
        (
            {"location_id_or_path": "No/Such"},
            ("NOT_FOUND", "LOCATION_NOT_FOUND", {"path": "No/Such"}, ["location_id_or_path"]),
        ),
        (
            {"location_id_or_path": NO_SUCH.lower().replace("-", "")},
            ("NOT_FOUND", "LOCATION_NOT_FOUND", {"id": NO_SUCH}, ["location_id_or_path"]),
        ),
        (
            {"material_id_or_path": "No"},
            ("NOT_FOUND", "MATERIAL_NOT_FOUND", {"path": "No"}, ["material_id_or_path"]),
        ),
        (
            {"lot_id_or_name": "L", "material_id_or_path": "No"},
            ("NOT_FOUND", "MATERIAL_NOT_FOUND", {"path": "No"}, ["material_id_or_path"]),
        ),
        (
            {"lot_id_or_name": "No", "material_id_or_path": "Milk"},
            ("NOT_FOUND", "LOT_NOT_FOUND", {"name": "No"}, ["lot_id_or_name"]),
        ),
        (
            {"lot_id_or_name": NO_SUCH},
            ("NOT_FOUND", "LOT_NOT_FOUND", {"id": NO_SUCH}, ["lot_id_or_name"]),
        ),
    ],
)
async def test_a_filter_that_makes_no_sense_or_names_nothing_is_refused(
    plant: StoredPlant, reads: Reads, asked: dict[str, Any], refusal: tuple[str, str, dict[str, str], list[str]]
) -> None:
    """All faults of shape at once, before anything is looked up."""
    plant.lot("L")
    with pytest.raises(Refused) as refused:
        await reads.inventory(**asked)
    assert facts(refused.value) == refusal


async def test_a_lot_of_another_material_is_refused(plant: StoredPlant, reads: Reads) -> None:
    """A material beside a lot's id has to be the lot's."""
    lot = plant.lot("L")
    plant.material("Cream")
    with pytest.raises(Refused) as refused:
        await reads.inventory(lot_id_or_name=format_id(lot), material_id_or_path="Cream")
    metadata = {"lot": "L", "material": "Cream"}
    assert facts(refused.value) == ("INVALID_ARGUMENT", "LOT_MATERIAL_MISMATCH", metadata, ["lot_id_or_name"])


async def test_a_page_holds_50_rows_unless_asked_and_1000_at_most(plant: StoredPlant, reads: Reads) -> None:
    """And says where the next one begins, but for the last."""
    silo = plant.location("Silo")
    plant.stocks({"location_id": silo, "lot_id": plant.lot(f"L{n}"), "quantity": 1} for n in range(1_001))
    for asked, rows in ((0, 50), (7, 7), (1_000, 1_000), (1_001, 1_000), (2_147_483_647, 1_000)):
        page = await reads.inventory(page_size=asked)
        assert (len(page.inventory), bool(page.next_page_token)) == (rows, True)
    last = await reads.inventory(page_size=1_000, page_token=page.next_page_token)
    assert (len(last.inventory), last.next_page_token) == (1, "")


async def test_a_token_is_good_for_its_request_alone_but_for_the_page_size(plant: StoredPlant, reads: Reads) -> None:
    """Another filter, and a token that was tampered with, are refused."""
    silo = plant.location("Silo")
    for name in "ABC":
        plant.stock(silo, plant.lot(name), 1)
    token = (await reads.inventory(page_size=1)).next_page_token
    following = await reads.inventory(page_size=2, page_token=token)
    assert [row.inventory_lot_name for row in following.inventory] == ["B", "C"]
    for asked in (
        {"page_token": token, "include_empty": True},
        {"page_token": token, "location_id_or_path": "Silo"},
        {"page_token": token + "A"},
        {"page_token": token[:-4] + "AAAA"},
        {"page_token": "é"},
    ):
        with pytest.raises(Refused) as refused:
            await reads.inventory(**asked)
        assert facts(refused.value) == ("INVALID_ARGUMENT", "INVALID_ARGUMENT", {}, ["page_token"])


@pytest.mark.parametrize("asked", [{}, {"location_id_or_path": "Co", "include_children": True}], ids=["all", "below"])
async def test_pages_neither_skip_nor_repeat_while_rows_come(
    plant: StoredPlant, reads: Reads, asked: dict[str, Any]
) -> None:
    """Three thousand rows; between any two pages others are written before, behind and among them."""
    places = [plant.location("Co"), *(plant.location(f"Co/Silo{n:02}") for n in range(29))]
    lots = [plant.lot(f"L{n}") for n in range(200)]
    there = [(place, lot) for place in places for lot in lots[::2]]
    plant.stocks({"location_id": place, "lot_id": lot, "quantity": 1} for place, lot in reversed(there))
    others = [(place, lot) for place in places for lot in lots[1::2]]
    page = await reads.inventory(page_size=173, **asked)
    came = keys(list(page.inventory))
    for begin in range(40):
        plant.stocks({"location_id": place, "lot_id": lot, "quantity": 1} for place, lot in others[begin::40])
        if page.next_page_token:
            page = await reads.inventory(page_size=173, page_token=page.next_page_token, **asked)
            came += keys(list(page.inventory))
    assert not page.next_page_token
    assert came == sorted(set(came))
    assert {(format_id(place), format_id(lot)) for place, lot in there} <= set(came)


async def test_a_page_holds_fewer_rows_where_they_would_not_fit_an_answer(plant: StoredPlant, reads: Reads) -> None:
    """Long paths: every answer stays below 4 MB, and nothing is lost."""
    milk = plant.material("\U0001f404" * 750)
    silo = plant.location("\U0001f404" * 750)
    lots = [plant.lot(f"{n:03}" + "\U0001f404" * 252, milk) for n in range(800)]
    plant.stocks(
        {"location_id": silo, "lot_id": lot, "quantity": 1, "material_id": milk, "name": "\U0001f404" * 255}
        for lot in lots
    )
    page = await reads.inventory(page_size=1_000)
    assert page.ByteSize() <= 4 * 1024 * 1024
    assert 400 < len(page.inventory) < 800
    assert [row.inventory_lot_id for row in await reads.inventory_rows(page_size=1_000)] == list(map(format_id, lots))
