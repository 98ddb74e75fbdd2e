"""All scenarios, by what they are about."""

from __future__ import annotations

from typing import Final

from clients.conformance.scenario import Scenario
from clients.conformance.scenarios import batches, calls, coalescing, connections, credentials, errors, lists, watches

SCENARIOS: Final[tuple[Scenario, ...]] = (
    *sorted(watches.SCENARIOS, key=lambda one: one.name not in watches.LONG),
    *calls.SCENARIOS,
    *errors.SCENARIOS,
    *connections.SCENARIOS,
    *lists.SCENARIOS,
    *credentials.SCENARIOS,
    *batches.SCENARIOS,
    *coalescing.SCENARIOS,
)
"""In the order in which they are run: first what waits for half a minute, so that the others go on beside it."""
