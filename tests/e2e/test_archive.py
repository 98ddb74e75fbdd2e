"""Old records move out to files while the server serves, and everything else stays as it was."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest
from lotkeeper import Client, FailedPrecondition, NotFound, OutOfRange, actions
from lotkeeper.inventory.v1 import (
    enums_pb2,
    inventory_operation_service_pb2,
    inventory_service_pb2,
    master_data_pb2,
)
from lotkeeper_server.engine.clock import now_millis
from lotkeeper_server.store.db.connection import Store

from tests import stores
from tests.archives import archive, rows_in, verified
from tests.plants import ServedPlant
from tests.server_process import ServerProcess

DAY_MILLIS = 86_400_000
NOW = now_millis()
_names = count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that takes any date."""
    with ServerProcess(tmp_path_factory.mktemp("server"), ("--end-date-past-days", "30000")) as process:
        yield process


@pytest.fixture(scope="module")
def store(server: ServerProcess) -> Iterator[Store]:
    """Its store."""
    opened = Store(server.database_url)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def folder(server: ServerProcess) -> Path:
    """For the files of all archives of that store."""
    return server.folder / "archive"


@pytest.fixture
def plant(client: Client) -> ServedPlant:
    """A plant of the test's own."""
    return ServedPlant(client)


def days_ago(days: float) -> int:
    """Milliseconds since the epoch."""
    return NOW - int(days * DAY_MILLIS)


def produced(plant: ServedPlant, lot: str, kg: float, days: float, request_id: str | None = None) -> str:
    """A record that ended so long ago."""
    operation = plant.operation("PRODUCE")
    ended = days_ago(days)
    answer = plant.client.execute_inventory_operation(
        operation.id, lot, kg, end_date_millis=ended, request_id=request_id
    )
    return answer.id


def archived_ids(folder: Path) -> set[str]:
    """Of every file."""
    return {line["id"] for line in rows_in(folder)}


def test_stock_and_totals_stay_and_an_archived_record_says_that_it_is(
    server: ServerProcess, store: Store, plant: ServedPlant, folder: Path
) -> None:
    """Get, annotate and reverse; what is left is as it was."""
    client = plant.client
    old, new = produced(plant, "L", 5.0, 20), produced(plant, "L", 2.0, 1)
    lot = client.get_inventory_lot_record(old).inventory_lot_id
    archive(store, folder, days_ago(10), ids_until_millis=now_millis())
    (line,) = [one for one in rows_in(folder) if one["id"] == old]
    assert (line["lot"], line["destination_location"]) == ("L", plant.silo.path)
    assert (line["quantity"], line["destination_quantity_change"]) == ("5000000", "5000000")
    assert plant.stock() == {"L": 7.0}
    assert client.get_lot(lot).total_quantity == 7.0
    with pytest.raises(NotFound) as absent:
        client.get_inventory_lot_record(old)
    assert absent.value.reason == "INVENTORY_LOT_RECORD_NOT_FOUND"
    assert absent.value.metadata == {"id": old, "archived": "true"}
    with pytest.raises(NotFound) as absent:
        client.annotate_inventory_lot_record(old, notes="late")
    assert absent.value.metadata == {"id": old, "archived": "true"}
    with pytest.raises(FailedPrecondition) as refused:
        client.reverse_inventory_lot_record(old)
    assert refused.value.reason == "NOT_REVERSIBLE"
    assert refused.value.metadata == {"inventory_lot_record_id": old, "cause": "ARCHIVED"}
    client.reverse_inventory_lot_record(new)
    assert plant.stock() == {"L": 5.0}
    assert "all agree" in verified(server, folder)


def test_a_record_that_was_never_there_says_nothing_of_an_archive(plant: ServedPlant) -> None:
    """Only its id."""
    with pytest.raises(NotFound) as absent:
        plant.client.get_inventory_lot_record(plant.silo.id)
    assert absent.value.metadata == {"id": plant.silo.id}


def test_stock_as_of_a_moment_before_the_archive_is_refused_with_the_date(
    store: Store, plant: ServedPlant, folder: Path
) -> None:
    """From the latest archived record on it is right, with rows that are empty since."""
    for days, kg in ((5.0, 8.0), (4.0, 4.0), (2.0, 2.0)):
        produced(plant, "L", kg, days)
    consume = plant.operation("CONSUME")
    produced(plant, "GONE", 1.0, 4.5)
    plant.client.execute_inventory_operation(consume.id, "GONE", 1.0, end_date_millis=days_ago(4.2))
    archive(store, folder, days_ago(3), ids_until_millis=now_millis())

    def as_of(days: float, **more: bool) -> dict[str, float]:
        listed = plant.client.list_inventory(location_id_or_path=plant.silo.id, as_of_millis=days_ago(days), **more)
        return {row.inventory_lot_name: row.quantity for row in listed}

    assert as_of(4) == as_of(2.1) == {"L": 12.0}
    assert as_of(2) == {"L": 14.0}
    assert as_of(4, include_empty=True) == {"GONE": 0.0, "L": 12.0}
    with pytest.raises(OutOfRange) as refused:
        as_of(4.1)
    assert refused.value.reason == "AS_OF_ARCHIVED"
    oldest = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(days_ago(4) // 1000))
    assert refused.value.metadata["oldest"].startswith(oldest)
    assert [one.field for one in refused.value.field_violations] == ["as_of_millis"]


def test_both_halves_of_a_reversal_are_archived_or_neither(store: Store, plant: ServedPlant, folder: Path) -> None:
    """The old record waits for its reversal to be old enough."""
    old = produced(plant, "L", 5.0, 30)
    reversal = plant.client.reverse_inventory_lot_record(old).id
    archive(store, folder, days_ago(25), ids_until_millis=now_millis())
    assert archived_ids(folder).isdisjoint({old, reversal})
    time.sleep(0.005)
    archive(store, folder, ids_until_millis=now_millis())
    assert archived_ids(folder) >= {old, reversal}
    assert plant.stock() == {"L": 0.0}


def test_what_runs_is_never_archived_and_what_was_cancelled_is(
    server: ServerProcess, store: Store, plant: ServedPlant, folder: Path
) -> None:
    """The running one can be stopped afterwards."""
    client = plant.client
    operation, other = plant.operation("PRODUCE"), plant.operation("PRODUCE")
    started = days_ago(40)
    running = client.start_inventory_operation(operation.id, primary_lot_id_or_name="L", start_date_millis=started).id
    cancelled = client.start_inventory_operation(other.id, primary_lot_id_or_name="L", start_date_millis=started).id
    client.cancel_inventory_operation(other.id)
    time.sleep(0.005)
    archive(store, folder, ids_until_millis=now_millis())
    ids = archived_ids(folder)
    assert (running in ids, cancelled in ids) == (False, True)
    assert client.stop_inventory_operation(operation.id, 3.0).inventory_lot_record.id == running
    assert plant.stock() == {"L": 3.0}
    verified(server, folder)


def test_what_a_kept_request_id_refers_to_is_never_archived(store: Store, plant: ServedPlant, folder: Path) -> None:
    """Of an Execute, and of a Stop whose record was changed since; a repeat gets the same records again."""
    client = plant.client
    operation = plant.operation("PRODUCE")
    execute = {"end_date_millis": days_ago(50), "request_id": f"execute {plant.prefix}"}
    executed = client.execute_inventory_operation(operation.id, "L", 5.0, **execute).id
    start = {"primary_lot_id_or_name": "L", "start_date_millis": days_ago(60)}
    stop = {"end_date_millis": days_ago(55), "request_id": f"stop {plant.prefix}"}
    stopped = client.start_inventory_operation(operation.id, **start).id
    client.stop_inventory_operation(operation.id, 1.0, **stop)
    client.annotate_inventory_lot_record(stopped, notes="changed since")

    archive(store, folder)
    assert archived_ids(folder).isdisjoint({executed, stopped})
    again = client.execute_inventory_operation(operation.id, "L", 5.0, **execute)
    assert again.id == executed
    assert client.stop_inventory_operation(operation.id, 1.0, **stop).inventory_lot_record.id == stopped

    time.sleep(0.005)
    done = archive(store, folder, ids_until_millis=now_millis())
    assert done.request_ids >= 3
    assert archived_ids(folder) >= {executed, stopped}
    new = client.execute_inventory_operation(operation.id, "L", 5.0, **execute)
    assert new.id != executed
    assert plant.stock() == {"L": 11.0}


def test_a_token_from_before_the_archive_is_refused_and_a_watch_from_the_beginning_gives_what_is_kept(
    store: Store, plant: ServedPlant, folder: Path
) -> None:
    """Its tokens hold, although what was archived came later in the feed; a watch at the end goes on."""
    client = plant.client
    kept = produced(plant, "L", 1.0, 1)
    (first,) = watched(client, 1, from_beginning=True, inventory_operation_id=operation_of(client, kept))
    before = first.resume_token
    archived = produced(plant, "L", 2.0, 70)
    last = produced(plant, "L", 3.0, 1)
    archive(store, folder, days_ago(65), ids_until_millis=now_millis())
    assert archived in archived_ids(folder)
    with pytest.raises(OutOfRange) as refused:
        watched(client, 2, resume_token=before)  # the first message may be a heartbeat
    assert refused.value.reason == "RESUME_TOKEN_EXPIRED"
    assert refused.value.metadata["oldest"].endswith("Z")
    lot = client.get_inventory_lot_record(kept).inventory_lot_id
    messages = watched(client, 2, from_beginning=True, lot_id_or_name=lot)
    assert [one.inventory_lot_record.id for one in messages] == [kept, last]
    (again,) = watched(client, 1, resume_token=messages[0].resume_token, lot_id_or_name=lot)
    assert again.inventory_lot_record.id == last


def operation_of(client: Client, record_id: str) -> str:
    """Its inventory operation."""
    return client.get_inventory_lot_record(record_id).inventory_operation_id


def test_lots_are_picked_in_the_order_in_which_they_came(store: Store, plant: ServedPlant, folder: Path) -> None:
    """Also where the records that brought them are archived."""
    for lot in ("FIRST", "SECOND", "THIRD"):
        produced(plant, lot, 1.0, 80)
    archive(store, folder, days_ago(75), ids_until_millis=now_millis())
    ship = plant.operation("SHIP", primary_lot_resolution_strategy=enums_pb2.LOT_RESOLUTION_STRATEGY_FROM_LOCATION)
    request = inventory_operation_service_pb2.ExecuteInventoryOperationRequest(
        inventory_operation_id=ship.id, quantity=2.5
    )
    answer = plant.client.execute(request)
    assert [one.inventory_lot_name for one in answer.inventory_lot_records] == ["FIRST", "SECOND", "THIRD"]


def test_what_archived_records_refer_to_cannot_be_deleted(store: Store, plant: ServedPlant, folder: Path) -> None:
    """They are counted with those that are in the store; a lot keeps its unit."""
    client = plant.client
    operation = plant.operation("PRODUCE")
    for days in (90, 91):
        client.execute_inventory_operation(operation.id, "L", 1.0, end_date_millis=days_ago(days))
    client.execute_inventory_operation(operation.id, "L", 1.0)
    held = plant.lot("HELD")
    client.execute_inventory_actions(
        [actions.change_status(held.id, enums_pb2.LOT_STATUS_QA_HOLD, end_date_millis=days_ago(90))]
    )
    archive(store, folder, days_ago(85), ids_until_millis=now_millis())
    with pytest.raises(FailedPrecondition) as refused:
        client.delete_inventory_operation(operation.id)
    assert refused.value.metadata == {"entity": "inventory_lot_record", "count": "3"}
    with pytest.raises(FailedPrecondition) as refused:
        client.delete_lot(held.id)
    assert refused.value.metadata == {"entity": "inventory_lot_record", "count": "1"}
    held = client.get_lot(held.id)
    held.unit_of_measure_id = ServedPlant(client).kg.id
    with pytest.raises(FailedPrecondition) as refused:
        client.save_lot(held)
    assert refused.value.reason == "IMMUTABLE_FIELD"


def test_genealogy_and_order_counts_stay(server: ServerProcess, store: Store, plant: ServedPlant, folder: Path) -> None:
    """A trace says what it said before."""
    client = plant.client
    produced(plant, "MILK", 10.0, 100)
    consume = plant.operation("CONSUME", secondary_material_id=plant.material("Cheese").id)
    for days in (99, 98):
        client.execute_inventory_operation(consume.id, "MILK", 2.0, "CHEESE", end_date_millis=days_ago(days))
    before = client.get_lot_trace_graph("MILK", material_id_or_path=plant.milk.path)
    assert [(edge.quantity, edge.record_count) for edge in before.edges] == [(4.0, 2)]
    archive(store, folder, days_ago(98.5), ids_until_millis=now_millis())
    assert client.get_lot_trace_graph("MILK", material_id_or_path=plant.milk.path) == before
    client.execute_inventory_operation(consume.id, "MILK", 2.0, "CHEESE")
    after = client.get_lot_trace_graph("MILK", material_id_or_path=plant.milk.path)
    assert [(edge.quantity, edge.record_count) for edge in after.edges] == [(6.0, 3)]
    verified(server, folder)


def test_genealogy_through_orders_stays(server: ServerProcess, store: Store, plant: ServedPlant, folder: Path) -> None:
    """A trace says what it said before; sums of archived records count on."""
    client = plant.client
    produced(plant, "MILK", 10.0, 100)
    order = client.save_production_order(master_data_pb2.ProductionOrder(name=f"{plant.prefix} order"))
    line = client.save_operation(
        master_data_pb2.Operation(name=f"{plant.prefix} line", current_production_order_id=order.id)
    )
    consume, produce = (plant.operation(kind, operation_id=line.id) for kind in ("CONSUME", "PRODUCE"))
    for days in (99, 98):
        client.execute_inventory_operation(consume.id, "MILK", 2.0, end_date_millis=days_ago(days))
    client.execute_inventory_operation(produce.id, "CHEESE", 1.0, end_date_millis=days_ago(98.7))
    before = client.get_lot_trace_graph("MILK", material_id_or_path=plant.milk.path)
    assert [(edge.quantity, edge.record_count) for edge in before.edges] == [(4.0, 2), (1.0, 1)]
    archive(store, folder, days_ago(98.5), ids_until_millis=now_millis())
    assert client.get_lot_trace_graph("MILK", material_id_or_path=plant.milk.path) == before
    client.execute_inventory_operation(consume.id, "MILK", 2.0)
    after = client.get_lot_trace_graph("MILK", material_id_or_path=plant.milk.path)
    assert [(edge.quantity, edge.record_count) for edge in after.edges] == [(6.0, 3), (1.0, 1)]
    verified(server, folder)


def watched(
    client: Client, wanted: int, **asked: object
) -> list[inventory_service_pb2.WatchInventoryLotRecordsResponse]:
    """The first so many messages with a record."""
    found = []
    with closing(client.watch_inventory_lot_records(**asked)) as watch:  # type: ignore[arg-type]
        for message in watch:
            if message.HasField("inventory_lot_record"):
                found.append(message)
            if len(found) == wanted:
                return found
    raise AssertionError


def test_a_dry_run_counts_and_young_records_want_a_yes(server: ServerProcess, plant: ServedPlant) -> None:
    """Nothing is written, and no folder made; without a terminal nobody can be asked."""
    folder = server.folder / "dry"
    produced(plant, "dry", 5.0, 400)
    asked = ("archive", "--before", "0d", "--to", str(folder), "--request-id-days", "0.0000001")
    done = server.run(*asked)
    assert done.returncode == 2
    assert "some of the last 90 days" in done.stderr
    assert "give --yes if that is meant, or --dry-run" in done.stderr
    would = re.match(
        r"(\d+) records from before \S+ would be moved to (\d+) files", server.run(*asked, "--dry-run").stdout
    )
    assert would is not None
    assert not folder.exists()
    done = server.run(*asked, "--yes")
    moved = re.match(r"(\d+) records from before \S+ moved to (\d+) files", done.stdout)
    assert moved is not None, done.stderr
    assert moved.groups() == would.groups()
    assert int(moved[1]) >= 1
    assert server.run(*asked, "--dry-run").stdout.startswith("0 records")


def test_the_command_says_what_it_did_and_what_is_wrong_with_a_date(server: ServerProcess, plant: ServedPlant) -> None:
    """A day, a moment or a span; the folder is beside a store that is a file, else it must be given."""
    old = produced(plant, "L", 5.0, 7_000)
    for before in ("2004-10-31T08:00:00Z", "6900d"):
        done = server.run("archive", "--before", before, "--to", str(server.folder / "archive"))
        assert (done.returncode, "have to stay" in done.stdout) == (0, True), done.stderr
        assert plant.client.get_inventory_lot_record(old).id == old, "its request id is kept"
    for wrong in ("yesterday", "5"):
        done = server.run("archive", "--before", wrong)
        assert (done.returncode, f"--before {wrong}" in done.stderr) == (2, True)
    done = server.run("archive", "--before", "2004-10-31")
    if stores.kind() == "sqlite":
        assert f"moved to 0 files in {server.folder / 'archive'}" in done.stdout
    else:
        assert (done.returncode, "give --to" in done.stderr) == (2, True)
