"""Threads that answer reads: nobody has all of them, and what fails or is given up hurts no other."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, wait

import pytest
from lotkeeper_server.engine.readers import SERVER, Readers

SECONDS_MAX = 10.0


@pytest.fixture
def readers() -> Iterator[Readers]:
    made = Readers(3, "reader")
    yield made
    made.close()


class Blocking:
    """Reads that run until they are let go."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.go = threading.Event()

    def __call__(self) -> str:
        self.begun.release()
        assert self.go.wait(SECONDS_MAX)
        return "done"


def test_one_principal_has_all_threads_but_one(readers: Readers) -> None:
    blocking = Blocking()
    flood = [readers.submit("flood", blocking) for _ in range(10)]
    for _ in range(2):
        assert blocking.begun.acquire(timeout=SECONDS_MAX)
    assert readers.submit("other", lambda: 1).result(SECONDS_MAX) == 1
    assert not blocking.begun.acquire(blocking=False)
    blocking.go.set()
    assert [one.result(SECONDS_MAX) for one in flood] == ["done"] * 10


def test_the_server_may_have_all_threads(readers: Readers) -> None:
    blocking = Blocking()
    own = [readers.submit(SERVER, blocking) for _ in range(3)]
    for _ in range(3):
        assert blocking.begun.acquire(timeout=SECONDS_MAX)
    blocking.go.set()
    assert {one.result(SECONDS_MAX) for one in own} == {"done"}


def test_a_read_that_fails_tells_only_who_asked(readers: Readers) -> None:
    failed: Future[float] = readers.submit("one", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        failed.result(SECONDS_MAX)
    assert readers.submit("one", lambda: 2).result(SECONDS_MAX) == 2


def test_a_read_that_was_given_up_before_its_turn_is_not_done(readers: Readers) -> None:
    blocking, done = Blocking(), list[int]()
    flood = [readers.submit("flood", blocking) for _ in range(2)]
    for _ in range(2):
        assert blocking.begun.acquire(timeout=SECONDS_MAX)
    given_up = readers.submit("flood", lambda: done.append(1))
    assert given_up.cancel()
    blocking.go.set()
    wait(flood, SECONDS_MAX)
    assert readers.submit("flood", lambda: 3).result(SECONDS_MAX) == 3
    assert done == []


def test_every_read_of_many_principals_is_done(readers: Readers) -> None:
    asked = [readers.submit(f"P{number % 7}", lambda number=number: number) for number in range(500)]
    assert [one.result(SECONDS_MAX) for one in asked] == list(range(500))
