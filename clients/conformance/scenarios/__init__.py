"""All scenarios, by what they are about."""

from __future__ import annotations

from typing import Final

from clients.conformance.scenario import Scenario
from clients.conformance.scenarios import batches, calls, coalescing, connections, errors, lists, watches

SCENARIOS: Final[tuple[Scenario, ...]] = (
    *calls.SCENARIOS,
    *errors.SCENARIOS,
    *connections.SCENARIOS,
    *lists.SCENARIOS,
    *watches.SCENARIOS,
    *batches.SCENARIOS,
    *coalescing.SCENARIOS,
)
"""In the order in which they are run."""
