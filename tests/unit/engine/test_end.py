"""The end of an engine, and of a loop."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from lotkeeper_server.domain.commands import Cancel
from lotkeeper_server.domain.refusals import Refused
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.transaction import Transaction
from lotkeeper_server.store.schema.migrating import migrate

from tests.plant import new_id
from tests.unit.engine.scripted import Asking, Call, Scene


def _confirm(_snapshot: Any, _caller: Any) -> None:
    return


async def test_an_engine_finishes_what_was_taken_in_and_refuses_what_comes_later(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/store.db")
    migrate(store)
    engine = Engine(store, _confirm)
    calls = [Call(Cancel("me", new_id())) for _ in range(300)]
    for call in calls:
        engine.submit(call)
    await engine.close()
    assert {call.outcome for call in calls} == {"INVENTORY_OPERATION_NOT_FOUND"}

    def work(_transaction: Transaction) -> None:
        raise AssertionError("it is too late")

    with pytest.raises(Refused) as refused:
        engine.submit(calls[0])
    assert refused.value.refusal.reason == "SHUTTING_DOWN"
    with pytest.raises(Refused) as refused:
        await engine.transact(work, Asking())
    assert refused.value.refusal.reason == "SHUTTING_DOWN"
    store.close()


def test_a_loop_gives_back_what_it_keeps_of_the_store() -> None:
    scene = Scene()
    scene.arrives("A")
    scene.loop.turn()
    assert not scene.store.is_closed
    scene.loop.close()
    assert scene.store.is_closed


async def test_an_engine_with_two_threads_ends_also_where_a_call_comes_at_the_last_moment(tmp_path: Path) -> None:
    """One thread finds nothing to do and goes to sleep; the other has just let a call in, and decides it by itself."""
    store = Store(f"sqlite:///{tmp_path}/store.db")
    migrate(store)
    engine = Engine(store, _confirm, can_be_polled=True, is_brought_more=True)
    late = Call(Cancel("me", new_id()))
    closing = asyncio.create_task(engine.close())
    arrived = asyncio.Event()
    event_loop = asyncio.get_running_loop()
    turn = engine._turn

    def turn_then_a_call() -> float | None:
        pause_seconds = turn()
        if engine._closing and threading.current_thread().name == "lotkeeper-engine" and not arrived.is_set():
            engine._arrivals.add(late)
            event_loop.call_soon_threadsafe(arrived.set)
        return pause_seconds

    engine._turn = turn_then_a_call  # type: ignore[method-assign]
    async with asyncio.timeout(30):
        await arrived.wait()
        while late.outcome == "waits":
            engine.when_quiet()
            await asyncio.sleep(0.001)
        await closing
    engine.give_back()
    store.close()
    assert late.outcome == "INVENTORY_OPERATION_NOT_FOUND"
