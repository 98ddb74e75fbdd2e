"""A plant as one document on a store: applied, tried, exported."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from lotkeeper_server.domain.model.enumerations import ExportFormat, LotRecordType
from lotkeeper_server.domain.refusals import Refused
from lotkeeper_server.engine.clock import EffectOrder, IdSource, now_millis
from lotkeeper_server.plant.applying import AppliedPlant, apply_plant
from lotkeeper_server.plant.exporting import export_plant
from lotkeeper_server.plant.opening_stock import Difference, OpeningStock, open_stocks
from lotkeeper_server.plant.permissions import may_everything
from lotkeeper_server.plant.reading import StockEntry, read_plant
from lotkeeper_server.plant.trying import try_plant
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.transaction import Transaction

from tests.stores import migrated_store_url

YAML, JSON = ExportFormat.YAML, ExportFormat.JSON
DAIRY = (files("lotkeeper_server.demo") / "dairy.yaml").read_bytes()


def applied(store: Store, text: str | bytes, document_format: ExportFormat = YAML) -> AppliedPlant:
    plant = read_plant(text.encode() if isinstance(text, str) else text, document_format)
    with store.write() as connection:
        tx = Transaction(connection, now_millis(), IdSource(), EffectOrder())
        return apply_plant(tx, plant, "tester", may_everything)


def tried(store: Store, text: str | bytes) -> AppliedPlant:
    plant = read_plant(text.encode() if isinstance(text, str) else text, YAML)
    with store.read() as connection:
        return try_plant(connection, plant, "tester", may_everything)


def exported(store: Store, document_format: ExportFormat = YAML, *, include_lots: bool = True) -> bytes:
    with store.read() as connection:
        return b"".join(export_plant(connection, document_format, threading.Event(), include_lots=include_lots))


def counts(outcome: AppliedPlant) -> tuple[int, int, int]:
    return outcome.created, outcome.updated, outcome.unchanged


def changes(outcome: AppliedPlant) -> list[tuple[str, str, tuple[str, ...] | None]]:
    return [(one.entity, one.key, one.fields) for one in outcome.changes]


def refused(call: Callable[[], Any]) -> tuple[str, list[str]]:
    """The reason, and the places at fault."""
    with pytest.raises(Refused) as caught:
        call()
    return caught.value.refusal.reason, [violation.field for violation in caught.value.refusal.violations]


def rows(store: Store, query: str) -> list[tuple[Any, ...]]:
    with store.read() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(query)]


def test_applying_a_document_again_changes_nothing(store: Store) -> None:
    """Things are matched by names, paths and codes."""
    assert counts(applied(store, DAIRY)) == (58, 0, 0)
    assert counts(applied(store, DAIRY)) == (0, 0, 58)
    kinds = rows(store, "SELECT DISTINCT lot_record_type FROM inventory_lot_record")
    assert kinds == [(int(LotRecordType.EDIT),)]


@pytest.mark.parametrize("document_format", [YAML, JSON])
def test_an_export_applies_to_an_empty_store_and_exports_again_to_the_same_bytes(
    store: Store, tmp_path: Path, document_format: ExportFormat
) -> None:
    """And to the store that it came from as unchanged."""
    applied(store, DAIRY)
    odd = {
        "materials": [{"name": 'odd: "name" #1', "notes": "- a\n- \tb\u2028\ufeff", "enabled": False}],
        "locations": [{"name": "1e3", "storage_capacity": 0, "storage_capacity_unit": "kg"}, {"name": "yes"}],
        "lots": [{"name": "null", "material": "Dairy/Cream", "expiration_date": "2030-02-03T04:05:06.789Z"}],
        "inventory": [{"lot": "null", "material": "Dairy/Cream", "location": "yes", "quantity": 9_199_999_999_999}],
        "unit_of_measure_conversions": [{"from_unit": "g", "to_unit": "plt", "factor": 1e-9}],
    }
    assert counts(applied(store, json.dumps(odd), JSON)) == (6, 0, 0)
    document = exported(store, document_format)
    assert counts(applied(store, document, document_format)) == (0, 0, 64)
    (tmp_path / "other").mkdir()
    other = Store(migrated_store_url(tmp_path / "other"))
    assert counts(applied(other, document, document_format)) == (64, 0, 0)
    assert exported(other, document_format) == document
    other.close()


def test_an_export_has_no_ids_and_leaves_out_defaults_and_unwanted_lots(store: Store) -> None:
    """Its fields are the contract's."""
    applied(store, DAIRY)
    text = exported(store, include_lots=False).decode()
    assert "01JPAND53P" not in text
    assert "lots:" not in text
    assert "FIFO" not in text
    document = json.loads(exported(store, JSON))
    assert document["locations"][0] == {"name": "DairyCo", "type": "COMPANY"}
    assert list(document)[-2:] == ["lots", "inventory"]
    assert document["inventory"][0]["quantity"] == 4_000


def test_an_empty_store_exports_an_empty_document(store: Store) -> None:
    """Which can be applied."""
    assert (exported(store), exported(store, JSON)) == (b"{}\n", b"{}\n")
    assert counts(applied(store, b"{}\n")) == counts(applied(store, b"")) == (0, 0, 0)


def test_what_is_absent_stays_as_it_is_and_an_update_names_its_fields(store: Store) -> None:
    """A field that is given as nothing is emptied; nothing is deleted."""
    applied(store, "units_of_measure: [{name: kilogram, symbol: kg, notes: n, spare1: s}]")
    changed = applied(store, "units_of_measure: [{name: kilogram, notes: ~, spare1: s, symbol: KG, enabled: false}]")
    assert changes(changed) == [("unit_of_measure", "kilogram", ("notes", "symbol", "enabled"))]
    assert rows(store, "SELECT notes, spare1, symbol, enabled, version FROM unit_of_measure") == [("", "s", "KG", 0, 2)]


def test_a_reference_that_is_given_as_nothing_is_cleared(store: Store) -> None:
    """A unit is named by its symbol, or by its name."""
    applied(
        store, "units_of_measure: [{name: kilogram, symbol: kg}]\nmaterials: [{name: M, unit_of_measure: kilogram}]"
    )
    cleared = applied(store, "materials: [{name: M, unit_of_measure: ~}]")
    assert changes(cleared) == [("material", "M", ("unit_of_measure",))]
    assert rows(store, "SELECT unit_of_measure_id FROM material") == [(None,)]


def test_a_dry_run_says_what_would_change_and_changes_nothing(store: Store) -> None:
    """What it says is what the import then does, its refusals included."""
    trial = tried(store, DAIRY)
    assert (counts(trial), rows(store, "SELECT id FROM unit_of_measure")) == ((58, 0, 0), [])
    assert changes(applied(store, DAIRY)) == changes(trial)
    assert counts(tried(store, DAIRY)) == (0, 0, 58)
    over = "lots: [{name: New, material: Dairy/Cream}]\n"
    over += "inventory: [{location: DairyCo/Plant1/CreamTank, material: Dairy/Cream, lot: New, quantity: 9000}]"
    assert refused(lambda: tried(store, over)) == refused(lambda: applied(store, over))
    emptied = "locations: [{name: Silo1, parent: DairyCo/Plant1, lot_storage_strategy: NO_STORAGE}]"
    assert refused(lambda: tried(store, emptied)) == (
        "LOCATION_NOT_EMPTY",
        ["locations[0].lot_storage_strategy"],
    )
    held = "lots: [{name: CREAM-0042, material: Dairy/Cream, status: QA_HOLD, unit_of_measure: kg}]"
    assert changes(tried(store, held)) == [("lot", "CREAM-0042", ("status",))]
    immutable = "lots: [{name: CREAM-0042, material: Dairy/Cream, unit_of_measure: t}]"
    assert refused(lambda: tried(store, immutable)) == ("IMMUTABLE_FIELD", ["lots[0].unit_of_measure"])


def test_entries_stand_in_any_order_and_refer_to_what_the_document_creates(store: Store) -> None:
    """A child before its parent, a section before what it needs; changes come in the document's order."""
    text = """
    inventory_operations: [{name: Eat, source_location: /A/B/C, material: X/Y}]
    locations: [{name: C, parent: A/B}, {name: B, parent: /A}, {name: A}]
    materials: [{name: Y, material_class: X, unit_of_measure: kilogram}]
    material_classes: [{name: X}]
    units_of_measure: [{name: kilogram, symbol: kg}]
    """
    answer = applied(store, text)
    assert [change[1] for change in changes(answer)] == ["Eat", "A/B/C", "A/B", "A", "X/Y", "X", "kilogram"]
    assert counts(applied(store, text)) == (0, 0, 7)


def test_a_fault_refuses_the_whole_document_and_names_its_place(store: Store) -> None:
    """Faults of shape all together."""
    text = """
    units_of_measure: [{name: kilogram, symbol: kg}, {name: " x", symbol: 5, colour: red}]
    locations: [{name: A/B}, {parent: A}, {name: C, type: HOUSE, sort_order: 1.5}]
    silos: []
    inventory: [{lot: L, material: M, location: A, quantity: -1}]
    """
    assert refused(lambda: applied(store, text)) == (
        "INVALID_ARGUMENT",
        [
            "units_of_measure[1].name",
            "units_of_measure[1].colour",
            "locations[0].name",
            "locations[1].name",
            "locations[2].type",
            "locations[2].sort_order",
            "silos",
            "inventory[0].quantity",
        ],
    )
    unknown = "units_of_measure: [{name: k, symbol: k}]\nlocations: [{name: A}, {name: B, parent: No}]"
    assert refused(lambda: applied(store, unknown)) == ("LOCATION_NOT_FOUND", ["locations[1].parent"])
    taken = "units_of_measure: [{name: a, symbol: s}, {name: b, symbol: s}]"
    assert refused(lambda: applied(store, taken)) == ("NAME_TAKEN", ["units_of_measure[1].symbol"])
    assert rows(store, "SELECT id FROM unit_of_measure") == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("locations: [{name: A}, {name: A}]", "locations[1]"),
        ("units_of_measure: [{name: a, symbol: b}, {name: a, symbol: c}]", "units_of_measure[1]"),
        (
            """
            units_of_measure: [{name: a, symbol: b}, {name: c, symbol: d}]
            unit_of_measure_conversions:
              - {from_unit: a, to_unit: c, factor: 1}
              - {from_unit: b, to_unit: d, factor: 2}
            """,
            "unit_of_measure_conversions[1]",
        ),
    ],
)
def test_a_thing_that_is_given_twice_refuses_the_document(store: Store, text: str, place: str) -> None:
    """By whatever name."""
    assert refused(lambda: applied(store, text)) == ("INVALID_ARGUMENT", [place])


def test_an_id_is_taken_for_what_is_created_unless_another_has_it(store: Store) -> None:
    """Of what is there it is not looked at."""
    one, other = "01JPAND53P-BZ61RZHZ-V7C6EEHG", "01JPBC4H3V-J4X3FYKS-NRNVEKMM"
    assert counts(applied(store, f"locations: [{{id: {one}, name: A}}]")) == (1, 0, 0)
    assert counts(applied(store, f"locations: [{{id: {other}, name: A}}]")) == (0, 0, 1)
    assert refused(lambda: applied(store, f"locations: [{{id: {one}, name: B}}]")) == (
        "NAME_TAKEN",
        ["locations[0].id"],
    )


STOCK = """
units_of_measure: [{name: kilogram, symbol: kg}]
materials: [{name: M, unit_of_measure: kg}]
locations: [{name: A}, {name: B}]
lots: [{name: L, material: M}]
inventory:
  - {lot: L, material: M, location: A, quantity: 1.5, name: PALLET}
  - {lot: L, material: M, location: B, quantity: 2}
"""


def test_opening_stock_is_for_lots_without_a_record(store: Store) -> None:
    """Also at several places; a lot that has one keeps its stock."""
    assert counts(applied(store, STOCK)) == (7, 0, 0)
    assert counts(applied(store, STOCK.replace("1.5", "9"))) == (0, 0, 6)
    assert rows(store, "SELECT quantity, name FROM inventory ORDER BY quantity") == [
        (1_500_000, "PALLET"),
        (2_000_000, ""),
    ]
    assert rows(store, "SELECT total_quantity FROM inventory_lot") == [(3_500_000,)]


@pytest.mark.parametrize("quantity", ["1e-7", "1e-999999999"])
def test_opening_stock_that_rounds_to_zero_is_refused(store: Store, quantity: str) -> None:
    """Also where a double would be zero; zero itself is a quantity."""
    assert refused(lambda: applied(store, STOCK.replace("1.5", quantity))) == (
        "INVALID_ARGUMENT",
        ["inventory[0].quantity"],
    )
    assert counts(applied(store, STOCK.replace("1.5", "0"))) == (7, 0, 0)


def test_a_time_has_a_possible_offset(store: Store) -> None:
    """A slip must not move an expiration date by days."""
    late = STOCK.replace("{name: L, material: M}", "{name: L, material: M, expiration_date: 2026-01-01T00:00:00+99:99}")
    assert refused(lambda: applied(store, late)) == ("INVALID_ARGUMENT", ["lots[0].expiration_date"])


def test_opening_stock_obeys_the_rules_of_edit(store: Store) -> None:
    """Capacity, strategy, the place's state; the refusal names the entry."""
    full = STOCK.replace("{name: B}", "{name: B, storage_capacity: 1, storage_capacity_unit: kg}")
    assert refused(lambda: applied(store, full)) == ("LOCATION_CAPACITY_EXCEEDED", ["inventory[1]"])
    nowhere = STOCK.replace("{name: B}", "{name: B, lot_storage_strategy: NO_STORAGE}")
    assert refused(lambda: applied(store, nowhere)) == ("INSUFFICIENT_INVENTORY", ["inventory[1]"])


EGGS = """
units_of_measure: [{name: piece, symbol: pcs, whole_only: true}, {name: dozen, symbol: dz}]
materials: [{name: Egg, unit_of_measure: pcs}]
locations: [{name: A}, {name: B}]
production_orders: [{name: O, quantity: 3, unit_of_measure: pcs}]
lots: [{name: L, material: Egg}, {name: D, material: Egg, unit_of_measure: dz}]
inventory: [{location: A, material: Egg, lot: L, quantity: 3}, {location: B, material: Egg, lot: D, quantity: 2.5}]
"""


def test_a_document_says_which_units_are_of_whole_numbers(store: Store) -> None:
    """It comes out of an export as it went in; what it gives in them is whole."""
    for wrong, place in (("quantity: 3, unit", "production_orders[0]"), ("lot: L, quantity: 3", "inventory[0]")):
        broken = EGGS.replace(wrong, wrong.replace("3", "2.5"))
        assert refused(lambda text=broken: applied(store, text)) == ("INVALID_ARGUMENT", [f"{place}.quantity"])
        assert refused(lambda text=broken: tried(store, text)) == ("INVALID_ARGUMENT", [f"{place}.quantity"])
    applied(store, EGGS)
    assert counts(applied(store, EGGS))[:2] == (0, 0)
    units = json.loads(exported(store, JSON))["units_of_measure"]
    assert {unit["symbol"]: unit.get("whole_only", False) for unit in units} == {"pcs": True, "dz": False}


def test_a_document_makes_no_unit_whole_whose_stock_is_broken(store: Store) -> None:
    """Neither tried nor applied; nor by a name that is another unit's symbol."""
    applied(store, EGGS)
    applied(store, "units_of_measure: [{name: half, symbol: dozen}]")
    whole = "units_of_measure: [{name: dozen, whole_only: true}]"
    for apply in (tried, applied):
        assert refused(lambda apply=apply: apply(store, whole)) == ("NOT_WHOLE", ["units_of_measure[0].whole_only"])
    half = "units_of_measure: [{name: half, whole_only: true}, {name: piece, whole_only: false}]"
    assert (
        changes(tried(store, half))
        == changes(applied(store, half))
        == [
            ("unit_of_measure", "half", ("whole_only",)),
            ("unit_of_measure", "piece", ("whole_only",)),
        ]
    )


def test_the_demo_counts_pieces_in_whole_numbers(store: Store) -> None:
    """And nothing else."""
    applied(store, DAIRY)
    assert rows(store, "SELECT symbol FROM unit_of_measure WHERE whole_only") == [("pcs",)]


def test_a_changed_status_of_a_lot_leaves_its_record(store: Store) -> None:
    """And does not keep the lot from its opening stock in the same document."""
    applied(
        store,
        "units_of_measure: [{name: kilogram, symbol: kg}]\nmaterials: [{name: M, unit_of_measure: kg}]\n"
        "locations: [{name: A}, {name: B}]\nlots: [{name: L, material: M}]",
    )
    answer = applied(store, STOCK.replace("{name: L, material: M}", "{name: L, material: M, status: QA_HOLD}"))
    assert counts(answer) == (2, 1, 4)
    kinds = [
        LotRecordType(row[0]).name
        for row in rows(store, "SELECT lot_record_type FROM inventory_lot_record ORDER BY id")
    ]
    assert kinds == ["STATUS_CHANGE", "EDIT", "EDIT"]


ROWS = STOCK.replace("lots: [{name: L, material: M}]\n", "").replace("inventory:", "opening_stock:")


def test_a_row_of_opening_stock_makes_its_lot_with_its_date(store: Store) -> None:
    """Once, whatever row says it; again, nothing changes."""
    dated = ROWS.replace("quantity: 2}", "quantity: 2, expiration_date: 2039-12-31}")
    made = applied(store, dated)
    assert counts(made) == (7, 0, 0)
    assert [change[:2] for change in changes(made)][-3:] == [
        ("lot", "L"),
        ("inventory", "L at A"),
        ("inventory", "L at B"),
    ]
    assert rows(store, "SELECT name, expiration_millis, total_quantity FROM inventory_lot") == [
        ("L", 2_208_988_799_999, 3_500_000)
    ]
    assert counts(applied(store, dated)) == (0, 0, 6)


def test_what_a_document_says_of_a_lot_it_says_once(store: Store) -> None:
    """Two dates of one new lot are a fault; of a lot that is there, another date is not applied."""
    twice = ROWS.replace("quantity: 2}", "quantity: 2, expiration_date: 2039-12-31}")
    twice = twice.replace("quantity: 1.5", "quantity: 1.5, expiration_date: 2039-12-30")
    assert refused(lambda: applied(store, twice)) == ("INVALID_ARGUMENT", ["opening_stock[1].expiration_date"])
    listed = twice.replace(
        "opening_stock:", "lots: [{name: L, material: M, expiration_date: 2039-12-30}]\nopening_stock:"
    )
    assert refused(lambda: applied(store, listed)) == ("INVALID_ARGUMENT", ["opening_stock[1].expiration_date"])
    applied(store, ROWS)
    later = applied(store, ROWS.replace("quantity: 2}", "quantity: 2, expiration_date: 2039-12-31}"))
    assert (counts(later), later.not_applied) == ((0, 0, 5), 1)
    (change,) = later.changes
    assert (change.entity, change.fields, change.difference) == (
        "opening_stock",
        ("expiration_date",),
        Difference(("expiration_date",), "", "2039-12-31T23:59:59.999Z"),
    )


def test_a_lot_that_cannot_be_made_is_refused_at_its_row(store: Store) -> None:
    """Its name, its material."""
    ulid = ROWS.replace("lot: L", "lot: 01JPAND53P-BZ61RZHZ-V7C6EEHG")
    assert refused(lambda: applied(store, ulid)) == ("INVALID_ARGUMENT", ["opening_stock[0].lot"])
    unknown = ROWS.replace("lot: L, material: M, location: B", "lot: L, material: N, location: B")
    assert refused(lambda: applied(store, unknown)) == ("MATERIAL_NOT_FOUND", ["opening_stock[1].material"])


def test_to_make_lots_needs_the_permission_to_save_them(store: Store) -> None:
    """Looked at before anything is written; for lots that are there it is not needed."""

    def applied_without_lot_write(text: str) -> AppliedPlant:
        with store.write() as connection:
            tx = Transaction(connection, now_millis(), IdSource(), EffectOrder())
            return apply_plant(tx, read_plant(text.encode(), YAML), "tester", lambda one: one != "LOT.WRITE")

    assert refused(lambda: applied_without_lot_write(ROWS)) == ("PERMISSION_DENIED", ["opening_stock[0].lot"])
    assert rows(store, "SELECT id FROM unit_of_measure") == []
    applied(store, ROWS)
    assert counts(applied_without_lot_write(ROWS)) == (0, 0, 6)


def differences(outcome: AppliedPlant) -> list[tuple[str, str, str]]:
    return [(one.key, one.difference.stored, one.difference.given) for one in outcome.changes if one.difference]


def test_an_opening_quantity_that_differs_from_what_was_opened_is_not_applied(store: Store) -> None:
    """Both quantities are told, by a dry run, too; at a place where nothing was opened that is zero."""
    applied(store, STOCK)
    other = STOCK.replace("1.5", "9").replace("location: B, quantity", "location: C, quantity")
    other = other.replace("{name: B}", "{name: B}, {name: C}")
    for outcome in (tried(store, other), applied(store, other)):
        assert differences(outcome) == [("L at A", "1.5", "9"), ("L at C", "0", "2")]
        assert outcome.not_applied == 2
    assert rows(store, "SELECT quantity FROM inventory ORDER BY quantity") == [(1_500_000,), (2_000_000,)]
    assert applied(store, STOCK).not_applied == 0


def test_stock_that_is_there_now_is_no_difference(store: Store) -> None:
    """An export says the stock of now, and applies again unchanged; a count is not what was opened."""
    applied(store, STOCK)
    ((lot,),) = rows(store, "SELECT id FROM inventory_lot")
    ((place,),) = rows(store, "SELECT id FROM location WHERE name = 'B'")
    entry = StockEntry("", 0, "B", "M", "L", 1_250_000, "")
    with store.write() as connection:
        tx = Transaction(connection, now_millis(), IdSource(), EffectOrder())
        open_stocks(tx, "tester", [OpeningStock(entry, place, lot)])
    for given, told in (("2", []), ("1.25", []), ("0.75", [("L at B", "2", "0.75")])):
        assert differences(tried(store, STOCK.replace("quantity: 2}", f"quantity: {given}}}"))) == told
    assert counts(applied(store, exported(store))) == (0, 0, 7)


def test_an_orders_quantity_keeps_all_its_digits(store: Store) -> None:
    """Also where no double can say it; what is exported is unchanged when it comes back."""
    document = "production_orders: [{name: O, quantity: 90000000001.099997}]"
    assert counts(applied(store, document)) == (1, 0, 0)
    assert b"90000000001.099997" in exported(store)
    assert counts(applied(store, exported(store))) == (0, 0, 1)
    assert counts(applied(store, document.replace("997", "998"))) == (0, 1, 0)
    assert b"90000000001.099998" in exported(store)
    assert counts(applied(store, "production_orders: [{name: O, quantity: null}]")) == (0, 1, 0)
    assert b"quantity" not in exported(store)
    assert refused(lambda: applied(store, "production_orders: [{name: O, quantity: 92e11}]")) == (
        "INVALID_ARGUMENT",
        ["production_orders[0].quantity"],
    )
