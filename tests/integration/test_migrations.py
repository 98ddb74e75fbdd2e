"""The schema: migrations and tables agree, and a store says how it stands."""

import re
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from lotkeeper_server.domain.model.enumerations import LotRecordType, Status
from lotkeeper_server.domain.model.identifiers import RecordId
from lotkeeper_server.store.archive.files import files_before_orders
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.errors import StoreError
from lotkeeper_server.store.db.revision import HEAD_REVISION
from lotkeeper_server.store.schema import genealogy_tables, tables
from lotkeeper_server.store.schema import migrating as schema
from lotkeeper_server.store.schema.archive_tables import archive_state, opening_stock
from lotkeeper_server.store.schema.migrating import SchemaState, migrate, schema_state
from lotkeeper_server.store.schema.progress import reporting
from lotkeeper_server.store.schema.tables import metadata
from lotkeeper_server.store.state.records import read_records
from lotkeeper_server.store.verification import verify
from sqlalchemy import create_engine, insert, select, text

from tests.earlier_schemas import upgrade_to
from tests.stored_plant import StoredPlant


def _definitions(store: Store) -> dict[str, list[str]]:
    """The parts of each table's and index's SQL: the order of constraints does not matter."""
    with store.read() as connection:
        rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'alembic%'"))
        return {name: _parts(sql) for name, sql in rows if sql}


def _parts(sql: str) -> list[str]:
    plain = " ".join(sql.split()).removesuffix(" )").removesuffix(" ) WITHOUT ROWID")
    return sorted(part.strip() for part in re.split(r",? (?=CONSTRAINT )", plain))


def test_the_migrations_together_make_the_tables(tmp_path: Path) -> None:
    """To the letter of the SQL: columns, checks, keys and indexes."""
    migrated, created = Store(f"sqlite:///{tmp_path}/one.db"), Store(f"sqlite:///{tmp_path}/other.db")
    with migrated.write() as connection:
        schema.upgrade(connection)
    with created.write() as connection:
        metadata.create_all(connection)
    assert _definitions(migrated) == _definitions(created)
    with migrated.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    migrated.close()
    created.close()


def test_the_newest_revision_is_the_one_that_the_program_knows() -> None:
    """So that starting needs no look at the migrations."""
    scripts = ScriptDirectory(str(Path(schema.__file__).parent / "migrations"))
    assert scripts.get_heads() == [HEAD_REVISION]


def test_a_store_says_how_it_stands_and_migrating_twice_is_once(tmp_path: Path) -> None:
    """Empty, then current."""
    store = Store(f"sqlite:///{tmp_path}/store.db")
    assert schema_state(store) is SchemaState.EMPTY
    assert migrate(store)
    assert schema_state(store) is SchemaState.CURRENT
    assert not migrate(store)
    store.close()


def test_a_newer_store_and_a_foreign_one_are_left_alone(tmp_path: Path) -> None:
    """Each is a clear error."""
    store = Store(f"sqlite:///{tmp_path}/store.db")
    migrate(store)
    with store.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.execute(text("UPDATE store_state SET serves_from = '9999'"))
    with pytest.raises(StoreError, match="newer version"):
        migrate(store)
    store.close()
    foreign = create_engine(f"sqlite:///{tmp_path}/foreign.db")
    with foreign.begin() as connection:
        connection.execute(text("CREATE TABLE theirs (id INTEGER)"))
    foreign.dispose()
    store = Store(f"sqlite:///{tmp_path}/foreign.db")
    with pytest.raises(StoreError, match="not Lotkeeper's"):
        migrate(store)
    store.close()


def _store_at(tmp_path: Path, revision: str) -> Store:
    """A store of an earlier version."""
    store = Store(f"sqlite:///{tmp_path}/store.db")
    with store.write() as connection:
        upgrade_to(connection, revision)
    return store


def test_of_merges_and_units_from_before_nothing_is_known(tmp_path: Path) -> None:
    """No unit is of whole numbers, and a reversal of such a MERGE puts nothing back."""
    store = _store_at(tmp_path, "0006")
    plant = StoredPlant(store)
    one = plant.record(plant.lot("L-1"), 1_000, lot_record_type=LotRecordType.MERGE, secondary_lot_id=plant.lot("L-2"))
    assert migrate(store)
    with store.read() as connection:
        (record,) = read_records(connection, [RecordId(one)]).values()
        assert connection.execute(select(tables.unit_of_measure.c.whole_only)).all() == [(False,)]
    store.close()
    assert record.beside_stock is None


def test_records_of_the_first_schema_keep_their_sums_and_get_their_genealogy(tmp_path: Path) -> None:
    """The quantity in the lot's unit: from what stock did, else from the unit, else by the factor; an edge by type."""
    store = _store_at(tmp_path, "0001")
    plant = StoredPlant(store)
    gram = plant._one(tables.unit_of_measure, name="gram", symbol="g")
    plant._one(
        tables.unit_of_measure_conversion, from_unit_id=plant.kg, to_unit_id=gram, material_key=bytes(16), factor="1000"
    )
    milk, cream = plant.lot("L-1"), plant.lot("L-2")
    silo = plant.location("Silo")
    kept = {
        "source_location_id": silo,
        "source_quantity_change": -2_000_000,
        "quantity": 2_000,
        "unit_of_measure_id": gram,
    }
    plant.stock(silo, milk, -2)
    plant.record(milk, 1_000, secondary_lot_id=cream, **kept)
    plant.record(milk, 2_000, secondary_lot_id=cream, quantity=3_000_000)
    plant.record(milk, 3_000, secondary_lot_id=cream, quantity=500_000_000, unit_of_measure_id=gram)
    plant.record(milk, None, secondary_lot_id=cream, start_millis=4_000)
    plant.record(cream, 5_000, lot_record_type=LotRecordType.PRODUCE, secondary_lot_id=milk, quantity=1_000_000)
    assert migrate(store)
    with store.read() as connection:
        edges = connection.execute(select(genealogy_tables.lot_edge)).all()
        found = verify(connection)
    store.close()
    assert sorted(tuple(edge) for edge in edges) == [
        (milk, cream, LotRecordType.CONSUME, 5_500_000, 3),
        (milk, cream, LotRecordType.PRODUCE, 1_000_000, 1),
    ]
    assert [str(difference) for difference in found.differences if "genealogy" in str(difference)] == []


def test_rows_of_before_get_the_latest_end_of_what_touched_them(tmp_path: Path) -> None:
    """Also of reversals, of both lots of SPLIT and MERGE, of counts that changed nothing; not of what only passed."""
    store = _store_at(tmp_path, "0006")
    plant = StoredPlant(store)
    silo, line = plant.location("Silo"), plant.location("Line")
    fell, moved, split, new, counted, passed, running, archived, both = (
        plant.lot(name)
        for name in ("fell", "moved", "split", "new", "counted", "passed", "running", "archived", "both")
    )
    for lot in (fell, moved, split, new, counted, passed, running, archived, both):
        plant.stock(silo, lot, 1)
    plant.stock(line, moved, 1)
    here, there = {"source_location_id": silo}, {"destination_location_id": silo}
    plant.record(fell, 9_000, **there, destination_quantity_change=5)
    first = plant.record(fell, 1_000, **here, source_quantity_change=-5)
    plant.record(fell, 9_500, **here, source_quantity_change=5, reverses_record_id=first)
    plant.record(
        moved,
        2_000,
        **here,
        source_quantity_change=-1,
        destination_location_id=line,
        destination_quantity_change=1,
        lot_record_type=LotRecordType.MOVE,
    )
    plant.record(
        split, 3_000, **here, source_quantity_change=-1, secondary_lot_id=new, lot_record_type=LotRecordType.SPLIT
    )
    plant.record(counted, 4_000, **here, lot_record_type=LotRecordType.EDIT)
    plant.record(passed, 5_000, **there, lot_record_type=LotRecordType.RECEIVE)
    plant.record(passed, 5_000, **here)
    plant.record(running, None, start_millis=6_000, **here)
    plant.record(running, 6_000, **here, status=Status.CANCELLED)
    plant.record(both, 8_000, **there, destination_quantity_change=5)
    with store.write() as connection:
        connection.execute(
            insert(archive_state).values(id=1, files=1, until_millis=7_000, feed_order=1, owner="", renewals=1)
        )
        rows = [{"location_id": silo, "lot_id": lot, "quantity": 0} for lot in (archived, both)]
        connection.execute(insert(opening_stock), rows)
    told: list[tuple[str, int, int]] = []
    with reporting(lambda *said: told.append(said)):
        assert migrate(store)
    with store.read() as connection:
        table = tables.inventory.c
        found = connection.execute(select(table.location_id, table.lot_id, table.latest_end_millis)).all()
    store.close()
    assert {(location, lot): end for location, lot, end in found} == {
        (silo, fell): 9_500,
        (silo, moved): 2_000,
        (line, moved): 2_000,
        (silo, split): 3_000,
        (silo, new): 3_000,
        (silo, counted): 4_000,
        (silo, passed): None,
        (silo, running): None,
        (silo, archived): 7_000,
        (silo, both): 8_000,
    }
    assert ("the ends of records are looked at", 11, 11) in told
    assert ("rows of stock get their latest end", 8, 8) in told


def test_records_with_orders_get_their_genealogy(tmp_path: Path) -> None:
    """Of completed CONSUME, PRODUCE and UNCONSUME without a secondary lot; neither reversals nor what they reverse."""
    store = _store_at(tmp_path, "0008")
    plant = StoredPlant(store)
    milk, cheese, first, second = plant.lot("L-1"), plant.lot("L-2"), *map(plant.production_order, ("O-1", "O-2"))
    of_first = {"production_order_id": first, "lot_quantity": 2_000_000}
    plant.record(milk, 1_000, **of_first)
    plant.record(milk, 2_000, production_order_id=first, lot_quantity=500_000)
    plant.record(milk, 3_000, production_order_id=second, lot_quantity=1)
    plant.record(cheese, 4_000, lot_record_type=LotRecordType.PRODUCE, **of_first)
    plant.record(milk, 5_000, lot_record_type=LotRecordType.UNCONSUME, **of_first)
    plant.record(milk, 6_000, secondary_lot_id=cheese, **of_first)
    plant.record(milk, 7_000, lot_record_type=LotRecordType.SCRAP, **of_first)
    plant.record(milk, 8_000, lot_record_type=LotRecordType.RECEIVE, **of_first)
    plant.record(milk, 9_000, lot_quantity=2_000_000)
    plant.record(milk, 9_500, production_order_id=first)
    plant.record(milk, None, start_millis=10_000, production_order_id=second)
    undone = plant.record(milk, 11_000, **of_first)
    undoing = plant.record(milk, 12_000, production_order_id=first, lot_quantity=-2_000_000, reverses_record_id=undone)
    with store.write() as connection:
        connection.execute(
            text("UPDATE inventory_lot_record SET reversed_by_record_id = :by WHERE id = :id"),
            {"by": undoing, "id": undone},
        )
        connection.execute(
            text("INSERT INTO archive_state (id, files, feed_order, owner, renewals) VALUES (1, 3, 0, '', 0)")
        )
    told: list[tuple[str, int, int]] = []
    with reporting(lambda *said: told.append(said)):
        assert migrate(store)
    assert ("what went through production orders is summed", 2, 2) in told
    with store.read() as connection:
        edges = connection.execute(select(genealogy_tables.order_edge)).all()
        found = verify(connection)
        older_files = files_before_orders(connection)
    store.close()
    assert sorted(tuple(edge) for edge in edges) == [
        (milk, LotRecordType.CONSUME, first, 2_500_000, 2),
        (milk, LotRecordType.CONSUME, second, 1, 1),
        (milk, LotRecordType.UNCONSUME, first, 2_000_000, 1),
        (cheese, LotRecordType.PRODUCE, first, 2_000_000, 1),
    ]
    assert [str(difference) for difference in found.differences if "by order" in str(difference)] == []
    assert older_files == 3
