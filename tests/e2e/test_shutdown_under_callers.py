"""A server that is told to end while callers repeat refused calls without a pause, as harnesses do."""

from __future__ import annotations

import time
from pathlib import Path

from lotkeeper import Client

from tests.callers import Callers, Request
from tests.plants import ServedPlant
from tests.server_process import ServerProcess

SOON_SECONDS = 20
"""Far less than the server may take, and far more than it needs, for a busy machine."""


def test_callers_who_never_pause_do_not_hold_a_server_that_ends(tmp_path: Path) -> None:
    """What was taken in is answered, what comes is refused; the end does not wait until they give up."""
    with ServerProcess(tmp_path, ("--shutdown-seconds", "60")) as server:
        with Client(server.address, token=server.token) as client:
            produce = ServedPlant(client).operation("PRODUCE").id

        def request(number: int) -> Request:
            return Request(inventory_operation_id=produce, primary_lot_id_or_name=f"L{number}", quantity=1.0)

        with Callers([server.address], server.token, request, count=16, repeats=0, timeout_seconds=10.0) as callers:
            callers.wait_for(200)
            told_at = time.monotonic()
            assert server.terminate() == 0
            assert time.monotonic() - told_at < SOON_SECONDS
        server.start()
        server.verify()
        with Client(server.address, token=server.token) as client:
            records = sum(1 for _ in client.list_inventory_lot_records(page_size=1000))

    assert not callers.refused
    assert callers.reasons["SHUTTING_DOWN"] > 16
    unanswered = len(callers.unknown) - callers.reasons["SHUTTING_DOWN"]
    assert len(callers.acknowledged) <= records <= len(callers.acknowledged) + unanswered
