"""Callers that memory does not know are looked up together."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from lotkeeper_server.access.directory import AccessSnapshot, Directory
from lotkeeper_server.access.looks import CROWD, PAUSE_SECONDS, WAITING_MAX, Looks
from lotkeeper_server.domain.refusals import Limit, Overloaded, Refused, StoreUnavailable

SAID = AccessSnapshot(7, {})
SOON_SECONDS = 10


class Reads:
    """Answers reads on a thread, as a reader does, and counts them."""

    def __init__(self, answer: Any = SAID) -> None:
        self.answer = answer
        self.count = 0

    def __call__(self, _work: Callable[[Any], Any], done: Callable[[Any], None]) -> None:
        self.count += 1
        threading.Thread(target=done, args=(self.answer,)).start()


class Waiters:
    """So many who ask, and what each is told."""

    def __init__(self, looks: Looks, count: int, *, are_known: bool = False) -> None:
        self.told: list[Any] = []
        self._loop = asyncio.get_running_loop()
        self._all = asyncio.Event()
        self._count = count
        for _ in range(count):
            (looks.ask_at_once if are_known else looks.ask)(self._hear)

    def _hear(self, said: Any) -> None:
        self._loop.call_soon_threadsafe(self._note, said)

    def _note(self, said: Any) -> None:
        self.told.append(said)
        if len(self.told) == self._count:
            self._all.set()

    async def answered(self) -> list[Any]:
        """What they were told, once all were."""
        async with asyncio.timeout(SOON_SECONDS):
            await self._all.wait()
        return self.told


async def test_the_first_is_looked_up_at_once_and_all_that_wait_by_one_read() -> None:
    reads = Reads()
    looks = Looks(Directory(), reads, asyncio.get_running_loop())
    began = asyncio.get_running_loop().time()
    assert await Waiters(looks, 20).answered() == [SAID] * 20
    assert reads.count == 1
    assert asyncio.get_running_loop().time() - began < PAUSE_SECONDS


async def test_those_who_come_after_a_look_wait_for_the_pause_to_end() -> None:
    """So there are some twenty looks a second at most."""
    reads = Reads()
    looks = Looks(Directory(), reads, asyncio.get_running_loop())
    began = asyncio.get_running_loop().time()
    for _ in range(4):
        await Waiters(looks, 3).answered()
    assert reads.count == 4
    assert asyncio.get_running_loop().time() - began >= 3 * PAUSE_SECONDS * 0.9


async def test_a_crowd_does_not_wait() -> None:
    """Its share in a look is small enough."""
    reads = Reads()
    looks = Looks(Directory(), reads, asyncio.get_running_loop())
    await Waiters(looks, 1).answered()
    began = asyncio.get_running_loop().time()
    await Waiters(looks, CROWD).answered()
    assert reads.count == 2
    assert asyncio.get_running_loop().time() - began < PAUSE_SECONDS


async def test_callers_that_memory_knows_wait_for_no_pause_and_take_the_unknown_along() -> None:
    """Ten looks one after the other, which ten pauses would have made half a second."""
    reads = Reads()
    looks = Looks(Directory(), reads, asyncio.get_running_loop())
    await Waiters(looks, 1).answered()
    unknown = Waiters(looks, 1)
    seconds = []
    for _ in range(10):
        began = asyncio.get_running_loop().time()
        await Waiters(looks, 3, are_known=True).answered()
        seconds.append(asyncio.get_running_loop().time() - began)
    assert await unknown.answered() == [SAID]
    assert reads.count == 11
    assert min(seconds[1:]) < PAUSE_SECONDS / 2


async def test_how_many_may_wait_is_limited() -> None:
    looks = Looks(Directory(), lambda _work, _done: None, asyncio.get_running_loop())
    Waiters(looks, WAITING_MAX)
    for ask in (looks.ask, looks.ask_at_once):
        with pytest.raises(Refused) as refused:
            ask(lambda _said: None)
        assert refused.value.refusal == Overloaded(limit_hit=Limit.UNKNOWN_CALLERS)


async def test_callers_that_memory_knows_have_one_look_at_a_time_and_none_is_forgotten() -> None:
    """What comes during a look is for the next one, which begins after it; a store that hangs is not asked again."""
    begun: asyncio.Queue[Callable[[Any], None]] = asyncio.Queue()
    looks = Looks(Directory(), lambda _work, done: begun.put_nowait(done), asyncio.get_running_loop())
    refused = Refused(StoreUnavailable())
    async with asyncio.timeout(SOON_SECONDS):
        first = Waiters(looks, 1, are_known=True)
        answer_first = await begun.get()
        second = Waiters(looks, 2, are_known=True)
        await asyncio.sleep(2 * PAUSE_SECONDS)
        assert begun.empty()
        answer_first(SAID)
        assert await first.answered() == [SAID]
        answer_second = await begun.get()
        third = Waiters(looks, 1, are_known=True)
        looks.refuse_all(refused)
        assert await second.answered() + await third.answered() == [refused] * 3
        fourth = Waiters(looks, 1, are_known=True)
        answer_second(SAID)
        (await begun.get())(SAID)
        assert await fourth.answered() == [SAID]


async def test_a_store_that_cannot_be_read_is_told_to_all() -> None:
    refused = Refused(StoreUnavailable())
    looks = Looks(Directory(), Reads(refused), asyncio.get_running_loop())
    assert await Waiters(looks, 3).answered() == [refused] * 3


async def test_one_look_is_under_way_at_a_time_and_those_it_is_for_count_as_waiting() -> None:
    """A store that hangs is not asked again and again, and nobody is forgotten who waits for it."""
    begun: list[Callable[[Any], None]] = []
    looks = Looks(Directory(), lambda _work, done: begun.append(done), asyncio.get_running_loop())
    first = Waiters(looks, CROWD)
    await asyncio.sleep(2 * PAUSE_SECONDS)
    rest = Waiters(looks, WAITING_MAX - CROWD)
    await asyncio.sleep(2 * PAUSE_SECONDS)
    assert len(begun) == 1
    with pytest.raises(Refused):
        looks.ask(lambda _said: None)
    begun[0](SAID)
    assert await first.answered() == [SAID] * CROWD
    await asyncio.sleep(2 * PAUSE_SECONDS)
    assert len(begun) == 2
    refused = Refused(StoreUnavailable())
    looks.refuse_all(refused)
    assert await rest.answered() == [refused] * (WAITING_MAX - CROWD)


async def test_one_who_fails_when_told_keeps_nobody_else_from_being_told() -> None:
    def fails(_said: Any) -> None:
        raise ZeroDivisionError

    looks = Looks(Directory(), Reads(), asyncio.get_running_loop())
    looks.ask(fails)
    assert await Waiters(looks, 3).answered() == [SAID] * 3
