"""Pieces of work, each in a transaction to itself: on a store of a file that fails where a test says so."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.refusals import Cancelled, PermissionDenied, Refused, Unauthenticated
from lotkeeper_server.engine.calls import Answered, End, PendingWork
from lotkeeper_server.engine.clock import IdSource
from lotkeeper_server.engine.held import WORK_HELD_SECONDS_MAX
from lotkeeper_server.engine.surroundings import Surroundings, end_each
from lotkeeper_server.engine.turns import WriteTurns
from lotkeeper_server.engine.works import Works
from lotkeeper_server.store.db import errors
from lotkeeper_server.store.db.capabilities import EMBEDDED, SERVER, Capabilities
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.dialects import Locking
from lotkeeper_server.store.db.transaction import Transaction
from lotkeeper_server.store.schema.migrating import migrate
from lotkeeper_server.store.state.decision_store import StoreOfDecisions
from sqlalchemy import Connection

from tests.unit.engine.scripted import Asking, HandClock

SECONDS_MAX = 20.0
"""For what happens soon, however busy the machine is."""


class RunningClock(HandClock):
    """Runs by itself, since works wait for real, and can be set ahead."""

    def now_seconds(self) -> float:
        return self.seconds + time.monotonic()


class FailingStore(StoreOfDecisions):
    """Fails where it is told to.

    Attributes:
        before: called before each transaction, with its number; may raise.
        after: called after each commit; may raise.
        settled: what is known of a commit that was not answered.
    """

    def __init__(self, store: Store, capabilities: Capabilities) -> None:
        super().__init__(store)
        self.capabilities = capabilities
        self.before: Callable[[int], None] = lambda _number: None
        self.after: Callable[[int], None] = lambda _number: None
        self.settled = True
        self.transactions = 0

    @contextmanager
    def _watched(self, locking: Locking) -> Iterator[Connection]:
        self.transactions += 1
        number = self.transactions
        self.before(number)
        with super().connection(locking) as connection:
            yield connection
        self.after(number)

    def connection(self, locking: Locking) -> Any:
        return self._watched(locking)

    def has_taken_effect(self, transaction_id: bytes, now_millis: int) -> bool:
        assert len(transaction_id) == 16
        assert now_millis
        return self.settled

    def end_stalled(self) -> int:
        return 0


class Work(PendingWork):
    """A piece of work that notes how it ended."""

    __slots__ = ("ended", "is_leaving")

    def __init__(self, work: Callable[[Transaction], Any], caller: Asking | None = None) -> None:
        super().__init__(caller or Asking(access_version=0), work)
        self.ended: queue.SimpleQueue[End] = queue.SimpleQueue()
        self.is_leaving = False

    @property
    def is_gone(self) -> bool:
        return self.is_leaving

    def end(self, end: End) -> None:
        self.ended.put(end)

    @property
    def outcome(self) -> Any:
        """Its value, or the reason why it was refused; waits for it."""
        end = self.ended.get(timeout=SECONDS_MAX)
        assert self.ended.empty(), "ended twice"
        return end.value if isinstance(end, Answered) else end.refusal.reason


class Workshop:
    """Works on a store."""

    def __init__(self, folder: Path, capabilities: Capabilities = EMBEDDED) -> None:
        self._store = Store(f"sqlite:///{folder}/store.db")
        migrate(self._store)
        self.failing = FailingStore(self._store, capabilities)
        self.turns = WriteTurns(exclusive=True)
        self.clock = RunningClock()
        self.confirm: Callable[[Any], None] = lambda _caller: None
        self.usable: list[bool] = []
        with self._store.read() as connection:
            (self.access_version,) = connection.exec_driver_sql("SELECT access_version FROM store_state").one()
        surroundings = Surroundings(
            self.clock, IdSource(), lambda _snapshot, caller: self.confirm(caller), end_each, self.usable.append
        )
        self.works = Works(self.failing, self.turns, surroundings)

    def add(self, work: Callable[[Transaction], Any], **caller: Any) -> Work:
        """Behind those that wait."""
        added = Work(work, Asking(**{"access_version": self.access_version} | caller))
        self.works.add(added)
        return added

    def notes(self) -> list[str]:
        """What works have left."""
        with self._store.read() as connection:
            return [row[0] for row in connection.exec_driver_sql("SELECT name FROM unit_of_measure ORDER BY id")]

    def close(self) -> None:
        self.works.close()
        self._store.close()


def leave(name: str) -> Callable[[Transaction], str]:
    """A work that leaves a unit."""

    def work(transaction: Transaction) -> str:
        transaction.connection.exec_driver_sql(
            "INSERT INTO unit_of_measure (id, name, symbol, enabled, notes, spare1, spare2, spare3, "
            "created_millis, created_by, version) VALUES (?, ?, ?, 1, '', '', '', '', 0, 'me', 1)",
            (transaction.new_id(), name, name),
        )
        return name

    return work


def _ignore(_count: int) -> None:
    return


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    made = Workshop(tmp_path)
    yield made
    made.close()


@pytest.fixture
def on_server(tmp_path: Path) -> Iterator[Workshop]:
    made = Workshop(tmp_path, SERVER)
    yield made
    made.close()


def failing(error: Exception, times: int) -> Callable[[int], None]:
    """Fails the first so many times."""

    def fail(number: int) -> None:
        if number <= times:
            raise error

    return fail


def test_works_are_done_one_after_the_other_in_their_order(workshop: Workshop) -> None:
    works = [workshop.add(leave(name)) for name in "CAB"]
    assert [work.outcome for work in works] == ["C", "A", "B"]
    assert workshop.notes() == ["C", "A", "B"]
    assert workshop.failing.transactions == 3


def test_a_work_that_refuses_takes_everything_back(workshop: Workshop) -> None:
    def refuse(transaction: Transaction) -> None:
        leave("X")(transaction)
        raise Refused(Cancelled())

    assert workshop.add(refuse).outcome == "CANCELLED"
    assert workshop.add(leave("A")).outcome == "A"
    assert workshop.notes() == ["A"]


def test_a_fault_in_a_work_refuses_that_one_and_the_next_goes_on(workshop: Workshop) -> None:
    def fail(transaction: Transaction) -> None:
        leave("X")(transaction)
        raise ZeroDivisionError("a bug")

    first, second = workshop.add(fail), workshop.add(leave("A"))
    assert (first.outcome, second.outcome, workshop.notes()) == ("INTERNAL", "A", ["A"])


def test_a_work_given_up_before_its_commit_takes_no_effect(workshop: Workshop) -> None:
    works: list[Work] = []

    def gone(transaction: Transaction) -> None:
        leave("X")(transaction)
        works[0].is_leaving = True

    def late(transaction: Transaction) -> None:
        leave("Y")(transaction)
        workshop.clock.seconds += 200.0

    with workshop.turns.work():
        works.append(workshop.add(gone))
        works.append(workshop.add(late, deadline_seconds=workshop.clock.now_seconds() + 100.0))
    assert [work.outcome for work in works] == ["CANCELLED", "DEADLINE_EXCEEDED"]
    assert workshop.notes() == []


def test_a_work_of_somebody_who_may_not_any_more_takes_no_effect(workshop: Workshop) -> None:
    def confirm(_caller: Any) -> None:
        raise Refused(PermissionDenied(permission="x"))

    workshop.confirm = confirm
    known = workshop.add(leave("A"))
    changed = workshop.add(leave("X"), access_version=workshop.access_version - 1)
    assert (known.outcome, changed.outcome, workshop.notes()) == ("A", "PERMISSION_DENIED", ["A"])


@pytest.mark.parametrize("before", [True, False])
def test_a_work_of_somebody_whose_token_has_expired_takes_no_effect(workshop: Workshop, before: bool) -> None:
    """Also where it did so while the work ran; nothing in the store tells of that."""

    def confirm(_caller: Any) -> None:
        raise Refused(Unauthenticated())

    def expires(transaction: Transaction) -> None:
        leave("X")(transaction)
        added.caller.has_expired = True

    workshop.confirm = confirm
    with workshop.turns.work():
        added = workshop.add(expires, has_expired=before)
    assert (added.outcome, workshop.notes()) == ("UNAUTHENTICATED", [])


def test_a_work_waits_for_a_batch_and_the_next_batch_for_the_work(workshop: Workshop) -> None:
    assert workshop.turns.begin_batch()
    begun, ends = threading.Event(), threading.Event()

    def work(_transaction: Transaction) -> str:
        begun.set()
        assert ends.wait(SECONDS_MAX)
        return "done"

    added = workshop.add(work)
    assert not begun.is_set()
    workshop.turns.end_batch()
    assert begun.wait(SECONDS_MAX)
    assert not workshop.turns.begin_batch()
    ends.set()
    assert added.outcome == "done"


def test_a_work_whose_rows_are_held_is_put_back_and_those_behind_it_go_on(on_server: Workshop) -> None:
    on_server.failing.before = failing(errors.RowsHeld("an import"), 1)
    ended: list[str] = []

    def noting(name: str) -> Callable[[Transaction], str]:
        def work(transaction: Transaction) -> str:
            ended.append(name)
            on_server.clock.seconds += 1.0
            return leave(name)(transaction)

        return work

    with on_server.turns.work():
        works = [on_server.add(noting(name)) for name in "AB"]
    assert [work.outcome for work in works] == ["A", "B"]
    assert ended == ["B", "A"]
    assert on_server.failing.transactions == 3


def test_a_work_whose_rows_are_held_for_a_minute_is_refused(on_server: Workshop) -> None:
    def hold(_number: int) -> None:
        on_server.clock.seconds += WORK_HELD_SECONDS_MAX / 4
        raise errors.RowsHeld("an import")

    on_server.failing.before = hold
    assert on_server.add(leave("X")).outcome == "CONTENTION"
    assert on_server.failing.transactions in {5, 6}


def test_a_work_in_contention_runs_again_until_it_is_refused(on_server: Workshop) -> None:
    on_server.failing.before = failing(errors.StoreContention("a deadlock"), limits.ENGINE_ATTEMPTS_MAX - 1)
    assert on_server.add(leave("A")).outcome == "A"
    on_server.failing.before = failing(errors.StoreContention("a deadlock"), 1 << 30)
    assert on_server.add(leave("X")).outcome == "CONTENTION"
    assert on_server.failing.transactions == 2 * limits.ENGINE_ATTEMPTS_MAX


def test_a_store_that_comes_back_is_waited_for_and_one_that_does_not_is_not(on_server: Workshop) -> None:
    on_server.failing.before = failing(errors.StoreUnavailable("away"), 3)
    assert on_server.add(leave("A")).outcome == "A"
    assert on_server.usable == [False, False, False, True]
    on_server.failing.before = failing(errors.StoreUnavailable("away"), 1 << 30)
    on_server.clock.sleeps.clear()
    assert on_server.add(leave("X")).outcome == "STORE_UNAVAILABLE"
    assert 3.5 < sum(on_server.clock.sleeps) < 4.5


def test_an_embedded_store_that_cannot_be_used_is_not_waited_for(workshop: Workshop) -> None:
    workshop.failing.before = failing(errors.StoreUnavailable("disk full"), 1)
    assert workshop.add(leave("X")).outcome == "STORE_UNAVAILABLE"
    assert workshop.clock.sleeps == []


@pytest.mark.parametrize(("settled", "transactions"), [(True, 1), (False, 2)])
def test_a_work_whose_commit_is_not_answered_is_done_once(
    on_server: Workshop, settled: bool, transactions: int
) -> None:
    error = errors.OutcomeUnknown("no answer")
    on_server.failing.settled = settled
    if settled:
        on_server.failing.after = failing(error, 1)
    else:
        on_server.failing.before = failing(error, 1)
    assert on_server.add(leave("A")).outcome == "A"
    assert (on_server.notes(), on_server.failing.transactions) == (["A"], transactions)


def test_close_does_what_was_taken_in(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    with workshop.turns.work():
        works = [workshop.add(leave(name)) for name in "ABC"]
    workshop.close()
    assert [work.outcome for work in works] == ["A", "B", "C"]


def test_what_has_not_begun_can_be_taken_out(workshop: Workshop) -> None:
    begun, ends = threading.Event(), threading.Event()

    def work(_transaction: Transaction) -> None:
        begun.set()
        assert ends.wait(SECONDS_MAX)

    first = workshop.add(work)
    assert begun.wait(SECONDS_MAX)
    second = workshop.add(leave("X"))
    assert workshop.works.take_all() == [second]
    ends.set()
    assert (first.outcome, workshop.notes()) == (None, [])
