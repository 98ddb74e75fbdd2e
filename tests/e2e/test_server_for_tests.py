"""The server that users test their own programs with: begun, set back, its clock set, gone with its parent."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import lotkeeper.testing
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


@EVERYWHERE
def test_a_wrong_setting_is_told_in_a_plain_line(in_child: bool) -> None:
    """As the server's own commands tell it."""
    for settings, said in (
        ({"end_date_past_day": 30}, "end_date_past_day is not a setting: did you mean end_date_past_days?"),
        ({"end_date_past_days": "many"}, "end_date_past_days: Input should be a valid number"),
    ):
        with pytest.raises(ValueError, match=r".") as refused:
            LotkeeperServer(PLANT, in_child=in_child, settings=settings)
        assert str(refused.value).startswith(said)
        assert "\n" not in str(refused.value)
        assert "pydantic" not in str(refused.value)


def test_the_example_of_the_module_runs() -> None:
    """What `help(lotkeeper.testing)` shows first."""
    assert lotkeeper.testing.__doc__ is not None
    block = [line[4:] for line in lotkeeper.testing.__doc__.splitlines() if line.startswith("    ")]
    assert block
    exec("\n".join(block), {"LotkeeperServer": LotkeeperServer, "timedelta": timedelta})  # noqa: S102 - our own text


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


ITS_PARENTS = {
    "lotkeeper-server testing": f"""
import subprocess, time
server = subprocess.Popen([{str(BINARIES / "lotkeeper-server")!r}, "testing"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
server.stdout.readline()
print(server.pid, flush=True)
time.sleep(60)
""",
    "in a child": """
import time
from lotkeeper.testing import LotkeeperServer
server = LotkeeperServer(in_child=True)
print(server._backend._process._pid, flush=True)
time.sleep(60)
""",
    "in a child of one that has forked": """
import os, time
from lotkeeper.testing import LotkeeperServer
server = LotkeeperServer(in_child=True)
sibling = os.fork()
if sibling:
    print(server._backend._process._pid, sibling, flush=True)
time.sleep(60)
""",
}


@pytest.mark.parametrize("program", ITS_PARENTS.values(), ids=ITS_PARENTS)
def test_it_ends_with_its_parent(program: str, tmp_path: Path) -> None:
    """Killed with -9, and where a fork of it lives on that holds all it had open."""
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    with parent:
        assert parent.stdout is not None
        pid, *siblings = map(int, parent.stdout.readline().split())
        [folder] = server_folders(pid)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        try:
            wait_until_gone(pid)
            assert not folder.exists()
        finally:
            for sibling in siblings:
                os.kill(sibling, signal.SIGKILL)


def server_folders(pid: int) -> set[Path]:
    """Those with the stores of a server, by what it has open."""
    opened = [descriptor.readlink() for descriptor in Path(f"/proc/{pid}/fd").iterdir()]
    return {path.parent for path in opened if path.parent.name.startswith("lotkeeper-testing-")}


def wait_until_gone(pid: int) -> None:
    """Until a process has ended."""
    waiting = threading.Event()
    end_seconds = time.monotonic() + 30
    while time.monotonic() < end_seconds:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return
        except (FileNotFoundError, ProcessLookupError):
            return
        waiting.wait(0.05)
    raise AssertionError(f"{pid} lives")


def test_where_the_process_that_forks_is_killed_another_takes_its_place() -> None:
    with LotkeeperServer(PLANT, in_child=True) as first:
        pid = first._backend._process._pid  # type: ignore[attr-defined]  # a child's
        forking = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(forking, signal.SIGKILL)
        wait_until_gone(pid)
        with pytest.raises(RuntimeError, match="the server has ended"):
            first.clock.let_go()
        with pytest.raises(RuntimeError, match="the server did not start"):
            LotkeeperServer(PLANT, in_child=True)
    with LotkeeperServer(PLANT, in_child=True) as second, second.client() as client:
        assert stock(client) == {"F-1": 100}


def test_a_server_in_a_child_begins_in_a_part_of_the_time_that_its_imports_take() -> None:
    """One process has imported everything for all of them: a tenth to a fifth, on a machine that does nothing else."""
    command = [sys.executable, "-c", "import lotkeeper_server.testing.server"]
    importing = min(seconds_of(lambda: subprocess.run(command, check=True)) for _ in range(2))
    LotkeeperServer(PLANT, in_child=True).close()
    beginning = min(seconds_of(lambda: LotkeeperServer(PLANT, in_child=True).close()) for _ in range(5))
    assert beginning < importing / 2


def seconds_of(act: Callable[[], object]) -> float:
    """How long something takes."""
    begin = time.monotonic()
    act()
    return time.monotonic() - begin


def test_a_fork_of_a_process_with_servers_has_its_own() -> None:
    program = """
import os
from lotkeeper.testing import LotkeeperServer
with LotkeeperServer(in_child=True) as server:
    if (child := os.fork()) == 0:
        with LotkeeperServer(in_child=True) as other, other.client() as client:
            assert list(client.list_inventory())
    else:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        with server.client() as client:
            assert list(client.list_inventory())
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_the_server_logs_is_the_programs_to_show(tmp_path: Path) -> None:
    """Nothing on its standard output, nothing of how it logs is changed, and Python's logging has the server's log."""
    program = """
import logging, sys
import structlog
from lotkeeper.testing import LotkeeperServer
from lotkeeper import NotFound
with LotkeeperServer() as server:
    server.reset()
    from lotkeeper_server.event_log import get_logger
    get_logger().warning("lost", file="x")
    assert not structlog.is_configured()
    logging.basicConfig(format="%(name)s %(levelname)s %(message)s", stream=sys.stderr, level=logging.INFO)
    get_logger().warning("found", file="y")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert done.stderr.splitlines()[0] == "lotkeeper_server WARNING found file=y"


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
