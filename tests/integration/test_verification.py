"""What `verify` adds up and compares, where numbers are large and lists are long."""

from __future__ import annotations

from lotkeeper_server.domain.model.enumerations import LotRecordType
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.schema import tables
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
