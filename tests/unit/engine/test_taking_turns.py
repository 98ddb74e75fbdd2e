"""Principals take turns: at lines of any kind, at what is full, and in the batches that are collected."""

from __future__ import annotations

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.commands import Batch
from lotkeeper_server.domain.refusals import Refused, StoreUnavailable
from lotkeeper_server.engine.arrivals import FIRST_PER_SECOND, Arrivals
from lotkeeper_server.engine.lines import KEPT_MAX, Lines
from lotkeeper_server.engine.shares import Shares

from tests.unit.engine.scripted import Asking, Call, Scene


def taken(lines: Lines[str], weight: float = 1.0) -> list[str]:
    """All of them, in turn."""
    found = []
    while lines.first() is not None:
        found.append(lines.take(weight))
    return found


# Lines.


def test_one_alone_is_served_in_order() -> None:
    lines: Lines[str] = Lines()
    for item in "abc":
        lines.add("one", item)
    assert (len(lines), taken(lines), len(lines)) == (3, ["a", "b", "c"], 0)


def test_who_comes_later_does_not_wait_behind_a_long_line() -> None:
    lines: Lines[str] = Lines()
    for number in range(100):
        lines.add("flood", f"f{number}")
    assert [lines.take(1.0), lines.take(1.0)] == ["f0", "f1"]
    lines.add("other", "o0")
    lines.add("other", "o1")
    assert [lines.take(1.0) for _ in range(4)] == ["o0", "f2", "o1", "f3"]


def test_who_is_given_more_at_once_has_a_turn_less_often() -> None:
    lines: Lines[str] = Lines()
    for number in range(3):
        lines.add("heavy", f"h{number}")
    for _ in range(20):
        lines.add("light", "l")
    order = "".join(lines.take(10.0 if (lines.first() or "").startswith("h") else 1.0)[0] for _ in range(22))
    assert order == "h" + "l" * 10 + "h" + "l" * 10


def test_a_rest_earns_no_credit() -> None:
    lines: Lines[str] = Lines()
    lines.add("rested", "r")
    lines.take(1.0)
    for _ in range(100):
        lines.add("busy", "b")
        lines.take(1.0)
    for _ in range(4):
        lines.add("busy", "b")
        lines.add("rested", "r")
    assert sorted(lines.take(1.0) for _ in range(4)) == ["b", "b", "r", "r"]


def test_what_somebody_was_given_is_not_forgotten_while_the_line_is_empty() -> None:
    lines: Lines[str] = Lines()
    lines.add("heavy", "h")
    lines.add("light", "l")
    lines.take(100.0)
    lines.add("heavy", "h")
    for _ in range(3):
        lines.add("light", "l")
    assert [lines.take(1.0) for _ in range(4)] == ["l", "l", "l", "l"]


def test_a_turn_may_be_paid_for_afterwards() -> None:
    lines: Lines[str] = Lines()
    for _ in range(2):
        lines.add("slow", "s")
        lines.add("fast", "f")
    assert lines.take(0.0) == "s"
    lines.give("slow", 5.0)
    assert taken(lines) == ["f", "f", "s"]


def test_a_closed_line_has_no_turn_until_it_is_opened() -> None:
    lines: Lines[str] = Lines()
    lines.add("one", "a")
    lines.close("one")
    assert lines.first() is None
    lines.add("one", "b")
    assert (lines.first(), len(lines)) == (None, 2)
    lines.open("one")
    assert taken(lines) == ["a", "b"]


def test_only_so_many_resting_lines_are_remembered() -> None:
    lines: Lines[str] = Lines()
    for number in range(3 * KEPT_MAX):
        lines.add(f"P{number}", "x")
        lines.take(1.0)
    assert len(lines._lines) <= KEPT_MAX


def test_everything_may_be_taken_at_once() -> None:
    lines: Lines[str] = Lines()
    lines.add("one", "a")
    lines.add("other", "b")
    assert (sorted(lines.take_all()), len(lines), lines.first()) == (["a", "b"], 0, None)
    lines.add("one", "c")
    assert taken(lines) == ["c"]


# Shares.


def test_one_alone_may_hold_all() -> None:
    shares = Shares(10)
    for _ in range(10):
        assert not shares.refuses("one")
        shares.hold("one", 1)
    assert (shares.is_full, shares.refuses("one")) == (True, True)
    shares.release("one", 1)
    assert not shares.refuses("one")


def test_where_all_is_held_another_one_may_still_have_a_share() -> None:
    shares = Shares(10)
    shares.hold("flood", 10)
    for _ in range(5):
        assert not shares.refuses("other")
        shares.hold("other", 1)
    assert (shares.refuses("other"), shares.refuses("flood"), shares.refuses("third")) == (True, True, False)


def test_what_weighs_nothing_is_held_and_released() -> None:
    shares = Shares(10)
    shares.hold("one", 0)
    shares.hold("one", 0)
    shares.release("one", 0)
    shares.release("one", 0)
    assert (shares.of("one"), shares.principals) == (0, 0)


# Arrivals.


def batch(scene: Scene, size: int) -> Batch:
    return Batch([scene.receipt("A")] * size, all_or_nothing=True, validate_only=False)


def call(scene: Scene, principal: str, size: int = 1) -> Call:
    command = scene.receipt("A") if size == 1 else batch(scene, size)
    return Call(command, Asking(principal=principal))


def test_a_single_call_waits_for_none_of_the_large_batches_that_wait() -> None:
    scene, arrivals = Scene(), Arrivals()
    large = [call(scene, "flood", 1_000) for _ in range(3)]
    for one in large:
        arrivals.add(one)
    assert arrivals.take(limits.ENGINE_BATCH_CALLS_MAX) == large[:1]
    small = call(scene, "other")
    arrivals.add(small)
    turns = [arrivals.take(limits.ENGINE_BATCH_CALLS_MAX) for _ in range(3)]
    assert turns == [[small], large[1:2], large[2:]]


def test_batches_of_a_hundred_share_a_transaction() -> None:
    scene, arrivals = Scene(), Arrivals()
    batches = [call(scene, "one", 100) for _ in range(3)]
    for one in batches:
        arrivals.add(one)
    assert arrivals.take(limits.ENGINE_BATCH_CALLS_MAX) == batches[:2]


def test_principals_share_a_batch_of_single_calls_equally() -> None:
    scene, arrivals = Scene(), Arrivals()
    for _ in range(100):
        arrivals.add(call(scene, "flood"))
    for _ in range(10):
        arrivals.add(call(scene, "other"))
    first = [one.caller.principal for one in arrivals.take(20)]
    assert (first.count("flood"), first.count("other")) == (10, 10)


def test_commands_count_until_their_call_has_ended() -> None:
    scene = Scene()
    arrivals = Arrivals(commands_max=1_000)
    large = call(scene, "flood", 1_000)
    assert not arrivals.refuses("flood")
    arrivals.add(large)
    arrivals.take(128)
    assert (arrivals.is_full, arrivals.refuses("flood"), arrivals.refuses("other")) == (True, True, False)
    arrivals.release(large)
    assert not arrivals.refuses("flood")


def test_the_time_until_there_is_room_follows_from_the_pace() -> None:
    scene, now = Scene(), [0.0]
    arrivals = Arrivals(now_seconds=lambda: now[0])
    for _ in range(100):
        arrivals.add(call(scene, "flood", 1_000))
    assert arrivals.room_seconds("flood") == 50_000 / FIRST_PER_SECOND
    for _ in range(60):
        arrivals.take(128)
        now[0] += 0.1  # ten thousand a second
    assert 4.5 < arrivals.room_seconds("flood") < 8


class PutOff(Call):
    """A call that turns out to be wrong once it is its turn."""

    __slots__ = ()

    def read(self) -> bool:
        self.end(Refused(StoreUnavailable()))
        return False


def test_a_call_that_turns_out_to_be_wrong_in_its_turn_ends_there() -> None:
    scene = Scene()
    arrivals = Arrivals(commands_max=1)
    wrong, right = PutOff(scene.receipt("A"), Asking()), call(scene, "tester")
    arrivals.add(wrong)
    arrivals.add(right)
    assert arrivals.take(2) == [right]
    arrivals.release(right)
    assert (wrong.outcome, arrivals.is_full) == ("STORE_UNAVAILABLE", False)
