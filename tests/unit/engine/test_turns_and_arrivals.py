"""Where calls wait, when it is worth a moment to wait for more, and whose turn it is to write."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from lotkeeper_server.engine.arrivals import Arrivals, Gathering
from lotkeeper_server.engine.turns import WriteTurns

from tests.unit.engine.scripted import Call, Scene

SECONDS_MAX = 10.0
"""For what happens at once, however busy the machine is."""


def some_calls(count: int) -> list[Call]:
    scene = Scene()
    return [Call(scene.receipt("A")) for _ in range(count)]


# Arrivals.


def test_calls_are_taken_in_the_order_of_their_arrival() -> None:
    arrivals, calls = Arrivals(), some_calls(3)
    for call in calls:
        arrivals.add(call)
    assert arrivals.take(2) == calls[:2]
    assert (len(arrivals), arrivals.take_all(), len(arrivals)) == (1, calls[2:], 0)


def test_nothing_is_taken_where_there_is_no_room() -> None:
    arrivals = Arrivals()
    arrivals.add(some_calls(1)[0])
    assert arrivals.take(0) == []


def test_a_wait_ends_once_calls_are_handed_over() -> None:
    arrivals = Arrivals()
    waited = threading.Thread(target=arrivals.wait, args=(None,))
    waited.start()
    arrivals.hand_over()
    arrivals.add(some_calls(1)[0])
    assert waited.is_alive(), "nothing had been added when it was handed over"
    arrivals.hand_over()
    waited.join(SECONDS_MAX)
    assert not waited.is_alive()


def test_what_was_handed_over_before_is_not_waited_for() -> None:
    arrivals = Arrivals()
    arrivals.add(some_calls(1)[0])
    arrivals.hand_over()
    arrivals.wait(None)
    arrivals.wake()
    arrivals.wait(None)


# Gathering.


def test_a_call_alone_is_never_kept_waiting() -> None:
    gathering = Gathering()
    assert not gathering.pays(1)
    gathering.note_answered(1)
    assert not gathering.pays(1)


def test_callers_who_were_just_answered_are_waited_for_a_moment_at_a_time() -> None:
    gathering = Gathering()
    gathering.note_answered(4)
    assert [gathering.pays(waiting) for waiting in (1, 2, 3, 4)] == [True, True, True, False]


def test_nobody_is_waited_for_once_none_has_come_since_the_last_look() -> None:
    gathering = Gathering()
    gathering.note_answered(4)
    assert [gathering.pays(waiting) for waiting in (1, 1)] == [True, False]


def test_nothing_is_waited_for_where_nothing_has_come() -> None:
    gathering = Gathering()
    gathering.note_answered(4)
    assert not gathering.pays(0)


# Turns.


@contextmanager
def a_work_waits(turns: WriteTurns) -> Iterator[threading.Event]:
    """A work wants to write; the event is set while it does, until the block ends."""
    writes, ends = threading.Event(), threading.Event()

    def work() -> None:
        with turns.work():
            writes.set()
            assert ends.wait(SECONDS_MAX)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield writes
    finally:
        ends.set()
        thread.join(SECONDS_MAX)


def test_a_batch_does_not_wait_for_a_work_that_writes() -> None:
    turns = WriteTurns(exclusive=True)
    with turns.work():
        assert not turns.begin_batch()
    assert turns.begin_batch()


def test_a_work_waits_until_the_batch_has_been_written_and_has_the_next_turn() -> None:
    turns = WriteTurns(exclusive=True)
    assert turns.begin_batch()
    with a_work_waits(turns) as writes:
        while not turns._works_waiting:
            assert not writes.is_set()
        turns.end_batch()
        assert not turns.begin_batch(), "no batch comes twice in a row while a work waits, nor beside it"
        assert writes.wait(SECONDS_MAX)
        assert not turns.begin_batch()
    assert turns.begin_batch()


def test_batches_follow_each_other_where_no_work_waits() -> None:
    turns = WriteTurns(exclusive=True)
    for _ in range(3):
        assert turns.begin_batch()
        turns.end_batch()


def test_a_work_that_fails_gives_its_turn_back() -> None:
    turns = WriteTurns(exclusive=True)
    try:
        with turns.work():
            raise KeyError
    except KeyError:
        assert turns.begin_batch()


def test_where_many_may_write_nobody_waits() -> None:
    turns = WriteTurns(exclusive=False)
    with turns.work(), turns.work():
        assert turns.begin_batch()
        assert turns.begin_batch()
        turns.end_batch()
