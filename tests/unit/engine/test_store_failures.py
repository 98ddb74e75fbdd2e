"""What becomes of calls where the store fails: in contention, away, hanging, or silent about a commit."""

from __future__ import annotations

import re

import pytest
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.refusals import Refused
from lotkeeper_server.engine.held import HELD_SECONDS_MAX
from lotkeeper_server.engine.loop import STORE_SECONDS
from lotkeeper_server.engine.settle import SETTLE_SECONDS
from lotkeeper_server.store.db import errors
from lotkeeper_server.store.db.capabilities import EMBEDDED
from lotkeeper_server.store.db.dialects import Locking

from tests.unit.engine.scripted import Asking, Scene, ScriptedTransaction


def is_poison(transaction: ScriptedTransaction) -> None:
    """The store refuses what P writes."""
    if "P" in transaction.callers:
        raise errors.ReferenceBroken("poison")


# Contention, and what the store refuses.


@pytest.mark.parametrize("error", [errors.StoreContention, errors.AlreadyThere, errors.ReferenceBroken])
@pytest.mark.parametrize("point", ["begin", "load", "write", "commit"])
def test_a_transaction_that_the_store_refuses_runs_again(error: type[errors.StoreError], point: str) -> None:
    scene = Scene()
    scene.store.fails(point, error("in the way"), times=limits.ENGINE_ATTEMPTS_MAX - 1)
    calls = [scene.arrives(name) for name in "ABC"]
    scene.loop.turn()
    assert [call.outcome for call in calls] == ["answered"] * 3
    assert [one.callers for one in scene.committed] == [["A", "B", "C"]]
    assert scene.receipts == {"A": 1, "B": 1, "C": 1}


def test_a_poisonous_call_is_found_by_halves_and_the_others_go_through() -> None:
    scene = Scene()
    scene.store.at("write", is_poison)
    calls = [scene.arrives(name) for name in "ABPCD"]
    scene.loop.turn()
    assert [call.outcome for call in calls] == ["answered", "answered", "waits", "answered", "answered"]
    assert scene.receipts == {"A": 1, "B": 1, "C": 1, "D": 1}
    assert scene.loop.held == 1


def test_halves_do_not_wait_for_what_others_are_making() -> None:
    scene = Scene()
    scene.store.at("write", is_poison)
    for name in "AP":
        scene.arrives(name)
    scene.loop.turn()
    whole = [one.locking for one in scene.store.transactions[: limits.ENGINE_ATTEMPTS_MAX]]
    assert set(whole) == {Locking.SKIP}
    assert {one.locking for one in scene.store.transactions[limits.ENGINE_ATTEMPTS_MAX :]} == {Locking.SKIP_AT_ONCE}


def test_a_poisonous_call_is_tried_by_itself_and_refused_after_ten_seconds() -> None:
    scene = Scene()
    scene.store.at("write", is_poison)
    poison = scene.arrives("P")
    begun = scene.clock.seconds
    scene.turns_until_idle()
    assert poison.outcome == "CONTENTION"
    assert HELD_SECONDS_MAX < scene.clock.seconds - begun < HELD_SECONDS_MAX + 1.0
    assert scene.receipts == {}


def test_while_a_poisonous_call_is_apart_others_have_no_part_in_its_transactions() -> None:
    scene = Scene()
    scene.store.at("write", is_poison)
    scene.arrives("P")
    scene.loop.turn()
    scene.clock.seconds += 1.0
    other = scene.arrives("A")
    scene.store.transactions.clear()
    scene.loop.turn()
    assert other.outcome == "answered"
    assert all(len(one.callers) == 1 for one in scene.store.transactions)


def test_an_embedded_store_that_refuses_a_call_has_it_refused_at_once() -> None:
    scene = Scene(EMBEDDED)
    scene.store.at("write", is_poison)
    calls = [scene.arrives(name) for name in "AP"]
    scene.loop.turn()
    assert [call.outcome for call in calls] == ["answered", "CONTENTION"]


def test_rows_held_at_the_write_are_looked_for_at_once() -> None:
    scene = Scene()

    def held(transaction: ScriptedTransaction) -> None:
        if "P" in transaction.callers:
            raise errors.RowsHeld("another makes it")

    scene.store.at("write", held)
    calls = [scene.arrives(name) for name in "AP"]
    scene.loop.turn()
    assert [call.outcome for call in calls] == ["answered", "waits"]
    assert len(scene.store.transactions) == 3


# Away, hanging, busy.


def test_a_store_that_comes_back_in_time_is_waited_for() -> None:
    scene = Scene()
    scene.store.fails("begin", errors.StoreUnavailable("away"), times=5)
    call = scene.arrives("A")
    scene.loop.turn()
    assert call.outcome == "answered"
    assert scene.clock.sleeps == [0.01, 0.05, 0.1, 0.25, 0.25]
    assert scene.usable == [False] * 5 + [True]


def test_a_store_that_stays_away_has_calls_refused_after_four_seconds() -> None:
    scene = Scene()
    scene.store.fails("begin", errors.StoreUnavailable("away"))
    call, begun = scene.arrives("A"), scene.clock.seconds
    scene.loop.turn()
    assert call.outcome == "STORE_UNAVAILABLE"
    assert STORE_SECONDS < scene.clock.seconds - begun < STORE_SECONDS + 0.5


def test_a_deadline_ends_the_wait_for_a_store_that_is_away_and_the_caller_hears_of_the_store() -> None:
    scene = Scene()
    scene.store.fails("begin", errors.StoreUnavailable("away"))
    hurried, patient = scene.arrives("A", Asking(deadline_seconds=101.0)), scene.arrives("B")
    ended: list[float] = []
    hurried.on_end = lambda: ended.append(scene.clock.seconds)
    scene.loop.turn()
    assert (hurried.outcome, patient.outcome) == ("STORE_UNAVAILABLE", "STORE_UNAVAILABLE")
    assert 100.6 < ended[0] < 101.0, "in time, and not before it has to be"
    (end,) = hurried.ends
    assert isinstance(end, Refused)
    assert re.search(r"for 0\.[67] s by now; nothing was done", end.refusal.message)


def test_a_store_that_hangs_is_not_waited_for_beyond_four_seconds_of_its_own() -> None:
    scene = Scene()

    def hang(_transaction: ScriptedTransaction) -> None:
        scene.clock.seconds += 3.0
        raise errors.StoreUnavailable("no answer")

    scene.store.at("load", hang)
    call, begun = scene.arrives("A"), scene.clock.seconds
    scene.loop.turn()
    assert call.outcome == "STORE_UNAVAILABLE"
    assert scene.clock.seconds - begun < STORE_SECONDS + 3.0 + 0.5


def test_an_embedded_store_that_cannot_be_used_has_calls_refused_at_once() -> None:
    scene = Scene(EMBEDDED)
    scene.store.fails("begin", errors.StoreUnavailable("disk full"))
    call = scene.arrives("A")
    scene.loop.turn()
    assert (call.outcome, scene.clock.sleeps) == ("STORE_UNAVAILABLE", [])


def test_calls_that_find_the_store_busy_are_put_back_and_answered_later() -> None:
    scene = Scene(EMBEDDED)
    scene.store.fails("begin", errors.StoreBusy("another process writes"), times=3)
    calls = [scene.arrives(name) for name in "AB"]
    assert scene.loop.turn() == pytest.approx(0.005)
    assert scene.loop.held == 2
    scene.turns_until_idle()
    assert [call.outcome for call in calls] == ["answered", "answered"]


def test_calls_that_find_the_store_busy_for_ten_seconds_are_refused() -> None:
    scene = Scene(EMBEDDED)
    scene.store.fails("begin", errors.StoreBusy("another process writes"))
    call, begun = scene.arrives("A"), scene.clock.seconds
    scene.turns_until_idle()
    assert call.outcome == "STORE_UNAVAILABLE"
    assert HELD_SECONDS_MAX < scene.clock.seconds - begun < HELD_SECONDS_MAX + 0.5


# A commit that is not answered.


def test_a_commit_that_took_effect_and_was_not_answered_is_answered_once() -> None:
    scene = Scene()
    scene.store.fails("committed", errors.OutcomeUnknown("no answer"), times=1)
    calls = [scene.arrives(name) for name in "AB"]
    scene.loop.turn()
    assert [call.outcome for call in calls] == ["answered", "answered"]
    assert scene.receipts == {"A": 1, "B": 1}
    assert (len(scene.store.transactions), scene.store.log) == (1, ["settle"])
    assert scene.usable == [False, True]


def test_a_commit_that_took_no_effect_and_was_not_answered_is_done_again() -> None:
    scene = Scene()
    scene.store.fails("commit", errors.OutcomeUnknown("no answer"), times=1)
    call = scene.arrives("A")
    scene.loop.turn()
    assert (call.outcome, scene.receipts) == ("answered", {"A": 1})
    marks = {one.mark for one in scene.store.transactions}
    assert len(marks) == 2


def test_what_became_of_a_commit_is_asked_until_it_is_known() -> None:
    scene = Scene()
    scene.store.fails("committed", errors.OutcomeUnknown("no answer"), times=1)
    asked = iter([errors.StoreUnavailable("away")] * 60)

    def settle(identifier: bytes) -> bool:
        for error in asked:
            raise error
        return identifier in scene.store.marks

    scene.store.settle = settle
    call = scene.arrives("A", Asking(deadline_seconds=101.0))
    scene.loop.turn()
    assert call.outcome == "answered", "it took effect before its deadline, and is told so"
    assert scene.receipts == {"A": 1}


@pytest.mark.parametrize("point", ["commit", "committed"])
def test_what_cannot_be_found_out_is_never_done_again(point: str) -> None:
    scene = Scene()
    scene.store.fails(point, errors.OutcomeUnknown("no answer"), times=1)

    def settle(_identifier: bytes) -> bool:
        raise errors.StoreUnavailable("away")

    scene.store.settle = settle
    call, begun = scene.arrives("A"), scene.clock.seconds
    scene.loop.turn()
    assert call.outcome == "STORE_UNAVAILABLE"
    assert SETTLE_SECONDS < scene.clock.seconds - begun < SETTLE_SECONDS + 0.5
    assert len(scene.store.transactions) == 1


def test_a_store_that_loses_no_answers_is_not_asked() -> None:
    scene = Scene(EMBEDDED)
    scene.store.fails("commit", errors.OutcomeUnknown("the disk failed"), times=1)
    call = scene.arrives("A")
    scene.loop.turn()
    assert (call.outcome, scene.store.log, len(scene.store.transactions)) == ("STORE_UNAVAILABLE", [], 1)
