"""The promise: whatever plant and whatever calls, each answer, each refusal and all stock are what the rules say.

The rules are read a second time in tests/model. Each seed is a plant; LOTKEEPER_TEST_PROPERTY_EXAMPLES=2000 looks at
more of them, and so does `python -m tests.property.soak --seconds 600`, which says the seed of what it finds.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import grpc
import pytest

from tests.property.playing import play
from tests.property.random_plants import Dice
from tests.server_process import ServerProcess

EXAMPLES = int(os.environ.get("LOTKEEPER_TEST_PROPERTY_EXAMPLES", "40"))


@pytest.fixture(scope="module")
def channel(server: ServerProcess) -> Iterator[grpc.Channel]:
    """A bare channel, on which nothing but the plants of this module is played."""
    with grpc.insecure_channel(server.address) as opened:
        yield opened
    server.verify()


@pytest.mark.parametrize("seed", range(1, EXAMPLES + 1))
def test_every_answer_and_all_stock_are_as_the_rules_say(
    channel: grpc.Channel, server: ServerProcess, seed: int
) -> None:
    """A random plant, random calls; the model hears of each call after the server, with the server's moment."""
    play(channel, server.token, Dice.of_seed(seed), f"P{seed}")
