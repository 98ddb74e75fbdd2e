"""`lotkeeper-server archive`: old records move out to files, and everything else stays as it was."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from lotkeeper import Client, FailedPrecondition, LotkeeperError, NotFound, OutOfRange
from lotkeeper.inventory.v1 import inventory_lot_record_pb2, inventory_service_pb2
from lotkeeper_server.archive.lease import LEASE_SECONDS

from tests.archives import KEPT_DAYS, archive, archived, rows_in, start_archive, stock_by_hand, verified
from tests.plants import ServedPlant
from tests.server_process import ServerProcess

DAY_MILLIS = 86_400_000
NOW = int(time.time() * 1000)
Record = inventory_lot_record_pb2.InventoryLotRecord


@pytest.fixture
def forgetful(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server that forgets request ids within a second and takes any date."""
    store, flags = tmp_path / "store", ("--request-id-days", KEPT_DAYS, "--end-date-past-days", "30000")
    store.mkdir()
    with ServerProcess(store, flags) as process:
        yield process


@pytest.fixture
def plant(forgetful: ServerProcess) -> Iterator[ServedPlant]:
    """A plant on it."""
    with Client(forgetful.address, token=forgetful.token) as client:
        yield ServedPlant(client)


def days_ago(days: float) -> int:
    """Milliseconds."""
    return NOW - int(days * DAY_MILLIS)


def forget_request_ids() -> None:
    """Until the ids of calls so far have expired."""
    time.sleep(float(KEPT_DAYS) * DAY_MILLIS / 1000 + 0.1)


def produced(plant: ServedPlant, lot: str, kg: float, days: float) -> Record:
    """A record that ended so long ago."""
    operation = plant.operation("PRODUCE")
    answer = plant.client.execute_inventory_operation(operation.id, lot, kg, end_date_millis=days_ago(days))
    return answer


def test_stock_totals_and_verify_stay_and_what_is_archived_says_so(
    forgetful: ServerProcess, plant: ServedPlant, tmp_path: Path
) -> None:
    """Get, annotate and reverse of an archived record; a new record is as ever."""
    folder = tmp_path / "archive"
    client = plant.client
    old, new = produced(plant, "L", 5.0, 20).id, produced(plant, "L", 2.0, 1).id
    stock, lot = plant.stock(), client.get_inventory_lot_record(old).inventory_lot_id
    forget_request_ids()
    said = archived(forgetful, folder, before="10d")
    assert "1 records" in said
    assert [line["id"] for line in rows_in(folder)] == [old]
    assert plant.stock() == stock == {"L": 7.0}
    assert client.get_lot(lot).total_quantity == 7.0
    assert "1 records in 1 files: all agree" in verified(forgetful, folder)
    with pytest.raises(NotFound) as absent:
        client.get_inventory_lot_record(old)
    assert (absent.value.reason, absent.value.metadata) == (
        "INVENTORY_LOT_RECORD_NOT_FOUND",
        {"id": old, "archived": "true"},
    )
    with pytest.raises(NotFound) as absent:
        client.annotate_inventory_lot_record(old, notes="late")
    assert absent.value.metadata == {"id": old, "archived": "true"}
    with pytest.raises(FailedPrecondition) as refused:
        client.reverse_inventory_lot_record(old)
    assert (refused.value.reason, refused.value.metadata["cause"]) == ("NOT_REVERSIBLE", "ARCHIVED")
    client.reverse_inventory_lot_record(new)
    assert plant.stock() == {"L": 5.0}
    verified(forgetful, folder)
