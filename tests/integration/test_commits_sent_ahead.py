"""Writes, a look at the versions and the commit go out together: what fails of them stops the commit behind it."""

from __future__ import annotations

import pytest
from lotkeeper_server.domain.keys import LotKey, LotNameKey, StockKey
from lotkeeper_server.domain.model.definition_cache import DefinitionCache
from lotkeeper_server.domain.model.identifiers import Id, LocationId, LotId, MaterialId
from lotkeeper_server.domain.working_set import WorkingSet
from lotkeeper_server.store.db.commit_marks import leave_mark
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.dialects import Locking
from lotkeeper_server.store.db.errors import AlreadyThere, StoreContention, VersionsMoved
from lotkeeper_server.store.db.statements import execute, update_of
from lotkeeper_server.store.db.write_transaction import WriteTransaction
from lotkeeper_server.store.schema import tables
from lotkeeper_server.store.state.definitions import read_versions
from lotkeeper_server.store.state.loading import begin

from tests import stores
from tests.stored_plant import MADE, StoredPlant

NOTE = update_of(tables.location, (tables.location.c.notes,), (tables.location.c.id,))
several = pytest.mark.skipif(stores.kind() == "sqlite", reason="one transaction writes at a time")


def versions(store: Store) -> tuple[int, int]:
    """Of definitions and of access."""
    with store.read() as connection:
        found = read_versions(connection)
    return found.definitions, found.access


def notes(store: Store) -> list[str]:
    """Of the locations."""
    with store.read() as connection:
        return list(connection.execute(tables.location.select()).scalars(tables.location.c.notes))


def commit_together(store: Store, begun: tuple[int, int], rows: list[tuple[str, bytes]]) -> None:
    """Notes at locations, and the commit."""
    with store.write() as connection:
        tx = WriteTransaction(connection)
        with tx.committed_together(begun):
            tx.write_many(NOTE, rows)


def test_what_goes_out_with_its_commit_is_durable(plant: StoredPlant, store: Store) -> None:
    place = plant.location("Silo")
    commit_together(store, versions(store), [("new", place)])
    assert notes(store) == ["new"]


@pytest.mark.parametrize("column", ["version", "access_version"])
def test_versions_that_have_moved_stop_the_commit(plant: StoredPlant, store: Store, column: str) -> None:
    place, begun = plant.location("Silo"), versions(store)
    with store.write() as connection:
        execute(connection, f"UPDATE store_state SET {column} = {column} + 1")  # noqa: S608
    with pytest.raises(VersionsMoved):
        commit_together(store, begun, [("new", place)])
    assert notes(store) == [""]
    commit_together(store, versions(store), [("newer", place)])
    assert notes(store) == ["newer"]


@several
def test_a_row_that_has_gone_stops_the_commit(plant: StoredPlant, store: Store) -> None:
    place = plant.location("Silo")
    with pytest.raises(StoreContention):
        commit_together(store, versions(store), [("new", place), ("new", plant.new_id())])
    assert notes(store) == [""]


def test_what_is_there_already_stops_the_commit(plant: StoredPlant, store: Store) -> None:
    """A mark, as two transactions of one id would leave it."""
    place, begun = plant.location("Silo"), versions(store)
    with store.write() as connection:
        leave_mark(connection, Id(bytes(16)), MADE)

    def again() -> None:
        with store.write() as connection:
            tx = WriteTransaction(connection)
            with tx.committed_together(begun):
                tx.write_many(NOTE, [("new", place)])
                leave_mark(connection, Id(bytes(16)), MADE)

    with pytest.raises(AlreadyThere):
        again()
    assert notes(store) == [""]


@several
def test_what_is_asked_together_with_a_lot_that_is_held_is_held_as_well(plant: StoredPlant, store: Store) -> None:
    """The stock of one that is free, or not there at all, is known."""
    place = LocationId(plant.location("Silo"))
    held, free = LotId(plant.lot("Held")), LotId(plant.lot("Free"))
    plant.stock(place, held, 5)
    plant.stock(place, free, 7)
    gone = LotId(plant.new_id())
    name = LotNameKey(MaterialId(plant.milk), "Held")
    with store.write(Locking.SKIP) as connection:
        assert list(WriteTransaction(connection).lock("SELECT id FROM inventory_lot", "id", [held]))
        state = WorkingSet(DefinitionCache())
        keys = [name, *(key for lot in (held, free, gone) for key in (LotKey(lot), StockKey(place, lot)))]
        writer = store.writer()
        with writer.write(Locking.SKIP, begins=False) as other:
            _, found = begin(WriteTransaction(other), state, keys, holds_versions=False)
        writer.close()
    assert found == {LotKey(held), StockKey(place, held), name}
    known = {lot: row and row.millionths for lot, row in state.stock[place].items()}
    assert known == {free: 7_000_000, gone: None}
