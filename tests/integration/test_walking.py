"""Pages of lists: the same rows as a plain search finds, whatever filter leads, at a bounded cost."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from lotkeeper_server.domain.model.enumerations import LotRecordType, LotStatus
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.statements import fetch
from lotkeeper_server.store.lists import walking
from lotkeeper_server.store.lists.conditions import (
    PLACES_WALKED_MAX,
    Condition,
    IndexValues,
    Places,
    among,
    at_place,
    at_places,
    begins_with,
    below_value,
    equal,
    in_either,
)
from lotkeeper_server.store.lists.inventory import HOLDS_SOMETHING, NAMED, NOT_ZERO, ORDER
from lotkeeper_server.store.lists.records import in_status
from lotkeeper_server.store.lists.walking import ROWS_LOOKED_AT_MAX, ROWS_SORTED_MAX, Order, walk_page

from tests import stores
from tests.store_work import MEASURES_PER_ROW, measured
from tests.stored_plant import MADE, StoredPlant

COLUMNS = ("moment_millis", "id")
NEWEST, OLDEST = Order("inventory_lot_record", COLUMNS, descending=True), Order("inventory_lot_record", COLUMNS)
LOTS = Order("inventory_lot", ("id",))
BOTH = ("source_location_id", "destination_location_id")

Make = Callable[[Any], Sequence[Condition]]


def pages(store: Store, order: Order, make: Make, limit: int) -> list[list[IndexValues]]:
    """Every page."""
    found, after = [], None
    while True:
        with store.read() as connection:
            page = walk_page(connection, order, make(connection), limit, after)
        assert len(page.keys) <= limit
        found.append(page.keys)
        if page.next_after is None:
            return found
        assert after is None or order.precedes(after, page.next_after)
        after = page.next_after


def all_keys(store: Store, order: Order, make: Make, limit: int = 50) -> list[IndexValues]:
    """Those of every page; none comes twice."""
    keys = list(itertools.chain.from_iterable(pages(store, order, make, limit)))
    assert all(order.precedes(one, other) for one, other in itertools.pairwise(keys))
    return keys


def searched(store: Store, order: Order, where: str, *parameters: Any) -> list[IndexValues]:
    """What a plain search finds."""
    columns = ", ".join(order.columns)
    with store.read() as connection:
        text = f"SELECT {columns} FROM {order.table} AS t WHERE {where}"  # noqa: S608
        return sorted(map(tuple, fetch(connection, text, parameters)), reverse=order.descending)


@pytest.fixture
def history(plant: StoredPlant) -> StoredPlant:
    """Twelve thousand records at forty locations, whose rare ones lie in a few stretches."""
    choose = random.Random(20_251_125)
    plant.places = [plant.location(f"Co/{number % 2}/{number:02}") for number in range(40)]  # type: ignore[attr-defined]
    lots = [plant.lot(f"L{number}") for number in range(50)]
    cream = plant.material("Cream")

    def row(number: int) -> dict[str, Any]:
        place = None if number % 3_000 > 40 else choose.choice(plant.places)  # type: ignore[attr-defined]
        rare = 5_000 <= number < 5_003 or number == 11_999
        return {
            "lot_id": lots[number // 240],
            "end_millis": MADE + number // 3,
            "lot_record_type": LotRecordType.SHIP if rare else choose.choice([1, 3]),
            "material_id": cream if 3_000 <= number < 6_000 else plant.milk,
            "source_location_id": place if number % 2 else None,
            "destination_location_id": choose.choice([place, None]),
        }

    plant.records(row(number) for number in range(12_000))
    plant.cream = cream  # type: ignore[attr-defined]
    plant.lots = lots  # type: ignore[attr-defined]
    return plant


def below(path: str) -> Make:
    """Records at a location that is not there itself, or below it."""
    return lambda connection: [at_places(connection, Places(BOTH, bytes(16), path))]


@pytest.mark.parametrize("order", [NEWEST, OLDEST], ids=["newest", "oldest"])
@pytest.mark.parametrize("limit", [1, 7, 500])
def test_filters_together_find_what_a_search_finds(store: Store, history: Any, order: Order, limit: int) -> None:
    """Rare ones with common ones, ones that never meet, few locations and many."""
    cases: list[tuple[Make, str, tuple[Any, ...]]] = [
        (
            lambda _: [equal("material_id", history.cream), among("lot_record_type", {12})],
            "material_id = ? AND lot_record_type = 12",
            (history.cream,),
        ),
        (
            lambda _: [equal("material_id", history.milk), among("lot_record_type", {7, 12})],
            "material_id = ? AND lot_record_type = 12",
            (history.milk,),
        ),
        (lambda _: [equal("material_id", history.cream), among("lot_record_type", {6})], "1 = 0", ()),
        (
            lambda _: [in_either(("lot_id", "secondary_lot_id"), history.lots[3]), among("lot_record_type", {1, 3})],
            "lot_id = ?",
            (history.lots[3],),
        ),
        (below("Co/1"), " OR ".join(
            f"{column} IN (SELECT id FROM location WHERE path LIKE 'Co/1/%')" for column in BOTH  # noqa: S608
        ), ()),
        (below("Co/1/0"), "1 = 0", ()),
        (
            lambda c: [*below("Co")(c), among("lot_record_type", {12})],
            "lot_record_type = 12 AND (source_location_id IS NOT NULL OR destination_location_id IS NOT NULL)",
            (),
        ),
        (
            lambda c: [*below("Co")(c), equal("material_id", history.cream)],
            "material_id = ? AND (source_location_id IS NOT NULL OR destination_location_id IS NOT NULL)",
            (history.cream,),
        ),
    ]  # fmt: skip
    if limit == 1:
        cases = cases[:3]
    for number, (make, where, parameters) in enumerate(cases):
        assert all_keys(store, order, make, limit) == searched(store, order, where, *parameters), number


def test_locations_of_which_few_have_records_are_found_without_looking_at_the_others(
    store: Store, plant: StoredPlant
) -> None:
    """Among thirty thousand records elsewhere; on one page, though that may look at fewer rows."""
    lot, elsewhere = plant.lot("L"), plant.location("Else")
    places = [plant.location(f"Co/{number:03}") for number in range(4 * PLACES_WALKED_MAX)]
    count = 3 * ROWS_LOOKED_AT_MAX
    rare = {1: places[0], count // 2: places[40], count // 2 + 1: places[40], count - 2: places[60]}
    plant.records(
        {"lot_id": lot, "end_millis": MADE + number, "source_location_id": rare.get(number, elsewhere)}
        for number in range(count)
    )
    found = [pages(store, order, below("Co"), 50) for order in (NEWEST, OLDEST)]
    assert [len(one) for one in found] == [1, 1]
    assert [key[0] - MADE for key in found[1][0]] == sorted(rare)
    assert found[0][0] == found[1][0][::-1]


def test_a_page_of_filters_that_hardly_meet_ends_early_and_the_next_one_goes_on(
    store: Store, plant: StoredPlant
) -> None:
    """Each looks at so many rows and no more; together they find the one record that both hold of."""
    lot, cream = plant.lot("L"), plant.material("Cream")
    count = 3 * ROWS_LOOKED_AT_MAX
    plant.records(
        {
            "lot_id": lot,
            "end_millis": MADE + number // 2,
            "material_id": cream if number % 2 else plant.milk,
            "lot_record_type": LotRecordType.SHIP if number % 2 == 0 or number == 1 else LotRecordType.CONSUME,
        }
        for number in range(count)
    )
    conditions = [equal("material_id", cream), among("lot_record_type", {12})]
    found, work, after = [], [], None
    while not found or after is not None:
        with store.read() as connection, measured(connection) as done:
            page = walk_page(connection, NEWEST, conditions, 50, after)
            work.append(done())
        found.append(page.keys)
        after = page.next_after
    assert 2 <= len(found) <= 4
    assert [len(one) for one in found] == [0] * (len(found) - 1) + [1]
    assert max(work) < ROWS_LOOKED_AT_MAX * MEASURES_PER_ROW[stores.kind()]


def test_a_range_by_name_or_date_comes_by_id_whether_it_is_small_or_large(store: Store, plant: StoredPlant) -> None:
    """Alone, with another filter, and beside a second range."""
    cream = plant.material("Cream")
    for number in range(20):
        plant.lot(f"Z{number}", cream)
    plant.lots_numbered(ROWS_SORTED_MAX + 900)
    for conditions, where in (
        ([begins_with("name", "N")], "name LIKE 'N%'"),
        ([begins_with("name", "N12")], "name LIKE 'N12%'"),
        ([begins_with("name", "Nope")], "1 = 0"),
        ([begins_with("name", "N"), begins_with("name", "N1")], "name LIKE 'N1%'"),
        ([begins_with("name", "N1"), equal("status", LotStatus.AVAILABLE)], "name LIKE 'N1%' AND status = 2"),
        ([below_value("expiration_millis", 500)], "expiration_millis < 500"),
        ([below_value("expiration_millis", 1 << 40), begins_with("name", "N7")], "name LIKE 'N7%'"),
        ([begins_with("name", "Z"), equal("material_id", cream)], "name LIKE 'Z%'"),
        ([begins_with("name", "N"), equal("material_id", cream)], "1 = 0"),
    ):
        for limit in (30, 1_000):
            assert all_keys(store, LOTS, lambda _, made=conditions: made, limit) == searched(store, LOTS, where), where


def test_every_walk_is_carried_by_an_index(embedded_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """No statement of a walk scans a table or sorts; SQLite's planner, which needs no rows, is asked for each."""
    store, plant = embedded_store, StoredPlant(embedded_store)
    lot = plant.lot("L")
    place = plant.location("Co")
    seen: list[tuple[str, tuple[Any, ...]]] = []

    def noted(connection: Any, text: str, parameters: tuple[Any, ...] = ()) -> Any:
        seen.append((text, parameters))
        return _fetch(connection, text, parameters)

    _fetch = walking.fetch
    monkeypatch.setattr(walking, "fetch", noted)
    conditions: list[tuple[Order, Sequence[Condition]]] = [
        (order, [one])
        for order in (NEWEST, OLDEST)
        for one in (
            in_either(("lot_id", "secondary_lot_id"), lot),
            in_either(BOTH, place),
            equal("material_id", plant.milk),
            equal("inventory_operation_id", lot),
            equal("production_order_id", lot),
            equal("material_reason_code_id", lot),
            among("lot_record_type", {1, 12}),
            in_status({2, 5}),
        )
    ]
    conditions += [
        (LOTS, [one])
        for one in (
            equal("material_id", plant.milk),
            equal("status", 1),
            begins_with("name", "L"),
            below_value("expiration_millis", 5),
        )
    ]
    conditions += [
        (ORDER, [one])
        for one in (
            HOLDS_SOMETHING,
            at_place(("location_id",), place, leads=True),
            at_place(("location_id",), place, leads=True, within=NOT_ZERO),
            equal("lot_id", lot),
            equal("material_id", plant.milk),
            equal("name", "PALLET", NAMED),
        )
    ]
    conditions += [
        (Order("inventory_operation", ("id",)), [one])
        for one in (in_either(BOTH, place), equal("operation_type", 1), equal("operation_id", lot))
    ]
    for order, chosen in conditions:
        keys = {COLUMNS: (MADE, bytes(16)), ORDER.columns: (place, bytes(16))}
        key = keys.get(order.columns, (bytes(16),))
        with store.read() as connection:
            for after in (None, key):
                walk_page(connection, order, chosen, 10, after)
    with store.read() as connection:
        for text, parameters in seen:
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", parameters)]
            whole = "INDEX ix_inventory_not_zero" if "quantity <> 0" in text else "no index is walked whole"
            assert whole in plan[0] or not plan[0].startswith("SCAN"), (text, plan)
            assert "quantity <> 0" not in text or "ix_inventory_not_zero" in plan[0], (text, plan)
            assert not [step for step in plan if "TEMP B-TREE" in step], (text, plan)
