"""The server that users test their own programs with: begun, set back, its clock set, gone with its parent."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lotkeeper import Client, FailedPrecondition
from lotkeeper.inventory.v1.enums_pb2 import INVENTORY_GROUP_BY_LOT_STATUS, LOT_STATUS_EXPIRED
from lotkeeper.testing import LotkeeperServer, ServerNotInstalled

from tests.server_process import BINARIES

PLANT = {
    "units_of_measure": [{"name": "kilogram", "symbol": "kg"}],
    "materials": [{"name": "Flour", "unit_of_measure": "kilogram", "shelf_life_days": 10}],
    "locations": [{"name": "Silo"}],
    "lots": [{"name": "F-1", "material": "Flour", "expiration_date": "2039-01-01T00:00:00Z"}],
    "inventory": [{"location": "Silo", "lot": "F-1", "material": "Flour", "quantity": 100}],
}
EVERYWHERE = pytest.mark.parametrize("in_child", [False, True], ids=["in this process", "in a child"])


def stock(client: Client) -> dict[str, float]:
    """What is there, by lot."""
    return {one.inventory_lot_name: one.quantity for one in client.list_inventory()}


@EVERYWHERE
def test_it_begins_with_the_plant_it_is_given(in_child: bool) -> None:
    with LotkeeperServer(PLANT, in_child=in_child) as server, server.client() as client:
        assert stock(client) == {"F-1": 100}


@EVERYWHERE
def test_a_reset_takes_back_everything_that_was_done(in_child: bool) -> None:
    with LotkeeperServer(PLANT, in_child=in_child) as server:
        for _ in range(3):
            with server.client() as client:
                assert stock(client) == {"F-1": 100}
                client.scrap(lot="F-1", material="Flour", source="Silo", quantity=60)
                assert stock(client) == {"F-1": 40}
            server.reset()


@EVERYWHERE
def test_the_test_sets_the_clock(in_child: bool) -> None:
    with LotkeeperServer(PLANT, in_child=in_child) as server, server.client() as client:
        server.clock.set(datetime(2038, 12, 31, 12, tzinfo=UTC))
        [record] = client.consume(lot="F-1", material="Flour", source="Silo", quantity=1)
        assert record.end_date.ToDatetime() == datetime(2038, 12, 31, 12)
        server.clock.advance(timedelta(days=1))
        with pytest.raises(FailedPrecondition) as refused:
            client.consume(lot="F-1", material="Flour", source="Silo", quantity=1)
        assert refused.value.reason == "LOT_EXPIRED"
        shown = [
            *(lot.status for lot in client.list_lots()),
            *(row.lot_status for row in client.list_inventory()),
            *(group.lot_status for group in client.summarize_inventory([INVENTORY_GROUP_BY_LOT_STATUS])),
            *(node.lot_status for node in client.get_lot_trace_graph("F-1", material_id_or_path="Flour").nodes),
        ]
        assert shown == [LOT_STATUS_EXPIRED] * 4
        server.clock.let_go()
        client.consume(lot="F-1", material="Flour", source="Silo", quantity=1)


def test_a_moment_without_a_time_zone_is_not_guessed() -> None:
    with LotkeeperServer(PLANT) as server, pytest.raises(ValueError, match="no time zone"):
        server.clock.set(datetime(2038, 12, 31))


@EVERYWHERE
def test_a_plant_that_is_refused_says_why(in_child: bool) -> None:
    with pytest.raises(ValueError, match="Nowhere"):
        LotkeeperServer({**PLANT, "locations": [{"name": "Silo", "parent": "Nowhere"}]}, in_child=in_child)


@EVERYWHERE
def test_settings_are_those_of_the_test_alone(in_child: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOTKEEPER_END_DATE_PAST_DAYS", "0")
    ended = int((datetime.now(UTC) - timedelta(days=20)).timestamp() * 1_000)
    server = LotkeeperServer(PLANT, in_child=in_child, settings={"end_date_past_days": 30})
    with server, server.client() as client:
        client.receive(lot="F-1", material="Flour", destination="Silo", quantity=1, end_date_millis=ended)


def test_two_servers_live_beside_each_other() -> None:
    with LotkeeperServer(PLANT) as one, LotkeeperServer() as other, one.client() as first, other.client() as second:
        assert stock(first) == {"F-1": 100}
        assert len(stock(second)) > 1


def test_nothing_is_left_of_a_server_that_was_closed() -> None:
    before = set(threading.enumerate())
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        with LotkeeperServer(PLANT) as server:
            server.reset()
            with server.client() as client:
                stock(client)
    left = {thread.name for thread in set(threading.enumerate()) - before}
    assert not {name for name in left if name.startswith("lotkeeper")}
    assert len(list(Path("/proc/self/fd").iterdir())) <= descriptors + 4  # gRPC keeps a few of its own


@pytest.fixture
def child() -> Iterator[subprocess.Popen[str]]:
    """`lotkeeper-server testing`, as a test in another language begins it."""
    process = subprocess.Popen(
        [BINARIES / "lotkeeper-server", "testing"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        yield process
        process.kill()


def said(process: subprocess.Popen[str], command: str) -> dict[str, object]:
    """The answer to a line."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(command + "\n")
    process.stdin.flush()
    answer: dict[str, object] = json.loads(process.stdout.readline())
    return answer


def test_tests_in_other_languages_speak_to_it_in_lines_of_json(child: subprocess.Popen[str]) -> None:
    assert child.stdout is not None
    first = json.loads(child.stdout.readline())
    with Client(first["address"], token=first["token"]) as client:
        assert stock(client)
    assert said(child, '{"do": "set_clock", "millis": 2000000000000}') == {}
    again = said(child, '{"do": "reset"}')
    with Client(str(again["address"]), token=first["token"]) as client:
        assert stock(client)
    for wrong in ("", "x", "[]", '{"do": "dance"}', '{"do": "set_clock"}', '{"do": "advance_clock", "millis": "1"}'):
        assert "error" in said(child, wrong)
    assert said(child, '{"do": "let_clock_go"}') == {}


def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    program = (
        "import subprocess, sys, time\n"
        f"p = subprocess.Popen([{str(BINARIES / 'lotkeeper-server')!r}, 'testing'],"
        " stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)\n"
        "print(p.pid, p.stdout.readline(), flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    with parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline().split()[0])
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    gone = threading.Event()
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            gone.set()
            break
        if Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
            gone.set()
            break
        gone.wait(0.05)
    assert gone.is_set()


def test_without_the_server_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lotkeeper_server.testing.server", None)
    with pytest.raises(ServerNotInstalled, match="pip install"):
        LotkeeperServer(PLANT)


USERS_TESTS = """
import pytest

@pytest.fixture(scope="session")
def lotkeeper_plant():
    return {"units_of_measure": [{"name": "kilogram", "symbol": "kg"}],
            "materials": [{"name": "Flour", "unit_of_measure": "kilogram"}],
            "locations": [{"name": "Silo"}]}

@pytest.mark.parametrize("turn", [1, 2])
def test_a_lot_is_received_for_the_first_time(lotkeeper_client, turn):
    assert not list(lotkeeper_client.list_inventory())
    lotkeeper_client.receive(
        lot="F-1", material="Flour", destination="Silo", quantity=5, create_lot_if_not_found=True)
    assert [row.quantity for row in lotkeeper_client.list_inventory()] == [5]
"""


def test_under_pytest_each_test_begins_with_the_plant(tmp_path: Path) -> None:
    (tmp_path / "test_users.py").write_text(USERS_TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)
    assert "2 passed" in ran.stdout, ran.stdout + ran.stderr
