"""Looks at who calls while calls last: what ends them, and what does not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from lotkeeper_server.access.directory import AccessSnapshot, Admission, Directory, Grant
from lotkeeper_server.domain.model.audit import Origin
from lotkeeper_server.domain.refusals import Refused, StoreUnavailable
from lotkeeper_server.rpc.gate.admissions import Admissions
from lotkeeper_server.rpc.gate.call import Call
from lotkeeper_server.rpc.gate.ending import Ending

LOOK_SECONDS = 0.01
UNSEEN_SECONDS = 0.2
PERMISSION = "INVENTORY.READ"
ORIGIN = Origin("Watch")
ADMITTED = Admission("A", frozenset({"*"}), PERMISSION, b"digest", 7)
GRANT = Grant("A", frozenset({"*"}), None)


class StoreThatSays:
    """Reads are answered with what it says, fail, or never end."""

    def __init__(self, says: AccessSnapshot | Refused | None) -> None:
        self.says = says
        self.reads = 0

    async def __call__(self, _work: Callable[[Any], Any]) -> Any:
        self.reads += 1
        if self.says is None:
            await asyncio.Event().wait()
        if isinstance(self.says, Refused):
            raise self.says
        return self.says


async def _ended_with(store: StoreThatSays, admission: Admission = ADMITTED, seconds: float = 5.0) -> str:
    """The reason that a call ends with; empty where it goes on."""
    call = Call(admission, ORIGIN, None, ending=Ending())
    admissions = Admissions(Directory(), store, LOOK_SECONDS, UNSEEN_SECONDS)
    assert call.ending is not None
    try:
        with admissions.kept(call):
            async with call.ending.possible(seconds):
                await asyncio.Event().wait()
    except Refused as refused:
        return refused.refusal.reason
    return ""


async def test_who_is_still_let_in_goes_on_with_new_permissions() -> None:
    store = StoreThatSays(AccessSnapshot(8, {b"digest": replace(GRANT, permissions=frozenset({"INVENTORY"}))}))
    call = Call(ADMITTED, ORIGIN, None, ending=Ending())
    admissions = Admissions(Directory(), store, LOOK_SECONDS, UNSEEN_SECONDS)
    with admissions.kept(call):
        while call.access_version != 8:  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(LOOK_SECONDS)
        call.check_ended()
    assert call.may("INVENTORY.WRITE")
    assert not call.may("UNIT")


@pytest.mark.parametrize(
    ("grants", "reason"),
    [
        ({}, "UNAUTHENTICATED"),
        ({b"digest": replace(GRANT, expires_millis=1)}, "UNAUTHENTICATED"),
        ({b"digest": replace(GRANT, permissions=frozenset({"UNIT"}))}, "PERMISSION_DENIED"),
    ],
)
async def test_who_is_not_let_in_any_more_is_ended(grants: dict[bytes, Grant], reason: str) -> None:
    assert await _ended_with(StoreThatSays(AccessSnapshot(8, grants))) == reason


async def test_a_token_expires_without_a_word_of_the_store() -> None:
    """Also while it cannot be asked."""
    expires_millis = time.time_ns() // 1_000_000 + 50
    admission = replace(ADMITTED, expires_millis=expires_millis)
    for says in (AccessSnapshot(7, {b"digest": GRANT}), None):
        assert await _ended_with(StoreThatSays(says), admission) == "UNAUTHENTICATED"


async def test_an_older_look_ends_nobody() -> None:
    """A read that began before the token was made says nothing of it."""
    assert await _ended_with(StoreThatSays(AccessSnapshot(6, {})), seconds=0.5) == "DEADLINE_EXCEEDED"


@pytest.mark.parametrize("says", [None, Refused(StoreUnavailable())])
async def test_a_store_that_says_nothing_for_long_ends_the_calls(says: Refused | None) -> None:
    """Nobody knows who may; a read that hangs is not asked again."""
    store = StoreThatSays(says)
    assert await _ended_with(store) == "STORE_UNAVAILABLE"
    assert (store.reads == 1) == (says is None)


async def test_a_process_that_was_frozen_ends_nobody() -> None:
    """It has not looked for longer than it may, and looks again first."""
    asyncio.get_running_loop().call_later(5 * LOOK_SECONDS, time.sleep, 2 * UNSEEN_SECONDS)
    store = StoreThatSays(AccessSnapshot(7, {b"digest": GRANT}))
    assert await _ended_with(store, seconds=4 * UNSEEN_SECONDS) == "DEADLINE_EXCEEDED"


async def test_without_calls_nothing_is_looked_at() -> None:
    store = StoreThatSays(AccessSnapshot(7, {b"digest": GRANT}))
    admissions = Admissions(Directory(), store, LOOK_SECONDS, UNSEEN_SECONDS)
    with admissions.kept(Call(ADMITTED, ORIGIN, None, ending=Ending())):
        await asyncio.sleep(3 * LOOK_SECONDS)
    await asyncio.sleep(3 * LOOK_SECONDS)
    before = store.reads
    await asyncio.sleep(5 * LOOK_SECONDS)
    assert store.reads == before > 0
