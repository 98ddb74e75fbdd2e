"""A document that is staged: unseen until it is switched in, and not switched in if what it relies on has changed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lotkeeper.inventory.v1 import inventory_lot_pb2, inventory_operation_pb2, master_data_pb2
from lotkeeper_server.catalog.deleting import delete_one
from lotkeeper_server.catalog.descriptions import INVENTORY_OPERATION, LOCATION, LOT, MATERIAL, Description
from lotkeeper_server.catalog.saving import Saver, save
from lotkeeper_server.domain.keys import LotNameKey, NameKey
from lotkeeper_server.domain.model.enumerations import ExportFormat
from lotkeeper_server.domain.model.identifiers import Id, MaterialId, format_id, parse_id
from lotkeeper_server.engine.clock import EffectOrder, IdSource, now_millis
from lotkeeper_server.plant.applying import apply_plant
from lotkeeper_server.plant.exporting import export_plant
from lotkeeper_server.plant.permissions import may_everything
from lotkeeper_server.plant.planning import PlannedPlant, plan_plant, switch_plant
from lotkeeper_server.plant.reading import read_plant
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.errors import AlreadyThere, ReferenceBroken
from lotkeeper_server.store.db.transaction import Transaction
from lotkeeper_server.store.db.write_transaction import ReadTransaction
from lotkeeper_server.store.entities.lots import with_records
from lotkeeper_server.store.entities.pages import read_page
from lotkeeper_server.store.feed import by_effect
from lotkeeper_server.store.feed.entries import EVERYTHING
from lotkeeper_server.store.lists.inventory import InventoryFilter, list_inventory
from lotkeeper_server.store.lists.records import RecordFilter, list_records
from lotkeeper_server.store.schema import tables
from lotkeeper_server.store.schema.tables import metadata
from lotkeeper_server.store.staged.staging import begin_staging, drop_piece, read_staging, stage, switch_in, take_turn
from lotkeeper_server.store.staged.visible import NUMBERS
from lotkeeper_server.store.state.definitions import read_ids_by_name, read_versions
from lotkeeper_server.store.state.reading import read_lots_by_name
from lotkeeper_server.store.verification import verify
from sqlalchemy import func, insert, select

from tests.stores import embedded_store_url

SAVER = Saver("tester", lambda _: True)
OWNER = b"o" * 16
BEFORE = """
units_of_measure: [{name: kilogram, symbol: kg}]
materials: [{name: Milk, unit_of_measure: kg}]
locations: [{name: Hall}, {name: Silo, storage_capacity: 10, storage_capacity_unit: kg}]
inventory_operations: [{name: Fill, operation_type: PRODUCE, destination_location: Hall}]
lots: [{name: Old, material: Milk}, {name: Opened, material: Milk}]
inventory: [{location: Hall, material: Milk, lot: Opened, quantity: 3}]
"""
DOCUMENT = """
material_classes: [{name: Dairy}]
materials: [{name: Cream, material_class: Dairy, unit_of_measure: kg}, {name: Milk, notes: changed}]
locations: [{name: Deep, parent: Hall/Rack}, {name: Rack, parent: Hall, id: 01JZZZZZZZZZZZZZZZZZZZZZZZ}]
inventory_operations: [{name: Fill, operation_type: PRODUCE, destination_location: Hall, spare1: changed},
  {name: Take, source_location: Hall/Rack}]
lots: [{name: New, material: Dairy/Cream}, {name: Old, material: Milk, status: QA_HOLD}]
inventory:
  - {location: Silo, material: Dairy/Cream, lot: New, quantity: 2}
  - {location: Hall, material: Milk, lot: Old, quantity: 5, name: Pallet}
"""


@pytest.fixture
def store(embedded_store: Store) -> Store:
    """With a small plant; only the embedded store stages."""
    apply(embedded_store, BEFORE)
    return embedded_store


def transaction(connection: Any) -> Transaction:
    """Numbered as the engine does."""
    orders = EffectOrder()
    orders.follow(read_versions(connection).effect_order)
    return Transaction(connection, now_millis(), IdSource(), orders)


def apply(store: Store, text: str) -> None:
    with store.write() as connection:
        apply_plant(transaction(connection), read_plant(text.encode(), ExportFormat.YAML), "tester", may_everything)


def planned(store: Store, text: str = DOCUMENT) -> PlannedPlant:
    with store.read() as connection:
        return plan_plant(
            connection, read_plant(text.encode(), ExportFormat.YAML), "tester", may_everything, IdSource()
        )


def staged(store: Store, text: str = DOCUMENT) -> PlannedPlant:
    """A document that is written, one row at a time, and not switched in."""
    plan = planned(store, text)
    with store.write() as connection:
        assert begin_staging(connection, OWNER, plan.changes.orders) is None
    for pieces in plan.pieces(1):
        with store.write() as connection:
            assert take_turn(connection, OWNER)
            stage(connection, pieces)
    return plan


def switched(store: Store, plan: PlannedPlant) -> bool:
    with store.write() as connection, connection.begin_nested() as changes:
        if switch_plant(transaction(connection), plan):
            switch_in(connection)
            return True
        changes.rollback()
        return False


def dropped(store: Store) -> None:
    over = False
    while not over:
        with store.write() as connection:
            over = drop_piece(connection, 1)


def seen(store: Store) -> tuple[Any, ...]:
    """Everything that readers see, by every way to it."""
    with store.read() as connection:
        feed = by_effect.FeedByEffect()
        tx = ReadTransaction(connection)
        return (
            b"".join(export_plant(connection, ExportFormat.YAML, threading.Event(), include_lots=True)),
            [len(read_page(connection, metadata.tables[name], [], None, 100).rows) for name in sorted(NUMBERS)[:-1]],
            list_inventory(connection, InventoryFilter(include_empty=True), b"", 100),
            len(list_records(connection, RecordFilter(), b"", 100, oldest_first=True).records),
            len(feed.read_after(connection, feed.beginning, EVERYTHING, 100, 100).entries),
            read_ids_by_name(connection, [NameKey("unit_of_measure", "name", "kilogram")]).keys(),
            len(list(read_lots_by_name(tx, [LotNameKey(MaterialId(row), "New") for row in ids(store, "material")]))),
            len(with_records(connection, ids(store, "inventory_lot"))),
            [found.differences for found in [verify(connection)]],
            verify(connection).records,
        )


def ids(store: Store, table: str) -> list[bytes]:
    with store.read() as connection:
        return list(connection.execute(select(metadata.tables[table].c.id)).scalars())


def rows(store: Store) -> dict[str, int]:
    """How many rows each table has, seen or not."""
    with store.read() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
            if table.name != "definition_change"
        }


def saved(store: Store, description: Description, message: Any, *mask: str) -> bytes:
    with store.write() as connection:
        return save(transaction(connection), description, message, SAVER, mask or None)


def deleted(store: Store, description: Description, identifier: bytes) -> None:
    with store.write() as connection:
        delete_one(transaction(connection), description, identifier, 0)


def named(store: Store, table: str, name: str) -> str:
    with store.read() as connection:
        found = metadata.tables[table]
        identifier: bytes = connection.execute(select(found.c.id).where(found.c.name == name)).scalar_one()
        return format_id(Id(identifier))


def test_a_staged_document_is_unseen_then_all_there_as_if_it_was_applied(store: Store, tmp_path: Path) -> None:
    """By lists, names, the feed, an export, and the sums."""
    before, rows_before = seen(store), rows(store)
    with store.read() as connection:
        orders_before = read_versions(connection).effect_order
    plan = staged(store)
    assert rows(store) != rows_before
    assert seen(store) == before
    with store.read() as connection:
        assert read_versions(connection).effect_order == orders_before
    assert switched(store, plan)
    assert read_none(store)
    (tmp_path / "other").mkdir()
    other = Store(embedded_store_url(tmp_path / "other"))
    apply(other, BEFORE)
    apply(other, DOCUMENT)
    assert seen(store)[0] == seen(other)[0]
    assert seen(store)[3:5] == seen(other)[3:5]
    assert rows(store) == rows(other)
    assert seen(store)[8] == [[]]
    assert (plan.outcome.created, plan.outcome.updated, plan.outcome.unchanged) == (8, 3, 0)
    other.close()


def read_none(store: Store) -> bool:
    with store.read() as connection:
        return read_staging(connection) is None


def test_what_is_written_after_a_switch_comes_after_its_records(store: Store) -> None:
    """Records that are staged have numbers ahead of the clock; the feed ends before them until they are there."""
    plan = staged(store)
    apply(
        store,
        "lots: [{name: Mid, material: Milk}]\ninventory: [{location: Hall, material: Milk, lot: Mid, quantity: 1}]",
    )
    with store.read() as connection:
        feed = by_effect.FeedByEffect()
        position = feed.latest_position(connection)
        assert feed.read_after(connection, position, EVERYTHING, 100, 100).entries == []
    assert switched(store, plan)
    apply(
        store,
        "lots: [{name: Late, material: Milk}]\ninventory: [{location: Hall, material: Milk, lot: Late, quantity: 1}]",
    )
    with store.read() as connection:
        page = feed.read_after(connection, position, EVERYTHING, 100, 100)
        assert [record.lot.name for record in page.records] == ["Old", "New", "Old", "Late"]
        assert verify(connection).differences == []


def test_a_document_right_after_another_has_later_records(store: Store) -> None:
    """The first one has brought the numbers ahead of the clock, by more than a smaller one would be."""
    assert switched(store, staged(store))
    with store.read() as connection:
        feed = by_effect.FeedByEffect()
        position = feed.latest_position(connection)
    plan = staged(
        store, "lots: [{name: Z, material: Milk}]\ninventory: [{location: Hall, material: Milk, lot: Z, quantity: 1}]"
    )
    with store.read() as connection:
        assert feed.latest_position(connection) == position
    assert switched(store, plan)
    with store.read() as connection:
        page = feed.read_after(connection, position, EVERYTHING, 100, 100)
        assert [record.lot.name for record in page.records] == ["Z"]


def test_a_document_whose_records_would_come_too_early_is_kept_out(store: Store) -> None:
    """Numbers that others have used meanwhile are not used again."""
    plan = staged(store)
    assert plan.changes.orders is not None
    orders = EffectOrder(lambda: plan.changes.orders.last + 1)  # type: ignore[union-attr]
    text = "lots: [{name: Z, material: Milk}]\ninventory: [{location: Hall, material: Milk, lot: Z, quantity: 1}]"
    with store.write() as connection:
        tx = Transaction(connection, now_millis(), IdSource(), orders)
        apply_plant(tx, read_plant(text.encode(), ExportFormat.YAML), "tester", may_everything)
        assert read_versions(connection).effect_order == plan.changes.orders.last + 1
    assert not switched(store, plan)


def test_dropping_leaves_the_store_as_it_was(store: Store) -> None:
    """Row by row, parents after their children."""
    before = seen(store), rows(store)
    staged(store)
    dropped(store)
    assert (seen(store), rows(store)) == before


def _disables_a_material(store: Store) -> None:
    saved(store, MATERIAL, master_data_pb2.Material(id=named(store, "material", "Milk"), enabled=False), "enabled")


def _renames_a_location(store: Store) -> None:
    saved(store, LOCATION, master_data_pb2.Location(id=named(store, "location", "Hall"), name="Yard"), "name")


def _changes_what_is_updated(store: Store) -> None:
    operation = inventory_operation_pb2.InventoryOperation(id=named(store, "inventory_operation", "Fill"), spare2="x")
    saved(store, INVENTORY_OPERATION, operation, "spare2")


def _edits_a_lot(store: Store) -> None:
    saved(store, LOT, inventory_lot_pb2.InventoryLot(id=named(store, "inventory_lot", "Old"), spare2="x"), "spare2")


def _opens_a_lot(store: Store) -> None:
    apply(store, "inventory: [{location: Silo, material: Milk, lot: Old, quantity: 1}]")


def _fills_a_location(store: Store) -> None:
    apply(
        store, "lots: [{name: X, material: Milk}]\ninventory: [{location: Silo, material: Milk, lot: X, quantity: 9}]"
    )


def _adds_a_conversion(store: Store) -> None:
    apply(
        store,
        "units_of_measure: [{name: gram, symbol: g}]\n"
        "unit_of_measure_conversions: [{from_unit: kg, to_unit: g, factor: 1000}]",
    )


def _starts_on_a_lot(store: Store) -> None:
    lot_id = parse_id(named(store, "inventory_lot", "Old"))
    assert lot_id is not None
    with store.write() as connection:
        material_id, unit_id = connection.execute(
            select(tables.inventory_lot.c.material_id, tables.inventory_lot.c.unit_of_measure_id).where(
                tables.inventory_lot.c.id == lot_id
            )
        ).one()
        values = {"lot_record_type": 1, "status": 2, "lot_status": 1, "quantity": 0, "effect_order": 0, "version": 1}
        moments = {"start_millis": 1, "moment_millis": 1, "created_millis": 1, "created_by": "tester"}
        record = insert(tables.inventory_lot_record).values(
            id=IdSource()(), lot_id=lot_id, material_id=material_id, unit_of_measure_id=unit_id, **values, **moments
        )
        connection.execute(record)


@pytest.mark.parametrize(
    "meanwhile",
    [
        _disables_a_material,
        _renames_a_location,
        _changes_what_is_updated,
        _edits_a_lot,
        _opens_a_lot,
        _starts_on_a_lot,
        _fills_a_location,
        _adds_a_conversion,
    ],
)
def test_what_others_changed_meanwhile_keeps_a_document_out(store: Store, meanwhile: Callable[[Store], None]) -> None:
    """And nothing of theirs is lost."""
    plan = staged(store)
    meanwhile(store)
    between = seen(store)
    assert not switched(store, plan)
    assert seen(store) == between
    dropped(store)
    assert seen(store) == between


def test_a_unit_whose_stock_was_broken_meanwhile_keeps_a_document_out(store: Store) -> None:
    """It says that the unit is of whole numbers now."""
    plan = staged(store, DOCUMENT + "units_of_measure: [{name: kilogram, whole_only: true}]")
    apply(
        store, "lots: [{name: X, material: Milk}]\ninventory: [{location: Hall, material: Milk, lot: X, quantity: 0.5}]"
    )
    assert not switched(store, plan)


def test_what_others_changed_elsewhere_does_not(store: Store) -> None:
    """A document does not wait for a quiet moment."""
    saved(store, LOCATION, master_data_pb2.Location(name="Yard"))
    plan = staged(store)
    saved(store, LOCATION, master_data_pb2.Location(id=named(store, "location", "Yard"), notes="x"), "notes")
    saved(store, LOCATION, master_data_pb2.Location(name="Gate"))
    apply(
        store, "lots: [{name: X, material: Milk}]\ninventory: [{location: Yard, material: Milk, lot: X, quantity: 9}]"
    )
    assert switched(store, plan)


def test_names_that_are_staged_are_taken_and_what_is_referred_to_stays(store: Store) -> None:
    """Whoever wants such a name, or deletes such a thing, is refused by the store: CONTENTION, to be tried again."""
    plan = staged(store)
    with pytest.raises(AlreadyThere):
        saved(store, LOCATION, master_data_pb2.Location(name="Rack", parent_path="Hall"))
    with pytest.raises(AlreadyThere):
        apply(store, "inventory: [{location: Hall, material: Milk, lot: Old, quantity: 1}]")
    with pytest.raises(ReferenceBroken):
        deleted(store, LOT, ids(store, "inventory_lot")[0])
    assert switched(store, plan)


def test_a_plan_makes_lots_of_opening_stock_and_says_what_it_cannot_apply(store: Store) -> None:
    """As a document that is applied at once does: the copy has what was opened."""
    apply(store, DOCUMENT)
    text = DOCUMENT.replace("quantity: 5, name: Pallet", "quantity: 7").replace(
        "lots: [{name: New", "lots: [{name: Newer"
    )
    text += "  - {location: Hall, material: Dairy/Cream, lot: Third, quantity: 1, expiration_date: 2039-12-31}\n"
    plan = planned(store, text)
    told = [(one.entity, one.key) for one in plan.outcome.changes]
    assert told == [
        ("lot", "Newer"),
        ("opening_stock", "Old at Hall"),
        ("lot", "Third"),
        ("inventory", "Third at Hall"),
    ]
    assert (plan.outcome.created, plan.outcome.not_applied) == (3, 1)
    written = staged(store, text)
    assert switched(store, written)
    assert planned(store, text).outcome.not_applied == 1
    assert planned(store, text).outcome.created == 0
