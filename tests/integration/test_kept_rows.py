"""What the embedded store's decisions keep in memory between their transactions is what the store has."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from lotkeeper_server.domain.commands import ExecuteActions
from lotkeeper_server.domain.context import Context
from lotkeeper_server.domain.keys import LotKey, StockKey
from lotkeeper_server.domain.model.definition_cache import DefinitionCache
from lotkeeper_server.domain.model.enumerations import LotStatus
from lotkeeper_server.domain.model.identifiers import LocationId, LotId, RecordId
from lotkeeper_server.domain.refusals import LotStatusForbids
from lotkeeper_server.domain.working_set import WorkingSet
from lotkeeper_server.engine import batch
from lotkeeper_server.engine.calls import Answered
from lotkeeper_server.engine.clock import IdSource
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.dialects import Locking
from lotkeeper_server.store.db.write_transaction import ReadTransaction
from lotkeeper_server.store.schema import tables
from lotkeeper_server.store.state import kept_rows, reading
from lotkeeper_server.store.verification import verify
from sqlalchemy import update

from tests.integration.test_timelines import NOW, Process, action, random_command
from tests.stored_plant import StoredPlant


@pytest.fixture
def plant(embedded_store: Store) -> StoredPlant:
    """On SQLite, whatever kind is in force: the others lock what they read."""
    return StoredPlant(embedded_store)


@pytest.fixture
def process(embedded_store: Store) -> Iterator[Process]:
    """One that decides."""
    made = Process(embedded_store, IdSource())
    yield made
    made.decisions.close()


def taking(lot: bytes, place: bytes, quantity: float, kind: str = "CONSUME") -> ExecuteActions:
    return ExecuteActions("me", [action(kind, lot, place, quantity, NOW)])


def said(process: Process, command: ExecuteActions) -> Any:
    """The stock of the lot as the record tells, or the refusal."""
    [result] = process.decide(command)
    return result.value if isinstance(result, Answered) else result.refusal


def set_status(store: Store, lot: bytes, status: LotStatus) -> None:
    with store.write() as connection:
        connection.execute(update(tables.inventory_lot).where(tables.inventory_lot.c.id == lot).values(status=status))


def check_kept(process: Process) -> int:
    """Compares all that is kept with the store; right after the process has written."""
    rows = process.decisions._rows
    assert rows is not None
    with process.store.read() as connection:
        tx = ReadTransaction(connection)
        assert rows._lots == {lot.id: lot for lot in reading.read_lots(tx, [LotKey(one) for one in rows._lots])}
        stored = {
            (row.location_id, row.lot_id): row
            for row in reading.read_stock(tx, [StockKey(*key) for key in rows._stock])
        }
    assert rows._stock == stored
    assert {lot.id for lot in rows._named.values()} == rows._lots.keys()
    return len(rows._lots) + len(rows._stock)


@pytest.mark.parametrize("seed", range(3))
def test_what_is_kept_is_what_the_store_has_whoever_writes(
    embedded_store: Store, plant: StoredPlant, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Random calls of two processes, some of which fail, while somebody else changes lots."""
    monkeypatch.setattr(kept_rows, "ROWS_KEPT_MAX", 40)
    dice = random.Random(seed)
    places = [plant.location(name) for name in ("Silo", "Tank")]
    lots = [plant.lot(f"L{number}") for number in range(4)]
    new_id = IdSource()
    processes = [Process(embedded_store, new_id), Process(embedded_store, new_id)]
    done: list[RecordId] = []
    most = 0
    for turn in range(120):
        process = processes[turn // 4 % 2] if turn % 3 else dice.choice(processes)
        if dice.random() < 0.1:
            set_status(embedded_store, dice.choice(lots), dice.choice([LotStatus.OPEN, LotStatus.AVAILABLE]))
        commands = [random_command(dice, plant, lots, places, done, f"{turn}-{number}") for number in range(3)]
        for result in process.decide(*commands):
            if isinstance(result, Answered):
                done += [record.id for record in result.value.records]
        most = max(most, check_kept(process))
    assert 10 < most < 60
    with embedded_store.read() as connection:
        assert not verify(connection).differences
    for one in processes:
        one.decisions.close()


def test_the_next_decision_sees_what_another_connection_wrote(
    embedded_store: Store, plant: StoredPlant, process: Process
) -> None:
    """Of the lot, and of its stock."""
    silo, lot = plant.location("Silo"), plant.lot("L")
    other = Process(embedded_store, process.new_id)
    assert said(process, taking(lot, silo, 10, "RECEIVE")).records
    assert said(process, taking(lot, silo, 1)).records
    assert said(other, taking(lot, silo, 8)).records
    assert said(process, taking(lot, silo, 2)).available == "1"
    set_status(embedded_store, lot, LotStatus.QA_HOLD)
    assert isinstance(said(process, taking(lot, silo, 1)), LotStatusForbids)
    set_status(embedded_store, lot, LotStatus.OPEN)
    assert said(process, taking(lot, silo, 1)).records
    other.decisions.close()


def test_the_next_decision_sees_what_a_work_wrote_by_the_same_connection(plant: StoredPlant, process: Process) -> None:
    """The store does not count that as another's."""
    silo, lot = plant.location("Silo"), plant.lot("L")
    assert said(process, taking(lot, silo, 10, "RECEIVE")).records
    with process.decisions.connection(Locking.WAIT) as connection:
        table = tables.inventory_lot
        connection.execute(update(table).where(table.c.id == lot).values(status=LotStatus.QA_HOLD))
    assert isinstance(said(process, taking(lot, silo, 1)), LotStatusForbids)


@pytest.mark.parametrize("is_rolled_back", [True, False])
def test_what_was_not_committed_is_not_kept(plant: StoredPlant, process: Process, is_rolled_back: bool) -> None:
    """Neither where the transaction fails, nor where it is rolled back to be decided again."""
    silo, lot = plant.location("Silo"), plant.lot("L")
    assert said(process, taking(lot, silo, 10, "RECEIVE")).records
    with suppress(ZeroDivisionError), process.decisions.write(Locking.SKIP) as tx:
        state = WorkingSet(DefinitionCache())
        versions, held = tx.begin(state, [], holds_versions=False)
        process.order.follow(versions.effect_order)
        context = Context(NOW, process.new_id, lambda: "", process.order, 1_000_000, 1_000_000, 1_000_000, 1)
        decided = batch.decide_all(tx, state, [taking(lot, silo, 7)], context, held)
        assert isinstance(decided.results[0], Answered)
        tx.write(decided.changes, process.new_id(), NOW)
        if is_rolled_back:
            tx.roll_back()
        else:
            raise ZeroDivisionError
    assert said(process, taking(lot, silo, 4)).records
    assert said(process, taking(lot, silo, 7)).available == "6"
    check_kept(process)


def test_after_a_failure_others_may_have_written_by_the_same_connection(plant: StoredPlant, process: Process) -> None:
    """It went back to the pool."""
    silo, lot = plant.location("Silo"), plant.lot("L")
    assert said(process, taking(lot, silo, 10, "RECEIVE")).records
    with suppress(ZeroDivisionError), process.decisions.write(Locking.SKIP):
        raise ZeroDivisionError
    set_status(plant.store, lot, LotStatus.QA_HOLD)
    assert isinstance(said(process, taking(lot, silo, 1)), LotStatusForbids)


def test_lots_of_the_calls_before_are_not_read_again(
    plant: StoredPlant, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is their stock; until somebody else writes."""
    silo, lot = plant.location("Silo"), plant.lot("L")
    read: list[Any] = []
    for name in ("lock_lots", "read_stock"):
        reads = getattr(reading, name)

        def noted(tx: Any, keys: Any, reads: Any = reads) -> Any:
            read.extend(keys)
            return reads(tx, keys)

        monkeypatch.setattr(reading, name, noted)
    assert said(process, taking(lot, silo, 10, "RECEIVE")).records
    assert set(read) == {LotKey(LotId(lot)), StockKey(LocationId(silo), LotId(lot))}
    read.clear()
    assert said(process, taking(lot, silo, 1)).records
    assert read == []
    set_status(plant.store, lot, LotStatus.AVAILABLE)
    assert said(process, taking(lot, silo, 1)).records
    assert len(set(read)) == 2
