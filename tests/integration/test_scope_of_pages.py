"""Where a page ends that a limited caller reads: after something that was shown, however much it has passed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from lotkeeper import Client
from lotkeeper_server.domain.model.enumerations import InventoryGroupBy
from lotkeeper_server.domain.model.scope import Scope
from lotkeeper_server.engine.clock import now_millis
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.entities.within import limited
from lotkeeper_server.store.lists import grouped_rows, walking
from lotkeeper_server.store.lists.grouped_rows import GroupBound, Grouping
from lotkeeper_server.store.lists.inventory import InventoryFilter, list_inventory
from lotkeeper_server.store.lists.records import RecordFilter, key_of, list_records
from lotkeeper_server.store.lists.stock_history import list_inventory_as_of
from lotkeeper_server.store.lists.stock_sums import sum_stock
from lotkeeper_server.store.lists.stock_sums_as_of import sum_stock_as_of

from tests.plants import ServedPlant
from tests.scoped import ids_of
from tests.server_process import ServerProcess

Pages = Callable[[Snapshot], Iterator[tuple[list[bytes], bytes]]]
"""Reads a list page by page: the keys of what a page shows, and the one after which the next page begins."""


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page looks at few rows, so that it ends in the midst of what is left out."""
    monkeypatch.setattr(walking, "ROWS_LOOKED_AT_MAX", 3)
    monkeypatch.setattr(grouped_rows, "ROWS_FEW_MAX", 0)
    monkeypatch.setattr(grouped_rows, "ROWS_PER_PIECE_FIRST", 1)
    monkeypatch.setattr(grouped_rows, "ROWS_PER_PIECE_MAX", 2)
    monkeypatch.setattr(grouped_rows, "SECONDS_PER_PAGE_MAX", 0.0)


def _stock(snapshot: Snapshot) -> Iterator[tuple[list[bytes], bytes]]:
    after = b""
    while True:
        page = list_inventory(snapshot, InventoryFilter(), after, 2)
        yield [entry.key for entry in page.entries], page.next_after
        if not (after := page.next_after):
            return


def _stock_then(snapshot: Snapshot) -> Iterator[tuple[list[bytes], bytes]]:
    after = b""
    while True:
        page = list_inventory_as_of(snapshot, InventoryFilter(), now_millis(), after, 2)
        yield [entry.key for entry in page.entries], page.next_after
        if not (after := page.next_after):
            return


def _records(snapshot: Snapshot) -> Iterator[tuple[list[bytes], bytes]]:
    after = b""
    while True:
        page = list_records(snapshot, RecordFilter(), after, 2, oldest_first=True)
        yield [key_of(record) for record in page.records], page.next_after
        if not (after := page.next_after):
            return


def _sums(snapshot: Snapshot) -> Iterator[tuple[list[bytes], bytes]]:
    grouping, begin = Grouping(frozenset({InventoryGroupBy.LOT})), None
    while True:
        page = sum_stock(snapshot, InventoryFilter(), grouping, begin, 1, now_millis())
        yield [b"".join(one.key) for one in page.sums], b"".join(page.last or ())
        if page.last is None:
            return
        begin = GroupBound(page.last, inclusive=False)


def _sums_then(snapshot: Snapshot) -> Iterator[tuple[list[bytes], bytes]]:
    grouping, begin = Grouping(frozenset({InventoryGroupBy.LOT})), None
    while True:
        page = sum_stock_as_of(snapshot, InventoryFilter(), grouping, begin, 1, now_millis(), now_millis())
        yield [b"".join(one.key) for one in page.sums], b"".join(page.last or ())
        if page.last is None:
            return
        begin = GroupBound(page.last, inclusive=False)


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize("pages", [_stock, _stock_then, _records, _sums, _sums_then])
def test_a_page_ends_after_something_that_it_shows(server: ServerProcess, client: Client, pages: Pages) -> None:
    """Whoever reads its token learns nothing of what was left out, and no page is empty but a last one."""
    plant = ServedPlant(client)
    tank, shown = plant.location("Tank"), 0
    for number in range(24):
        place = plant.silo if number % 7 == 3 else tank
        shown += place is plant.silo
        client.receive(f"L{number}", 1.0, destination=place.id, material=plant.milk.id, create_lot_if_not_found=True)
    scope = Scope("INVENTORY.READ", ids_of([plant.silo]))
    found: list[bytes] = []
    with closing(Store(server.database_url)) as store, store.read() as snapshot, limited(snapshot, scope):
        for keys, after in pages(snapshot):
            found += keys
            assert not after or (keys and after in found)
    assert len(found) == len(set(found)) == shown
