"""Who was the busiest in the last minute, by totals."""

from lotkeeper_server.cli.status.summing import together
from lotkeeper_server.observability.busiest import Busiest


class _Clock:
    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def test_the_busiest_come_first_and_who_did_nothing_is_left_out() -> None:
    """Per second since it began, at least one."""
    clock = _Clock()
    totals = {"a": 0, "b": 0, "c": 0}
    busiest = Busiest(lambda: totals, clock)
    clock.seconds += 10
    totals |= {"a": 20, "b": 50}
    assert busiest.most(5) == [("b", 5.0), ("a", 2.0)]
    assert busiest.most(1) == [("b", 5.0)]


def test_what_is_older_than_a_minute_is_forgotten() -> None:
    """But for the ten seconds between two looks."""
    clock = _Clock()
    totals = {"early": 600}
    busiest = Busiest(lambda: totals, clock)
    for _ in range(8):
        clock.seconds += 10
        busiest.look()
    totals["late"] = 120
    assert busiest.most(5) == [("late", 2.0)]


def test_totals_that_were_counted_anew_count_from_nothing() -> None:
    """A process forgets whom it has not seen for long."""
    clock = _Clock()
    totals = {"a": 100}
    busiest = Busiest(lambda: totals, clock)
    for _ in range(7):
        clock.seconds += 10
        busiest.look()
    totals["a"] = 60
    assert busiest.most(1) == [("a", 1.0)]


def test_processes_are_added_up_by_name() -> None:
    """Sums, the longest wait, and the busiest of all."""
    one = {
        "connections": 1, "calls_in_progress": 2, "calls_waiting": 3, "calls_held": 1, "works_waiting": 0,
        "reads_waiting": 0, "held_seconds": 1.5, "watches": 2,
        "oldest_call": {"method": "A", "principal": "x", "seconds": 1.0},
        "principals": [{"principal": "x", "calls_per_second": 1.0, "calls_in_progress": 2}],
        "locations": [{"id": "L1", "changes_per_second": 1.0}],
        "watches_behind": [{"principal": "x", "behind_seconds": 1.0}],
    }  # fmt: skip
    other = one | {
        "held_seconds": 0.5,
        "oldest_call": {"method": "B", "principal": "y", "seconds": 3.0},
        "principals": [
            {"principal": "y", "calls_per_second": 5.0, "calls_in_progress": 0},
            {"principal": "x", "calls_per_second": 2.0, "calls_in_progress": 1},
        ],
    }
    said = together([one, other], {"L1": "Plant/Silo"})
    assert (said["connections"], said["calls_held"], said["held_seconds"], said["watches"]) == (2, 2, 1.5, 4)
    assert said["oldest_call"]["method"] == "B"
    assert said["principals"] == [
        {"principal": "y", "calls_per_second": 5.0, "calls_in_progress": 0},
        {"principal": "x", "calls_per_second": 3.0, "calls_in_progress": 3},
    ]
    assert said["locations"] == [{"id": "L1", "changes_per_second": 2.0, "path": "Plant/Silo"}]
    assert together([], {})["oldest_call"] is None
