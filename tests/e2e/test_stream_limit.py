"""HTTP/2's stream limit holds callers back: who keeps to it loses no call."""

from pathlib import Path

import pytest
from lotkeeper import Client

from bench.http2_load import OK, Load
from bench.served import EXECUTE, falling
from tests.plants import ServedPlant
from tests.server_process import ServerProcess

CALLS = 3_000
STREAMS = 16


@pytest.fixture
def server(tmp_path: Path) -> ServerProcess:
    return ServerProcess(tmp_path, ("--max-concurrent-streams", str(STREAMS)))


def test_a_caller_who_keeps_to_the_stream_limit_is_answered_every_call(server: ServerProcess) -> None:
    """A new stream may begin as soon as one has ended, though the server has not yet let go of that one."""
    with server:
        with Client(server.address, token=server.token) as client:
            plant = ServedPlant(client)
            produce, consume = plant.operation("PRODUCE"), plant.operation("CONSUME")
            client.execute_inventory_operation(produce.id, "MILK", 1e6)
        with Load(server.address, EXECUTE, server.token, [falling(consume.id, "MILK")], 2, STREAMS) as load:
            outcome = load.kept_in_flight(calls=CALLS)
        assert set(outcome.statuses) == {OK}
        assert outcome.acknowledged == outcome.offered
        server.verify()
