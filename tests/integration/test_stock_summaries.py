"""SummarizeInventory: what is summed, in which unit, in which order, page by page."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from fractions import Fraction
from typing import Any

import pytest
from google.type.decimal_pb2 import Decimal
from lotkeeper.inventory.v1 import enums_pb2, inventory_pb2
from lotkeeper.inventory.v1.inventory_pb2 import InventorySummary, UnconvertibleStock
from lotkeeper_server.domain.model.enumerations import LotRecordType, LotStatus
from lotkeeper_server.domain.model.identifiers import format_id
from lotkeeper_server.domain.model.quantity import decimal_text, exact_millionths_of_text
from lotkeeper_server.domain.refusals import Refused
from lotkeeper_server.store.lists import grouped_rows

from tests.stored_plant import MADE, Reads, StoredPlant, facts

UNIT = 1_000_000
MATERIAL, LOT, LOCATION, STATUS = 1, 2, 3, 4
NAMES = {1: "material_id", 2: "inventory_lot_id", 3: "location_id", 4: "lot_status"}


def amounts(summaries: list[InventorySummary], by: str) -> list[tuple[str, str, str]]:
    """A group's name, its sum and its unit."""
    return [(getattr(one, by), one.exact_quantity.value, one.unit_of_measure_symbol) for one in summaries]


async def test_a_summary_shows_what_it_is_of_by_the_names_of_now(plant: StoredPlant, reads: Reads) -> None:
    """Every field, where it is grouped by everything; only its own, where it is grouped by one thing."""
    silo, lot = plant.location("DairyCo/Silo1"), plant.lot("MILK-1", status=LotStatus.QA_HOLD)
    plant.stock(silo, lot, 12)
    unit = {
        "unit_of_measure_id": format_id(plant.kg),
        "unit_of_measure_name": "kilogram",
        "unit_of_measure_symbol": "kg",
    }
    amount: dict[str, Any] = {"quantity": 12, "exact_quantity": Decimal(value="12"), "rows": 1, "lots": 1}
    material = {"material_id": format_id(plant.milk), "material_path": "Milk"}
    of_lot = {"inventory_lot_id": format_id(lot), "inventory_lot_name": "MILK-1"}
    place = {"location_id": format_id(silo), "location_path": "DairyCo/Silo1"}
    for group_by, shown in (
        (
            [MATERIAL, LOT, LOCATION, STATUS],
            {**material, **of_lot, **place, "lot_status": enums_pb2.LOT_STATUS_QA_HOLD},
        ),
        ([MATERIAL], material),
        ([LOT], material | of_lot),
        ([LOCATION], place),
        ([STATUS], {"lot_status": enums_pb2.LOT_STATUS_QA_HOLD}),
        ([MATERIAL, MATERIAL], material),
    ):
        assert await reads.all_summaries(group_by=group_by) == [InventorySummary(**amount, **unit, **shown)]


async def test_a_sum_is_in_the_materials_unit_exact_and_rounded_once(plant: StoredPlant, reads: Reads) -> None:
    """Three thirds of a millionth are one, whatever each is alone."""
    third, silo = plant.unit("third"), plant.location("Silo")
    plant.conversion(plant.kg, third, "3000000")
    for number in range(3):
        plant.stock(silo, plant.lot(f"T{number}", unit_of_measure_id=third), 1)
    assert amounts(await reads.all_summaries(group_by=[MATERIAL]), "material_path") == [("Milk", "0.000001", "kg")]
    assert amounts(await reads.all_summaries(group_by=[LOT]), "inventory_lot_name") == [
        ("T0", "0", "kg"),
        ("T1", "0", "kg"),
        ("T2", "0", "kg"),
    ]


async def test_a_materials_own_conversion_goes_first(plant: StoredPlant, reads: Reads) -> None:
    """As in every conversion."""
    bag, silo = plant.unit("bag"), plant.location("Silo")
    flour = plant.material("Flour")
    plant.conversion(bag, plant.kg, "10")
    plant.conversion(bag, plant.kg, "25", flour)
    for name, material in (("M", plant.milk), ("F", flour)):
        plant.stock(silo, plant.lot(name, material, unit_of_measure_id=bag), 2, material_id=material)
    assert amounts(await reads.all_summaries(group_by=[MATERIAL]), "material_path") == [
        ("Milk", "20", "kg"),
        ("Flour", "50", "kg"),
    ]
    assert amounts(await reads.all_summaries(group_by=[LOCATION]), "location_path") == [("Silo", "70", "kg")]


async def test_what_does_not_convert_stands_beside_the_materials_sum(plant: StoredPlant, reads: Reads) -> None:
    """It counts in rows and lots, and is not in the sum; where groups have several materials it is a sum of its own."""
    piece, silo, rack = plant.unit("pc"), plant.location("Silo"), plant.location("Rack")
    counted, bare = plant.lot("COUNTED", unit_of_measure_id=piece), plant.lot("BARE", unit_of_measure_id=None)
    plant.stock(silo, plant.lot("WEIGHED"), 5)
    plant.stock(silo, counted, 7)
    plant.stock(rack, counted, 1)
    plant.stock(rack, bare, 2)
    [milk] = await reads.all_summaries(group_by=[MATERIAL])
    assert (milk.exact_quantity.value, milk.unit_of_measure_symbol, milk.rows, milk.lots) == ("5", "kg", 4, 3)
    assert list(milk.not_converted) == [
        UnconvertibleStock(quantity=2, exact_quantity=Decimal(value="2")),
        UnconvertibleStock(
            quantity=8,
            exact_quantity=Decimal(value="8"),
            unit_of_measure_id=format_id(piece),
            unit_of_measure_name="pc",
            unit_of_measure_symbol="pc",
        ),
    ]
    by_place = await reads.all_summaries(group_by=[LOCATION])
    assert not any(one.not_converted for one in by_place)
    assert amounts(by_place, "location_path") == [
        ("Silo", "5", "kg"),
        ("Silo", "7", "pc"),
        ("Rack", "2", ""),
        ("Rack", "1", "pc"),
    ]
    assert [(one.rows, one.lots) for one in by_place] == [(1, 1)] * 4


async def test_without_a_unit_of_its_own_a_materials_stock_is_in_that_of_its_lots(
    plant: StoredPlant, reads: Reads
) -> None:
    """Those that convert are one sum, in the unit with the smallest id; the others have a summary each."""
    gram, piece, silo = plant.unit("g"), plant.unit("pc"), plant.location("Silo")
    plant.conversion(plant.kg, gram, "1000")
    salt = plant.material("Salt", unit_of_measure_id=None)
    for name, unit, quantity in (("G", gram, 500), ("K", plant.kg, 2), ("P", piece, 3), ("NONE", None, 4)):
        plant.stock(silo, plant.lot(name, salt, unit_of_measure_id=unit), quantity, material_id=salt)
    expected = [("", "4", ""), ("", "2.5", "kg"), ("", "3", "pc")]
    for group_by, name in ((MATERIAL, "Salt"), (LOCATION, "Silo")):
        field = "material_path" if group_by == MATERIAL else "location_path"
        found = await reads.all_summaries(group_by=[group_by])
        assert amounts(found, field) == [(name, quantity, unit) for _, quantity, unit in expected]
        assert [(one.rows, one.lots) for one in found] == [(1, 1), (2, 2), (1, 1)]


async def test_rows_below_zero_count_and_rows_of_zero_only_where_they_are_asked_for(
    plant: StoredPlant, reads: Reads
) -> None:
    """A group of zero rows alone is none without that."""
    silo, rack, lot, other = plant.location("Silo"), plant.location("Rack"), plant.lot("A"), plant.lot("B")
    plant.stock(silo, lot, 5)
    plant.stock(rack, lot, -7)
    plant.stock(silo, other, 0)
    [milk] = await reads.all_summaries(group_by=[MATERIAL])
    assert (milk.quantity, milk.exact_quantity.value, milk.rows, milk.lots) == (-2, "-2", 2, 1)
    [milk] = await reads.all_summaries(group_by=[MATERIAL], include_empty=True)
    assert (milk.quantity, milk.rows, milk.lots) == (-2, 3, 2)
    assert [one.inventory_lot_name for one in await reads.all_summaries(group_by=[LOT])] == ["A"]
    assert [one.inventory_lot_name for one in await reads.all_summaries(group_by=[LOT], include_empty=True)] == [
        "A",
        "B",
    ]


async def test_the_status_is_the_one_that_lots_show(plant: StoredPlant, reads: Reads) -> None:
    """EXPIRED where an open or available lot is past its date."""
    silo, past = plant.location("Silo"), int(time.time() * 1000) - 1
    for number, (status, expiration) in enumerate(
        [
            (LotStatus.OPEN, None),
            (LotStatus.OPEN, past),
            (LotStatus.AVAILABLE, past),
            (LotStatus.QA_HOLD, past),
            (LotStatus.EXPIRED, past + 3_600_000),
        ]
    ):
        plant.stock(silo, plant.lot(f"L{number}", status=status, expiration_millis=expiration), 10**number)
    found = await reads.all_summaries(group_by=[STATUS])
    assert [(one.lot_status, one.quantity, one.lots) for one in found] == [
        (enums_pb2.LOT_STATUS_OPEN, 1, 1),
        (enums_pb2.LOT_STATUS_QA_HOLD, 1000, 1),
        (enums_pb2.LOT_STATUS_EXPIRED, 10110, 3),
    ]


async def test_a_sum_may_pass_the_largest_quantity(plant: StoredPlant, reads: Reads) -> None:
    """Each row is below it; nothing overflows, and nothing is lost."""
    silo = plant.location("Silo")
    for number in range(12):
        plant.stock(silo, plant.lot(f"L{number}"), 9_199_999_999_999)
    [one] = await reads.all_summaries(group_by=[MATERIAL])
    assert one.exact_quantity.value == str(12 * 9_199_999_999_999)


async def test_a_summary_without_a_group_or_with_an_unknown_one_is_refused(reads: Reads) -> None:
    """All faults of shape are reported together, as everywhere."""
    for asked, fields in (
        ({}, ["group_by"]),
        ({"group_by": [MATERIAL, 0]}, ["group_by[1]"]),
        ({"group_by": [99], "page_size": -1}, ["group_by[0]", "page_size"]),
        ({"group_by": [MATERIAL] * 101}, ["group_by"]),
        ({"group_by": [LOT], "include_children": True}, ["include_children"]),
        ({"group_by": [LOT], "inventory_name": "P", "as_of_millis": 1}, ["inventory_name"]),
        ({"group_by": [LOT], "page_token": "AAAA"}, ["page_token"]),
    ):
        with pytest.raises(Refused) as refused:
            await reads.summaries(**asked)
        assert facts(refused.value)[1:2] + facts(refused.value)[3:] == ("INVALID_ARGUMENT", fields), asked


async def test_a_token_is_good_for_the_same_groups_only(plant: StoredPlant, reads: Reads) -> None:
    """But for the size of pages."""
    silo = plant.location("Silo")
    for number in range(3):
        plant.stock(silo, plant.lot(f"L{number}"), 1)
    token = (await reads.summaries(group_by=[LOT], page_size=1)).next_page_token
    assert len((await reads.summaries(group_by=[LOT], page_size=2, page_token=token)).inventory_summaries) == 2
    for group_by in ([MATERIAL], [LOT, LOT], [LOT, LOCATION]):
        with pytest.raises(Refused):
            await reads.summaries(group_by=group_by, page_token=token)


async def test_a_page_fits_the_largest_answer(plant: StoredPlant, reads: Reads) -> None:
    """With the longest names, it holds less than was asked for, and the next one goes on."""
    material = plant.material("🥛" * 749)
    silo = plant.location("🥛" * 750)
    lots = [plant.lot("é" * 250 + f"{number:03}", material) for number in range(1_000)]
    plant.stocks({"location_id": silo, "lot_id": lot, "quantity": 1, "material_id": material} for lot in lots)
    asked: dict[str, Any] = {"group_by": [LOT, LOCATION], "page_size": 1000}
    page = await reads.summaries(**asked)
    assert 0 < len(page.inventory_summaries) < 1_000
    assert page.ByteSize() <= 4 * 1024 * 1024
    assert len(await reads.all_summaries(**asked)) == 1_000


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a large store does, with few rows."""
    monkeypatch.setattr(grouped_rows, "ROWS_FEW_MAX", 6)
    monkeypatch.setattr(grouped_rows, "ROWS_PER_PIECE_FIRST", 2)
    monkeypatch.setattr(grouped_rows, "ROWS_PER_PIECE_MAX", 5)


@pytest.fixture(params=[0.0, 60.0], ids=["short of time", "with time"])
def time_for_a_page(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page ends after each piece, or holds all that it may."""
    monkeypatch.setattr(grouped_rows, "SECONDS_PER_PAGE_MAX", request.param)


def crowded(plant: StoredPlant, chance: random.Random) -> dict[str, list[Any]]:
    """Lots of several materials in several units at several places, with the records that brought them there."""
    gram, piece = plant.unit("g"), plant.unit("pc")
    plant.conversion(plant.kg, gram, "1000")
    bare, counted = plant.material("Bare", unit_of_measure_id=None), plant.material("Counted", unit_of_measure_id=piece)
    plant.conversion(gram, plant.kg, "0.002", counted)
    materials = [plant.milk, bare, counted, plant.material("More")]
    places = [plant.location(path) for path in ("Site", "Site/A", "Site/A/1", "Site/B", "Sitex", "Far")]
    lots = []
    for number in range(40):
        material = chance.choice(materials)
        unit = chance.choice([plant.kg, plant.kg, gram, piece, None])
        more = {"unit_of_measure_id": unit, "status": chance.choice([1, 2, 3, 5])}
        lots.append((plant.lot(f"L{number}", material, **more, expiration_millis=chance.choice([None, 1])), material))
    records, stocks = [], []
    for lot, material in lots:
        for place in chance.sample(places, chance.randrange(0, 5)):
            now = 0
            for _ in range(chance.randrange(1, 4)):
                change = chance.choice([-3, -1, 1, 2, 1_000_001])
                now += change
                kind = {"lot_record_type": LotRecordType.PRODUCE, "destination_location_id": place}
                amount = {"source_quantity_change": 0, "destination_quantity_change": change * UNIT}
                moment = {"end_millis": MADE + chance.randrange(1000)}
                records.append({"lot_id": lot, "material_id": material} | kind | amount | moment)
            if chance.random() < 0.2:
                kind = {"lot_record_type": LotRecordType.PRODUCE, "destination_location_id": place}
                amount = {"source_quantity_change": 0, "destination_quantity_change": -now * UNIT}
                records.append({"lot_id": lot, "material_id": material, "end_millis": MADE + 500} | kind | amount)
                now = 0
            name = chance.choice(["", "", "P-1", "P-2"])
            stocks.append({"location_id": place, "lot_id": lot, "material_id": material, "quantity": now, "name": name})
    plant.records(records)
    plant.stocks(stocks)
    return {
        "location_id_or_path": [None, "Site", "Site/A", "Far"],
        "material_id_or_path": [None, None, "Milk", "Bare", "Counted"],
        "inventory_name": [None, None, "P-1"],
        "lot_id_or_name": [None, None, None, format_id(lots[0][0])],
    }


def expected_sums(rows: list[inventory_pb2.Inventory]) -> dict[str, str]:
    """The second reading of the rule, by units: a material's unit is known, where it has none one of its lots' is."""
    kilograms = {row.material_path for row in rows if row.unit_of_measure_symbol == "kg"} | {"Milk", "More"}
    sums: dict[str, Fraction] = defaultdict(Fraction)
    for row in rows:
        unit = row.unit_of_measure_symbol
        millionths = Fraction(exact_millionths_of_text(row.exact_quantity.value, may_be_negative=True))
        if unit == "g" and row.material_path in kilograms - {"Counted"}:
            unit, millionths = "kg", millionths / 1000
        sums[unit] += millionths
    return {unit: decimal_text(round(millionths)) for unit, millionths in sums.items()}


@pytest.mark.usefixtures("small_pieces", "time_for_a_page")
@pytest.mark.parametrize("seed", range(4))
async def test_the_totals_of_groups_are_the_sums_of_the_rows_that_are_listed(
    plant: StoredPlant, reads: Reads, seed: int
) -> None:
    """For every combination of groups, of filters, and of moments, through pages of every size."""
    chance = random.Random(seed)
    filters = crowded(plant, chance)
    groupings = [[one for one in (1, 2, 3, 4) if bits & 1 << (one - 1)] for bits in range(1, 16)]
    for group_by in groupings:
        for _ in range(4):
            asked: dict[str, Any] = {
                name: value for name, values in filters.items() if (value := chance.choice(values))
            }
            if asked.get("lot_id_or_name"):
                asked.pop("material_id_or_path", None)
            asked["include_children"] = "location_id_or_path" in asked and chance.random() < 0.5
            asked["include_empty"] = chance.random() < 0.5
            if chance.random() < 0.4:
                asked.pop("inventory_name", None)
                asked["as_of_millis"] = MADE + chance.randrange(-10, 1010)
            await check_totals(reads, asked, group_by, chance.choice([1, 2, 3, 50]))


async def check_totals(reads: Reads, asked: dict[str, Any], group_by: list[int], page_size: int) -> None:
    """Compares the summaries with the list."""
    fields = [NAMES[one] for one in group_by]
    listed: dict[tuple[Any, ...], list[inventory_pb2.Inventory]] = defaultdict(list)
    for row in await reads.inventory_rows(**asked):
        listed[tuple(getattr(row, name) for name in fields)].append(row)
    summed: dict[tuple[Any, ...], list[InventorySummary]] = defaultdict(list)
    order = []
    for one in await reads.all_summaries(**asked, group_by=group_by, page_size=page_size):
        summed[tuple(getattr(one, name) for name in fields)].append(one)
        order.append((one.inventory_lot_id or one.material_id, one.location_id, one.lot_status, one.unit_of_measure_id))
    assert order == sorted(set(order)), (asked, group_by)
    assert summed.keys() == listed.keys(), (asked, group_by)
    for group, rows in listed.items():
        assert sum(one.rows for one in summed[group]) == len(rows)
        found: dict[str, str] = defaultdict(lambda: "0")
        for one in summed[group]:
            found[one.unit_of_measure_symbol] = one.exact_quantity.value
            found |= {left.unit_of_measure_symbol: left.exact_quantity.value for left in one.not_converted}
        texts = expected_sums(rows)
        assert {unit: found[unit] for unit in texts} == texts, (asked, group_by, group)
        assert all(text == "0" for unit, text in found.items() if unit not in texts)
        if not {"inventory_lot_id", "lot_status"} & set(fields):
            assert sum(one.lots for one in summed[group]) == len({row.inventory_lot_id for row in rows})
