"""What a principal may have in progress and send in a second, and what several roles allow together."""

from __future__ import annotations

import pytest
from lotkeeper_server.access.allowance import Allowance
from lotkeeper_server.access.directory import Admission
from lotkeeper_server.domain.refusals import LONGEST_WAIT_MILLIS, SHORTEST_WAIT_MILLIS, Overloaded, Refused
from lotkeeper_server.rpc.gate.accounts import ACCOUNTS_MAX, Accounts


class Clock:
    """Set by hand."""

    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def admission(allowance: Allowance, principal: str = "line") -> Admission:
    return Admission(principal, frozenset({"*"}), "any", b"", 1, None, allowance)


def wait_millis(accounts: Accounts, asked: Admission, *, is_stream: bool = False) -> int:
    """How long a call has to wait; 0 where it has begun."""
    try:
        accounts.begin(asked, is_stream=is_stream)
    except Refused as refused:
        return refused.refusal.retry_millis or 0
    return 0


def test_a_principal_has_so_many_calls_in_progress_and_another_one_as_many() -> None:
    accounts, line, other = Accounts(), admission(Allowance(2)), admission(Allowance(2), "other")
    first = accounts.begin(line)
    assert [wait_millis(accounts, line) > 0 for _ in range(3)] == [False, True, True]
    assert wait_millis(accounts, other) == 0
    first.end_call()
    assert wait_millis(accounts, line) == 0


def test_streams_have_a_limit_of_their_own() -> None:
    accounts, line = Accounts(), admission(Allowance(10, streams_max=1))
    stream = accounts.begin(line, is_stream=True)
    assert wait_millis(accounts, line, is_stream=True) > 0
    assert wait_millis(accounts, line) == 0
    stream.end_stream()
    assert wait_millis(accounts, line, is_stream=True) == 0


def test_no_limit_is_none() -> None:
    accounts, line = Accounts(), admission(Allowance(0, 0))
    assert {wait_millis(accounts, line, is_stream=True) for _ in range(5_000)} == {0}


def test_who_sends_too_much_in_a_second_waits_as_long_as_it_is_told() -> None:
    clock = Clock()
    accounts, line = Accounts(clock), admission(Allowance(commands_per_second_max=100))
    accounts.begin(line).spend(100, 0)
    accounts.begin(line).spend(300, 0)
    waits = wait_millis(accounts, line)
    assert 3_000 <= waits <= 6_400
    clock.seconds += 3.001
    assert wait_millis(accounts, line) == 0


def test_bytes_are_counted_beside_commands() -> None:
    clock = Clock()
    accounts, line = Accounts(clock), admission(Allowance(bytes_per_second_max=1_000))
    accounts.begin(line).spend(0, 1_500)
    assert wait_millis(accounts, line) > 0
    clock.seconds += 0.6
    assert wait_millis(accounts, line) == 0


def test_accounts_at_rest_are_dropped_and_others_are_not() -> None:
    accounts = Accounts()
    busy = admission(Allowance(1), "busy")
    assert wait_millis(accounts, busy) == 0
    for number in range(3 * ACCOUNTS_MAX):
        accounts.begin(admission(Allowance(), f"P{number}")).end_call()
    assert len(accounts._accounts) <= ACCOUNTS_MAX
    assert wait_millis(accounts, busy) > 0


def test_the_most_generous_of_several_roles_counts_for_each_limit() -> None:
    merged = Allowance.most_generous([Allowance(10, 5, 100, 0), Allowance(20, 3, 0, 50)])
    assert merged == Allowance(20, 5, 0, 0)


@pytest.mark.parametrize("seconds", [-1.0, 0.0, 0.01, 0.3, 2.0, 1e9])
def test_a_wait_is_one_of_a_few_and_long_enough(seconds: float) -> None:
    told = Overloaded.for_seconds(seconds).retry_millis
    assert SHORTEST_WAIT_MILLIS <= told <= LONGEST_WAIT_MILLIS
    assert told >= min(seconds * 1_000, LONGEST_WAIT_MILLIS)
