"""The watchdog notes what holds a thread, whatever holds it, and nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

from lotkeeper import Client

from tests.plants import ServedPlant
from tests.watched import watched_server

_MAIN = "from lotkeeper_server.cli.main import main; main()"
_SPINS = """
import time

def spin():
    until = time.thread_time() + 0.3
    while time.thread_time() < until:
        pass
"""
_LOOP = f"""{_SPINS}
from lotkeeper_server.rpc.methods.list_permissions import Permissions
answered = Permissions.ListPermissions

async def slow(*arguments):
    spin()
    return await answered(*arguments)

Permissions.ListPermissions = slow
{_MAIN}
"""
_POLLING = f"""{_SPINS}
from lotkeeper_server.store.state import decision_store
write_changes = decision_store.write_changes

def slow(*arguments):
    spin()
    write_changes(*arguments)

decision_store.write_changes = slow
{_MAIN}
"""
_IN_C = f"""{_SPINS}
from lotkeeper_server.catalog import reading
answered = reading.messages

def slow(*arguments):
    until = time.thread_time() + 1.0
    while time.thread_time() < until:
        sum(range(20_000_000))
    return answered(*arguments)

from lotkeeper_server.rpc.methods import entity_calls
entity_calls.messages = slow
{_MAIN}
"""


def test_what_holds_the_event_loop_is_noted_with_its_stack(tmp_path: Path) -> None:
    """And no other call is."""
    with (
        watched_server(tmp_path, program=(sys.executable, "-c", _LOOP, "serve")) as watched,
        Client(watched.server.address, token=watched.server.token) as client,
    ):
        client.list_units_of_measure()
        assert watched.held() == []
        client.list_permissions()
        (held,) = watched.held()
        assert held.who == "event loop"
        assert any("slow" in place for place in held.stack)


def test_what_holds_whoever_runs_the_pipeline_is_noted(tmp_path: Path) -> None:
    """The polling thread on the embedded store, a thread of its own on a server database, the loop with grpc.aio."""
    with (
        watched_server(tmp_path, program=(sys.executable, "-c", _POLLING, "serve")) as watched,
        Client(watched.server.address, token=watched.server.token) as client,
    ):
        produce = ServedPlant(client).operation("PRODUCE")
        assert watched.held() == []
        client.execute_inventory_operation(produce.id, "L", 1.0)
        (held,) = watched.held()
        assert held.who in {"polling thread", "pipeline thread", "event loop"}
        assert any("slow" in place for place in held.stack)


def test_code_that_lets_no_other_thread_run_is_noted_wherever_it_runs(tmp_path: Path) -> None:
    """Long sums on a reader's thread: the loop is held, too. Several, so that the work goes on when one is noted."""
    with (
        watched_server(tmp_path, program=(sys.executable, "-c", _IN_C, "serve")) as watched,
        Client(watched.server.address, token=watched.server.token) as client,
    ):
        list(client.list_units_of_measure())
        held = watched.held()
        assert {one.who for one in held} >= {"interpreter"}
        assert any("slow" in place for one in held for place in one.stack)
