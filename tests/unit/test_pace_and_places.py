"""The pace that the caller of a file must keep, and the places of heavy calls."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from lotkeeper_server.domain.refusals import Refused
from lotkeeper_server.rpc.gate.pace import Pace, PaceLimits
from lotkeeper_server.rpc.gate.places import Places

LIMITS = PaceLimits(rest_seconds=30.0, bytes_per_second_min=1_000, seconds_max=100.0)


def _seconds_held(step_seconds: float, step_bytes: int) -> float:
    """How long a caller who makes the same step again and again is waited for; at most 1,000 s."""
    pace, held_seconds = Pace(LIMITS), 0.0
    while held_seconds < 1_000 and step_seconds <= pace.patience_seconds:
        pace.note(step_seconds, step_bytes)
        held_seconds += step_seconds
    return held_seconds + min(step_seconds, pace.patience_seconds)


@pytest.mark.parametrize(
    ("step_seconds", "step_bytes", "held_seconds"),
    [
        (0.5, 0, 30.0),  # empty pieces are no progress
        (29.0, 1, 30.0),  # nor is a byte, shortly before its time is up
        (2.0, 1_000, 60.0),  # half of the pace uses the rest up
        (1.0, 1_000, 100.0),  # who keeps the pace has the total time
        (31.0, 10**9, 30.0),
    ],
)
def test_a_caller_is_waited_for_by_bytes(step_seconds: float, step_bytes: int, held_seconds: float) -> None:
    assert _seconds_held(step_seconds, step_bytes) == pytest.approx(held_seconds, abs=1.01)


def test_without_a_pace_any_byte_is_progress() -> None:
    pace = Pace(PaceLimits(rest_seconds=5.0, bytes_per_second_min=0, seconds_max=1_000.0))
    pace.note(4.0, 1)
    assert pace.patience_seconds == 5.0
    pace.note(4.0, 0)
    assert pace.patience_seconds == 1.0


def test_nobody_has_all_places_and_each_is_given_back() -> None:
    places = Places(3, 2, "imports")
    with places.one("A"), places.one("A"):
        with pytest.raises(Refused, match="OVERLOADED") as refused, places.one("A"):
            pass
        assert refused.value.refusal.message == "One caller may have 2 imports at once."
        with places.one("B"), pytest.raises(Refused, match="OVERLOADED"), places.one("C"):
            pass
    with places.one("B"), places.one("C"), places.one("B"):
        pass
    assert not places._of_principal


def test_a_place_is_kept_until_the_last_thread_in_it_has_ended() -> None:
    """Whoever leaves and comes again has no more threads at work than places; what has not begun is never run."""
    places, begun, go_on = Places(1, 1, "imports"), threading.Event(), threading.Event()
    closed: list[bool] = []

    def work() -> bool:
        begun.set()
        go_on.wait(10)
        return place.stopped.is_set()

    with ThreadPoolExecutor(1) as pool:
        with places.one("A") as place:
            place.resources.callback(lambda: closed.append(True))
            running = pool.submit(place.using(work))
            begun.wait(10)
        with pytest.raises(Refused, match="OVERLOADED"), places.one("A"):
            pass
        assert not closed
        with pytest.raises(Refused, match="CANCELLED"):
            place.using(work)()
        go_on.set()
        assert running.result()
    assert closed == [True]
    with places.one("A"):
        pass
