"""What is stored from before names had one form is brought to it; what cannot be stays, and is noticed by its id."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lotkeeper_server.access.roles import add_role
from lotkeeper_server.access.tokens import TokenEntry, add_token, new_token
from lotkeeper_server.domain.model.identifiers import format_id
from lotkeeper_server.engine.clock import IdSource
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.revision import HEAD_REVISION
from lotkeeper_server.store.schema import tables
from lotkeeper_server.store.schema.access_tables import role, token
from lotkeeper_server.store.schema.notices import noticing
from lotkeeper_server.store.schema.progress import reporting
from lotkeeper_server.store.verification import verify
from sqlalchemy import Table, insert, select, text

from tests.earlier_schemas import upgrade_to
from tests.stored_plant import StoredPlant
from tests.stores import give_back, migrated_store_url

DECOMPOSED, COMPOSED = "Ka\u0308se", "K\u00e4se"
KELVIN = "01JPAND53PBZ61RZHZV7C6EEH\u212a"
"""With the sign of the unit in place of a K."""
INVISIBLE = "Ka\u200bse"
LONGER = "\u0958" * 120
"""Its one form has twice as many code points."""


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[StoredPlant]:
    """A store as it was one migration before: the tables are the same, what is in them is not."""
    store = Store(url := migrated_store_url(tmp_path))
    with store.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0010'"))
    yield StoredPlant(store)
    store.close()
    give_back(url)


def migrated(plant: StoredPlant) -> list[str]:
    """What the migration noticed."""
    noticed: list[str] = []
    with noticing(noticed.append), plant.store.write() as connection:
        upgrade_to(connection, "0011")
    with plant.store.write() as connection:  # the tables are those of now
        connection.execute(text("UPDATE alembic_version SET version_num = :head"), {"head": HEAD_REVISION})
    with plant.store.read() as connection:
        assert not [str(one) for one in verify(connection).differences]
    return noticed


def column(plant: StoredPlant, table: Table, name: str, key: str = "id") -> dict[Any, Any]:
    with plant.store.read() as connection:
        return {row[0]: row[1] for row in connection.execute(select(table.c[key], table.c[name]))}


def test_every_name_is_brought_to_its_one_form(plant: StoredPlant) -> None:
    """Names, symbols, codes, names of stock and of records; what is texts stays as it was written."""
    unit = plant._one(tables.unit_of_measure, name="microgram\u00a0", symbol="\u00b5g", notes="\u00b5g")
    lot = plant.lot(DECOMPOSED + "\u20031")
    code = plant.reason_code(DECOMPOSED)
    order = plant.production_order(DECOMPOSED)
    operation = plant.inventory_operation(DECOMPOSED)
    silo = plant.location("Silo")
    plant.stock(silo, lot, 0, name=DECOMPOSED)
    plant.stock(plant.location("Line"), lot, 0, name="ASCII")
    record = plant.record(lot, 1_000, inventory_name=DECOMPOSED, notes=DECOMPOSED, quantity=0)
    noticed = migrated(plant)
    assert column(plant, tables.unit_of_measure, "symbol")[unit] == "\u03bcg"
    assert column(plant, tables.unit_of_measure, "notes")[unit] == "\u00b5g"
    assert column(plant, tables.inventory_lot, "name")[lot] == f"{COMPOSED} 1"
    assert column(plant, tables.material_reason_code, "reason_code")[code] == COMPOSED
    assert column(plant, tables.production_order, "name")[order] == COMPOSED
    assert column(plant, tables.inventory_operation, "name")[operation] == COMPOSED
    assert column(plant, tables.inventory, "name", "location_id")[silo] == COMPOSED
    assert column(plant, tables.inventory_lot_record, "inventory_name")[record] == COMPOSED
    assert column(plant, tables.inventory_lot_record, "notes")[record] == DECOMPOSED
    assert column(plant, tables.unit_of_measure, "name")[unit] == "microgram\u00a0"
    assert [line.partition(": ")[2] for line in noticed] == ["has white space at an end"]


def test_where_two_would_become_one_both_stay_and_are_noticed_by_id(plant: StoredPlant) -> None:
    """Whether one of them has the form already or neither; the same name of another material is another one."""
    cheese = plant.material("Cheese")
    there, other = plant.lot(COMPOSED), plant.lot(DECOMPOSED)
    alone = plant.lot(DECOMPOSED, cheese)
    micro, spaced = plant.lot("\u00b5 1"), plant.lot("\u03bc\u00a01")
    noticed = migrated(plant)
    names = column(plant, tables.inventory_lot, "name")
    assert names == {there: COMPOSED, other: DECOMPOSED, alone: COMPOSED, micro: "\u00b5 1", spaced: "\u03bc\u00a01"}
    pairs = [(other, there), (micro, spaced), (spaced, micro)]
    assert sorted(noticed) == sorted(
        f"inventory_lot.name of {format_id(one)} stays as it is, {names[one]}: "
        f"it would be the same as that of {format_id(two)}"
        for one, two in pairs
    )


def test_what_no_name_may_have_stays_and_is_noticed(plant: StoredPlant) -> None:
    """Also what would be in the form of a ULID."""
    lot = plant.lot(INVISIBLE)
    ulid = plant.lot(KELVIN)
    noticed = migrated(plant)
    assert column(plant, tables.inventory_lot, "name")[lot] == INVISIBLE
    assert noticed == [
        f"inventory_lot.name of {format_id(lot)} stays as it is, {INVISIBLE}: has an invisible character, U+200B",
        f"inventory_lot.name of {format_id(ulid)} stays as it is, {KELVIN}: has the form of a ULID",
    ]


def test_paths_follow_the_names_in_them(plant: StoredPlant) -> None:
    """Through classes to materials; below a name that stays, the rest is brought to its form."""
    top = plant._one(tables.material_class, name=DECOMPOSED, path=DECOMPOSED)
    below = plant._one(tables.material_class, name="Soft", path=f"{DECOMPOSED}/Soft", parent_id=top)
    brie = plant.material(f"{DECOMPOSED}/Soft/Brie\u00a01")
    _under(plant, tables.material, brie, material_class_id=below)
    site, twin = plant.location(COMPOSED), plant.location(DECOMPOSED)
    tank = plant.location(f"{DECOMPOSED}/{DECOMPOSED}")
    _under(plant, tables.location, tank, parent_id=twin)
    noticed = migrated(plant)
    assert column(plant, tables.material_class, "path") == {top: COMPOSED, below: f"{COMPOSED}/Soft"}
    assert column(plant, tables.material, "path")[brie] == f"{COMPOSED}/Soft/Brie 1"
    assert column(plant, tables.material, "name")[brie] == "Brie 1"
    assert column(plant, tables.location, "path") == {
        site: COMPOSED,
        twin: DECOMPOSED,
        tank: f"{DECOMPOSED}/{COMPOSED}",
    }
    assert column(plant, tables.location, "name") == {site: COMPOSED, twin: DECOMPOSED, tank: COMPOSED}
    assert len(noticed) == 1
    assert format_id(twin) in noticed[0]


def test_a_name_whose_form_would_make_a_path_too_long_stays(plant: StoredPlant) -> None:
    """NFC makes two code points of some; a path has room for 750. Of the others' names each is brought to its form."""
    parts = [LONGER, LONGER, LONGER, LONGER, DECOMPOSED]
    parent = None
    for depth in range(len(parts)):
        made = plant.location("/".join(parts[: depth + 1]))
        if parent is not None:
            _under(plant, tables.location, made, parent_id=parent)
        parent = made
    too_long = plant.location("\u0958" * 200)
    noticed = migrated(plant)
    assert column(plant, tables.location, "path")[made] == "/".join([*parts[:-1], COMPOSED])
    assert column(plant, tables.location, "name")[too_long] == "\u0958" * 200
    causes = [line.rpartition(": ")[2] for line in noticed]
    assert causes == ["is longer than 255 code points", *["a path would be too long"] * 4]


def test_roles_and_principals_are_names(plant: StoredPlant) -> None:
    """A token keeps its role, a caller what is said to be theirs."""
    entry = TokenEntry(IdSource()(), DECOMPOSED, (DECOMPOSED,), False, 1, None, None)
    with plant.store.write() as connection:
        add_role(connection, DECOMPOSED, ["*"], 1)
        add_token(connection, new_token(), entry)
        values = {"fingerprint": bytes(32), "created_millis": 1, "record_ids": b"", "main_index": -1}
        kept = insert(tables.request).values(
            principal=DECOMPOSED, request_id="r", stopped_running_operation=False, **values
        )
        connection.execute(kept)
    lot = plant.lot("L", created_by=DECOMPOSED, modified_by=DECOMPOSED)
    assert migrated(plant) == []
    assert set(column(plant, role, "permissions", "name")) == {"admin", COMPOSED}
    assert column(plant, token, "principal") == {entry.id: COMPOSED}
    assert set(column(plant, tables.request, "request_id", "principal")) == {COMPOSED}
    assert column(plant, tables.inventory_lot, "created_by")[lot] == COMPOSED
    assert column(plant, tables.inventory_lot, "modified_by")[lot] == COMPOSED


def test_many_records_take_little_time(plant: StoredPlant) -> None:
    """Some microseconds a record, more where it changes; whoever waits is told how far it has come."""
    lot = plant.lot("L")
    for _ in range(4):
        plant.records({"lot_id": lot, "end_millis": 1, "inventory_name": "P-1", "quantity": 0} for _ in range(10_000))
    plant.records({"lot_id": lot, "end_millis": 1, "inventory_name": DECOMPOSED, "quantity": 0} for _ in range(10_000))
    began = time.monotonic()
    told: list[tuple[str, int, int]] = []
    with reporting(lambda *said: told.append(said)):
        assert migrated(plant) == []
    assert time.monotonic() - began < 20
    assert told == [("names in inventory_lot_record are looked at", 10_000, 10_000)]
    names = list(column(plant, tables.inventory_lot_record, "inventory_name").values())
    assert (names.count("P-1"), names.count(COMPOSED)) == (40_000, 10_000)


def _under(plant: StoredPlant, table: Table, identifier: bytes, **parent: bytes) -> None:
    with plant.store.write() as connection:
        connection.execute(table.update().where(table.c.id == identifier).values(**parent))
