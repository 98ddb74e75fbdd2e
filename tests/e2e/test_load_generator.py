"""The generator of the benchmarks counts what each call came to, and keeps to what a server takes at once."""

from collections import Counter
from pathlib import Path

import pytest
from lotkeeper import Client

from bench.http2_load import OK, UNAUTHENTICATED, Load
from bench.served import EXECUTE, falling, plain_echo
from tests.plants import ServedPlant
from tests.server_process import ServerProcess

CALLS = 100
STREAMS = 4
INVALID_ARGUMENT = 3


@pytest.fixture
def server(tmp_path: Path) -> ServerProcess:
    return ServerProcess(tmp_path, ("--max-concurrent-streams", str(STREAMS)))


def test_bodies_and_tokens_take_turns_and_each_status_is_counted(server: ServerProcess) -> None:
    """A refused call is an HTTP 200, too."""
    with server:
        with Client(server.address, token=server.token) as client:
            plant = ServedPlant(client)
            produce, consume = plant.operation("PRODUCE"), plant.operation("CONSUME")
            client.execute_inventory_operation(produce.id, "MILK", 1e6)
        bodies = [falling(consume.id, "MILK"), falling("no operation", "MILK")]
        with Load(server.address, EXECUTE, server.token, bodies, 1, 1) as load:
            outcome = load.kept_in_flight(calls=CALLS)
        assert outcome.statuses == Counter({OK: CALLS / 2, INVALID_ARGUMENT: CALLS / 2})
        assert (outcome.acknowledged, len(outcome.refusals)) == (CALLS / 2, CALLS / 2)
        with Load(server.address, EXECUTE, [server.token, "unknown"], bodies[:1], 1, 1) as load:
            outcome = load.kept_in_flight(calls=CALLS)
        assert outcome.statuses == Counter({OK: CALLS / 2, UNAUTHENTICATED: CALLS / 2})
        server.verify()


def test_no_call_is_sent_beyond_the_stream_limit_though_more_are_asked_for(server: ServerProcess) -> None:
    with server, Load(server.address, EXECUTE, server.token, [falling("no operation")], 2, 10 * STREAMS) as load:
        assert load.free == 2 * STREAMS
        outcome = load.kept_in_flight(calls=CALLS)
    assert outcome.statuses == Counter({INVALID_ARGUMENT: CALLS})


def test_the_plain_echo_answers_every_call() -> None:
    with plain_echo(pinned=False) as under_load:
        outcome = under_load([falling("any", "MILK")], 0.2)
    assert set(outcome.statuses) == {OK}
    assert outcome.acknowledged == outcome.offered
