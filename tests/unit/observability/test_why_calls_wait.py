"""From what one process saw of its pipeline: the cause that the others follow from, and none where nobody waits."""

from __future__ import annotations

import pytest
from lotkeeper_server.observability.why_calls_wait import Look, Why, shown, why_calls_wait

BUSY = {"batches": 10.0, "calls": 400.0}
CASES: dict[str, tuple[Look, Why | None]] = {
    "nobody calls": (Look(), None),
    "all is fast": (Look(**BUSY, waited_seconds=4, load_seconds=0.05, commit_seconds=0.2), None),
    "held for less than a second": (Look(calls_held=1, held_seconds=0.9), None),
    "a row is locked": (Look(calls_held=1, held_seconds=1.0, lot="L"), Why.LOCKED),
    "a table is locked": (Look(calls_held=4, held_seconds=3, put_back=80), Why.LOCKED),
    "a table was locked a moment ago, too": (Look(calls_held=4, held_seconds=3, gets_through=True), Why.LOCKED),
    "a lot that others get is held for long": (
        Look(calls_held=9, held_seconds=2, lot="L", gets_through=True),
        Why.HOT_LOT,
    ),
    "taking turns": (Look(**BUSY, lot="L", put_back=100, gets_through=True, waited_seconds=20), Why.HOT_LOT),
    "taking turns, quickly": (Look(**BUSY, lot="L", put_back=100, gets_through=True, waited_seconds=19), None),
    "put back, and nobody gets it yet": (Look(**BUSY, lot="L", put_back=100, waited_seconds=300), None),
    "a few were put back": (Look(**BUSY, lot="L", put_back=99, gets_through=True, waited_seconds=20), None),
    "a long queue": (Look(**BUSY, waited_seconds=100), Why.QUEUE),
    "a queue that is short enough": (Look(**BUSY, waited_seconds=99), None),
    "slow commits": (Look(**BUSY, waited_seconds=200, commit_seconds=1.8), Why.COMMIT),
    "commits that are large, and take their time": (Look(**BUSY, commit_seconds=1.79), None),
    "slow reading": (Look(**BUSY, load_seconds=1.8, commit_seconds=0.5), Why.LOAD),
    "a commit that does not end": (Look(phase="commit", phase_seconds=1.0), Why.COMMIT),
    "a batch that is being read": (Look(phase="load", phase_seconds=0.9), None),
    "a long decision is no store's fault": (Look(phase="decide", phase_seconds=5), None),
}


@pytest.mark.parametrize("case", CASES)
def test_the_cause_is_concluded_from_one_look(case: str) -> None:
    look, why = CASES[case]
    assert why_calls_wait(look) == why


def test_what_is_shown_of_a_cause_is_what_it_was_concluded_from() -> None:
    """Milliseconds of one call or transaction."""
    locked = Look(calls_held=4, held_seconds=3.04, lot="L")
    assert shown(locked, Why.LOCKED) == {"calls_held": 4, "held_seconds": 3.0, "lot": "L"}
    turns = Look(**BUSY, lot="L", put_back=100, waited_seconds=40)
    assert shown(turns, Why.HOT_LOT) == {"lot": "L", "put_back": 100, "waiting_ms": 100.0}
    assert shown(Look(**BUSY, waited_seconds=100), Why.QUEUE) == {"waiting_ms": 250.0}
    assert shown(Look(**BUSY, commit_seconds=5), Why.COMMIT) == {"transaction_ms": 500.0}
    assert shown(Look(**BUSY, load_seconds=4), Why.LOAD) == {"transaction_ms": 400.0}
