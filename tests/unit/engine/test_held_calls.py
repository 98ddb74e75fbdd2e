"""Calls whose rows another transaction holds."""

from __future__ import annotations

import pytest
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.keys import Key, LotKey, LotNameKey
from lotkeeper_server.engine.held import (
    HELD_SECONDS_MAX,
    PAUSE_APART_SECONDS_MAX,
    PAUSE_SECONDS_MAX,
    PAUSE_SECONDS_MIN,
    HeldCalls,
)
from lotkeeper_server.engine.stalled import LOOK_PAUSE_SECONDS, STALLED_SECONDS
from lotkeeper_server.store.db import errors
from lotkeeper_server.store.db.capabilities import EMBEDDED

from tests.unit.engine.scripted import Asking, Call, Scene, ScriptedTransaction


def hold(scene: Scene, name: str) -> None:
    """Another transaction holds the lot."""
    scene.lot(name)
    lot_id = next(lot.id for lot in scene.plant.lots.values() if lot.name == name)

    def holds(key: Key) -> bool:
        return (isinstance(key, LotNameKey) and key.name == name) or key == LotKey(lot_id)

    scene.store.holds = holds


def release(scene: Scene) -> None:
    """It has ended."""
    scene.store.holds = lambda _key: False


def test_a_call_whose_rows_are_held_is_put_back_and_the_others_go_on() -> None:
    scene = Scene()
    hold(scene, "H")
    calls = [scene.arrives(name) for name in "AHB"]
    assert scene.loop.turn() == pytest.approx(PAUSE_SECONDS_MIN)
    assert [call.outcome for call in calls] == ["answered", "waits", "answered"]
    assert (scene.answered, scene.loop.held, scene.loop.is_idle) == ([2], 1, False)


def test_a_held_call_is_answered_once_its_rows_are_free() -> None:
    scene = Scene()
    hold(scene, "H")
    call = scene.arrives("H")
    scene.loop.turn()
    release(scene)
    scene.turns_until_idle()
    assert (call.outcome, scene.receipts) == ("answered", {"H": 1})


def test_pauses_double_up_to_a_limit() -> None:
    scene = Scene()
    hold(scene, "H")
    scene.arrives("H")
    pauses = []
    for _ in range(10):
        pause_seconds = scene.loop.turn()
        assert pause_seconds is not None
        pauses.append(round(pause_seconds, 6))
        scene.clock.seconds += pause_seconds + 1e-9
    assert pauses == [0.000_5, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.05, 0.05, 0.05]


def test_a_held_call_is_not_tried_before_its_pause_is_over() -> None:
    scene = Scene()
    hold(scene, "H")
    scene.arrives("H")
    scene.loop.turn()
    release(scene)
    scene.arrives("A")
    scene.loop.turn()
    assert scene.receipts == {"A": 1}


def test_a_call_held_for_ten_seconds_is_refused() -> None:
    scene = Scene()
    hold(scene, "H")
    call, begun = scene.arrives("H"), scene.clock.seconds
    scene.turns_until_idle()
    assert (call.outcome, scene.receipts) == ("CONTENTION", {})
    assert HELD_SECONDS_MAX < scene.clock.seconds - begun < HELD_SECONDS_MAX + 2 * PAUSE_SECONDS_MAX


def test_a_held_call_whose_caller_has_gone_is_refused_before_its_pause_is_over() -> None:
    scene = Scene()
    hold(scene, "H")
    call = scene.arrives("H")
    scene.loop.turn()
    call.is_leaving = True
    scene.loop.turn()
    assert (call.outcome, scene.loop.is_idle) == ("CANCELLED", True)


def test_a_held_call_is_refused_at_its_deadline() -> None:
    scene = Scene()
    hold(scene, "H")
    call = scene.arrives("H", Asking(deadline_seconds=101.0))
    scene.turns_until_idle()
    assert call.outcome == "DEADLINE_EXCEEDED"
    assert scene.clock.seconds < 101.0 + 2 * PAUSE_SECONDS_MAX


def test_held_calls_leave_room_for_those_that_arrive() -> None:
    scene = Scene()
    hold(scene, "H")
    held = [scene.arrives("H") for _ in range(limits.ENGINE_BATCH_CALLS_MAX)]
    scene.loop.turn()
    release(scene)
    scene.clock.seconds += 1.0
    arrived = [scene.arrives("A") for _ in range(limits.ENGINE_BATCH_CALLS_MAX)]
    scene.loop.turn()
    half = limits.ENGINE_BATCH_CALLS_MAX // 2
    assert sum(call.outcome == "answered" for call in held) == half
    assert sum(call.outcome == "answered" for call in arrived) == half


def test_when_one_that_was_apart_goes_through_those_apart_rejoin() -> None:
    scene = Scene()
    bad = {"P", "Q"}

    def refuse(transaction: ScriptedTransaction) -> None:
        if bad & set(transaction.callers):
            raise errors.StoreContention("in the way")

    scene.store.at("write", refuse)
    calls = [scene.arrives(name) for name in "PQ"]
    scene.loop.turn()
    assert [call.apart for call in calls] == [True, True]
    bad.clear()
    scene.clock.seconds += 0.06
    scene.loop.turn()
    assert [call.outcome for call in calls] == ["answered", "waits"]
    assert not calls[1].apart
    assert scene.loop.turn() is None
    assert calls[1].outcome == "answered"


def test_stalled_sessions_are_ended_where_a_call_has_waited_for_long() -> None:
    scene = Scene()
    hold(scene, "H")
    call, begun = scene.arrives("H"), scene.clock.seconds
    looked: list[float] = []

    def end_stalled() -> int:
        looked.append(scene.clock.seconds - begun)
        if len(looked) == 2:
            release(scene)
        return len(looked) - 1

    scene.store.ends_stalled = end_stalled
    scene.turns_until_idle()
    assert call.outcome == "answered"
    assert STALLED_SECONDS <= looked[0] < STALLED_SECONDS + 0.1
    assert LOOK_PAUSE_SECONDS <= looked[1] - looked[0] < LOOK_PAUSE_SECONDS + 0.1


def test_a_look_at_stalled_sessions_that_fails_is_taken_again() -> None:
    scene = Scene()
    hold(scene, "H")
    call = scene.arrives("H")

    def end_stalled() -> int:
        if scene.store.log.count("end_stalled") > 1:
            release(scene)
        raise errors.StoreUnavailable("away")

    scene.store.ends_stalled = end_stalled
    scene.turns_until_idle()
    assert call.outcome == "answered"


def test_an_embedded_store_has_no_stalled_sessions() -> None:
    scene = Scene(EMBEDDED)
    scene.store.fails("begin", errors.StoreBusy("another process writes"))
    scene.arrives("A")
    scene.turns_until_idle()
    assert "end_stalled" not in scene.store.log


# The list by itself.


def a_call() -> Call:
    scene = Scene()
    return Call(scene.receipt("A"))


def test_the_longest_held_are_due_first() -> None:
    held: HeldCalls[Call] = HeldCalls()
    calls = [a_call() for _ in range(3)]
    for number, call in enumerate(calls):
        assert held.put_back([call], 10.0 + number) == []
    assert held.due(20.0, 2) == calls[:2]
    assert (len(held), calls[2] in held, calls[0] in held) == (1, True, False)
    assert held.longest_seconds(20.0) == 8.0


def test_nothing_is_due_where_nothing_is_held() -> None:
    held: HeldCalls[Call] = HeldCalls()
    assert (held.due(1.0, 5), held.due_apart(1.0), held.pause_seconds(1.0), held.longest_seconds(1.0)) == (
        [],
        None,
        None,
        0.0,
    )


def test_who_is_apart_is_due_alone_with_longer_pauses() -> None:
    held: HeldCalls[Call] = HeldCalls()
    call = a_call()
    call.apart = True
    now_seconds = 10.0
    for _ in range(12):
        held.put_back([call], now_seconds, 0.05)
        assert held.due(now_seconds + 100.0, 5) == []
        now_seconds += held.pause_seconds(now_seconds) or 0.0
        assert held.due_apart(now_seconds + 1e-9) is call
    assert call.pause_seconds == PAUSE_APART_SECONDS_MAX


def test_a_call_held_too_long_is_not_taken_in() -> None:
    held: HeldCalls[Call] = HeldCalls(1.0)
    call = a_call()
    assert held.put_back([call], 10.0) == []
    held.due(20.0, 1)
    assert held.put_back([call], 11.5) == [call]
    assert len(held) == 0
