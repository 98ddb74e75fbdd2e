"""What goes wrong with one call, or with the log, is nobody else's business. Each server is made to go wrong."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lotkeeper import Client, LotkeeperError
from lotkeeper.inventory.v1 import enums_pb2

from tests.plants import ServedPlant
from tests.server_process import BINARIES, ServerProcess

LOTS = 60
"""Too many for one load of what lies at a location."""
WRITES_SECONDS = 0.2
GIVES_UP_SECONDS = 0.15
"""From one caller to the next; less than a write, so that none passes without one who gives up meanwhile."""
_MAIN = "from lotkeeper_server.cli.main import main; main()"
_FEW_LOADS = f"from lotkeeper_server.engine import batch; batch.ROUNDS_MAX = 1; {_MAIN}"
_SLOW_WRITES = f"""
import time
from lotkeeper_server.store.state import decision_store
write_changes = decision_store.write_changes

def slow(*arguments):
    write_changes(*arguments)
    time.sleep({WRITES_SECONDS})

decision_store.write_changes = slow
{_MAIN}
"""


def reason(client: Client, operation_id: str, lot: str | None, quantity: float = 1.0, seconds: float = 20) -> str:
    """Of the refusal; empty where the call was done."""
    try:
        client.execute_inventory_operation(operation_id, lot, quantity, timeout_seconds=seconds)
    except LotkeeperError as error:
        return error.reason or error.code.name
    return ""


def test_a_call_that_needs_too_many_loads_fails_alone(tmp_path: Path) -> None:
    """Those that were in one transaction with it are done. What definitions it needs is known to the server by then."""
    server = ServerProcess(tmp_path, program=(sys.executable, "-c", _FEW_LOADS, "serve"))
    with server, Client(server.address, token=server.token) as client, ThreadPoolExecutor(16) as pool:
        plant = ServedPlant(client)
        produce = plant.operation("PRODUCE")
        from_location = enums_pb2.LOT_RESOLUTION_STRATEGY_FROM_LOCATION
        pick = plant.operation("CONSUME", primary_lot_resolution_strategy=from_location)
        for number in range(LOTS):
            while reason(client, produce.id, f"L{number}"):
                pass
        calls = [
            (pool.submit(reason, client, pick.id, None, float(LOTS - 1)), pool.submit(reason, client, produce.id, "L1"))
            for _ in range(60)
        ]
        assert "INTERNAL" in {picked.result() for picked, _ in calls}
        assert {produced.result() for _, produced in calls} == {""}
        server.verify()


def test_callers_who_give_up_one_after_another_spoil_no_call(tmp_path: Path) -> None:
    """Each time that one of them gives up its transaction begins again: more often than a refused one may."""
    server = ServerProcess(tmp_path, program=(sys.executable, "-c", _SLOW_WRITES, "serve"))
    with server, Client(server.address, token=server.token) as client, ThreadPoolExecutor(24) as pool:
        produce = ServedPlant(client).operation("PRODUCE")
        gone = [pool.submit(reason, client, produce.id, f"G{n}", 1.0, GIVES_UP_SECONDS * (1 + n)) for n in range(20)]
        patient = pool.submit(reason, client, produce.id, "P")
        assert patient.result() == ""
        assert {one.result() for one in gone} <= {"", "DEADLINE_EXCEEDED"}
        server.verify()


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    """Standard error is a full disk; what is logged on the engine's thread, too, is gone and no more."""
    program = ("/bin/sh", "-c", 'exec "$@" 2>/dev/full', "sh", BINARIES / "lotkeeper-server", "serve")
    server = ServerProcess(tmp_path, program=program)
    with server, Client(server.address, token=server.token) as client:
        produce = ServedPlant(client).operation("PRODUCE")
        for _ in range(3):
            assert reason(client, produce.id, "L") == ""
        assert server.terminate() == 0
    assert server.log() == ""
