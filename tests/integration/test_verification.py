"""What `verify` adds up and compares, where numbers are large and lists are long."""

from __future__ import annotations

from lotkeeper_server.domain.model.enumerations import LotRecordType
from lotkeeper_server.domain.model.identifiers import format_id
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.schema import genealogy_tables, tables
from lotkeeper_server.store.verification import verify
from sqlalchemy import insert

from tests.integration.test_stock_history import put, record
from tests.stored_plant import MADE, StoredPlant

NEARLY_ALL_UNITS = 9_000_000_000_000
"""Two of these, in millionths, are more than 64 bits hold."""
RECORDS_OF_ONE_CALL = 1_100
"""More than the thousand steps of a recursive query that MariaDB takes by default."""


def differences(store: Store) -> list[str]:
    """What `verify` prints."""
    with store.read() as connection:
        return [str(one) for one in verify(connection).differences]


def test_large_rises_and_falls_are_summed_whichever_comes_first(plant: StoredPlant, store: Store) -> None:
    """Stock was never more than 64 bits hold, but the sum of the rises alone is."""
    lot, silo = plant.lot("L", total_quantity=0), plant.location("Silo")

    def change(kind: LotRecordType, side: str, units: int) -> dict[str, object]:
        place = {f"{side}_location_id": silo, f"{side}_quantity_change": units}
        return record(lot, MADE, kind, lot_total_change=units * 1_000_000, **place)

    rises = [change(LotRecordType.PRODUCE, "destination", NEARLY_ALL_UNITS) for _ in range(2)]
    falls = [change(LotRecordType.CONSUME, "source", -NEARLY_ALL_UNITS) for _ in range(2)]
    put(plant, rises + falls)
    assert differences(store) == []


def test_edges_of_orders_are_summed_by_lot_order_and_type(plant: StoredPlant, store: Store) -> None:
    """One that says too much, one whose records are gone, one that is missing; reversed ones may stay with nothing."""
    order = plant.production_order("O")
    right, wrong, gone, missing, undone = (plant.lot(name) for name in ("RIGHT", "WRONG", "GONE", "MISSING", "UNDONE"))
    for lot in (right, wrong, missing):
        plant.record(lot, MADE, production_order_id=order, lot_quantity=3_000_000)
    rows = [(right, 3_000_000, 1), (wrong, 3_000_000, 2), (gone, 1, 1), (undone, 0, 0)]
    with store.write() as connection:
        common = {"lot_record_type": LotRecordType.CONSUME, "production_order_id": order}
        made = [common | {"lot_id": lot, "quantity": sum_, "record_count": count} for lot, sum_, count in rows]
        connection.execute(insert(genealogy_tables.order_edge), made)
    found = sorted(one for one in differences(store) if one.startswith("genealogy by order"))
    assert found == sorted(
        [
            f"genealogy by order of {format_id(wrong)}: 3 is stored, the records say 3",
            f"genealogy by order of {format_id(gone)}: 0.000001 is stored, the records say 0",
            f"genealogy by order of {format_id(missing)}: 0 is stored, the records say 3",
        ]
    )


def test_every_record_of_a_kept_request_id_is_looked_for(plant: StoredPlant, store: Store) -> None:
    """The last of them is not there."""
    there = plant.record(plant.lot("L"), MADE)
    gone = plant.new_id()
    kept = {
        "principal": "tester",
        "request_id": "one",
        "fingerprint": bytes(32),
        "created_millis": MADE,
        "record_ids": there * RECORDS_OF_ONE_CALL + gone,
        "main_index": 0,
        "stopped_running_operation": False,
    }
    with store.write() as connection:
        connection.execute(insert(tables.request), [kept])
    (found,) = [one for one in differences(store) if "request id" in one]
    assert "is not there" in found
