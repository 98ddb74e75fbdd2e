"""`lotkeeper-server archive --restore`: what somebody who audits an old lot does, on a serving store."""

from __future__ import annotations

import itertools
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from lotkeeper import Client, NotFound, OutOfRange, actions
from lotkeeper_server.engine.clock import now_millis
from lotkeeper_server.store.archive.files import count_archived
from lotkeeper_server.store.db.connection import Store

from tests.archives import SHORT_LEASE_SECONDS, start_archive, start_restore, stock_by_hand, verified
from tests.plants import ServedPlant
from tests.server_process import ServerProcess

DAY_MILLIS = 86_400_000
KEPT_DAYS = "0.00001"
KILLS = 4


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that takes any date, and keeps request ids for a second."""
    flags = ("--end-date-past-days", "30000", "--request-id-days", KEPT_DAYS)
    with ServerProcess(tmp_path_factory.mktemp("server"), flags) as process:
        yield process


@pytest.fixture
def plant(client: Client) -> ServedPlant:
    """A plant of the test's own."""
    return ServedPlant(client)


def archived(server: ServerProcess, folder: Path) -> list[str]:
    """Moves everything out; the files."""
    time.sleep(float(KEPT_DAYS) * 86_400 + 0.1)
    done = server.run("archive", "--yes", "--before", "0d", "--to", str(folder), "--request-id-days", KEPT_DAYS)
    assert done.returncode == 0, done.stderr
    return sorted(str(path) for path in folder.iterdir())


def test_a_record_that_came_back_can_be_read_reversed_and_summed_again(
    server: ServerProcess, plant: ServedPlant, tmp_path: Path
) -> None:
    """With the same server and the same connection; the archive says so, and a second time does nothing."""
    client, folder = plant.client, tmp_path / "archive"
    produce, consume = plant.operation("PRODUCE"), plant.operation("CONSUME")
    ended = now_millis() - 20 * DAY_MILLIS
    old = client.execute_inventory_operation(produce.id, "L", 5.0, end_date_millis=ended).id
    client.execute_inventory_operation(consume.id, "L", 2.0, end_date_millis=ended + 1000)
    paths = archived(server, folder)
    with pytest.raises(NotFound):
        client.get_inventory_lot_record(old)
    with pytest.raises(OutOfRange, match="archived"):
        list(client.list_inventory(as_of_millis=ended))

    would = server.run("archive", "--restore", *paths, "--dry-run")
    assert (would.returncode, would.stdout) == (0, "2 records of 1 files would be put back; nothing was done\n")
    done = server.run("archive", "--restore", *paths)
    assert (done.returncode, done.stdout) == (0, "2 records of 1 files are in the store again\n"), done.stderr
    again = server.run("archive", "--restore", *paths)
    assert again.stdout == (
        f"{paths[0]}: its records are in the store already\n0 records of 0 files are in the store again\n"
    )
    assert client.get_inventory_lot_record(old).inventory_lot_name == "L"
    listed = client.list_inventory(location_id_or_path=plant.silo.id, as_of_millis=ended)
    assert [row.quantity for row in listed] == [5.0]
    client.reverse_inventory_lot_record(client.execute_inventory_operation(produce.id, "L", 1.0).id)
    client.annotate_inventory_lot_record(old, notes="audited")
    assert plant.stock() == {"L": 3.0}
    assert "all agree" in verified(server, folder)
    (event,) = [
        one
        for one in client.list_audit_events(method="lotkeeper-server archive")
        if one.detail == "put back into the store"
    ]
    assert (event.entity, event.entity_name, event.item_count) == ("archive_file", Path(paths[0]).name, 2)


def test_a_count_of_a_moment_of_before_is_decided_on_what_came_back(
    server: ServerProcess, plant: ServedPlant, tmp_path: Path
) -> None:
    """An EDIT with an old end counts the stock of then, in whatever process the timeline was kept."""
    client, folder = plant.client, tmp_path / "archive"
    produce = plant.operation("PRODUCE")
    days = [now_millis() - number * DAY_MILLIS for number in (40, 30, 20)]
    for at in days:
        client.execute_inventory_operation(produce.id, "L", 5.0, end_date_millis=at)
    paths = archived(server, folder)
    count = actions.edit_quantity(
        "L", 4.0, source=plant.silo.id, material=plant.milk.id, end_date_millis=days[1] + 1000
    )
    with pytest.raises(OutOfRange, match="archived"):
        client.execute_inventory_actions([count])
    assert server.run("archive", "--restore", *paths).returncode == 0
    client.execute_inventory_actions([count])
    assert plant.stock() == {"L": 9.0}
    assert "all agree" in verified(server, folder)


def test_what_cannot_be_put_back_is_said_in_one_line(server: ServerProcess, plant: ServedPlant, tmp_path: Path) -> None:
    """Damaged files, those of nobody, missing ones, and wrong usage; nothing is done then."""
    folder = tmp_path / "archive"
    plant.client.execute_inventory_operation(plant.operation("PRODUCE").id, "L", 5.0)
    (path,) = archived(server, folder)
    content = Path(path).read_bytes()
    other = tmp_path / "records-000001-00000000.csv.gz"
    for bad, spoilt, said in (
        (Path(path), content[:-3], "changed after it was written: its SHA-256 differs; nothing was done"),
        (other, content[:-3], "no file of an archive, or damaged"),
        (other, b"", "no file of an archive, or damaged"),
    ):
        bad.write_bytes(spoilt)
        done = server.run("archive", "--restore", str(bad))
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
        assert said in done.stderr
        Path(path).write_bytes(content)
    for usage, said in (
        (["--restore"], "give the files"),
        (["--restore", path, "--before", "400d"], "not together with --restore"),
        (["--restore", str(tmp_path / "none")], "does not exist"),
        ([path, "--before", "400d"], "files are given with --restore"),
        ([], "give --before with a date, or --restore with files"),
    ):
        done = server.run("archive", *usage)
        assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert server.run("archive", "--restore", path).returncode == 0


def test_files_of_another_store_are_refused(server: ServerProcess, plant: ServedPlant, tmp_path: Path) -> None:
    """Although they are whole, and of this program."""
    (tmp_path / "other").mkdir()
    with ServerProcess(tmp_path / "other", ("--request-id-days", KEPT_DAYS)) as other:
        with Client(other.address, token=other.token) as client:
            there = ServedPlant(client)
            client.execute_inventory_operation(there.operation("PRODUCE").id, "L", 5.0)
        (path,) = archived(other, tmp_path / "archive")
    done = server.run("archive", "--restore", path)
    assert done.returncode == 1
    assert "this store knows no such file: it is of another store" in done.stderr
    assert "nothing was done" in done.stderr
    assert plant.stock() == {}


def still_archived(server: ServerProcess) -> int:
    """How many records are in files, as the store says."""
    with closing(Store(server.database_url)) as store, store.read() as connection:
        return count_archived(connection)


@pytest.mark.slow
def test_a_restore_killed_at_any_moment_under_load_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Four times, then it runs to its end, while callers go on; audited by hand from files and store."""
    seed = now_millis()
    choose = random.Random(seed)
    store, folder = tmp_path / "store", tmp_path / "archive"
    store.mkdir()
    stopping = threading.Event()
    with (
        ServerProcess(store, ("--request-id-days", KEPT_DAYS)) as server,
        Client(server.address, token=server.token) as client,
    ):
        plant = ServedPlant(client)
        produce = plant.operation("PRODUCE").id
        made: dict[str, str] = {}

        def call(lot: str) -> None:
            with Client(server.address, token=server.token) as own:
                for _ in itertools.count():
                    if stopping.is_set():
                        return
                    made[own.execute_inventory_operation(produce, lot, 1.0).id] = lot

        callers = [threading.Thread(target=call, args=(f"L{number}",)) for number in range(3)]
        for caller in callers:
            caller.start()
        killed = 0
        try:
            while len(made) < 600:
                time.sleep(0.05)
            archiving = start_archive(server, folder, KEPT_DAYS)
            said, _ = archiving.communicate(timeout=60)
            assert archiving.returncode == 0, said
            paths = [str(path) for path in folder.iterdir()]
            assert len(paths) > KILLS
            for _ in range(KILLS):
                before = still_archived(server)
                restoring = start_restore(server, paths)
                while restoring.poll() is None and still_archived(server) == before:
                    time.sleep(0.005)
                time.sleep(choose.uniform(0, 0.1))
                restoring.kill()
                restoring.communicate()
                killed += restoring.returncode == -signal.SIGKILL
                time.sleep(SHORT_LEASE_SECONDS)
        finally:
            stopping.set()
            for caller in callers:
                caller.join()
        finished = server.run("archive", "--restore", *paths)
        assert finished.returncode == 0, finished.stderr
        for path in paths:  # whose records are all in the store now
            Path(path).unlink()
        ids, stock = stock_by_hand(client, folder)
        assert ids == made.keys(), seed
        assert stock == plant.stock(), seed
        assert "all agree" in verified(server, folder)
        assert killed, seed
