"""What the comparison with other products counts, on a contender of a few lines; the products are not needed."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import pytest

from bench.peers.measuring import ClientRun, Comparison, Load, Run, drive_threads, lost_updates, run


class Ledger:
    """A stock in memory that forgets every nth movement it acknowledged and refuses every mth."""

    name = "ledger"

    def __init__(self, *, forgets_every: int = 0, refuses_every: int = 0) -> None:
        self.quantities = {"A": 100.0, "B": 100.0}
        self._forgets_every, self._refuses_every = forgets_every, refuses_every
        self._calls = 0
        self._lock = threading.Lock()

    def drive(self, load: Load, seconds: float, seed: int) -> list[ClientRun]:
        @contextmanager
        def connect() -> Iterator[Callable[[str], bool]]:
            yield lambda lot: self._move(load, lot)

        return drive_threads(connect, load, seconds, seed)

    def _move(self, load: Load, lot: str) -> bool:
        with self._lock:
            self._calls += 1
            if self._refuses_every and self._calls % self._refuses_every == 0:
                return False
            if not self._forgets_every or self._calls % self._forgets_every:
                self.quantities[lot] += 1 if load.movement == "produce" else -1
            return True

    def stock(self) -> Mapping[str, float]:
        return dict(self.quantities)


@pytest.mark.parametrize("movement", ["consume", "produce"])
def test_a_contender_that_keeps_every_movement_has_lost_none(movement: str) -> None:
    """Refused movements count as failed, neither as done nor as lost."""
    one = run(Ledger(refuses_every=3), Load(movement, 3, ("A", "B")), seconds=0.02, seed=1)  # type: ignore[arg-type]

    assert one.acknowledged > 0
    assert one.failed > 0
    assert one.lost == 0


def test_an_acknowledged_movement_that_is_not_in_stock_is_lost() -> None:
    """Every tenth is forgotten: so many are counted."""
    ledger = Ledger(forgets_every=10)
    one = run(ledger, Load("consume", 2, ("A",)), seconds=0.02, seed=1)

    assert one.lost == one.acknowledged // 10 > 0


def test_a_loss_on_one_lot_does_not_make_up_for_a_gain_on_another() -> None:
    """Lots are added up one by one."""
    before, after = {"A": 5.0, "B": 5.0}, {"A": 4.0, "B": 2.0}

    assert lost_updates(before, after, {"A": 2, "B": 2}, "consume") == 2


def test_a_change_that_nobody_was_told_of_counts_too() -> None:
    """A failed movement that changed stock all the same, also of a lot that no client drew."""
    assert lost_updates({"A": 5.0, "B": 1.0}, {"A": 5.0, "B": 2.0}, {"A": 0}, "produce") == 1


def test_what_breaks_one_client_off_is_raised_and_ends_the_run() -> None:
    """A run with fewer clients than it says would be no run; the others do not wait for it."""
    numbers = itertools.count()

    @contextmanager
    def connect() -> Iterator[Callable[[str], bool]]:
        if next(numbers) == 1:
            raise ConnectionRefusedError
        yield lambda _: True

    with pytest.raises(ConnectionRefusedError):
        drive_threads(connect, Load("consume", 3, ("A",)), 0.01, 1)


def test_ratios_are_taken_within_a_round() -> None:
    """A noisy round is noisy for both; one in which the peer did nothing has no ratio."""
    load = Load("consume", 1, ("A",))
    comparison = Comparison(["ours", "theirs"], {"python": "3"}, "python -m bench.peers")
    for ours, theirs in ((100.0, 10.0), (40.0, 2.0), (50.0, 0.0)):
        comparison.add(load, "ours", Run(ours, 1.0, 0, 10, 0.0))
        comparison.add(load, "theirs", Run(theirs, None if theirs == 0 else 2.0, 1, 5, 2.0))

    assert comparison.ratios(load, "theirs") == [10.0, 20.0]
    assert "| consume, 1 client, 1 lot | 50 | 2 | 15 (10, 20) |" in comparison.markdown()
    assert "| theirs | 15 | 3 | 6 |" in comparison.markdown()
    assert comparison.document()["loads"][0]["ratios"] == {"theirs": [10.0, 20.0]}
