"""Many seeds: nothing that was acknowledged is lost, nothing is done twice, and every call ends."""

from __future__ import annotations

import os
import re

import pytest

from tests.simulation.comparing import Apart
from tests.simulation.simulation import Simulation

SEEDS = int(os.environ.get("LOTKEEPER_TEST_SIMULATION_SEEDS", "1000"))
"""A minute of a busy machine; `python -m tests.simulation --seeds 100000` goes on for longer."""
CHUNKS = 10
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_what_processes_do_on_one_failing_store_is_one_story_by_the_rules(chunk: int) -> None:
    for seed in range(1 + chunk, 1 + SEEDS, CHUNKS):
        try:
            Simulation(seed).run()
        except Apart as apart:
            pytest.fail(f"{apart}; see it by python -m tests.simulation --seed {seed}")


def test_a_seed_runs_the_same_each_time() -> None:
    first, second = Simulation(7, traced=True), Simulation(7, traced=True)
    first.run()
    second.run()
    assert first.lines
    masked = [[UUID.sub("a generated name", line) for line in one.lines or []] for one in (first, second)]
    assert masked[0] == masked[1]
