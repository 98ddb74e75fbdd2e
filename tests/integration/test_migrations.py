"""The schema: migrations and tables agree, and a store says how it stands."""

import re
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from lotkeeper_server.store import schema
from lotkeeper_server.store.connection import Store
from lotkeeper_server.store.errors import StoreError
from lotkeeper_server.store.schema import HEAD_REVISION, SchemaState, migrate, schema_state
from lotkeeper_server.store.tables import metadata
from sqlalchemy import create_engine, text


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
    assert migrate(migrated)
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
