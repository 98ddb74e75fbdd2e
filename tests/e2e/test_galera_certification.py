"""What keeps a Save and a transaction of another node apart, where no lock reaches the other node: raced directly."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from lotkeeper_server.domain.keys import LotNameKey
from lotkeeper_server.domain.model.enumerations import Status
from lotkeeper_server.domain.model.identifiers import MaterialId
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.dialects import Locking
from lotkeeper_server.store.db.errors import RowsHeld, StoreContention
from lotkeeper_server.store.db.statements import execute, fetch, insert_of, lock_with_referrers, write_many
from lotkeeper_server.store.db.write_transaction import WriteTransaction
from lotkeeper_server.store.schema import tables
from lotkeeper_server.store.state.reading import lock_lots_by_name, lock_runs
from sqlalchemy import Connection

from tests import stores
from tests.galera import GaleraCluster
from tests.stored_plant import MADE, StoredPlant

pytestmark = [
    pytest.mark.galera,
    pytest.mark.skipif(GaleraCluster.missing() is not None, reason=str(GaleraCluster.missing())),
]
ROUNDS = 400
Work = Callable[[Connection, int], str]


@pytest.fixture(scope="module")
def nodes() -> Iterator[list[Store]]:
    """One store, at two nodes."""
    urls = stores.galera().create_database("lotkeeper_certification")
    stores.migrate_url(urls[0])
    opened = [Store(url) for url in urls[:2]]
    yield opened
    for one in opened:
        one.close()


def raced(nodes: list[Store], saved: Work, ran: Work) -> Counter[tuple[str, str]]:
    """How often both ended in which ways: the first at one node, the second at the same moment at the other."""
    barrier = threading.Barrier(2)

    def attempts(store: Store, work: Work, locking: Locking) -> list[str]:
        ends = []
        for number in range(ROUNDS):
            barrier.wait(30)
            time.sleep(random.uniform(0, 0.004))
            try:
                with store.write(locking) as connection:
                    end = work(connection, number)
            except (StoreContention, RowsHeld):
                end = "refused"
            except BaseException:
                barrier.abort()
                raise
            ends.append(end)
        return ends

    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(attempts, nodes[0], saved, Locking.WAIT)
        other = pool.submit(attempts, nodes[1], ran, Locking.SKIP)
        for failed in (one.exception(), other.exception()):
            if failed is not None and not isinstance(failed, threading.BrokenBarrierError):
                raise failed
        return Counter(zip(one.result(), other.result(), strict=True))


def _enabled(connection: Connection, table: str, identifier: bytes) -> bool:
    """Asked when a transaction begins, and again before it commits, as the engine asks for the version."""
    ((enabled,),) = fetch(connection, f"SELECT enabled FROM {table} WHERE id = ?", (identifier,))  # noqa: S608
    return bool(enabled)


def _undone(connection: Connection) -> str:
    connection.rollback()
    return "seen"


def test_a_save_that_looks_at_a_location_and_a_record_about_it_never_pass_both(nodes: list[Store]) -> None:
    """A location that has no record is disabled, or an enabled one gets its first record."""
    plant = StoredPlant(nodes[0])
    places = [plant.location(f"Place {number}") for number in range(ROUNDS)]
    lot = plant.lot("L")

    def saved(connection: Connection, number: int) -> str:
        lock_with_referrers(connection, tables.location, [places[number]])
        if fetch(connection, "SELECT 1 FROM inventory_lot_record WHERE source_location_id = ?", (places[number],)):
            return "seen"
        execute(connection, "UPDATE location SET enabled = ? WHERE id = ?", (False, places[number]))
        return "disabled"

    def ran(connection: Connection, number: int) -> str:
        if not _enabled(connection, "location", places[number]):
            return "seen"
        row = plant.record_row({"lot_id": lot, "end_millis": MADE, "source_location_id": places[number]})
        connection.execute(tables.inventory_lot_record.insert(), [row])
        return "recorded" if _enabled(connection, "location", places[number]) else _undone(connection)

    ends = raced(nodes, saved, ran)
    assert ends["disabled", "recorded"] == 0, ends
    assert ends["disabled", "seen"] + ends["disabled", "refused"] > 0, ends
    assert ends["seen", "recorded"] + ends["refused", "recorded"] > 0, ends


def test_a_save_of_an_idle_operation_and_its_start_never_pass_both(nodes: list[Store]) -> None:
    """One that does not run is disabled, or an enabled one begins to run."""
    plant = StoredPlant(nodes[0], itertools.count(100_000), prefix="Other ")
    operations = [plant.inventory_operation(f"Operation {number}") for number in range(ROUNDS)]
    record = plant.record(plant.lot("L"), MADE)
    with nodes[0].write() as connection:
        rows = [(one, int(Status.IDLE), None) for one in operations]
        write_many(connection, insert_of(tables.inventory_operation_run), rows)

    def saved(connection: Connection, number: int) -> str:
        run = lock_runs(WriteTransaction(connection), [operations[number]])[operations[number]]
        if run.status is Status.RUNNING:
            return "seen"
        execute(connection, "UPDATE inventory_operation SET enabled = ? WHERE id = ?", (False, operations[number]))
        return "disabled"

    def ran(connection: Connection, number: int) -> str:
        one = operations[number]
        if not _enabled(connection, "inventory_operation", one):
            return "seen"
        lock_runs(WriteTransaction(connection), [one])
        text = "UPDATE inventory_operation_run SET status = ?, current_record_id = ? WHERE operation_id = ?"
        execute(connection, text, (int(Status.RUNNING), record, one))
        return "started" if _enabled(connection, "inventory_operation", one) else _undone(connection)

    ends = raced(nodes, saved, ran)
    assert ends["disabled", "started"] == 0, ends
    assert ends["disabled", "seen"] + ends["disabled", "refused"] > 0, ends
    assert ends["seen", "started"] + ends["refused", "started"] > 0, ends


def test_what_is_locked_or_looked_for_in_vain_holds_up_no_neighbour(nodes: list[Store]) -> None:
    """On one node, by two sessions: no gap between keys is locked, and a row that is held is passed by at once."""
    store = nodes[0]
    plant = StoredPlant(store, itertools.count(200_000), prefix="Third ")
    material = MaterialId(plant.milk)
    held = plant.lot("B")
    with store.write(Locking.SKIP) as one:
        locked = list(lock_lots_by_name(WriteTransaction(one), [LotNameKey(material, "B"), LotNameKey(material, "BB")]))
        assert [lot.id for lot in locked] == [held]
        begun = time.monotonic()
        for name in ("A", "BA", "BB", "BBB", "C"):
            plant.lot(name)
        with store.write(Locking.SKIP) as other:
            assert not list(lock_lots_by_name(WriteTransaction(other), [LotNameKey(material, "B")]))
        assert time.monotonic() - begun < 0.9, "it was waited for, which ends after 1 s"
