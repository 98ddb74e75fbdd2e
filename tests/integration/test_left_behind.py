"""`verify` names what a program of an earlier schema left behind that went on writing after a migration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from lotkeeper_server.domain.model.enumerations import LotRecordType
from lotkeeper_server.domain.model.identifiers import format_id
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.schema import tables
from lotkeeper_server.store.verification import Verification, verify
from sqlalchemy import Table, delete, insert, update

from tests.archives import archive
from tests.stored_plant import MADE, StoredPlant

KG = 1_000_000


def verified(store: Store) -> Verification:
    """What `verify` finds."""
    with store.read() as connection:
        return verify(connection)


def found(store: Store) -> list[str]:
    """The differences, as they are printed."""
    return sorted(str(one) for one in verified(store).differences)


@dataclass
class Mixed:
    """A plant whose rows newer and older programs have written, some without the columns that these do not know."""

    plant: StoredPlant

    def __post_init__(self) -> None:
        self.silo = self.plant.location("Silo")
        self.milk, self.cheese = self.plant.lot("MILK"), self.plant.lot("CHEESE")

    def write(self, table: Table, row: dict[str, Any]) -> None:
        """One row, with the columns that are given, as an INSERT of an older program."""
        with self.plant.store.write() as connection:
            connection.execute(insert(table), [row])

    def produced(self, kg: int, end: int, *, latest_end: int | None, **more: Any) -> bytes:
        """What a newer program leaves of a PRODUCE: record, total, and stock that knows its latest end."""
        row = {
            "lot_id": self.milk,
            "end_millis": end,
            "lot_record_type": LotRecordType.PRODUCE,
            "destination_location_id": self.silo,
            "destination_quantity_change": kg * KG,
            "lot_total_change": kg * KG,
            "quantity": kg * KG,
            "lot_quantity": kg * KG,
        }
        made = self.plant.record_row(row | more)
        with self.plant.store.write() as connection:
            connection.execute(insert(tables.inventory_lot_record), [made])
            lots, stock = tables.inventory_lot, tables.inventory
            total = lots.c.total_quantity + kg * KG
            connection.execute(update(lots).where(lots.c.id == self.milk).values(total_quantity=total))
            raised = (
                update(stock)
                .where(stock.c.lot_id == self.milk, stock.c.location_id == self.silo)
                .values(quantity=stock.c.quantity + kg * KG, in_stock=True)
            )
            if latest_end is not None:
                raised = raised.values(latest_end_millis=latest_end)
            if not connection.execute(raised).rowcount:
                values = {"location_id": self.silo, "lot_id": self.milk, "material_id": self.plant.milk}
                order = {"arrived_order": 1, "changed_order": 1, "latest_end_millis": latest_end}
                kept = {"quantity": kg * KG, "in_stock": True}
                connection.execute(insert(stock), [values | order | kept])
        return bytes(made["id"])

    def consumed(self, kg: int, **more: Any) -> bytes:
        """A record of milk that went into cheese where no stock is kept, without its edge."""
        return self.plant.record(self.milk, MADE + 9, secondary_lot_id=self.cheese, quantity=kg * KG, **more)


@pytest.fixture
def mixed(plant: StoredPlant) -> Mixed:
    """In an empty store."""
    return Mixed(plant)


def test_what_newer_programs_write_is_no_difference(mixed: Mixed) -> None:
    """The measure of the tests below."""
    mixed.produced(10, MADE, latest_end=MADE)
    mixed.produced(5, MADE - 5, latest_end=MADE)
    assert found(mixed.plant.store) == []
    assert verified(mixed.plant.store).notes == []


def test_a_record_that_lacks_its_quantity_in_the_lots_unit_is_named(mixed: Mixed) -> None:
    """A program of before 0002: 7 kg are missing from the trace, and no sum can tell."""
    seven = mixed.consumed(7)
    eight = mixed.produced(8, MADE, latest_end=MADE, lot_quantity=0)
    expected = [f"record without its quantity in the unit of its lot: {format_id(one)}" for one in (seven, eight)]
    assert found(mixed.plant.store) == sorted(expected)


def test_a_trace_that_lacks_an_edge_is_named(mixed: Mixed) -> None:
    """Between lots; through an order by a program of before 0009."""
    mixed.consumed(7, lot_quantity=7 * KG)
    order = mixed.plant.production_order("O")
    mixed.produced(8, MADE, latest_end=MADE, production_order_id=order)
    milk = format_id(mixed.milk)
    assert found(mixed.plant.store) == [
        f"genealogy by order of {milk}: 0 is stored, the records say 8",
        f"genealogy of {milk}: 0 is stored, the records say 7",
    ]


@pytest.mark.parametrize("latest_end", [None, MADE])
def test_stock_that_does_not_know_its_latest_end_is_named(mixed: Mixed, latest_end: int | None) -> None:
    """A program of before 0007 raises a row without noting the moment: a fall of before that could go below zero."""
    mixed.produced(10, MADE, latest_end=latest_end)
    mixed.produced(5, MADE + 60_000, latest_end=None)
    where = f"{format_id(mixed.milk)} at {format_id(mixed.silo)}"
    assert found(mixed.plant.store) == [f"stock that does not know its latest end: {where}"]


def test_what_was_received_and_consumed_at_once_raises_no_row(mixed: Mixed) -> None:
    """It made none: so a row that is older is no difference."""
    mixed.produced(10, MADE, latest_end=MADE)
    later = {"lot_id": mixed.milk, "end_millis": MADE + 60_000, "lot_quantity": 4 * KG}
    into = {"destination_location_id": mixed.silo, "destination_quantity_change": 4 * KG, "lot_record_type": 11}
    out = {"source_location_id": mixed.silo, "source_quantity_change": -4 * KG}
    mixed.plant.records([later | into])
    mixed.plant.records([later | out])
    assert found(mixed.plant.store) == []


def test_a_thing_that_only_archived_records_refer_to_and_that_was_deleted_is_named(mixed: Mixed, tmp_path: Any) -> None:
    """A program of before 0003 counts the records in the store, and finds none."""
    reason = mixed.plant.reason_code("SPILT")
    mixed.plant.record(mixed.milk, MADE, material_reason_code_id=reason)
    archive(mixed.plant.store, tmp_path / "archive")
    assert found(mixed.plant.store) == []
    with mixed.plant.store.write() as connection:
        connection.execute(delete(tables.material_reason_code))
    expected = f"thing that archived records refer to and that is gone: {format_id(reason)}"
    assert found(mixed.plant.store) == [expected]


def _unformed_lot(mixed: Mixed) -> str:
    lot = mixed.plant.lot("Ju\u0308rgen")
    return f"inventory_lot {format_id(lot)}: its name Ju\u0308rgen is not in the form by which it is looked up"


def _unformed_path(mixed: Mixed) -> str:
    location = mixed.plant.location("Silo\u00a01")
    return f"location {format_id(location)}: its path Silo\u00a01 is not in the form by which it is looked up"


def _broken(mixed: Mixed) -> str:
    mixed.produced(10, MADE, latest_end=MADE)
    with mixed.plant.store.write() as connection:
        connection.execute(update(tables.unit_of_measure).values(whole_only=True))
        connection.execute(update(tables.inventory).values(quantity=tables.inventory.c.quantity + KG // 2))
    return f"lot {format_id(mixed.milk)} at {format_id(mixed.silo)}: 10.5 in a unit of whole numbers"


@pytest.mark.parametrize("leave", [_unformed_lot, _unformed_path, _broken])
def test_what_may_have_come_otherwise_is_only_noted(mixed: Mixed, leave: Callable[[Mixed], str]) -> None:
    """Names of before 0011 and stock of before 0008; a name in its one form is none of these."""
    mixed.plant.lot("J\u00fcrgen \u03bcm")
    note = leave(mixed)
    assert verified(mixed.plant.store).notes == [note]
