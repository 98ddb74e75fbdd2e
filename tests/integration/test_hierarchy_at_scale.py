"""Re-parenting: the paths below are rewritten in the same transaction, at once, whatever hangs there."""

from __future__ import annotations

import time

import pytest
from lotkeeper.inventory.v1 import master_data_pb2
from lotkeeper_server.catalog import descriptions as d
from lotkeeper_server.catalog.saving import Saver, save
from lotkeeper_server.domain.model.identifiers import format_id
from lotkeeper_server.domain.refusals import Refused
from lotkeeper_server.engine.clock import EffectOrder, IdSource, now_millis
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.transaction import Transaction
from lotkeeper_server.store.schema import tables
from sqlalchemy import insert, select

from tests.stored_plant import StoredPlant

DESCENDANTS = 10_000
SECONDS_MAX = 2.0
SAVER = Saver("tester", lambda _permission: True)


def moved(store: Store, description: d.Description, message: object, mask: list[str]) -> None:
    with store.write() as connection:
        tx = Transaction(connection, now_millis(), IdSource(), EffectOrder())
        save(tx, description, message, SAVER, mask)  # type: ignore[arg-type]


def locations(plant: StoredPlant, count: int) -> tuple[bytes, bytes]:
    """A root, and a tree of so many below another one, three levels deep."""
    target, top = plant.location("Target"), plant.location("Top")
    halls = [(plant.new_id(), number) for number in range(100)]
    kinds = {"type": 8, "process_type": 1, "lot_storage_strategy": 1, "lot_use_strategy": 1}
    common = {"created_millis": 0, "created_by": "t", "version": 1} | kinds
    made = [
        common | {"id": hall, "name": f"H{number}", "path": f"Top/H{number}", "parent_id": top}
        for hall, number in halls
    ]
    made += [
        common
        | {
            "id": plant.new_id(),
            "name": f"B{number}",
            "path": f"Top/H{number % 100}/B{number}",
            "parent_id": halls[number % 100][0],
        }
        for number in range(count - 100)
    ]
    with plant.store.write() as connection:
        connection.execute(insert(tables.location), made)
    return target, top


def test_a_location_of_ten_thousand_descendants_moves_within_two_seconds(store: Store, plant: StoredPlant) -> None:
    """Their versions stay: a path rewritten from above is no change of what lies below."""
    target, top = locations(plant, DESCENDANTS)
    began = time.monotonic()
    message = master_data_pb2.Location(id=format_id(top), parent_id=format_id(target))
    moved(store, d.LOCATION, message, ["parent_id"])
    took = time.monotonic() - began
    with store.read() as connection:
        rows = connection.execute(select(tables.location.c.path, tables.location.c.version)).all()
    assert len([row for row in rows if row.path.startswith("Target/Top/H")]) == DESCENDANTS
    assert {row.version for row in rows if row.path != "Target/Top"} == {1}
    assert took < SECONDS_MAX, f"{took:.2f} s"


def test_a_class_moves_with_the_materials_below_it(store: Store, plant: StoredPlant) -> None:
    """Ten thousand of them, in the same time."""
    common = {"created_millis": 0, "created_by": "t", "version": 1}
    top, target = plant.new_id(), plant.new_id()
    with store.write() as connection:
        classes = [{"id": top, "name": "Top", "path": "Top"}, {"id": target, "name": "Target", "path": "Target"}]
        connection.execute(insert(tables.material_class), [common | one for one in classes])
        materials = [
            common | {"id": plant.new_id(), "name": f"M{number}", "path": f"Top/M{number}", "material_class_id": top}
            for number in range(DESCENDANTS)
        ]
        connection.execute(insert(tables.material), materials)
    began = time.monotonic()
    moved(
        store,
        d.MATERIAL_CLASS,
        master_data_pb2.MaterialClass(id=format_id(top), parent_id=format_id(target)),
        ["parent_id"],
    )
    took = time.monotonic() - began
    with store.read() as connection:
        paths = connection.execute(select(tables.material.c.path)).scalars().all()
    assert len([path for path in paths if path.startswith("Target/Top/M")]) == DESCENDANTS
    assert took < SECONDS_MAX, f"{took:.2f} s"


def test_a_move_that_makes_a_path_too_long_or_taken_is_refused_on_what_moved(store: Store, plant: StoredPlant) -> None:
    """On the parent where that changes, else on the name; whatever the length of what lies below."""
    target, top = locations(plant, 200)
    with store.write() as connection:
        connection.execute(
            tables.location.update().where(tables.location.c.path == "Target").values(name="T" * 255, path="T" * 255)
        )
        connection.execute(
            tables.location.update()
            .where(tables.location.c.path == "Top/H0/B0")
            .values(name="B" * 255, path="Top/H0/" + "B" * 500)
        )

    def places(message: object, mask: list[str]) -> tuple[str, list[str]]:
        with pytest.raises(Refused) as refused:
            moved(store, d.LOCATION, message, mask)
        refusal = refused.value.refusal
        return refusal.reason, [violation.field for violation in refusal.violations]

    under = master_data_pb2.Location(id=format_id(top), parent_id=format_id(target))
    assert places(under, ["parent_id"]) == ("INVALID_ARGUMENT", ["location.parent_id"])
    renamed = master_data_pb2.Location(id=format_id(top), name="N" * 254)
    assert places(renamed, ["name"]) == ("INVALID_ARGUMENT", ["location.name"])
    plant.location("Taken")
    taken = master_data_pb2.Location(id=format_id(target), name="Taken")
    assert places(taken, ["name"]) == ("NAME_TAKEN", ["location.name"])
