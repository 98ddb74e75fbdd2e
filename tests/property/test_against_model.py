"""The promise: whatever plant and whatever calls, each answer, each refusal and all stock are what the rules say.

The rules are read a second time in tests/model. LOTKEEPER_PROPERTY_EXAMPLES=2000 looks longer, at others, and so does
`python -m tests.property.soak --seconds 600`, which says the seed of what it finds.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator

import grpc
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.property.playing import play
from tests.property.random_plants import Dice
from tests.server_process import ServerProcess

EXAMPLES = int(os.environ.get("LOTKEEPER_PROPERTY_EXAMPLES", "120"))
_prefixes = itertools.count(1)


@pytest.fixture(scope="module")
def channel(server: ServerProcess) -> Iterator[grpc.Channel]:
    """A bare channel."""
    with grpc.insecure_channel(server.address) as opened:
        yield opened


@given(st.data())
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking against a real server takes minutes
    derandomize="LOTKEEPER_PROPERTY_EXAMPLES" not in os.environ,  # the same plants each time, others where asked for
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_every_answer_and_all_stock_are_as_the_rules_say(
    channel: grpc.Channel, server: ServerProcess, data: st.DataObject
) -> None:
    """Random plants, random calls; the model hears of each call after the server, with the server's moment."""
    play(channel, server.token, Dice.of_hypothesis(data), f"P{next(_prefixes)}")
