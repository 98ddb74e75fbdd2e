"""What one transaction does for many calls, and what becomes of each of them."""

from __future__ import annotations

import pytest
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.commands import Batch
from lotkeeper_server.domain.decide import command as deciding
from lotkeeper_server.domain.keys import LotNameKey, Missing, RunKey
from lotkeeper_server.domain.refusals import PermissionDenied, Refused
from lotkeeper_server.engine.batch import ROUNDS_MAX
from lotkeeper_server.engine.overtaking import LOOKS_APART
from lotkeeper_server.store.db.capabilities import EMBEDDED, PIPELINED
from lotkeeper_server.store.state.definitions import StoreVersions

from tests.plant import new_id
from tests.unit.engine.scripted import Asking, Scene, ScriptedTransaction


def test_what_arrives_together_is_one_transaction_in_order() -> None:
    scene = Scene()
    calls = [scene.arrives(name) for name in "CAB"]
    assert scene.loop.turn() is None
    assert [one.callers for one in scene.store.transactions] == [["C", "A", "B"]]
    assert [call.answer.records[0].lot.name for call in calls] == ["C", "A", "B"]
    assert (scene.answered, scene.usable, scene.loop.is_idle) == ([3], [True], True)


def test_nothing_is_answered_before_it_is_durable() -> None:
    scene = Scene()
    call = scene.arrives("A")
    outcomes: list[str] = []
    for point in ("load", "write", "commit", "committed"):
        scene.store.at(point, lambda _transaction: outcomes.append(call.outcome))
    scene.loop.turn()
    assert set(outcomes) == {"waits"}
    assert call.outcome == "answered"


def test_a_turn_with_nothing_to_do_asks_the_store_nothing() -> None:
    scene = Scene()
    assert scene.loop.turn() is None
    assert scene.store.transactions == []


def test_a_transaction_takes_so_many_calls_and_the_next_turn_is_due_at_once() -> None:
    scene = Scene()
    calls = [scene.arrives("A") for _ in range(limits.ENGINE_BATCH_CALLS_MAX + 2)]
    assert scene.loop.turn() == 0.0
    assert [call.outcome for call in calls] == ["answered"] * limits.ENGINE_BATCH_CALLS_MAX + ["waits"] * 2
    assert scene.loop.turn() is None
    assert scene.answered == [limits.ENGINE_BATCH_CALLS_MAX, 2]


def test_a_batch_counts_what_it_holds() -> None:
    scene = Scene()
    items = [scene.receipt("A")] * (limits.ENGINE_BATCH_CALLS_MAX - 1)
    batch = scene.arrives_with(Batch(list(items), all_or_nothing=False, validate_only=False))
    others = [scene.arrives("B") for _ in range(2)]
    scene.loop.turn()
    assert [batch.outcome, *(call.outcome for call in others)] == ["answered", "answered", "waits"]


def test_a_batch_beyond_the_limit_is_taken_all_the_same() -> None:
    scene = Scene()
    items = [scene.receipt("A")] * (limits.ENGINE_BATCH_CALLS_MAX + 1)
    batch = scene.arrives_with(Batch(list(items), all_or_nothing=False, validate_only=False))
    other = scene.arrives("B")
    scene.loop.turn()
    assert (batch.outcome, other.outcome) == ("answered", "waits")


def test_a_refusal_leaves_the_others_alone() -> None:
    scene = Scene()
    calls = [scene.arrives("A"), scene.arrives("B", quantity="0"), scene.arrives("C")]
    scene.loop.turn()
    assert [call.outcome for call in calls] == ["answered", "INVALID_ARGUMENT", "answered"]
    assert scene.receipts == {"A": 1, "C": 1}


def test_a_fault_in_one_command_refuses_that_one_only(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    calls = [scene.arrives("A"), scene.arrives("B"), scene.arrives("C")]
    real = deciding._done

    def at_fault(state, command, context):  # type: ignore[no-untyped-def]
        answer = real(state, command, context)
        if command.principal == "B":
            raise ZeroDivisionError("a bug, after it has changed the state")
        return answer

    monkeypatch.setattr(deciding, "_done", at_fault)
    scene.loop.turn()
    assert [call.outcome for call in calls] == ["answered", "INTERNAL", "answered"]
    assert scene.receipts == {"A": 1, "C": 1}


def test_a_command_that_never_has_enough_is_refused_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    calls = [scene.arrives("A"), scene.arrives("B")]
    real = deciding._done

    def insatiable(state, command, context):  # type: ignore[no-untyped-def]
        if command.principal == "A":
            raise Missing(RunKey(new_id()))
        return real(state, command, context)

    monkeypatch.setattr(deciding, "_done", insatiable)
    scene.loop.turn()
    assert [call.outcome for call in calls] == ["INTERNAL", "answered"]
    assert len(scene.store.transactions[0].loaded) <= ROUNDS_MAX + 3
    assert scene.receipts == {"B": 1}


def test_a_fault_outside_of_commands_refuses_the_batch_and_the_loop_goes_on() -> None:
    scene = Scene()
    scene.store.fails("write", ZeroDivisionError("a bug"), times=1)
    first = scene.arrives("A")
    scene.loop.turn()
    second = scene.arrives("B")
    scene.loop.turn()
    assert (first.outcome, second.outcome) == ("INTERNAL", "answered")


def test_what_one_command_makes_the_next_one_finds() -> None:
    scene = Scene()
    calls = [scene.arrives("A", request_id="once", fingerprint=b"same") for _ in range(2)]
    scene.loop.turn()
    first, second = (call.answer.records[0].id for call in calls)
    assert first == second
    assert scene.receipts == {"A": 1}


# Whoever has gone.


def test_a_call_that_has_gone_before_it_is_decided_takes_no_effect() -> None:
    scene = Scene()
    gone, stays = scene.arrives("A"), scene.arrives("B")
    gone.is_leaving = True
    scene.loop.turn()
    assert (gone.outcome, stays.outcome) == ("CANCELLED", "answered")
    assert scene.receipts == {"B": 1}


def test_a_call_given_up_before_the_commit_takes_no_effect_and_the_others_are_done_again() -> None:
    scene = Scene()
    gone, late, stays = scene.arrives("A"), scene.arrives("B", Asking(deadline_seconds=101.0)), scene.arrives("C")

    def leave(_transaction: ScriptedTransaction) -> None:
        gone.is_leaving = True
        scene.clock.seconds = 101.0

    scene.store.at("write", leave)
    scene.loop.turn()
    assert [gone.outcome, late.outcome, stays.outcome] == ["CANCELLED", "DEADLINE_EXCEEDED", "answered"]
    assert [one.is_committed for one in scene.store.transactions] == [False, True]
    assert scene.receipts == {"C": 1}


def test_a_call_given_up_while_it_commits_is_answered() -> None:
    scene = Scene()
    call = scene.arrives("A")

    def leave(_transaction: ScriptedTransaction) -> None:
        call.is_leaving = True

    scene.store.at("commit", leave)
    scene.loop.turn()
    assert call.outcome == "answered"


# Definitions, roles and tokens that change meanwhile.


def change_at_each_write(scene: Scene, times: int, *, access: bool = False) -> None:
    """Somebody saves a definition, or a role, while a transaction decides."""
    left = iter(range(times))

    def change(_transaction: ScriptedTransaction) -> None:
        for _ in left:
            versions = scene.store.versions
            scene.store.versions = StoreVersions(versions.definitions + 1, versions.access + access, 0)
            return

    scene.store.at("write", change)


def test_decisions_overtaken_by_a_change_are_taken_again() -> None:
    scene = Scene()
    change_at_each_write(scene, 1)
    call = scene.arrives("A")
    scene.loop.turn()
    assert [one.is_committed for one in scene.store.transactions] == [False, True]
    assert (call.outcome, scene.receipts) == ("answered", {"A": 1})


def test_a_change_of_what_is_not_in_use_overtakes_nothing() -> None:
    scene = Scene()
    scene.store.kept_has_changed = False
    change_at_each_write(scene, 1)
    scene.arrives("A")
    scene.loop.turn()
    assert [one.is_committed for one in scene.store.transactions] == [True]


def test_a_commit_that_was_sent_ahead_does_not_happen_where_the_versions_have_moved() -> None:
    scene = Scene(PIPELINED)
    change_at_each_write(scene, 1)
    call = scene.arrives("A")
    scene.loop.turn()
    assert [(one.is_sent, one.is_committed) for one in scene.store.transactions] == [(False, False), (False, True)]
    assert (call.outcome, scene.receipts) == ("answered", {"A": 1})


def test_many_changes_of_what_is_not_in_use_make_one_batch_run_twice() -> None:
    scene = Scene(PIPELINED)
    scene.store.kept_has_changed = False
    change_at_each_write(scene, 20)
    for number in range(20):
        scene.arrives(f"A{number}")
        scene.loop.turn()
    assert [one.is_committed for one in scene.store.transactions] == [False, *[True] * 20]


def test_commits_are_sent_ahead_again_once_the_versions_have_stayed() -> None:
    scene = Scene(PIPELINED)
    change_at_each_write(scene, 1)
    for number in range(LOOKS_APART + 2):
        scene.arrives(f"A{number}")
        scene.loop.turn()
    assert [one.is_sent for one in scene.store.transactions] == [False] * (LOOKS_APART + 1) + [True] * 2


def test_nothing_is_sent_for_a_caller_who_has_given_up() -> None:
    scene = Scene(PIPELINED)
    gone, stays = scene.arrives("A"), scene.arrives("B")

    def give_up(_transaction: ScriptedTransaction) -> None:
        gone.is_leaving = True

    scene.store.at("load", give_up)
    scene.loop.turn()
    assert (gone.outcome, stays.outcome, scene.receipts) == ("CANCELLED", "answered", {"B": 1})
    assert [one.is_sent for one in scene.store.transactions] == [False, True]


def test_decisions_overtaken_again_and_again_let_no_change_in() -> None:
    scene = Scene()
    change_at_each_write(scene, 3)
    scene.arrives("A")
    scene.loop.turn()
    assert [one.holds_versions for one in scene.store.transactions] == [False, False, False, True]
    scene.arrives("B")
    scene.loop.turn()
    assert not scene.store.transactions[-1].holds_versions


def test_an_embedded_store_needs_no_second_look() -> None:
    scene = Scene(EMBEDDED)
    change_at_each_write(scene, 1)
    scene.arrives("A")
    scene.loop.turn()
    assert [one.is_committed for one in scene.store.transactions] == [True]


def test_a_caller_is_confirmed_where_access_has_changed_since() -> None:
    scene = Scene()
    scene.store.versions = StoreVersions(1, 2, 0)
    known, changed = scene.arrives("A", Asking(access_version=2)), scene.arrives("B", Asking(access_version=1))
    scene.loop.turn()
    assert scene.confirmed == [changed.caller]
    assert (known.outcome, changed.outcome) == ("answered", "answered")


def test_a_caller_who_may_not_any_more_takes_no_effect() -> None:
    scene = Scene()
    before, refused, after = (scene.arrives(name, Asking(access_version=1)) for name in "ABC")

    def confirm(caller: Asking) -> None:
        if caller is refused.caller:
            raise Refused(PermissionDenied(permission="x"))

    scene.confirm = confirm
    scene.store.versions = StoreVersions(1, 2, 0)
    scene.loop.turn()
    assert [one.outcome for one in (before, refused, after)] == ["answered", "PERMISSION_DENIED", "answered"]
    assert [one.answer.records[0].lot.name for one in (before, after)] == ["A", "C"]
    assert scene.receipts == {"A": 1, "C": 1}


def test_a_caller_loses_a_right_while_it_is_decided_and_takes_no_effect() -> None:
    scene = Scene()
    call = scene.arrives("A")

    def confirm(_caller: Asking) -> None:
        raise Refused(PermissionDenied(permission="x"))

    scene.confirm = confirm
    change_at_each_write(scene, 1, access=True)
    scene.loop.turn()
    assert (call.outcome, scene.receipts) == ("PERMISSION_DENIED", {})


def test_effects_come_after_the_latest_that_the_store_has() -> None:
    scene = Scene(EMBEDDED)
    scene.store.versions = StoreVersions(1, 1, 1 << 60)
    call = scene.arrives("A")
    scene.loop.turn()
    assert call.answer.records[0].effect_order > 1 << 60


def test_what_is_wanted_is_loaded_for_all_at_once() -> None:
    scene = Scene()
    for name in "ABC":
        scene.arrives(name)
    scene.loop.turn()
    scene.store.transactions.clear()
    for name in "ABC":
        scene.arrives(name)
    scene.loop.turn()
    (transaction,) = scene.store.transactions
    named = [{key.name for key in keys if isinstance(key, LotNameKey)} for keys in transaction.loaded]
    assert [one for one in named if one] == [{"A", "B", "C"}]
